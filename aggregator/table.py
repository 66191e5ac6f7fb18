"""The bars of a day as the columns of its file. No clock, no disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

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


def _trade_cells(bars: DayBars) -> dict[str, Cells]:
    frame, scales = bars.trades, bars.trade_scales
    quote_scale = scales.price + scales.quantity
    cells = {
        name: _decimals(frame, scales.limbs, name, scale)
        for names, scale in (
            (("open", "high", "low", "close"), scales.price),
            (("vol_total", "vol_buy", "vol_sell", "vol_delta", "cvd"), scales.quantity),
            (("quote_volume",), quote_scale),
            (("max_trade_qty",), scales.quantity),
        )
        for name in names
    }
    for name in ("trade_count", "trade_count_buy", "trade_count_sell"):
        cells[name] = _integers(frame[name])
    # In a bar without a trade it is the last close, exactly.
    return {**cells, "vwap": _vwap(frame, scales).or_else(cells["close"])}


def _vwap(frame: pl.DataFrame, scales: Scales) -> Cells:
    quotes, volumes = "quote_volume", "vol_total"
    if scales.limbs.narrow:
        traded = frame["traded"].to_numpy()
        return render.quotients(
            frame[quotes].to_numpy(), frame[volumes].to_numpy(), traded, scales.price
        )
    sums = scales.limbs.integers(frame, quotes)
    counts = scales.limbs.integers(frame, volumes)
    # units · 10⁻⁽ᵖ⁺ᑫ⁾ over units · 10⁻ᑫ
    return render.wide_means(sums, counts, scales.price)


def _book_cells(bars: DayBars) -> dict[str, Cells]:
    frame, scales = bars.books, bars.book_scales
    limbs = scales.limbs
    cells = {
        "min_spread": _decimals(frame, limbs, "min_spread", scales.price),
        "max_spread": _decimals(frame, limbs, "max_spread", scales.price),
        "mid_close": _decimals(frame, limbs, "mid", scales.price + 1),
        "avg_spread": _mean(frame, limbs, "spread", scales.price),
        "avg_spread_bps": _floats(frame[HALF_SPREAD] * HALF_SPREAD_TO_BPS),
        "snapshot_count": _integers(frame["snapshot_count"].fill_null(0)),
    }
    cells |= {name: _floats(frame[name]) for name in IMBALANCES}
    return cells | {name: _mean(frame, limbs, name, scales.quantity) for name in MEAN_QUANTITIES}


def _decimals(frame: pl.DataFrame, limbs: Limbs, column: str, scale: int) -> Cells:
    if not limbs.narrow:
        return render.wide_decimals(limbs.integers(frame, column), scale)
    return _units(frame[column], scale)


def _mean(frame: pl.DataFrame, limbs: Limbs, column: str, scale: int) -> Cells:
    counts = frame["snapshot_count"]
    if not limbs.narrow:
        return render.wide_means(limbs.integers(frame, column), counts.to_list(), scale)
    sums, present = frame[column], counts.is_not_null().to_numpy()
    return render.quotients(
        sums.fill_null(0).to_numpy(), counts.fill_null(1).to_numpy(), present, scale
    )


def _integers(column: pl.Series) -> Cells:
    return _units(column, 0)


def _units(column: pl.Series, scale: int) -> Cells:
    present = column.is_not_null().to_numpy()
    return render.decimals(column.fill_null(0).cast(pl.Int64).to_numpy(), present, scale)


def _floats(column: pl.Series) -> Cells:
    present = column.is_not_null().to_numpy()
    return render.means(column.fill_null(1.0).to_numpy(), present)


def _missing(bars: DayBars) -> Cells:
    if bars.missing is None:
        return render.texts([""] * bars.rows)
    if bars.missing.max() > np.iinfo(np.int64).max:
        return render.wide_decimals(bars.missing.tolist(), 0)
    return render.decimals(bars.missing.astype(np.int64), np.ones(bars.rows, dtype=bool), 0)
