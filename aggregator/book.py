"""Snapshots become seconds, seconds become bars of any length. No clock, no disk.

A mean over a bar is a sum divided once, and every sum is a sum of integers: of units for what is
decimal, of binary fractions for the ratios of each snapshot. So a mean does not depend on the
order, the threads or the grouping in which it was summed.
"""

import math
import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator import ladder
from aggregator.exact import Limbs
from aggregator.rows import MEAN_QUANTITIES, RATIOS
from aggregator.runs import Column, Runs

_BITS = 40
"""A ratio in (0, 1] is cut into integers of 40 bits, so that the parts of four million snapshots
can be summed in 64 bits."""

_SIGNIFICANT_BITS = 53
_LEAST_RATIO = 2.0**-900

_PART_SUMS = r"^.+/\d+$"
_SUMS = ("spread", *MEAN_QUANTITIES)


def used(books: pl.LazyFrame) -> pl.LazyFrame:
    """Return the snapshots in which nothing is wrong."""
    return books.filter(pl.col("code") == ladder.VALID)


def ratio_parts(books: pl.DataFrame) -> int:
    """Return into how many parts ratios must be cut for none to lose a bit: two as a rule."""
    least = books.select(pl.min_horizontal(pl.col(*RATIOS).min())).item()
    _, exponent = math.frexp(1.0 if least is None else max(least, _LEAST_RATIO))
    return math.ceil((_SIGNIFICANT_BITS - exponent) / _BITS)


def book_seconds(books: pl.DataFrame, limbs: Limbs, day_start: int, parts: int) -> pl.DataFrame:
    """Reduce used snapshots of the day, in order, to one row per second that has any."""
    runs = Runs.of_seconds(books["timestamp"].to_numpy(), day_start)
    columns = {
        "bar": runs.bars,
        **{each: runs.sums(books[each].to_numpy()) for name in _SUMS for each in limbs.names(name)},
        **runs.extreme(books, limbs, "spread", "min_spread", highest=False),
        **runs.extreme(books, limbs, "spread", "max_spread", highest=True),
        **{each: runs.last(books[each].to_numpy()) for each in limbs.names("mid")},
        **{
            part: sums
            for name in RATIOS
            for part, sums in _part_sums(runs, name, books[name].to_numpy(), parts).items()
        },
        "snapshot_count": runs.lengths,
    }
    return pl.DataFrame(columns)


def _part_sums(runs: Runs, name: str, ratio: NDArray[np.float64], parts: int) -> dict[str, Column]:
    """Return the sums of the parts of a ratio. Cutting off bits is exact in floats."""
    sums = {}
    for i in range(parts):
        shifted = ratio * 2.0 ** (_BITS * i)
        # Only the first part may be as large as 1: a ratio is.
        rest = shifted - np.floor(shifted) if i else shifted
        sums[f"{name}/{i}"] = runs.sums(np.floor(rest * 2.0**_BITS).astype(np.int64))
    return sums


def roll_up_books(bars: pl.LazyFrame, limbs: Limbs, factor: int) -> pl.LazyFrame:
    """Roll bars, in order, up to bars that are so many times as long; only bars with snapshots."""
    return (
        bars.with_columns(bar=(pl.col("bar") // factor).set_sorted())
        .group_by("bar", maintain_order=True)
        .agg(
            *(total for name in _SUMS for total in limbs.each(name, pl.Expr.sum)),
            *limbs.extreme("min_spread", "min_spread", highest=False),
            *limbs.extreme("max_spread", "max_spread", highest=True),
            *limbs.each("mid", pl.Expr.last),
            pl.col(_PART_SUMS).sum(),
            pl.col("snapshot_count").sum(),
        )
    )


def share_names(seconds: pl.DataFrame) -> list[str]:
    """Return the columns that hold the sums of the parts of the ratios."""
    return [name for name in seconds.columns if re.match(_PART_SUMS, name)]


def with_mean_ratios(bars: pl.LazyFrame) -> pl.LazyFrame:
    """Add the means of the ratios of each snapshot."""
    columns = bars.collect_schema().names()
    parts = sum(column.startswith(f"{RATIOS[0]}/") for column in columns)
    return bars.with_columns(_mean_ratio(name, parts) for name in RATIOS)


def _mean_ratio(name: str, parts: int) -> pl.Expr:
    values = (
        pl.col(f"{name}/{i}").cast(pl.Float64) * 2.0 ** (-_BITS * (i + 1)) for i in range(parts)
    )
    return (pl.sum_horizontal(values) / pl.col("snapshot_count")).alias(name)
