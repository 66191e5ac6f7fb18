"""Measure a fetch of history: `python -m benchmarks.archive --days 365 --rows 100000`.

A made-up archive is served on this machine, fetched, imported and aggregated; then DuckDB unzips
the same files and makes bars of them. Writes `benchmarks/ARCHIVE.md`.
"""

import argparse
import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks import machine
from benchmarks.archive_kills import differing, measure_killed
from benchmarks.measure import AGGREGATOR, ROOT, Failed, Usage, measure
from benchmarks.report import Table, figures, markdown
from tests.archive_site import ArchiveSite, trades_path

RESULTS = ROOT / "benchmarks" / "ARCHIVE.md"
CACHE = ROOT / ".cache" / "bench"
SYMBOL, START = "BTCUSDT", date(2025, 1, 1)
COMPARED = ("open", "high", "low", "close", "vol_total", "vol_buy", "trade_count", "quote_volume")


@dataclass(frozen=True)
class History:
    """Days of a made-up archive, `rows` trade ids in each."""

    days: int
    rows: int

    @property
    def end(self) -> date:
        """Return the last day."""
        return START + timedelta(days=self.days - 1)

    @property
    def archive(self) -> Path:
        """Return the folder of the archive."""
        return CACHE / f"archive-{self.rows}"

    @property
    def work(self) -> Path:
        """Return the folder of what is made of it."""
        return CACHE / f"fetched-{self.rows}"

    @property
    def millions(self) -> float:
        """Return the number of rows."""
        return self.days * self.rows / 1e6

    def make(self) -> None:
        """Write the archive, as far as it is not there."""
        command = [
            sys.executable, "-m", "synthetic.cli", "archive", "--folder", str(self.archive),
            "--date", str(START), "--days", str(self.days), "--symbol", SYMBOL,
            "--trades", str(self.rows),
        ]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True)

    def over(self, verb: str, lake: Path, *more: str) -> list[str]:
        """Return a command of the aggregator over all days."""
        return [
            AGGREGATOR, verb, "--lake", str(lake), "--symbols", SYMBOL, "--start", str(START),
            "--end", str(self.end), *more,
        ]  # fmt: skip


def main() -> None:
    """Measure, compare, write."""
    given = _parser().parse_args()
    history = History(given.days, given.rows)
    history.make()
    shutil.rmtree(history.work, ignore_errors=True)
    facts = machine.facts()
    try:
        table = _table(history, [*_measured(history, given.kills)])
    except Failed as failed:
        raise SystemExit(str(failed)) from failed
    page = markdown(facts, [table], "`make bench-archive`")
    RESULTS.write_text(page, encoding="utf-8")
    print(page)


def _measured(history: History, kills: int) -> Iterator[tuple[str, Usage]]:
    lake, killed = history.work / "lake", history.work / "killed"
    with ArchiveSite(history.archive) as site:
        asked = ("--archive-url", site.url)
        fetched = measure(history.over("fetch", lake, *asked))
        yield "fetch", fetched
        if kills:
            command = history.over("fetch", killed, *asked)
            within_s = 1 + 2 * fetched.wall_s / (kills + 1)
            yield f"fetch, killed {kills} times", measure_killed(command, kills, within_s)
            _raise_if(differing(lake, killed), "the killed fetch left another lake")
    yield "backfill", measure(history.over("backfill", lake))
    source, output = site.place(trades_path(SYMBOL, START)).parent, history.work / "duckdb"
    command = [sys.executable, "-m", "benchmarks.archive_duckdb", str(source), str(output)]
    yield "unzip + DuckDB", measure(command)
    bars = lake / "aggregated" / SYMBOL
    days = [START + timedelta(days=number) for number in range(history.days)]
    other = [f"{day}" for day in days if _minutes(bars, day) != _minutes(output, day)]
    _raise_if(other, "DuckDB has other bars")


def _raise_if(names: list[str], what: str) -> None:
    if names:
        raise Failed(f"{what}: {len(names)}, the first of them {names[0]}")


def _minutes(folder: Path, day: date) -> list[Mapping[str, Decimal]]:
    """Return the compared columns of the minutes that have a trade."""
    with (folder / f"{day}_1m.csv").open(encoding="utf-8") as file:
        return [
            {name: Decimal(row[name]) for name in COMPARED}
            for row in csv.DictReader(file)
            if int(row["trade_count"])
        ]


def _table(history: History, measured: list[tuple[str, Usage]]) -> Table:
    rows = [(name, *figures(used), *_per_million(history, used)) for name, used in measured]
    both = [used for name, used in measured if name in ("fetch", "backfill")]
    ours = Usage(
        sum(each.wall_s for each in both), sum(each.cpu_s for each in both),
        max(each.peak_mb for each in both),
    )  # fmt: skip
    rows.insert(-1, ("fetch + backfill", *figures(ours), *_per_million(history, ours)))
    return Table(
        "History of one symbol",
        f"{history.days} files of the archive, {history.millions:.1f} million trade ids, over HTTP "
        "on this machine, to raw chunks, and to the bars of 1s and 1m with their certificates. "
        "DuckDB reads the zips from the disk, keeps no raw data, and has the same bars of 1m.",
        ("", "wall s", "CPU s", "peak MB", "wall s a million", "CPU s a million"),
        tuple(rows),
    )


def _per_million(history: History, used: Usage) -> tuple[str, str]:
    return f"{used.wall_s / history.millions:.2f}", f"{used.cpu_s / history.millions:.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive", description=__doc__)
    parser.add_argument("--days", type=int, default=37)
    parser.add_argument("--rows", type=int, default=100_000, help="of each day")
    parser.add_argument("--kills", type=int, default=1, help="kill a second fetch so many times")
    return parser


if __name__ == "__main__":
    main()
