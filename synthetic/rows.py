"""Instruments, trades and books as arrays. No clock, no disk.

Prices and quantities are integers in the last digit that the venue sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lake.schemas import TradeType
from synthetic.noise import Ints, salt

LEVELS = 20
TYPES = (TradeType.MARKET, TradeType.RPI, TradeType.NA, TradeType.INSURANCE_FUND)
"""What the numbers in `Trades.trade_type` stand for."""


@dataclass(frozen=True)
class Instrument:
    """A symbol and the sizes of its market; `tick`, medians and `price` are in last digits."""

    symbol: str
    price: int
    price_digits: int
    tick: int
    quantity_digits: int
    trade_median: float
    level_median: float
    gap_ticks: int


@dataclass(frozen=True)
class Trades:
    """Trades in the order of their ids; `trade_type` counts in `TYPES`."""

    timestamp: Ints
    price: Ints
    quantity: Ints
    is_buyer_maker: npt.NDArray[np.bool_]
    trade_id: Ints
    trade_type: Ints
    event_time: Ints
    received_ns: Ints

    @property
    def ids(self) -> Ints:
        """Return what tells two rows apart."""
        return self.trade_id


@dataclass(frozen=True)
class Books:
    """Snapshots in the order of their times; prices and quantities have a row of levels each."""

    timestamp: Ints
    bid_price: Ints
    bid_quantity: Ints
    ask_price: Ints
    ask_quantity: Ints
    update_id: Ints
    event_time: Ints
    received_ns: Ints

    @property
    def ids(self) -> Ints:
        """Return what tells two rows apart."""
        return self.update_id


Rows = TypeVar("Rows", Trades, Books)

_NONE = np.empty(0, np.int64)
_NO_LEVELS = np.empty((0, LEVELS), np.int64)
NO_TRADES = Trades(_NONE, _NONE, _NONE, _NONE.astype(np.bool_), _NONE, _NONE, _NONE, _NONE)
NO_BOOKS = Books(_NONE, _NO_LEVELS, _NO_LEVELS, _NO_LEVELS, _NO_LEVELS, _NONE, _NONE, _NONE)

_KNOWN = {
    "BTCUSDT": Instrument("BTCUSDT", 6_246_250, 2, 10, 3, 16.0, 36.0, 4),
    "ETHUSDT": Instrument("ETHUSDT", 265_140, 2, 1, 3, 80.0, 600.0, 3),
}


def instrument(symbol: str) -> Instrument:
    """Return the instrument of a symbol; one that is not known is a small coin."""
    price = 5_000 + salt(symbol) % 100_000
    return _KNOWN.get(symbol) or Instrument(symbol, price, 4, 1, 1, 300.0, 9_000.0, 2)


def pick(rows: Rows, index: npt.NDArray[np.bool_] | slice) -> Rows:
    """Return some of the rows."""
    return type(rows)(*(getattr(rows, field.name)[index] for field in fields(rows)))


def join(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, one after the other."""
    kind = type(parts[0])
    return kind(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(kind))
    )
