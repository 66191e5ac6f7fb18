"""The bars of a day as the columns of its file. No clock, no disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars import selectors

from aggregator import render
from aggregator.exact import Limbs
from aggregator.quality import SECONDS_PER_DAY
from aggregator.render import Cells
from aggregator.rows import HALF_SPREAD, IMBALANCES, MEAN_QUANTITIES
from lake.schemas import BAR_COLUMNS, header

HALF_SPREAD_TO_BPS = 20_000.0
"""spread / mid · 10⁴, where half_spread = spread / (2 · mid)."""


@dataclass(frozen=True)
class Scales:
    """Decimals of prices and of quantities of a stream, and how its sums are laid out."""

    limbs: Limbs
    price: int
    quantity: int


@dataclass(frozen=True)
class DayBars:
    """The bars of a day at one resolution, one row each; every part has the whole grid."""

    day: date
    seconds: int
    trades: pl.DataFrame
    books: pl.DataFrame
    trade_scales: Scales
    book_scales: Scales
    missing: NDArray[np.uint64] | None
    quality: Sequence[str]

    @property
    def rows(self) -> int:
        """Return the number of bars."""
        return SECONDS_PER_DAY // self.seconds


def csv(bars: DayBars) -> bytes:
    """Return the file of the bars, header included."""
    cells = {**_trade_cells(bars), **_book_cells(bars)}
    cells["timestamp"] = render.times(str(bars.day), bars.rows, bars.seconds)
    cells["missing_trades"] = _missing(bars)
    cells["quality"] = render.texts(bars.quality)
    body = render.csv([cells[column.name] for column in BAR_COLUMNS])
    return header(BAR_COLUMNS).encode() + body


@dataclass(frozen=True)
class _Columns:
    """The columns of a frame as arrays: zero where a cell is empty, and which are not.

    All are made at once: a query for each column would take longer than the text of a quiet day.
    """

    frame: pl.DataFrame
    limbs: Limbs
    filled: pl.DataFrame
    present: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame, limbs: Limbs) -> Self:
        """Take the columns of a frame."""
        integers = selectors.integer().fill_null(0).cast(pl.Int64)
        filled = frame.select(integers, selectors.float().fill_null(0.0))
        return cls(frame, limbs, filled, frame.select(pl.all().is_not_null()))

    def values(self, name: str) -> NDArray[Any]:
        """Return the values of a column."""
        return self.filled[name].to_numpy()

    def has(self, name: str) -> NDArray[np.bool_]:
        """Tell which cells of a column are not empty."""
        return self.present[name].to_numpy()

    def decimals(self, name: str, scale: int) -> Cells:
        """Return cells of exact sums or prices."""
        if not self.limbs.narrow:
            return render.wide_decimals(self.limbs.integers(self.frame, name), scale)
        return self.integers(name, scale)

    def integers(self, name: str, scale: int = 0) -> Cells:
        """Return cells of a column that is never wide."""
        return render.decimals(self.values(name), self.has(name), scale)

    def floats(self, name: str, factor: float = 1.0) -> Cells:
        """Return cells of floats times a factor."""
        return render.means(self.values(name) * factor, self.has(name))

    def means(self, name: str, count: str, scale: int) -> Cells:
        """Return cells of sums divided by counts."""
        if not self.limbs.narrow:
            counts = self.frame[count].to_list()
            return render.wide_means(self.limbs.integers(self.frame, name), counts, scale)
        return render.quotients(self.values(name), self.values(count), self.has(count), scale)


def _trade_cells(bars: DayBars) -> dict[str, Cells]:
    scales = bars.trade_scales
    columns = _Columns.of(bars.trades, scales.limbs)
    quote_scale = scales.price + scales.quantity
    cells = {
        name: columns.decimals(name, scale)
        for names, scale in (
            (("open", "high", "low", "close"), scales.price),
            (("vol_total", "vol_buy", "vol_sell", "vol_delta", "cvd"), scales.quantity),
            (("quote_volume",), quote_scale),
            (("max_trade_qty",), scales.quantity),
        )
        for name in names
    }
    for name in ("trade_count", "trade_count_buy", "trade_count_sell"):
        cells[name] = columns.integers(name)
    # In a bar without a trade it is the last close, exactly.
    return {**cells, "vwap": _vwap(columns, scales).or_else(cells["close"])}


def _vwap(columns: _Columns, scales: Scales) -> Cells:
    quotes, volumes = "quote_volume", "vol_total"
    if scales.limbs.narrow:
        traded = columns.frame["traded"].to_numpy()
        return render.quotients(
            columns.values(quotes), columns.values(volumes), traded, scales.price
        )
    sums = scales.limbs.integers(columns.frame, quotes)
    counts = scales.limbs.integers(columns.frame, volumes)
    # units · 10⁻⁽ᵖ⁺ᑫ⁾ over units · 10⁻ᑫ
    return render.wide_means(sums, counts, scales.price)


def _book_cells(bars: DayBars) -> dict[str, Cells]:
    scales, count = bars.book_scales, "snapshot_count"
    columns = _Columns.of(bars.books, scales.limbs)
    always = np.ones(bars.rows, dtype=bool)
    cells = {
        "min_spread": columns.decimals("min_spread", scales.price),
        "max_spread": columns.decimals("max_spread", scales.price),
        "mid_close": columns.decimals("mid", scales.price + 1),
        "avg_spread": columns.means("spread", count, scales.price),
        "avg_spread_bps": columns.floats(HALF_SPREAD, HALF_SPREAD_TO_BPS),
        count: render.decimals(columns.values(count), always, 0),
    }
    cells |= {name: columns.floats(name) for name in IMBALANCES}
    return cells | {name: columns.means(name, count, scales.quantity) for name in MEAN_QUANTITIES}


def _missing(bars: DayBars) -> Cells:
    if bars.missing is None:
        return render.texts([""] * bars.rows)
    if bars.missing.max() > np.iinfo(np.int64).max:
        return render.wide_decimals(bars.missing.tolist(), 0)
    return render.decimals(bars.missing.astype(np.int64), np.ones(bars.rows, dtype=bool), 0)
