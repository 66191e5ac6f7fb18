"""Measure us, the peers and the floor: `make bench`, `make bench-full`.

Writes `benchmarks/RESULTS.md`, and the tables that `docs/performance.md` has a place for.
"""

import argparse
import sys
from collections.abc import Iterator

from benchmarks import machine
from benchmarks.contest import contest
from benchmarks.inputs import SNAPSHOTS, TRADES, Input
from benchmarks.measure import ROOT, Failed
from benchmarks.report import Table, contest_table, how_table, markdown, runs_table, with_tables
from benchmarks.studies import STUDIES

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Run what is asked for and write the results."""
    given = _parser().parse_args()
    facts = machine.facts()
    tables: list[Table] = []
    try:
        for table in _tables(given.part, given.rounds, full=given.full):
            tables.append(table)
            # At once, so that a run that is broken off has not been for nothing.
            RESULTS.write_text(markdown(facts, tables), encoding="utf-8")
    except Failed as failed:
        raise SystemExit(str(failed)) from failed
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_tables(page, tables), encoding="utf-8")
    tell(f"written to {RESULTS.relative_to(ROOT)}")


def tell(line: str) -> None:
    """Say how far it is."""
    print(line, file=sys.stderr, flush=True)


def _tables(part: int, rounds: int, *, full: bool) -> Iterator[Table]:
    made = Input(TRADES // part, SNAPSHOTS // part)
    results = contest(made, rounds, tell)
    yield contest_table(results, made)
    yield how_table(results)
    yield runs_table(results)
    for study in STUDIES if full else ():
        tell(study.__name__)
        yield study()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of everyone, interleaved")
    parser.add_argument("--part", type=int, default=1, help="only such a part of a busy day's rows")
    parser.add_argument("--full", action="store_true", help="also how the aggregator behaves alone")
    return parser


if __name__ == "__main__":
    main()
