"""Measure the collector under load: `make bench-collector`, or with `--full` for half an hour.

Writes `benchmarks/COLLECTOR.md`.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks import machine
from benchmarks.collector import report
from benchmarks.collector.candidates import (
    CRYPTOFEED,
    LOOP,
    LOOP_GZIP,
    LOOP_MSGSPEC,
    PROBED,
    US,
    Candidate,
)
from benchmarks.collector.load import Load, burst, ramp, steady
from benchmarks.collector.outcome import Outcome, quantile
from benchmarks.collector.trial import run
from benchmarks.measure import ROOT, Failed
from benchmarks.report import Table

RESULTS = ROOT / "benchmarks" / "COLLECTOR.md"
MARKET = 789
"""Symbols that traded in October 2026."""
PART = 200
"""What one process must carry at least."""
_CONTEST_S = 60.0
"""One end of a minute, so that closing it counts as often as it comes."""
_LIBRARIES = ("websocket-client", "msgspec", "isal", "websockets", "cryptofeed")


@dataclass(frozen=True)
class Plan:
    """What is measured; `tries` is how often a trial is run among busy others."""

    contest: Sequence[Candidate]
    tries: int
    growth: Sequence[Load]
    bursts: Sequence[Load]
    ramps: Sequence[Load]
    sustained: Sequence[Load]


QUICK = Plan(
    (US, LOOP, LOOP_GZIP), 1,
    (steady(PART, 12), steady(MARKET, 15), steady(MARKET, 15, tls=False)),
    (burst(PART, 5_000, 10), burst(MARKET, 20_000, 10)), (), (),
)  # fmt: skip
_GROWTH = (50, 100, PART, 400, MARKET)
_RATES = (12_000, 18_000, 24_000, 30_000, 36_000, 42_000, 48_000)
FULL = Plan(
    (US, LOOP, LOOP_GZIP, LOOP_MSGSPEC, CRYPTOFEED), 3,
    tuple(steady(symbols, 25, tls=tls) for tls in (True, False) for symbols in _GROWTH),
    tuple(
        burst(symbols, trades_per_s, 10, tls=tls)
        for tls in (True, False) for symbols, trades_per_s in ((PART, 5_000), (MARKET, 20_000))
    ),
    tuple(ramp(MARKET, _RATES, 8, tls=tls) for tls in (True, False)),
    (steady(MARKET, 150),),
)  # fmt: skip


def main() -> None:
    """Run what is asked for and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collector", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every load, longer, and every peer")
    given = parser.parse_args()
    facts = machine.facts() | {"libraries": ", ".join(_versions())}
    tables: list[Table] = []
    try:
        for table in _tables(FULL if given.full else QUICK):
            tables.append(table)
            # At once, so that a run that is broken off has not been for nothing.
            RESULTS.write_text(report.page(facts, tables), encoding="utf-8")
    except Failed as failed:
        raise SystemExit(str(failed)) from failed
    tell(f"written to {RESULTS.relative_to(ROOT)}")


def tell(line: str) -> None:
    """Say how far it is."""
    print(line, file=sys.stderr, flush=True)


def _tables(plan: Plan) -> Iterator[Table]:
    there = [each for each in plan.contest if each.is_installed()]
    for symbols in (PART, MARKET):
        contest = [_calm(each, steady(symbols, _CONTEST_S), plan.tries) for each in there]
        yield report.contest_table(contest)
    yield report.how_table(contest)
    growth = _of_ours(plan.growth, plan.tries)
    yield report.growth_table(growth)
    yield report.threads_table(growth[-1])
    yield report.phases_table(
        "Bursts", "Many more trades a second for ten seconds, books as usual; then as before.",
        _of_ours(plan.bursts, plan.tries),
    )  # fmt: skip
    if plan.ramps:
        yield report.phases_table(
            "How far it goes", "Ever more frames, two books to a trade.",
            _of_ours(plan.ramps, plan.tries),
        )  # fmt: skip
    if plan.sustained:
        yield report.phases_table(
            "For a while", "Minutes end and are compressed and uploaded meanwhile.",
            _of_ours(plan.sustained, plan.tries),
        )  # fmt: skip


def _of_ours(loads: Sequence[Load], tries: int) -> list[Outcome]:
    return [_calm(PROBED, load, tries) for load in loads]


def _calm(candidate: Candidate, load: Load, tries: int) -> Outcome:
    """Run a trial, again if others were busy on this machine; return the calmest one."""
    outcomes: list[Outcome] = []
    while len(outcomes) < tries:
        outcomes.append(run(candidate, load))
        _tell_of(outcomes[-1])
        if not outcomes[-1].is_disturbed:
            break
    return min(outcomes, key=lambda each: each.others)


def _tell_of(outcome: Outcome) -> None:
    load = outcome.load
    tell(f"{outcome.candidate.name}, {load.symbols} symbols, {load.name}:")
    for phase in outcome.phases:
        lag_ms = quantile(phase.lags_ms, 0.99)
        tell(
            f"  {phase.phase.name}: {phase.frames_per_s:,.0f} frames/s, "
            f"{phase.us_per_frame:.1f} us of CPU a frame, lag p99 {lag_ms:.0f} ms, "
            f"others {phase.others:.0%}"
        )
    tell(f"  {outcome.found.fault() or 'whole'}, {outcome.life.peak_mb:.0f} MiB at most")


def _versions() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed"


if __name__ == "__main__":
    main()
