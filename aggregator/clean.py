"""One row per trade and per snapshot, in the order of the exchange. No clock, no disk.

Of several rows that are one trade or one snapshot the first received is kept; the others are
returned too, since they are counted.
"""

from dataclasses import dataclass

import polars as pl

from lake.schemas import COUNTED_TYPES, TradeType

_ROW = "row"


@dataclass(frozen=True)
class Cleaned:
    """The rows that are kept, sorted, and the duplicates (`timestamp`, `conflict`)."""

    kept: pl.DataFrame
    dropped: pl.DataFrame


def clean_trades(trades: pl.DataFrame, types: list[str], decimals: list[str]) -> Cleaned:
    """Keep one row per id, the first received; `decimals` are the columns of price and quantity.

    An `UNPUBLISHED` row yields to any other. A row without a type takes that of another.
    """
    if _is_clean(trades):
        return Cleaned(trades, _nothing_dropped())
    rows = trades.with_row_index(_ROW)
    repeated = rows.filter(_is_repeated())
    ranked = _with_kept_values(repeated, types, decimals)
    kept = ranked.filter("is_kept").with_columns(code="kept_code").select(rows.columns)
    dropped = ranked.filter(~pl.col("is_kept")).select(
        "timestamp", conflict=_conflict(types, decimals)
    )
    return Cleaned(_in_order(pl.concat([rows.filter(~_is_repeated()), kept])), dropped)


def clean_books(books: pl.DataFrame) -> Cleaned:
    """Keep one row per update id, or per text where there is no id, the first received.

    The books must be valid ones.
    """
    if _is_clean(books):
        return Cleaned(books, _nothing_dropped())
    rows = books.with_row_index(_ROW)
    first = rows.sort("received_ns", _ROW)
    with_id = first.filter(pl.col("id").is_not_null()).unique("id", keep="first")
    kept = [with_id]
    if len(with_id) < len(rows) and "hash0" in rows.columns:
        text = ["timestamp", "hash0", "hash1"]
        kept.append(first.filter(pl.col("id").is_null()).unique(text, keep="first"))
    whole = pl.concat(kept)
    dropped = rows.join(whole, on=_ROW, how="anti")
    return Cleaned(_in_order(whole), dropped.select("timestamp", conflict=pl.lit(value=False)))


def is_counted(types: list[str]) -> pl.Expr:
    """Tell which trades make bars."""
    codes = [code for code, name in enumerate(types) if name in COUNTED_TYPES]
    return pl.col("positive") & pl.col("code").is_in(codes)


def _is_clean(rows: pl.DataFrame) -> bool:
    """Tell whether the rows are in order and none is there twice."""
    if rows["id"].null_count():
        return False
    rising = rows.select(
        ids=(pl.col("id") > pl.col("id").shift(1)).all(),
        times=(pl.col("timestamp") >= pl.col("timestamp").shift(1)).all(),
    )
    return all(rising.row(0))


def _is_repeated() -> pl.Expr:
    return pl.col("id").is_duplicated() & pl.col("id").is_not_null()


def _with_kept_values(
    repeated: pl.DataFrame, types: list[str], decimals: list[str]
) -> pl.DataFrame:
    """Put the rows of a trade one behind the other, the kept one first, its values on each."""
    none, unpublished = types.index(TradeType.NONE), types.index(TradeType.UNPUBLISHED)
    has_type = ~pl.col("code").is_in([none, unpublished])
    ranked = (
        repeated.with_columns(is_unpublished=pl.col("code") == unpublished)
        .sort("id", "is_unpublished", "received_ns", _ROW)
        .with_columns(is_kept=pl.col("id").ne_missing(pl.col("id").shift(1)))
        # The nearest type at or below a row, and whose it is.
        .with_columns(
            next_type=pl.when(has_type).then("code").backward_fill(),
            next_type_id=pl.when(has_type).then("id").backward_fill(),
        )
        .with_columns(
            kept_code=pl.when((pl.col("code") == none) & (pl.col("next_type_id") == pl.col("id")))
            .then("next_type")
            .otherwise("code")
        )
    )
    values = ["timestamp", "taker_buy", *decimals]
    return ranked.with_columns(
        pl.when("is_kept").then("kept_code").forward_fill().alias("kept_code"),
        *(pl.when("is_kept").then(name).forward_fill().alias(f"kept_{name}") for name in values),
    )


def _conflict(types: list[str], decimals: list[str]) -> pl.Expr:
    """Tell which rows contradict the kept one."""
    none, unpublished = types.index(TradeType.NONE), types.index(TradeType.UNPUBLISHED)
    values = ["timestamp", "taker_buy", *decimals]
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"kept_{name}") for name in values)
    both_typed = (pl.col("code") != none) & (pl.col("kept_code") != none)
    other_type = both_typed & (pl.col("code") != pl.col("kept_code"))
    return (differs | other_type) & (pl.col("code") != unpublished)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort("timestamp", "id", _ROW, nulls_last=True).drop(_ROW)


def _nothing_dropped() -> pl.DataFrame:
    return pl.DataFrame(schema={"timestamp": pl.Int64, "conflict": pl.Boolean})
