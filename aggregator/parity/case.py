"""What is known about a minute that differs from its kline. No clock, no disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregator.parity.candles import Bar, Candle, Delta
from aggregator.parity.compare import Minute
from aggregator.parity.fills import Fill, Fills, unbroken
from aggregator.parity.klines import MINUTE_MS
from aggregator.quality import OK


class Cause(StrEnum):
    """What makes a bar differ from its kline."""

    KLINE_EMPTY = "kline empty"
    KLINE_IMPOSSIBLE = "kline impossible"
    BAR_IMPOSSIBLE = "bar impossible"
    SHIFTED = "shifted"
    BOUNDARY = "boundary"
    SIDE = "side"
    HOLE = "hole"
    NOT_IN_ARCHIVE = "not in the archive's trades"
    ZERO = "zero in our record"
    EXCLUDED_TYPE = "excluded type"
    COUNTED_TYPE = "counted type"
    LACKING = "trades lacking"
    SURPLUS = "trades too many"
    QUIET = "price before a quiet minute"
    ROUNDED = "rounded"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Hole:
    """Ids that the record lacks, between two trades of these times, and why if that is known."""

    first_id: int
    last_id: int
    from_ms: int
    to_ms: int
    why: str = ""

    @property
    def size(self) -> int:
        """Return how many ids it has."""
        return self.last_id - self.first_id + 1

    def __str__(self) -> str:
        ids = f"{self.size:,} ids ({self.first_id} to {self.last_id})"
        return f"{ids}, since {self.why}" if self.why else ids


@dataclass(frozen=True)
class Evidence:
    """What is known besides the minute itself.

    `fills` are None where the raw rows were not read; `excluded` counts the day's trades by type;
    `covered` is time in which a collector listened to trades.
    """

    day_start: int
    bars: Sequence[Bar]
    klines: Mapping[int, Candle]
    holes: Sequence[Hole] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    covered: Sequence[tuple[int, int]] = ()
    fills: Fills | None = None

    def of(self, minute: int) -> Sequence[Fill]:
        """Return the trades of a minute, if they were read."""
        return (self.fills or {}).get(minute, ())


@dataclass(frozen=True)
class Case:
    """A minute whose bar differs from its kline."""

    minute: Minute
    kline: Candle
    evidence: Evidence

    @property
    def at(self) -> int:
        """Return the minute of the day."""
        return self.minute.minute

    @property
    def start_ms(self) -> int:
        """Return when the minute begins."""
        return self.evidence.day_start + self.at * MINUTE_MS

    @property
    def bar(self) -> Candle:
        """Return our candle."""
        return self.minute.bar.candle

    @property
    def delta(self) -> Delta:
        """Return what our bar lacks of the kline's sums."""
        return Delta.between(self.bar, self.kline)

    @property
    def fills(self) -> Sequence[Fill]:
        """Return the trades of the minute, if they were read."""
        return self.evidence.of(self.at)

    @property
    def holes(self) -> list[Hole]:
        """Return the holes that may have cost the minute a trade."""
        start, end = self.start_ms, self.start_ms + MINUTE_MS
        return [each for each in self.evidence.holes if each.from_ms < end and each.to_ms >= start]

    @property
    def is_whole(self) -> bool:
        """Tell whether our record of trades claims to be whole in the minute.

        A bar is partial too where only its book has a gap.
        """
        if self.minute.bar.quality == OK:
            return True
        if self.minute.bar.missing or self.holes:
            return False
        start, end = self.start_ms, self.start_ms + MINUTE_MS
        if any(first <= start and end <= last for first, last in self.evidence.covered):
            return True
        around = [fill for step in (-1, 0, 1) for fill in self.evidence.of(self.at + step)]
        return unbroken(around, start)
