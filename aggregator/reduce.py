"""The rows of a stream, reduced to seconds and to what is known of the day. No clock, no disk.

What is left of millions of rows is a frame of at most 86,400 seconds and a few numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from aggregator import ladder
from aggregator.bars import roll_up_trades, trade_seconds
from aggregator.book import book_seconds, ratio_parts, roll_up_books, used
from aggregator.clean import Cleaned, clean_books, clean_trades, is_counted
from aggregator.decode import Faults
from aggregator.edges import Edges
from aggregator.exact import Limbs
from aggregator.inputs import Inputs
from aggregator.rows import Rows
from aggregator.stretches import BookStretches, IdStretches
from aggregator.table import Scales
from aggregator.utc import DAY_MS

_PIECE = 1 << 17
"""Rows reduced at once: bounds the memory of a day whatever its length."""

BOOK_FAULTS = {
    ladder.EMPTY_SIDE: "empty_side",
    ladder.NOT_POSITIVE: "not_positive",
    ladder.UNORDERED: "unordered",
    ladder.CROSSED: "crossed",
}


@dataclass(frozen=True)
class Counts:
    """Rows of the day by exchange time, and what became of them.

    `kept` are the counted trades or the used snapshots; `left_out` the others that are no
    duplicates, by trade type or by what is wrong with them.
    """

    rows: int
    kept: int
    duplicates: int
    conflicts: int
    without_id: int
    late: int
    left_out: dict[str, int]
    first_id: int | None
    last_id: int | None


@dataclass(frozen=True)
class Trades:
    """What the trades stream says of the day, or a part of its rows.

    `seconds` are those with a counted trade; `before` the price columns of the last counted trade
    before the day; `stretches` and `edges` are over all rows read; None without any.
    """

    seconds: pl.DataFrame
    scales: Scales
    before: dict[str, int]
    stretches: IdStretches
    counts: Counts
    edges: Edges | None

    @property
    def any_id(self) -> bool:
        """Tell whether any row read has an id."""
        return self.edges is not None and self.edges.first_id is not None


@dataclass(frozen=True)
class Books:
    """What the depth20 stream says of the day; as `Trades`. `stretches` are of used snapshots."""

    seconds: pl.DataFrame
    scales: Scales
    stretches: BookStretches
    counts: Counts
    edges: Edges | None


@dataclass(frozen=True)
class Trouble:
    """What was set aside of one chunk."""

    key: str
    faults: Faults


@dataclass(frozen=True)
class Loaded:
    """The reduced streams of a day, the inputs they came from, and what was set aside."""

    inputs: Inputs
    trades: Trades
    books: Books
    troubles: tuple[Trouble, ...]


def reduce_trades(rows: Rows, types: list[str], day_start: int) -> Trades:
    """Reduce the trade rows read: those of day, margin and carry."""
    read, limbs = rows.frame, rows.limbs
    cleaned = clean_trades(read, types, limbs.names("price") + limbs.names("quantity"))
    counted = is_counted(types)
    today = _of_day(cleaned.kept, day_start)
    left_out = today.filter(~counted)["code"].value_counts()
    return Trades(
        _trade_seconds(today, counted, limbs, day_start),
        Scales(limbs, rows.price_scale, rows.quantity_scale),
        _last_before(cleaned.kept, counted, limbs, day_start),
        _id_stretches(cleaned.kept),
        _counts(
            read,
            cleaned,
            today,
            day_start,
            {types[code]: n for code, n in left_out.iter_rows()},
        ),
        _edges(read),
    )


def reduce_books(rows: Rows, day_start: int) -> Books:
    """Reduce the snapshot rows read: those of day and margin."""
    read, limbs = rows.frame, rows.limbs
    wrong = read.select("timestamp", "code").filter(pl.col("code") != ladder.VALID)
    faults = wrong.filter(_in_day(day_start))["code"].value_counts()
    valid = used(read.lazy()).collect() if len(wrong) else read
    cleaned = clean_books(valid)
    today = _of_day(cleaned.kept, day_start)
    return Books(
        _book_seconds(today, limbs, day_start),
        Scales(limbs, rows.price_scale, rows.quantity_scale),
        BookStretches.of(cleaned.kept["timestamp"].to_numpy()),
        _counts(
            read,
            cleaned,
            today,
            day_start,
            {BOOK_FAULTS[code]: n for code, n in faults.iter_rows()},
        ),
        _edges(read),
    )


def _edges(read: pl.DataFrame) -> Edges | None:
    if not len(read):
        return None
    first_ms, last_ms, first_id, last_id, without = read.select(
        pl.col("timestamp").min(), last_ms=pl.col("timestamp").max(),
        first_id=pl.col("id").min(), last_id=pl.col("id").max(), without=pl.col("id").null_count(),
    ).row(0)  # fmt: skip
    return Edges(first_ms, last_ms, first_id, last_id, all_ids=without == 0)


def _id_stretches(kept: pl.DataFrame) -> IdStretches:
    """Return the stretches of the ids of all rows read, one row per id."""
    with_id = kept.select("id", "timestamp").drop_nulls("id")
    return IdStretches.of(with_id["id"].to_numpy(), with_id["timestamp"].to_numpy())


def _trade_seconds(
    today: pl.DataFrame, counted: pl.Expr, limbs: Limbs, day_start: int
) -> pl.DataFrame:
    """Reduce piece by piece; a second that two pieces share is rolled up from both."""
    parts = [trade_seconds(piece.filter(counted), limbs, day_start) for piece in _pieces(today)]
    return roll_up_trades(pl.concat(parts).lazy(), limbs, 1).collect()


def _book_seconds(today: pl.DataFrame, limbs: Limbs, day_start: int) -> pl.DataFrame:
    parts = ratio_parts(today)
    pieces = [book_seconds(piece, limbs, day_start, parts) for piece in _pieces(today)]
    return roll_up_books(pl.concat(pieces).lazy(), limbs, 1).collect()


def _pieces(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return (frame.slice(i, _PIECE) for i in range(0, max(len(frame), 1), _PIECE))


def _of_day(rows: pl.DataFrame, day_start: int) -> pl.DataFrame:
    """Return the rows of the day of a frame in order, without a copy."""
    times = rows["timestamp"].to_numpy()
    first, last = np.searchsorted(times, [day_start, day_start + DAY_MS])
    return rows.slice(int(first), int(last - first))


def _in_day(day_start: int) -> pl.Expr:
    return pl.col("timestamp").is_between(day_start, day_start + DAY_MS, closed="left")


def _last_before(
    kept: pl.DataFrame, counted: pl.Expr, limbs: Limbs, day_start: int
) -> dict[str, int]:
    earlier = kept.slice(0, int(np.searchsorted(kept["timestamp"].to_numpy(), day_start)))
    last = earlier.lazy().filter(counted).select(limbs.names("price")).last().collect()
    return last.row(0, named=True) if len(last) else {}


def _counts(
    read: pl.DataFrame,
    cleaned: Cleaned,
    today: pl.DataFrame,
    day_start: int,
    left_out: dict[str, int],
) -> Counts:
    """Count the rows of the day; `today` are those of them that are kept."""
    rows, without_id, late = (
        read.lazy()
        .filter(_in_day(day_start))
        .select(pl.len(), without_id=pl.col("id").null_count(), late=pl.col("neighbour").sum())
        .collect()
        .row(0)
    )
    duplicates, conflicts = (
        cleaned.dropped.filter(_in_day(day_start))
        .select(pl.len(), conflicts=pl.col("conflict").sum())
        .row(0)
    )
    left_out = dict(sorted(left_out.items()))
    kept = rows - duplicates - sum(left_out.values())
    ids = today.select(first=pl.col("id").min(), last=pl.col("id").max()).row(0)
    return Counts(rows, kept, duplicates, conflicts, without_id, late, left_out, *ids)
