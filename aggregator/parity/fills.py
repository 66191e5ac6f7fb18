"""Single trades of the minutes that somebody asks about, out of raw rows. No clock, no disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from aggregator import kernels
from aggregator.clean import clean_trades
from aggregator.columns import RawRows
from aggregator.exact import Exact
from aggregator.parity.candles import Candle, Delta
from aggregator.parity.klines import MINUTE_MS
from lake.schemas import COUNTED_TYPES

_DECIMALS = ["price", "quantity"]


class Fill(NamedTuple):
    """A row of the trades stream, one for each id. `id` is None where it has none."""

    id: int | None
    ms: int
    price: Decimal
    quantity: Decimal
    taker_buys: bool
    type: str

    @property
    def counted(self) -> bool:
        """Tell whether it makes bars."""
        return self.price > 0 and self.quantity > 0 and self.type in COUNTED_TYPES

    @property
    def trade(self) -> tuple[Decimal, Decimal, bool]:
        """Return what two equal trades have in common."""
        return self.price, self.quantity, self.taker_buys

    def __str__(self) -> str:
        name = "a trade without id" if self.id is None else f"trade {self.id}"
        side = "bought" if self.taker_buys else "sold"
        return f"{name} ({self.quantity:f} at {self.price:f}, the taker {side})"


Fills = Mapping[int, Sequence[Fill]]
"""Of each minute of the day, in the order of the exchange."""


def near(rows: RawRows, minutes: Sequence[int], day_start: int) -> RawRows:
    """Return the rows of some minutes."""
    return rows.where(np.isin((rows.timestamp - day_start) // MINUTE_MS, minutes))


def fills(parts: Iterable[RawRows], types: list[str], day_start: int) -> Fills:
    """Return the trades of rows in the order of the keys of their chunks, each id once."""
    frames = [_frame(part) for part in parts if len(part)]
    if not frames:
        return {}
    kept = clean_trades(pl.concat(frames), types, _DECIMALS).kept
    found: dict[int, list[Fill]] = {}
    for row in kept.iter_rows(named=True):
        found.setdefault((row["timestamp"] - day_start) // MINUTE_MS, []).append(_fill(row, types))
    return found


def _frame(rows: RawRows) -> pl.DataFrame:
    price, quantity = rows.decimals
    has_id = pl.Series(rows.flags & kernels.HAS_ID != 0)
    return pl.DataFrame(
        {
            "timestamp": rows.timestamp,
            "id": pl.select(pl.when(has_id).then(pl.Series(rows.ident))).to_series(),
            "received_ns": rows.received_ns,
            "code": rows.codes,
            "taker_buy": rows.flags & kernels.TAKER_BUY != 0,
            "price": _texts(price),
            "quantity": _texts(quantity),
        }
    )


def _texts(column: Exact) -> pl.Series:
    """Write decimals so that equal ones are equal texts, whatever the scale of their part."""
    numbers = (Decimal(int(units)).scaleb(-column.scale) for units in column.units)
    return pl.Series([f"{number.normalize():f}" for number in numbers], dtype=pl.String)


def _fill(row: Mapping[str, Any], types: Sequence[str]) -> Fill:
    return Fill(
        row["id"], row["timestamp"], Decimal(row["price"]), Decimal(row["quantity"]),
        row["taker_buy"], types[row["code"]],
    )  # fmt: skip


def counted(of: Iterable[Fill]) -> list[Fill]:
    """Return the trades that make bars."""
    return [fill for fill in of if fill.counted]


def sums(of: Iterable[Fill]) -> Delta:
    """Return what trades add to a candle."""
    listed = [*of]
    return Delta(
        len(listed),
        sum((fill.quantity for fill in listed), Decimal()),
        sum((fill.price * fill.quantity for fill in listed), Decimal()),
        sum((fill.quantity for fill in listed if fill.taker_buys), Decimal()),
    )


def candle_of(of: Iterable[Fill]) -> Candle | None:
    """Return the candle that trades make; None without any."""
    listed = counted(of)
    if not listed:
        return None
    prices, added = [fill.price for fill in listed], sums(listed)
    return Candle(
        prices[0], max(prices), min(prices), prices[-1],
        added.volume, added.quote_volume, Decimal(added.trade_count), added.taker_buy_volume,
    )  # fmt: skip


def by_type(of: Iterable[Fill], wanted: Callable[[Fill], bool]) -> Iterator[tuple[str, Delta]]:
    """Yield what the trades of each type add, of those that are wanted."""
    listed = [fill for fill in of if wanted(fill)]
    for name in sorted({fill.type for fill in listed}):
        yield name, sums(fill for fill in listed if fill.type == name)


def unbroken(around: Sequence[Fill], start_ms: int) -> bool:
    """Tell whether ids run on from before a minute until after it, so that no trade lacks."""
    ids = sorted((fill.id, fill.ms) for fill in around if fill.id is not None)
    before = [number for number, ms in ids if ms < start_ms]
    after = [number for number, ms in ids if ms >= start_ms + MINUTE_MS]
    if not before or not after:
        return False
    first, last = before[-1], after[0]
    return last - first + 1 == sum(first <= number <= last for number, _ in ids)
