"""Bars are laid on the grid of a day: one row for each, whether anything happened or not.

No clock, no disk.
"""

import numpy as np
import polars as pl

from aggregator.quality import SECONDS_PER_DAY


def on_grid(bars: pl.DataFrame, resolution: int) -> pl.DataFrame:
    """Return one row for each bar of the day, empty where there was none.

    `bars` are in order, none of them twice.
    """
    count = SECONDS_PER_DAY // resolution
    if bars.height == count:
        return bars
    places = np.full(count, -1)
    places[bars["bar"].to_numpy()] = np.arange(bars.height)
    row = pl.col("row")
    rows = pl.DataFrame({"row": places}).select(pl.when(row >= 0).then(row)).to_series()
    return bars.select(pl.all().gather(rows))
