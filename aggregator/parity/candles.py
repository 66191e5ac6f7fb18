"""A minute as bars and klines both tell it. No clock, no disk."""

from decimal import Decimal
from typing import NamedTuple

MINUTES_PER_DAY = 1440


class Candle(NamedTuple):
    """What a kline says of a minute, as exact decimals; prices are None before the first known.

    A decimal remembers how it was written, so `spelled` can tell 83624.5 from 83624.50.
    """

    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal | None
    volume: Decimal
    quote_volume: Decimal
    trade_count: Decimal
    taker_buy_volume: Decimal


COLUMNS = ("open", "high", "low", "close", "volume", "quote_volume", "count", "taker_buy_volume")
"""What the columns of a candle are called in klines."""

PRICES = COLUMNS[:4]
NOT_COMPARED = ("taker_buy_quote_volume",)
"""Columns of klines that bars do not have."""


class Bar(NamedTuple):
    """A published bar; `missing` are the trade ids that lack before its trades."""

    candle: Candle
    quality: str
    missing: int


class Delta(NamedTuple):
    """What would have to be added to one candle to have the sums of another."""

    trade_count: int
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal

    @classmethod
    def between(cls, ours: Candle, theirs: Candle) -> "Delta":
        """Return theirs less ours."""
        return cls(
            int(theirs.trade_count - ours.trade_count), theirs.volume - ours.volume,
            theirs.quote_volume - ours.quote_volume,
            theirs.taker_buy_volume - ours.taker_buy_volume,
        )  # fmt: skip

    def __neg__(self) -> "Delta":
        return Delta(*(-each for each in self))  # type: ignore[arg-type]


def spelled(number: Decimal | None) -> str:
    """Write a number plainly, as it was written."""
    return "" if number is None else f"{number:f}"


def short(number: Decimal) -> str:
    """Write a number plainly, without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def clock(minute: int) -> str:
    """Write a minute of the day as `HH:MM`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
