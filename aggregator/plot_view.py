"""Draws a day: panels over one time axis, and where the record is not whole. No clock, no disk.

Blue and orange differ in brightness too, so the picture can be printed in grey and be read by
those who see colours differently.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib.style
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from aggregator.plot_data import (
    STEPS,
    Edges,
    Flags,
    Floats,
    View,
    duration,
    figures,
    plain,
    record,
    short,
)
from aggregator.quality import GAP, OK, PARTIAL
from aggregator.span import clock

BUY, SELL, LINE, FAINT, VWAP = "#0b62a8", "#f0a030", "#1a1a1a", "#8c8c8c", "#7b3294"
ABOVE, BELOW, RANGE = "#a9c9e6", "#fad9a0", "#b9cbdd"
WHOLE, UNPROVED, SHADE_PARTIAL, SHADE_GAP = "#dde8df", "#ffffff", "#f2f2f2", "#e6e6e6"

_INCHES_WIDE = 12.0
_READABLE_CANDLES = 150
_LEAST_WIDTH = 1 / 600
"""Of the time axis: what is narrower would not be seen."""
_MOST_TICKS = 13

_CHINESE = ("Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei")
_STYLE = {
    "font.size": 9.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT,
    "axes.titlesize": 9.0, "axes.titleweight": "bold", "axes.titlepad": 4.0,
    "axes.grid": True, "axes.axisbelow": True,
    "grid.color": "#e4e4e4", "grid.linewidth": 0.6,
    "xtick.color": FAINT, "ytick.color": FAINT,
    "xtick.labelcolor": LINE, "ytick.labelcolor": LINE,
    "lines.linewidth": 0.9, "hatch.color": FAINT, "hatch.linewidth": 0.5,
    "figure.constrained_layout.w_pad": 0.12, "figure.constrained_layout.h_pad": 0.04,
    "legend.frameon": False, "legend.fontsize": 8.5, "legend.handlelength": 1.5,
    "legend.columnspacing": 1.4, "legend.borderaxespad": 0.0, "legend.borderpad": 0.1,
}  # fmt: skip


@dataclass(frozen=True)
class Panel:
    """A part of the picture; `height` is in inches."""

    title: str
    height: float
    draw: Callable[[Axes, View], None]


def draw(shown: View, width: int) -> bytes:
    """Return the picture as PNG, so many pixels wide."""
    picture = io.BytesIO()
    # A name that no font here can write becomes boxes, and is no reason to fail.
    with matplotlib.style.context(["default", _STYLE | _fonts()]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure_of(shown).savefig(picture, format="png", dpi=width / _INCHES_WIDE)
    return picture.getvalue()


def _fonts() -> dict[str, list[str]]:
    installed = set(font_manager.get_font_names())
    chinese = (name for name in _CHINESE if name in installed)
    return {"font.family": ["DejaVu Sans", *chinese]}


def figure_of(shown: View) -> Figure:
    """Return the picture, not yet as pixels."""
    panels = [Panel("", 0.55, _heading), *_panels(shown)]
    heights = [panel.height for panel in panels]
    figure = Figure((_INCHES_WIDE, sum(heights) + 0.28 * len(panels)), layout="constrained")
    every = figure.subplots(len(panels), sharex=True, gridspec_kw={"height_ratios": heights})
    for axes, panel in zip(every, panels, strict=True):
        axes.set_title(panel.title, loc="left")
        # An area would end at the edge of the panel, and half of the line on it be cut.
        axes.use_sticky_edges = False
        panel.draw(axes, shown)
    for axes in every[2:]:
        _shade(axes, shown)
    _label_times(every[-1], shown)
    return figure


def _shade(axes: Axes, shown: View) -> None:
    """Shade what was not recorded through all panels, so that no eye reads it as silence."""
    for grade, colour in ((PARTIAL, SHADE_PARTIAL), (GAP, SHADE_GAP)):
        axes.broken_barh(
            _runs(shown.quality == grade, shown), (0, 1), facecolors=colour, zorder=0,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip


def _panels(shown: View) -> Iterator[Panel]:
    """Yield the panels of the streams that there are."""
    each, since = duration(shown.bins().seconds), clock(shown.span.start)
    yield Panel(f"Record: {record(shown)}", 0.16, _record)
    if shown.has_trades:
        yield Panel("Price", 3.2, _price)
        yield Panel(f"Volume by the taker's side, base asset, each {each}", 1.3, _volume)
        yield Panel(f"Cumulative volume delta (CVD) since {since}, base asset", 1.0, _delta)
    else:
        yield Panel("Price, middle of the book" if shown.has_books else "Price", 3.2, _mid)
    if shown.has_books:
        yield Panel("Spread, basis points of mid", 0.9, _spread)
        yield Panel(
            f"Imbalance: bids' share of the best 20 levels, mean of each {each}", 0.9, _imbalance
        )


def _heading(axes: Axes, shown: View) -> None:
    """Write whose day it is, how far it can be relied on, and what it comes to."""
    axes.axis("off")
    span = "" if shown.span.whole_day else f"  {shown.span}"
    name = f"{shown.symbol}  {shown.day}{span}"
    about = f"{shown.condition} day  ·  bars of {shown.resolution.label}  ·  UTC"
    for x, side, y, text, size, weight in (
        (0, "left", 0.7, name, 13, "bold"),
        (1, "right", 0.7, about, 9, "normal"),
        (0, "left", 0.15, figures(shown), 9, "normal"),
    ):
        axes.text(
            x, y, text, ha=side, va="baseline", size=size, weight=weight, parse_math=False,
            transform=axes.transAxes, in_layout=False,
        )  # fmt: skip


def _record(axes: Axes, shown: View) -> None:
    """Draw the strip that tells where the record is whole."""
    for grade, colour, label in (
        (OK, WHOLE, "whole"),
        (PARTIAL, FAINT, "partial"),
        (GAP, LINE, "gap"),
        ("", UNPROVED, "not proved"),
    ):
        runs = _runs(shown.quality == grade, shown)
        if runs or grade:
            axes.broken_barh(
                runs, (0, 1), facecolors=colour, label=label, hatch="" if grade else "////",
                edgecolor="none" if grade else FAINT, lw=0,
            )  # fmt: skip
    axes.set(ylim=(0, 1), yticks=[], xlim=(shown.span.start, shown.span.end))
    axes.grid(visible=False)
    _legend(axes)


def _runs(flags: Flags, shown: View) -> list[tuple[float, float]]:
    """Return where the bars of a kind begin and how long they are, none too narrow to be seen."""
    steps = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    firsts, ends = shown.edges[steps > 0], shown.edges[steps < 0]
    least = (shown.span.end - shown.span.start) * _LEAST_WIDTH
    lengths = np.maximum(ends - firsts, least)
    return [*zip(firsts.tolist(), lengths.tolist(), strict=True)]


def _price(axes: Axes, shown: View) -> None:
    if len(shown.quality) <= _READABLE_CANDLES:
        _candles(axes, shown)
    else:
        _range(axes, shown)
    since = clock(shown.span.start)
    axes.plot(
        shown.edges[1:], shown.vwap(), color=VWAP, lw=1.2, ls=(0, (4, 1.5)),
        label=f"VWAP since {since}",
    )  # fmt: skip
    _legend(axes)
    _write_prices(axes)


def _range(axes: Axes, shown: View) -> None:
    high, low = shown.seen("high"), shown.seen("low")
    _area(axes, shown.edges, high, low, color=RANGE, label="high to low")
    axes.plot(shown.edges[1:], shown.seen("close"), color=LINE, lw=0.8, label="close")


def _candles(axes: Axes, shown: View) -> None:
    opened, closed = shown.seen("open"), shown.seen("close")
    middle = (shown.edges[:-1] + shown.edges[1:]) / 2
    for flags, colour, label in (
        (closed >= opened, BUY, "closed higher"),
        (closed < opened, SELL, "closed lower"),
    ):
        low, high = shown.columns["low"][flags], shown.columns["high"][flags]
        axes.vlines(middle[flags], low, high, color=colour, lw=0.8)
        axes.bar(
            middle[flags], (closed - opened)[flags], shown.resolution.seconds * 0.7,
            bottom=opened[flags], color=colour, edgecolor=colour, lw=0.8, label=label,
        )  # fmt: skip


def _mid(axes: Axes, shown: View) -> None:
    """Draw what is known of the price without trades."""
    price = shown.carried("mid_close") if shown.has_books else shown.seen("close")
    if np.isnan(price).all():
        axes.set_yticks([])
        axes.text(
            0.5, 0.5, "nothing was recorded", ha="center", va="center", color=FAINT, size=11,
            transform=axes.transAxes,
        )  # fmt: skip
    axes.plot(shown.edges[1:], price, color=LINE)
    _write_prices(axes)


def _write_prices(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda price, _place: plain(price, 12)))


def _volume(axes: Axes, shown: View) -> None:
    """Draw buys upwards and sells downwards."""
    bins = shown.bins()
    buy, sell = bins.sums(shown.seen("vol_buy")), bins.sums(shown.seen("vol_sell"))
    _area(axes, bins.edges, buy, np.zeros_like(buy), color=BUY, label="bought")
    _area(axes, bins.edges, -sell, np.zeros_like(sell), color=SELL, label="sold")
    _steps(axes, bins.edges, buy - sell, label="delta")
    _legend(axes)
    _short_numbers(axes)


def _delta(axes: Axes, shown: View) -> None:
    cvd = shown.seen("cvd")
    _around(axes, shown.edges, cvd, 0.0, ABOVE, BELOW)
    _steps(axes, shown.edges, cvd)
    _short_numbers(axes)


def _spread(axes: Axes, shown: View) -> None:
    _steps(axes, shown.edges, shown.carried("avg_spread_bps"))
    axes.set_ylim(bottom=0)
    _short_numbers(axes)


def _imbalance(axes: Axes, shown: View) -> None:
    bins, count = shown.bins(), shown.columns["snapshot_count"]
    summed = bins.sums(shown.columns["imbalance_l20"] * count)
    share = summed / np.where(np.isnan(summed), np.nan, bins.sums(count))
    _around(axes, bins.edges, share, 0.5, BUY, SELL)
    reach = min(0.5, max(0.05, 1.1 * float(np.nanmax(np.abs(share - 0.5)))))
    axes.set_ylim(0.5 - reach, 0.5 + reach)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _place: f"{share:.3g}"))


def _around(
    axes: Axes, edges: Edges, values: Floats, middle: float, above: str, below: str
) -> None:
    """Fill what lies above a value, and what lies below it."""
    base = np.full_like(values, middle)
    _area(axes, edges, np.maximum(values, middle), base, color=above)
    _area(axes, edges, np.minimum(values, middle), base, color=below)
    axes.axhline(middle, color=FAINT, lw=0.6)


def _area(
    axes: Axes, edges: Edges, top: Floats, bottom: Floats, *, color: str, label: str = ""
) -> None:
    """Fill each bar from edge to edge; Axes.stairs would take a minute for a day of seconds."""
    x = np.repeat(edges, 2)[1:-1]
    axes.fill_between(x, np.repeat(top, 2), np.repeat(bottom, 2), color=color, label=label, lw=0)


def _steps(axes: Axes, edges: Edges, values: Floats, *, label: str = "") -> None:
    """Draw a line that is level in each bar."""
    x = np.repeat(edges, 2)[1:-1]
    axes.plot(x, np.repeat(values, 2), color=LINE, lw=0.8, label=label)


def _short_numbers(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _place: short(number)))


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1.01), ncols=4)


def _label_times(axes: Axes, shown: View) -> None:
    start, end = shown.span.start, shown.span.end
    step = next(each for each in STEPS if end - start < each * _MOST_TICKS)
    ticks = range(-(-start // step) * step, end + 1, step)
    axes.set_xticks(ticks, [clock(tick) for tick in ticks])
