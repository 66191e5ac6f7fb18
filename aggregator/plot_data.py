"""What a picture of a day shows: which bars, of which span, and the figures of its title.

No clock, no disk. Numbers are floats here: they are looked at, not reckoned with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator.manifest import Condition
from aggregator.quality import GAP, OK, PARTIAL
from aggregator.resolutions import Resolution
from aggregator.span import Span
from lake.schemas import BAR_COLUMNS, Kind

MOST_BARS = 3_600
"""As many as a line can show: an hour of seconds, a day of minutes."""
MOST_BINS = 300
"""As many as can be told apart side by side."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600)
"""Seconds of what is read at a glance: ticks, and bars that are put together."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Edges = NDArray[np.int64]

_COUNTED = (Kind.INTEGER, Kind.DECIMAL, Kind.MEAN)


def readable(published: Iterable[Resolution], span: Span) -> Resolution:
    """Return the finest resolution whose bars a picture of the span can show, else the coarsest."""
    resolutions = sorted(published)
    length = span.end - span.start
    few = (each for each in resolutions if length <= each.seconds * MOST_BARS)
    return next(few, resolutions[-1])


@dataclass(frozen=True)
class Bins:
    """Bars put together, so that each is wide enough to be seen.

    `firsts` are the first bars of each bin, `edges` where bins begin and end in seconds of the day.
    """

    seconds: int
    firsts: NDArray[np.int64]
    edges: Edges

    def sums(self, values: Floats) -> Floats:
        """Return the sum of each bin, NaN if it has no number."""
        known = ~np.isnan(values)
        sums: Floats = np.add.reduceat(np.where(known, values, 0.0), self.firsts)
        return np.where(np.logical_or.reduceat(known, self.firsts), sums, np.nan)


@dataclass(frozen=True)
class View:
    """The bars of a span of one symbol's day.

    `columns` are those of the file but for time and quality, NaN where a cell is empty; `cvd`
    counts from the start of the span. `price_decimals` is how prices are written.
    """

    symbol: str
    day: date
    condition: Condition
    resolution: Resolution
    span: Span
    columns: dict[str, Floats]
    quality: NDArray[np.str_]
    price_decimals: int

    @property
    def edges(self) -> Edges:
        """Return where the bars begin and end, in seconds of the day."""
        first = self.span.start // self.resolution.seconds
        return np.arange(first, first + len(self.quality) + 1) * self.resolution.seconds

    @property
    def gap(self) -> Flags:
        """Tell which bars are no record at all: their zeros are not silence."""
        flags: Flags = self.quality == GAP
        return flags

    @property
    def has_trades(self) -> bool:
        """Tell whether a trade was counted in the span."""
        return bool(self.columns["trade_count"].sum())

    @property
    def has_books(self) -> bool:
        """Tell whether a snapshot was used in the span."""
        return bool(self.columns["snapshot_count"].sum())

    def seen(self, name: str) -> Floats:
        """Return a column without its bars that are a gap."""
        return np.where(self.gap, np.nan, self.columns[name])

    def carried(self, name: str) -> Floats:
        """Return a column of the book, carried over bars that saw no snapshot and missed none."""
        values = self.columns[name]
        bars = np.arange(len(values))
        known = np.maximum.accumulate(np.where(np.isnan(values), -1, bars))
        broken = np.maximum.accumulate(np.where(self.quality != OK, bars, -1))
        last = np.where((known > broken) | (known == bars), known, -1)
        return np.where(last >= 0, values[last], np.nan)

    def vwap(self) -> Floats:
        """Return the VWAP of all trades since the start of the span."""
        volume = np.cumsum(self.columns["vol_total"])
        quotes = np.cumsum(self.columns["quote_volume"])
        traded = (volume > 0) & ~self.gap
        return np.divide(quotes, volume, out=np.full_like(quotes, np.nan), where=traded)

    def bins(self) -> Bins:
        """Return the bars, put together by as few as makes them visible."""
        length, bar = self.span.end - self.span.start, self.resolution.seconds
        fitting = (step for step in STEPS if step % bar == 0 and length <= step * MOST_BINS)
        seconds = next(fitting, bar)
        starts = self.edges[:-1]
        firsts = np.flatnonzero(np.diff(starts // seconds, prepend=-1))
        return Bins(seconds, firsts, np.append(starts[firsts], self.edges[-1]))


def view(
    symbol: str, day: date, condition: Condition, resolution: Resolution, span: Span, csv: bytes
) -> View:
    """Return what a picture shows of a CSV file of bars."""
    texts = pl.read_csv(csv, schema={column.name: pl.String for column in BAR_COLUMNS})
    first, last = span.start // resolution.seconds, -(-span.end // resolution.seconds)
    shown = texts.slice(first, last - first)
    columns = {
        column.name: shown[column.name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for column in BAR_COLUMNS
        if column.kind in _COUNTED
    }
    before = float(texts["cvd"][first - 1]) if first else 0.0
    return View(
        symbol, day, condition, resolution, span,
        {**columns, "cvd": columns["cvd"] - before},
        shown["quality"].fill_null("").to_numpy().astype(np.str_),
        _decimals(texts.select("open", "high", "low", "close")),
    )  # fmt: skip


def _decimals(prices: pl.DataFrame) -> int:
    """Return the most decimals that a price is written with."""
    after_point = pl.all().str.extract(r"\.(\d+)$").str.len_chars().max()
    return max(0, *(count or 0 for count in prices.select(after_point).row(0)))


def figures(shown: View) -> str:
    """Say in one line what the market did."""
    trades, snapshots = (
        int(shown.columns[name].sum()) for name in ("trade_count", "snapshot_count")
    )
    said = [*_prices(shown), *_volumes(shown)] if trades else []
    said.append(f"{trades:,} trades" if trades else "no trades")
    said.append(f"{snapshots:,} snapshots" if snapshots else "no order book")
    return "    ".join(said)


def _prices(shown: View) -> list[str]:
    columns = [shown.columns[name] for name in ("open", "high", "low", "close")]
    opened, high, low, closed = (column[~np.isnan(column)] for column in columns)
    numbers = (opened[0], high.max(), low.min(), closed[-1])
    said = [
        f"{name} {number:,.{shown.price_decimals}f}"
        for name, number in zip(("open", "high", "low", "close"), numbers, strict=True)
    ]
    return [*said, f"{closed[-1] / opened[0] - 1:+.2%}".replace("-", "\N{MINUS SIGN}")]


def _volumes(shown: View) -> list[str]:
    total, bought = (shown.columns[name].sum() for name in ("vol_total", "vol_buy"))
    return [f"volume {short(total)}, {bought / total:.0%} bought by takers"]


def record(shown: View) -> str:
    """Say in one line what the record lacks."""
    missing = int(np.nansum(shown.columns["missing_trades"]))
    gap, partial, unproved = (
        int((shown.quality == grade).sum()) * shown.resolution.seconds
        for grade in (GAP, PARTIAL, "")
    )
    said = [
        *([f"{missing:,} trades missing"] if missing else []),
        *([f"{duration(gap)} gap"] if gap else []),
        *([f"{duration(partial)} partial"] if partial else []),
        *([f"{duration(unproved)} that nothing proves"] if unproved else []),
    ]
    return ", ".join(said) or "whole"


def duration(seconds: int) -> str:
    """Write a length of time for an eye."""
    counts = (("h", seconds // 3600), ("min", seconds // 60 % 60), ("s", seconds % 60))
    return " ".join(f"{count} {unit}" for unit, count in counts if count)


def short(number: float) -> str:
    """Write a number for an eye: four digits, and a letter for thousands, millions, billions."""
    for letter, size in (("bn", 1e9), ("m", 1e6), ("k", 1e3)):
        if abs(number) >= size * 0.99995:
            return plain(number / size, 4) + letter
    return plain(number, 4)


def plain(number: float, digits: int) -> str:
    """Write a number with at most so many significant digits, and no exponent."""
    text = f"{Decimal(f'{number:.{digits}g}'):,f}"
    return text.replace("-", "\N{MINUS SIGN}")
