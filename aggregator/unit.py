"""A symbol's day, the unit of all work, and what can become of it. No clock, no disk."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, order=True)
class Unit:
    """A symbol's day. `required`: that it has no chunk is a failure."""

    day: date
    symbol: str
    required: bool = False

    def __str__(self) -> str:
        return f"{self.symbol} {self.day}"


class Status(StrEnum):
    """What became of a unit."""

    BUILT = "built"
    UP_TO_DATE = "up to date"
    KEPT = "kept"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True)
class BarCounts:
    """How many bars a day has at a resolution, and how many of them are not `ok`.

    A bar of unknown quality, of a day of which no stream is expected, is none of the three.
    """

    resolution: str
    bars: int
    partial: int = 0
    gap: int = 0

    @property
    def not_ok_percent(self) -> float:
        """Return the share of bars that are `partial` or `gap`."""
        return round(100 * (self.partial + self.gap) / self.bars, 3) if self.bars else 0.0


@dataclass(frozen=True)
class Outcome:
    """What became of a unit.

    `detail` says in one line what a person must know; `warned`: what a person should look into.
    `counts`: of the bars of a day that is published; None where none was looked at.
    """

    unit: Unit
    status: Status
    condition: str = ""
    detail: str = ""
    chunks: int = 0
    bytes_written: int = 0
    warned: bool = False
    counts: BarCounts | None = None
