"""Bars beside klines, minute by minute: equal, different, or not comparable. No clock, no disk."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from aggregator.parity.candles import COLUMNS, NOT_COMPARED, PRICES, Bar, Candle
from aggregator.parity.klines import Klines
from aggregator.quality import GAP


class Verdict(StrEnum):
    """What a comparison says of a cell, a minute or a day."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"


class Why(StrEnum):
    """Why a minute cannot be compared."""

    NO_KLINE = "no kline"
    CONTRADICTION = "klines that contradict each other"
    NO_TRADES = "no trades recorded"
    GAP = "gap in our record"


class Minute(NamedTuple):
    """One minute of a day as both sides tell it. `minute` counts from 00:00 UTC."""

    minute: int
    bar: Bar
    kline: Candle | None
    verdict: Verdict
    why: Why | None = None

    @property
    def cells(self) -> dict[str, Verdict]:
        """Return the verdict of each column."""
        if self.kline is None or self.why:
            return dict.fromkeys(COLUMNS, Verdict.NOT_COMPARABLE)
        return _cells(self.bar.candle, self.kline)

    @property
    def different(self) -> tuple[str, ...]:
        """Return the columns that differ."""
        return tuple(name for name, said in self.cells.items() if said is Verdict.DIFFERENT)


def compare(bars: Sequence[Bar], klines: Klines, *, has_trades: bool) -> tuple[Minute, ...]:
    """Compare a day. `has_trades`: the record of the day knows the stream at all."""
    return tuple(_minute(each, bar, klines, has_trades) for each, bar in enumerate(bars))


def _minute(minute: int, bar: Bar, klines: Klines, has_trades: bool) -> Minute:
    kline = klines.by_minute.get(minute)
    why = _why_not(minute, kline, klines, has_trades)
    if why or kline is None:
        return Minute(minute, bar, kline, Verdict.NOT_COMPARABLE, why)
    found = set(_cells(bar.candle, kline).values())
    if Verdict.DIFFERENT not in found:
        return Minute(minute, bar, kline, Verdict.EQUAL)
    if bar.quality in (GAP, "") and not bar.candle.trade_count:
        return Minute(minute, bar, kline, Verdict.NOT_COMPARABLE, Why.GAP)
    return Minute(minute, bar, kline, Verdict.DIFFERENT)


def _why_not(minute: int, kline: Candle | None, klines: Klines, has_trades: bool) -> Why | None:
    if not has_trades:
        return Why.NO_TRADES
    if kline is None:
        return Why.NO_KLINE
    return Why.CONTRADICTION if minute in klines.contradicting else None


def _cells(ours: Candle, theirs: Candle) -> dict[str, Verdict]:
    pairs = zip(COLUMNS, ours, theirs, strict=True)
    return {name: _cell(mine, other) for name, mine, other in pairs}


def _cell(ours: Decimal | None, theirs: Decimal | None) -> Verdict:
    if ours is None or theirs is None:
        return Verdict.NOT_COMPARABLE
    return Verdict.EQUAL if ours == theirs else Verdict.DIFFERENT


def only_prices(minute: Minute) -> bool:
    """Tell whether nothing but prices differs."""
    return set(minute.different) <= set(PRICES)


def count_columns(minutes: Sequence[Minute]) -> dict[str, Counter[Verdict]]:
    """Return how many cells of each column of klines are what."""
    counts = {name: Counter[Verdict]() for name in (*COLUMNS, *NOT_COMPARED)}
    for minute in minutes:
        for name, verdict in minute.cells.items():
            counts[name][verdict] += 1
        for name in NOT_COMPARED:
            counts[name][Verdict.NOT_COMPARABLE] += 1
    return counts


def spelled_otherwise(minutes: Sequence[Minute]) -> int:
    """Count the cells that are equal but for zeros at the end, which the archive drops at times."""
    return sum(
        ours is not None and ours == theirs and str(ours) != str(theirs)
        for each in minutes
        if each.kline is not None
        for ours, theirs in zip(each.bar.candle, each.kline, strict=True)
    )
