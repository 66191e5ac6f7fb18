"""Parts of a day that were reduced apart, joined to the day. No clock, no disk.

A part is what is left of the rows of some neighbouring chunks. Parts whose rows stand behind each
other in time and ids are joined as they are; those that overlap must be reduced together, since
a row of one may be a duplicate of a row of the other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeVar

import numpy as np
import polars as pl

from aggregator.bars import roll_up_trades
from aggregator.book import roll_up_books, share_names
from aggregator.edges import Edges, both
from aggregator.exact import NARROW, Exact, Limbs, is_narrow, joined, limbs_for, sums_fit
from aggregator.quality import SECONDS_PER_DAY
from aggregator.reduce import Books, Counts, Trades
from aggregator.rows import MEAN_QUANTITIES
from aggregator.stretches import BookStretches, IdStretches
from aggregator.table import Scales

_Part = TypeVar("_Part", Trades, Books)

_PRICES = ("open", "high", "low", "close")
_VOLUMES = ("vol_buy", "vol_sell")
_RANKED = frozenset({*_PRICES, "max_trade_qty", "min_spread", "max_spread"})
"""Decimals of which the greatest or the least is looked for, or a row is picked with its rank."""


def joined_trades(parts: Sequence[Trades]) -> Trades:
    """Return the trades of parts that do not overlap, at least one, in order."""
    if len(parts) == 1:
        return parts[0]
    scales = _scales(parts)
    kinds = {
        **dict.fromkeys(_PRICES, lambda scales: scales.price),
        **dict.fromkeys((*_VOLUMES, "max_trade_qty"), lambda scales: scales.quantity),
        "quote_volume": lambda scales: scales.price + scales.quantity,
    }
    decimals = {name: _decimals(parts, name, scale, scales) for name, scale in kinds.items()}
    bought, sold = (decimals[name] for name in _VOLUMES)
    traded = Exact(bought.units + sold.units, scales.quantity)
    before = _price_before(parts).at(scales.price)
    limbs = _limbs([*decimals.values(), before], [decimals["quote_volume"], traded])
    frame = _frame(parts, limbs, decimals, ("trade_count_buy", "trade_count_sell"))
    return Trades(
        roll_up_trades(frame.lazy(), limbs, 1).collect(),
        replace(scales, limbs=limbs),
        _row(limbs, "price", before),
        IdStretches.joined([part.stretches for part in parts]),
        _counts([part.counts for part in parts]),
        _edges(parts),
    )


def joined_books(parts: Sequence[Books]) -> Books:
    """Return the snapshots of parts that do not overlap, at least one, in order."""
    if len(parts) == 1:
        return parts[0]
    scales = _scales(parts)
    kinds = {
        **dict.fromkeys(("spread", "min_spread", "max_spread"), lambda scales: scales.price),
        "mid": lambda scales: scales.price + 1,
        **dict.fromkeys(MEAN_QUANTITIES, lambda scales: scales.quantity),
    }
    decimals = {name: _decimals(parts, name, scale, scales) for name, scale in kinds.items()}
    # The mid is that of the last snapshot of a second: it says nothing of the sum of the spreads.
    limbs = _limbs([*decimals.values()], [decimals[name] for name in ("spread", *MEAN_QUANTITIES)])
    shares = max((share_names(part.seconds) for part in parts), key=len)
    frame = _frame(parts, limbs, decimals, ("snapshot_count", *shares))
    return Books(
        roll_up_books(frame.lazy(), limbs, 1).collect(),
        replace(scales, limbs=limbs),
        BookStretches.joined([part.stretches for part in parts]),
        _counts([part.counts for part in parts]),
        _edges(parts),
    )


def _scales(parts: Sequence[_Part]) -> Scales:
    """Return the greatest scales; the layout is decided later."""
    return Scales(
        NARROW,
        max(part.scales.price for part in parts),
        max(part.scales.quantity for part in parts),
    )


def _decimals(
    parts: Sequence[_Part], name: str, scale: Callable[[Scales], int], scales: Scales
) -> Exact:
    """Return a column of the seconds of all parts, at the scale that it has of all of them."""
    columns = [
        Exact(part.scales.limbs.units(part.seconds, name), scale(part.scales)) for part in parts
    ]
    # Of a product it may be above that of any part.
    return joined(columns).at(scale(scales))


def _price_before(parts: Sequence[Trades]) -> Exact:
    """Return the price of the last counted trade before the day: one, or none."""
    for part in reversed(parts):
        if part.before:
            units = part.scales.limbs.units(pl.DataFrame(part.before), "price")
            return Exact(units, part.scales.price)
    return Exact(np.empty(0, dtype=np.int64), 0)


def _row(limbs: Limbs, column: str, value: Exact) -> dict[str, int]:
    """Return the columns of one value, or nothing if there is none."""
    frame = pl.DataFrame(limbs.columns(column, value))
    return frame.row(0, named=True) if len(frame) else {}


def _limbs(columns: Sequence[Exact], summed: Sequence[Exact]) -> Limbs:
    """Return the layout that holds the columns, and every sum over the seconds of some."""
    if all(map(is_narrow, columns)) and all(map(sums_fit, summed)):
        return NARROW
    return limbs_for([*columns, *summed], 2 * SECONDS_PER_DAY)


def _frame(
    parts: Sequence[_Part], limbs: Limbs, decimals: dict[str, Exact], whole: Iterable[str]
) -> pl.DataFrame:
    """Return the seconds of all parts in one layout. `whole` are columns of whole numbers.

    One that a part lacks is zero there.
    """
    frames = [part.seconds for part in parts]
    bars = pl.concat([frame["bar"] for frame in frames])
    numbers = {
        name: pl.concat(
            [frame[name] if name in frame.columns else _zeros(frame) for frame in frames]
        )
        for name in whole
    }
    held = {
        name: series
        for column, values in decimals.items()
        for name, series in limbs.columns(column, values, ranked=column in _RANKED).items()
    }
    return pl.DataFrame({"bar": bars, **held, **numbers})


def _zeros(frame: pl.DataFrame) -> pl.Series:
    return pl.zeros(len(frame), pl.Int64, eager=True)


def _counts(counts: Sequence[Counts]) -> Counts:
    left_out: Counter[str] = Counter()
    for each in counts:
        left_out.update(each.left_out)
    return Counts(
        sum(each.rows for each in counts),
        sum(each.kept for each in counts),
        sum(each.duplicates for each in counts),
        sum(each.conflicts for each in counts),
        sum(each.without_id for each in counts),
        sum(each.late for each in counts),
        dict(sorted(left_out.items())),
        min((each.first_id for each in counts if each.first_id is not None), default=None),
        max((each.last_id for each in counts if each.last_id is not None), default=None),
    )


def _edges(parts: Sequence[_Part]) -> Edges | None:
    return reduce(both, (part.edges for part in parts))
