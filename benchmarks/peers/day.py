"""Which day a candidate builds, from which files, into which."""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lake.layout import Stream, bars_key, journal_prefix, raw_day_prefix

DAY_MS = 86_400_000
RESOLUTIONS = {"1s": 1, "1m": 60}
"""Seconds of a bar, by label."""


@dataclass(frozen=True)
class Day:
    """A symbol's day in a lake, and the folder that its bars are written to.

    The margin is the last and the first ten minutes of the neighbouring days.
    """

    lake: Path
    symbol: str
    date: date
    out: Path

    @property
    def start_ms(self) -> int:
        """Return 00:00 UTC in ms since 1970."""
        midnight = datetime.combine(self.date, datetime.min.time(), UTC)
        return int(midnight.timestamp()) * 1000

    def globs(self, stream: Stream) -> list[str]:
        """Return the patterns of the chunks of day and margin; each matches at least one."""
        days = (self.date - timedelta(days=1), self.date, self.date + timedelta(days=1))
        globs = (
            f"{self.lake}/{raw_day_prefix(stream, self.symbol, day)}{minutes}*.csv.gz"
            for day, minutes in zip(days, ("235", "", "000"), strict=True)
        )
        return [glob for glob in globs if _matches(glob)]

    def chunks(self, stream: Stream) -> list[Path]:
        """Return the chunks of day and margin, in the order of time."""
        return [path for glob in self.globs(stream) for path in _matches(glob)]

    @property
    def journal(self) -> str:
        """Return what matches the journal objects of the day."""
        return f"{self.lake}/{journal_prefix(self.date)}*.jsonl"

    def journals(self) -> list[Path]:
        """Return the journal objects of the day."""
        return _matches(self.journal)

    def bars(self, label: str) -> Path:
        """Return the file of the bars of a resolution; its folder is there."""
        self.out.mkdir(parents=True, exist_ok=True)
        return self.out / Path(bars_key(self.symbol, self.date, label)).name


def _matches(glob: str) -> list[Path]:
    """Return what a pattern matches; only its last part may have wildcards."""
    return sorted(Path(glob).parent.glob(Path(glob).name))


def asked_for() -> Day:
    """Read `LAKE SYMBOL DATE OUT` from the command line."""
    match sys.argv[1:]:
        case [lake, symbol, day, out]:
            return Day(Path(lake).resolve(), symbol, date.fromisoformat(day), Path(out))
    raise SystemExit("usage: LAKE SYMBOL DATE OUT, such as ./big BTCUSDT 2025-12-11 ./out")
