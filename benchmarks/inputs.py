"""The made-up days that are measured: written once, kept in `.cache/bench`."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.measure import ROOT
from lake.layout import aggregated_root

CACHE = Path(".cache/bench")
"""Relative to the project's folder, where every command is run."""

DATE = "2025-12-11"
TRADES, SNAPSHOTS = 3_000_000, 864_000
"""Of a busy day of BTCUSDT; snapshots come every 100 ms."""


@dataclass(frozen=True)
class Input:
    """A made-up day of one symbol or of many, in a lake of its own."""

    trades: int = TRADES
    snapshots: int = SNAPSHOTS
    symbol: str = "BTCUSDT"
    symbols_count: int = 1
    form: str = "csv.gz"
    gzip_level: int = 6
    cache: Path = CACHE

    @property
    def lake(self) -> Path:
        """Return the folder of the lake."""
        name = f"{self.symbol}-{self.symbols_count}-{self.trades}-{self.snapshots}"
        return self.cache / f"{name}-{self.form}{self.gzip_level}"

    @property
    def day(self) -> date:
        """Return the date."""
        return date.fromisoformat(DATE)

    @property
    def aggregated(self) -> Path:
        """Return the folder of what is published."""
        return self.lake / aggregated_root()

    @property
    def rows(self) -> int:
        """Return how many rows the date has."""
        return (self.trades + self.snapshots) * self.symbols_count

    def command(self) -> list[str]:
        """Return the command that writes the day, and does nothing if it is there."""
        options = {
            "lake": self.lake, "date": DATE, "symbol": self.symbol,
            "symbols-count": self.symbols_count, "trades": self.trades,
            "snapshots": self.snapshots, "format": self.form, "gzip-level": self.gzip_level,
        }  # fmt: skip
        arguments = (part for name, value in options.items() for part in (f"--{name}", str(value)))
        return [sys.executable, "-m", "synthetic.cli", "day", *arguments]

    def make(self) -> None:
        """Write the day unless it is there."""
        subprocess.run(self.command(), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    def unpublish(self) -> None:
        """Remove what was published, so that the next build writes it."""
        shutil.rmtree(ROOT / self.aggregated, ignore_errors=True)

    def raw_mb(self) -> float:
        """Return the size of the chunks."""
        chunks = (path for path in (ROOT / self.lake / "raw").rglob("*.csv*") if path.is_file())
        return sum(path.stat().st_size for path in chunks) / 1e6
