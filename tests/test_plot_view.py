"""What is drawn: which panels, on which axes, and that a day of any kind becomes a picture."""

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from aggregator import plot_view
from aggregator.plot_data import View
from aggregator.plot_view import draw, figure_of
from aggregator.resolutions import Resolution
from aggregator.span import Span
from tests.test_plot_data import MINUTES, SECONDS, shown, traded

BOOK = {
    "snapshot_count": "5", "mid_close": "100", "avg_spread_bps": "0.2", "imbalance_l20": "0.6",
}  # fmt: skip
UNKNOWN = dict.fromkeys(("open", "high", "low", "close", "vwap"), "") | {"quality": "gap"}

Bars = Sequence[Mapping[str, str]]
DAYS: dict[str, Bars] = {
    "whole": [traded("100", sell="2", **BOOK), traded("101", **BOOK)],
    "only trades": [traded("100"), traded("99")],
    "only books": [BOOK, {}, BOOK],
    "quiet": [],
    "that nobody recorded": [UNKNOWN] * 24,
    "that nothing proves": [traded("5", quality="")] * 24,
    "with a gap": [traded("5", **BOOK), {"quality": "gap"}, {"quality": "partial"}],
}


def panels(view: View) -> list[Axes]:
    """Return the panels, without the heading."""
    return figure_of(view).axes[1:]


def titles(view: View) -> list[str]:
    """Return the first word of the name of each panel."""
    return [axes.get_title(loc="left").split()[0].strip(":,") for axes in panels(view)]


def times(view: View) -> list[str]:
    return [label.get_text() for label in panels(view)[-1].get_xticklabels()]


def bands(axes: Axes) -> list[tuple[float, float]]:
    """Return where the bands of a panel begin and end."""
    boxes = [path.get_extents() for bars in axes.collections for path in bars.get_paths()]
    return sorted((float(box.x0), float(box.x1)) for box in boxes)


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("bars", DAYS.values(), ids=DAYS)
def test_a_day_of_any_kind_becomes_a_picture(bars: Bars) -> None:
    assert draw(shown(bars), 600).startswith(b"\x89PNG")


def test_one_bar_becomes_a_picture() -> None:
    assert draw(shown(DAYS["whole"], Span(0, 3600)), 600).startswith(b"\x89PNG")


@pytest.mark.parametrize("resolution", [SECONDS, MINUTES])
def test_a_picture_shows_many_bars_as_lines(resolution: Resolution) -> None:
    span = Span(0, 600 * resolution.seconds)
    bars = [traded(f"{100 + number % 7}", **BOOK) for number in range(600)]

    assert draw(shown(bars, span, resolution), 600).startswith(b"\x89PNG")


def test_a_picture_of_any_width_has_one_shape() -> None:
    view = shown(DAYS["whole"])
    sizes = [size(draw(view, width)) for width in (1200, 3000)]

    assert [1200, 3000] == [width for width, _ in sizes]
    assert sizes[0][1] / 1200 == pytest.approx(sizes[1][1] / 3000, rel=0.002)


def test_the_same_bars_are_the_same_picture() -> None:
    view = shown(DAYS["with a gap"])

    assert draw(view, 600) == draw(view, 600)


def test_panels_are_of_the_streams_that_there_are() -> None:
    trades, books = ["Volume", "Cumulative"], ["Spread", "Imbalance"]

    assert ["Record", "Price", *trades, *books] == titles(shown(DAYS["whole"]))
    assert ["Record", "Price", *trades] == titles(shown(DAYS["only trades"]))
    assert ["Record", "Price", *books] == titles(shown(DAYS["only books"]))
    assert ["Record", "Price"] == titles(shown(DAYS["that nobody recorded"]))


def test_all_panels_have_the_time_of_the_span() -> None:
    limits = {axes.get_xlim() for axes in panels(shown(DAYS["whole"], Span(3600, 4 * 3600)))}

    assert {(3600.0, 14_400.0)} == limits


@pytest.mark.parametrize(
    ("span", "first", "last", "count"),
    [
        (Span(), "00:00", "24:00", 13),
        (Span.parse("09:30", "10:00"), "09:30", "10:00", 7),
        (Span.parse("09:31", "09:33"), "09:31", "09:33", 13),
        (Span.parse("23:07", "24:00"), "23:10", "24:00", 11),
    ],
)
def test_times_are_round_and_few(span: Span, first: str, last: str, count: int) -> None:
    labels = times(shown([], span, MINUTES))

    assert (first, last, count) == (labels[0], labels[-1], len(labels))


def test_what_is_not_recorded_is_shaded_through_every_panel() -> None:
    _record, *others = panels(shown(DAYS["with a gap"]))

    for axes in others:
        assert {(3600.0, 7200.0), (7200.0, 10_800.0)} <= {*bands(axes)}


def test_a_gap_of_a_second_is_wide_enough_to_be_seen() -> None:
    bars = [*[traded("5")] * 100, {"quality": "gap"}]
    record, *_ = panels(shown(bars, Span(), SECONDS))
    found = [end - start for start, end in bands(record) if start == 100]

    assert [86_400 / 600] == pytest.approx(found)


def test_a_gap_is_said_and_drawn_where_nothing_else_is() -> None:
    record, price = panels(shown(DAYS["that nobody recorded"]))

    assert "Record: 24 h gap" == record.get_title(loc="left")
    assert ["nothing was recorded"] == [text.get_text() for text in price.texts]


def test_the_heading_says_whose_day_it_is_and_how_far_to_trust_it() -> None:
    heading, *_ = figure_of(shown(DAYS["whole"], Span(0, 3600))).axes
    name, about, market = (text.get_text() for text in heading.texts)

    assert "BTCUSDT  2025-12-11  00:00 to 01:00" == name
    assert "degraded day  ·  bars of 1h  ·  UTC" == about
    assert market.startswith("open 100.0    high 100.0")


def test_colours_that_mean_something_differ_in_grey() -> None:
    for colours in (
        (plot_view.BUY, plot_view.SELL),
        (plot_view.LINE, plot_view.FAINT, plot_view.WHOLE, plot_view.UNPROVED),
    ):
        greys = sorted(0.21 * r + 0.72 * g + 0.07 * b for r, g, b in map(to_rgb, colours))

        assert all(darker + 0.1 < lighter for darker, lighter in pairwise(greys))
