"""Rows as they usually come are reduced without a query. No clock, no disk.

Usual rows are those of one piece, in order, each with an id, none there twice, whose sums need no
more than 64 bits. `reduce` is for all others, and would return the same for these.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator import ladder, seconds
from aggregator.columns import RawRows
from aggregator.exact import NARROW, Exact, is_narrow
from aggregator.quality import SECONDS_PER_DAY, Ints
from aggregator.reduce import Books, Counts, Trades
from aggregator.rows import MEAN_QUANTITIES, RATIOS, Piece
from aggregator.stretches import BookStretches, IdStretches
from aggregator.table import Scales
from aggregator.utc import DAY_MS
from lake.schemas import COUNTED_TYPES

_TRADE_COLUMNS = (
    "bar", "open", "high", "low", "close", "vol_buy", "vol_sell", "quote_volume", "max_trade_qty",
    "trade_count_buy", "trade_count_sell",
)  # fmt: skip
_BOOK_COLUMNS = (
    "bar", "spread", *MEAN_QUANTITIES, "min_spread", "max_spread", "mid",
    *(f"{name}/{part}" for name in RATIOS for part in range(2)), "snapshot_count",
)  # fmt: skip


def usual_trades(read: list[Piece], types: list[str], day_start: int) -> Trades | None:
    """Reduce the rows of the trades stream, and take them out of the list, if they are usual."""
    if not _is_usual(read):
        return None
    raw, (price, quantity) = read[0].raw, read[0].raw.decimals
    counted = np.array([name in COUNTED_TYPES for name in types]).view(np.uint8)
    today, times = _of_day(raw, day_start)
    table, left_out = _room(times, seconds.TRADE_FIELDS), np.zeros(len(counted), np.int64)
    found = seconds.sum_trades(
        times, _stacked(raw.decimals, today), raw.flags[today], raw.codes[today], counted,
        table, left_out,
    )  # fmt: skip
    if found == seconds.UNUSUAL:
        return None
    piece = read.pop()
    return Trades(
        _frame(table[:, :found], _TRADE_COLUMNS),
        Scales(NARROW, price.scale, quantity.scale),
        _price_before(raw, today.start, counted),
        IdStretches.of(raw.ident, raw.timestamp),
        _counts(piece, today, {types[code]: int(left_out[code]) for code in left_out.nonzero()[0]}),
        piece.edges,
    )


def usual_books(read: list[Piece], day_start: int) -> Books | None:
    """Reduce the rows of the depth20 stream, and take them out of the list, if they are usual."""
    if not _is_usual(read) or (read[0].raw.codes != ladder.VALID).any():
        return None
    raw = read[0].raw
    bids, asks = raw.decimals[: ladder.SIDE_FIELDS], raw.decimals[ladder.SIDE_FIELDS :]
    today, times = _of_day(raw, day_start)
    table = _room(times, seconds.BOOK_FIELDS)
    found = seconds.sum_books(times, _stacked(bids, today), _stacked(asks, today), table)
    if found == seconds.UNUSUAL:
        return None
    piece = read.pop()
    return Books(
        _frame(table[:, :found], _BOOK_COLUMNS),
        Scales(NARROW, bids[0].scale, bids[1].scale),
        BookStretches.of(raw.timestamp),
        _counts(piece, today, {}),
        piece.edges,
    )


def _is_usual(read: list[Piece]) -> bool:
    """Tell whether there is one piece, with rows in order and decimals of one column each."""
    if len(read) != 1 or not len(read[0].raw):
        return False
    raw = read[0].raw
    in_order = seconds.in_order(raw.timestamp, raw.ident, raw.flags)
    return bool(in_order) and all(map(is_narrow, raw.decimals))


def _of_day(raw: RawRows, day_start: int) -> tuple[slice, Ints]:
    """Return which rows are of the day, and their times in it."""
    first, end = np.searchsorted(raw.timestamp, [day_start, day_start + DAY_MS]).tolist()
    return slice(first, end), raw.timestamp[first:end] - day_start


def _room(times: Ints, fields: int) -> Ints:
    """Return room for all seconds from the first time to the last."""
    span = int(times[-1] - times[0]) // 1000 + 2 if len(times) else 0
    return np.empty((fields, min(span, len(times), SECONDS_PER_DAY)), np.int64)


def _stacked(columns: Sequence[Exact], rows: slice) -> Ints:
    return np.stack([column.units[rows] for column in columns])


def _frame(table: Ints, names: tuple[str, ...]) -> pl.DataFrame:
    columns = dict(zip(names, table, strict=True))
    return pl.DataFrame({**columns, "bar": columns["bar"].astype(np.int32)})


def _price_before(raw: RawRows, end: int, counted: NDArray[np.uint8]) -> dict[str, int]:
    """Return the price of the last counted trade among the first rows."""
    price, quantity = (column.units[:end] for column in raw.decimals)
    is_counted = (counted[raw.codes[:end]] != 0) & (price > 0) & (quantity > 0)
    return {"price": int(price[is_counted][-1])} if is_counted.any() else {}


def _counts(piece: Piece, today: slice, left_out: dict[str, int]) -> Counts:
    ids = piece.raw.ident[today]
    rows = len(ids)
    first_id, last_id = (int(ids[0]), int(ids[-1])) if rows else (None, None)
    return Counts(
        rows=rows, kept=rows - sum(left_out.values()), duplicates=0, conflicts=0, without_id=0,
        late=rows if piece.neighbour else 0, left_out=dict(sorted(left_out.items())),
        first_id=first_id, last_id=last_id,
    )  # fmt: skip
