"""Decoded chunks become a frame of rows. No clock, no disk.

Chunks are decoded in the order of their keys, so that the place of a row in the frame is its rank
by (key, row), the last of all tie-breakers.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator import kernels, ladder
from aggregator.columns import RawRows
from aggregator.edges import Edges
from aggregator.exact import (
    LIMIT,
    NARROW,
    Exact,
    Limbs,
    is_narrow,
    joined,
    limbs_for,
    product,
    sums_fit,
)

DEPTHS = (1, 5, 10, 20)
"""Levels a side over which quantities are summed."""

BID_QUANTITIES = tuple(f"bid_qty_l{depth}" for depth in DEPTHS)
ASK_QUANTITIES = tuple(f"ask_qty_l{depth}" for depth in DEPTHS)
MEAN_QUANTITIES = (*BID_QUANTITIES[1:], *ASK_QUANTITIES[1:])
"""Sums over the first level alone serve its imbalance and go no further."""

IMBALANCES = tuple(f"imbalance_l{depth}" for depth in DEPTHS)
HALF_SPREAD = "half_spread"
RATIOS = (*IMBALANCES, HALF_SPREAD)
"""Floats of each snapshot, all in (0, 1]: B / (B + A), and (ask - bid) / (ask + bid)."""

_PIECE = 1 << 18
"""Rows whose products are summed at once, so that few are held."""

_MOST_IN_FLOAT = 1 << 53
"""Whole numbers up to this are floats."""


@dataclass(frozen=True)
class Rows:
    """The rows of one stream of a unit, and how their decimals are laid out.

    Trades: `timestamp` (ms), `id` (null if there is none), `received_ns`, `neighbour` (the chunk
    lies under another date), `code` (of the trade type), `taker_buy`, `positive` (price and
    quantity are), decimals `price`, `quantity`; wide ones have `quote`, their product, too.
    Books: the first four and `code` (of what is wrong), `hash0`, `hash1` (of the text, where a row
    has no id), decimals `spread`, `mid` (at one decimal more) and `MEAN_QUANTITIES`, and `RATIOS`.
    """

    frame: pl.DataFrame
    limbs: Limbs
    price_scale: int
    quantity_scale: int


@dataclass(frozen=True)
class Piece:
    """Rows of neighbouring chunks. `neighbour`: they lie under another date."""

    raw: RawRows
    neighbour: bool

    @cached_property
    def edges(self) -> Edges | None:
        """Return where the rows begin and end; None without any."""
        return Edges.of(self.raw)

    def cut(self, later: Edges) -> "tuple[list[Piece], list[Piece]]":
        """Return the rows that stand before some later ones, and those that may not."""
        if self.edges is None or self.edges.lie_before(later):
            return [self], []
        before = later.stand_after(self.raw)
        parts = (self.raw.where(before), self.raw.where(~before))
        done, beside = ([Piece(raw, self.neighbour)] if len(raw) else [] for raw in parts)
        return done, beside


def seam(held: list[Piece], piece: Piece) -> tuple[list[Piece], list[Piece]]:
    """Return the rows held so far that stand before all of a piece, and those that may not."""
    later = piece.edges
    if later is None:
        return [], held
    done, beside = [], []
    for each in held:
        before, rest = each.cut(later)
        done += before
        beside += rest
    return done, beside


def _joined_hashes(parts: list[RawRows]) -> NDArray[np.int64]:
    """Return a row for each row if any part has hashes; those without have ids to go by."""
    if not any(len(part.hashes) for part in parts):
        return parts[0].hashes[:0]
    return np.concatenate(
        [part.hashes if len(part.hashes) else np.zeros((len(part), 2), np.int64) for part in parts]
    )


class _Parts:
    """The columns of the pieces, given out joined, once each, so that none is held twice."""

    def __init__(self, read: list[Piece]) -> None:
        """Take the pieces out of the list."""
        self.sizes = [len(piece.raw) for piece in read]
        self.neighbours = [piece.neighbour for piece in read]
        self._arrays = {
            name: [getattr(piece.raw, name) for piece in read]
            for name in ("timestamp", "ident", "received_ns", "flags", "codes")
        }
        self.hashes = _joined_hashes([piece.raw for piece in read])
        self._decimals = [[*column] for column in zip(*(p.raw.decimals for p in read), strict=True)]
        read.clear()

    def take(self, name: str) -> NDArray[Any]:
        arrays = self._arrays.pop(name)
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    def take_decimals(self) -> list[Exact]:
        return [joined(self._decimals.pop(0)) for _ in range(len(self._decimals))]


def trade_rows(read: list[Piece]) -> Rows:
    """Join the pieces of the trades stream, at least one; takes them out of the list."""
    parts = _Parts(read)
    flags = parts.take("flags")
    columns = _common(parts, flags)
    price, quantity = parts.take_decimals()
    limbs, quote = _trade_limbs(price, quantity)
    columns["taker_buy"] = pl.Series(flags & kernels.TAKER_BUY != 0)
    columns["positive"] = pl.Series((price.units > 0) & (quantity.units > 0), dtype=pl.Boolean)
    columns |= limbs.columns("price", price, ranked=True)
    columns |= limbs.columns("quantity", quantity, ranked=True)
    if quote is not None:
        columns |= limbs.columns("quote", quote)
    return Rows(pl.DataFrame(columns), limbs, price.scale, quantity.scale)


def _trade_limbs(price: Exact, quantity: Exact) -> tuple[Limbs, Exact | None]:
    """Return the layout, and the products where it is a wide one."""
    if is_narrow(price) and sums_fit(quantity) and _dot(price, quantity) < LIMIT:
        return NARROW, None
    quote = product(price, quantity)
    return limbs_for([price, quantity, quote], len(price.units)), quote


def _dot(one: Exact, other: Exact) -> float:
    """Return the sum of the absolute products, at most a millionth too low, in little memory."""
    # Not by a product of matrices: its library's threads would spin beside ours.
    parts = range(0, len(one.units), _PIECE)
    return 1.000001 * sum(
        float(
            np.abs(one.units[i : i + _PIECE] * other.units[i : i + _PIECE].astype(np.float64)).sum()
        )
        for i in parts
    )


def book_rows(read: list[Piece]) -> Rows:
    """Join the pieces of the depth20 stream, at least one; takes them out of the list."""
    parts = _Parts(read)
    flags = parts.take("flags")
    columns = _common(parts, flags)
    bids, asks = _sides(parts.take_decimals())
    price_scale = bids[0].scale
    spread = Exact(asks[0].units - bids[0].units, price_scale)
    mid = _half_sum(bids[0], asks[0])
    quantities = dict(zip(BID_QUANTITIES + ASK_QUANTITIES, bids[1:] + asks[1:], strict=True))
    means = {name: quantities[name] for name in MEAN_QUANTITIES}
    limbs = limbs_for([mid, *means.values()], len(mid.units))
    columns |= limbs.columns("spread", spread, ranked=True) | limbs.columns("mid", mid)
    for name, column in means.items():
        columns |= limbs.columns(name, column)
    columns |= _ratios(bids, asks)
    if not (flags & kernels.HAS_ID).all():
        columns |= {f"hash{i}": pl.Series(parts.hashes[:, i]) for i in range(2)}
    return Rows(pl.DataFrame(columns), limbs, price_scale, bids[1].scale)


def _sides(columns: list[Exact]) -> tuple[list[Exact], list[Exact]]:
    """Return best price and quantities of both sides, prices and quantities at one scale each."""
    bids, asks = columns[: ladder.SIDE_FIELDS], columns[ladder.SIDE_FIELDS :]
    price_scale = max(bids[0].scale, asks[0].scale)
    scale = max(column.scale for column in bids[1:] + asks[1:])
    return (
        [bids[0].at(price_scale), *(column.at(scale) for column in bids[1:])],
        [asks[0].at(price_scale), *(column.at(scale) for column in asks[1:])],
    )


def _half_sum(one: Exact, other: Exact) -> Exact:
    """Return the means of two columns, exactly: one decimal more is enough."""
    scale = one.scale + 1
    one, other = one.at(scale), other.at(scale)
    return Exact((one.units + other.units) // 2, scale)


def _ratios(bids: list[Exact], asks: list[Exact]) -> dict[str, pl.Series]:
    """Return B / (B + A) for each depth and (ask - bid) / (ask + bid), of each snapshot."""
    ratios = {
        name: _ratio(bid.units, bid.units + ask.units)
        for name, bid, ask in zip(IMBALANCES, bids[1:], asks[1:], strict=True)
    }
    bid, ask = bids[0].units, asks[0].units
    return {**ratios, HALF_SPREAD: _ratio(ask - bid, ask + bid)}


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> pl.Series:
    """Return the floats nearest to part / whole, whatever the scale; 0 where that is no share."""
    # Books that are set aside later are there too: of nothing, of less than nothing.
    is_share = (part > 0) & (part <= whole)
    ratio = np.zeros(len(part))
    if whole.dtype == np.int64:
        np.divide(part, whole, out=ratio, where=is_share)
        is_share &= whole > _MOST_IN_FLOAT
    # Here floats would round before they divide, and differently at another scale.
    ratio[is_share] = part[is_share].astype(object) / whole[is_share].astype(object)
    return pl.Series(ratio)


def _common(parts: _Parts, flags: NDArray[np.uint8]) -> dict[str, pl.Series]:
    return {
        "timestamp": pl.Series(parts.take("timestamp")),
        "id": _ids(parts.take("ident"), flags & kernels.HAS_ID != 0),
        "received_ns": pl.Series(parts.take("received_ns")),
        "neighbour": pl.Series(np.repeat(parts.neighbours, parts.sizes)),
        "code": pl.Series(parts.take("codes")),
    }


def _ids(ids: NDArray[np.int64], present: NDArray[np.bool_]) -> pl.Series:
    if present.all():
        return pl.Series(ids)
    return pl.select(pl.when(pl.Series(present)).then(pl.Series(ids))).to_series()
