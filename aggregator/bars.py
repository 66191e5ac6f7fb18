"""Trades become seconds, seconds become bars of any length. No clock, no disk.

Every sum is a sum of integers, so that it is exact and the same in any order and grouping.
`bar` counts the bars of a resolution from 00:00 UTC of the day; a second is a bar of one second.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator.exact import Limbs
from aggregator.runs import Column, Runs


def trade_seconds(trades: pl.DataFrame, limbs: Limbs, day_start: int) -> pl.DataFrame:
    """Reduce counted trades of the day, in order, to one row per second that has any."""
    runs = Runs.of_seconds(trades["timestamp"].to_numpy(), day_start)
    buys = trades["taker_buy"].to_numpy()
    bought = runs.sums(buys.astype(np.int64))
    columns = {
        "bar": runs.bars,
        **runs.pick(trades, limbs, "price", "open", first=True),
        **runs.extreme(trades, limbs, "price", "high", highest=True),
        **runs.extreme(trades, limbs, "price", "low", highest=False),
        **runs.pick(trades, limbs, "price", "close", first=False),
        **_volumes(runs, trades, limbs, "vol_buy", buys),
        **_volumes(runs, trades, limbs, "vol_sell", ~buys),
        **_quote_volume(runs, trades, limbs),
        **runs.extreme(trades, limbs, "quantity", "max_trade_qty", highest=True),
        "trade_count_buy": bought,
        "trade_count_sell": runs.lengths - bought,
    }
    return pl.DataFrame(columns)


def _volumes(
    runs: Runs, trades: pl.DataFrame, limbs: Limbs, alias: str, which: NDArray[np.bool_]
) -> dict[str, Column]:
    return {
        renamed: runs.sums(trades[name].to_numpy() * which)
        for name, renamed in zip(limbs.names("quantity"), limbs.names(alias), strict=True)
    }


def _quote_volume(runs: Runs, trades: pl.DataFrame, limbs: Limbs) -> dict[str, Column]:
    if limbs.narrow:
        products = trades["price"].to_numpy() * trades["quantity"].to_numpy()
        return {"quote_volume": runs.sums(products)}
    return {
        renamed: runs.sums(trades[name].to_numpy())
        for name, renamed in zip(limbs.names("quote"), limbs.names("quote_volume"), strict=True)
    }


def roll_up_trades(bars: pl.LazyFrame, limbs: Limbs, factor: int) -> pl.LazyFrame:
    """Roll bars, in order, up to bars that are so many times as long; only bars with trades."""
    sums = ("vol_buy", "vol_sell", "quote_volume")
    return (
        bars.with_columns(bar=(pl.col("bar") // factor).set_sorted())
        .group_by("bar", maintain_order=True)
        .agg(
            *limbs.pick("open", "open", pl.Expr.first),
            *limbs.extreme("high", "high", highest=True),
            *limbs.extreme("low", "low", highest=False),
            *limbs.pick("close", "close", pl.Expr.last),
            *(total for name in sums for total in limbs.each(name, pl.Expr.sum)),
            *limbs.extreme("max_trade_qty", "max_trade_qty", highest=True),
            pl.col("trade_count_buy", "trade_count_sell").sum(),
        )
    )


def filled(bars: pl.LazyFrame, limbs: Limbs, before: dict[str, int]) -> pl.LazyFrame:
    """Fill the bars without a trade: prices with the last close before, sums with zero.

    `before` has the columns of the last price before the day, or nothing. Prices before the first
    known one stay empty. Adds `vol_total`, `vol_delta`, `cvd`, `trade_count` and `traded`.
    """
    zeros = [
        *limbs.names("max_trade_qty"), *limbs.names("quote_volume"),
        "trade_count_buy", "trade_count_sell",
    ]  # fmt: skip
    buy, sell = limbs.names("vol_buy"), limbs.names("vol_sell")
    last = {
        name: pl.col(name).forward_fill().fill_null(pl.lit(before.get(price), dtype=pl.Int64))
        for name, price in zip(limbs.names("close"), limbs.names("price"), strict=True)
    }
    return bars.with_columns(
        pl.col(*zeros, *buy, *sell).fill_null(0),
        *(filler.alias(name) for name, filler in last.items()),
        traded=pl.col("trade_count_buy").is_not_null(),
    ).with_columns(
        *(
            pl.col(name).fill_null(pl.col(close))
            for column in ("open", "high", "low")
            for name, close in zip(limbs.names(column), limbs.names("close"), strict=True)
        ),
        *_combined(limbs, "vol_total", lambda bought, sold: bought + sold),
        *_combined(limbs, "vol_delta", lambda bought, sold: bought - sold),
        *_combined(limbs, "cvd", lambda bought, sold: (bought - sold).cum_sum()),
        trade_count=pl.col("trade_count_buy") + pl.col("trade_count_sell"),
    )


def _combined(
    limbs: Limbs, alias: str, combine: Callable[[pl.Expr, pl.Expr], pl.Expr]
) -> list[pl.Expr]:
    return [
        combine(pl.col(buy), pl.col(sell)).alias(name)
        for name, buy, sell in zip(
            limbs.names(alias), limbs.names("vol_buy"), limbs.names("vol_sell"), strict=True
        )
    ]
