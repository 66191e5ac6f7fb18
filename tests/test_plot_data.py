"""What a picture shows, on bars that can be checked by eye."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.manifest import Condition
from aggregator.plot_data import (
    MOST_BARS,
    MOST_BINS,
    View,
    duration,
    figures,
    plain,
    readable,
    record,
    short,
    view,
)
from aggregator.resolutions import Resolution
from aggregator.span import Span
from lake.schemas import BAR_COLUMNS, header
from tests.cases import DAY, SYMBOL

HOURS, MINUTES = Resolution.parse("1h"), Resolution.parse("1m")
SECONDS, QUARTERS = Resolution.parse("1s"), Resolution.parse("15m")
UNKNOWN: Mapping[str, str] = {"trade_count": "0", "snapshot_count": "0", "cvd": "0"}
NAN = float("nan")

SILENT = {
    **dict.fromkeys(("open", "high", "low", "close", "vwap"), "100.5"), "vol_total": "0",
    "vol_buy": "0", "vol_sell": "0", "cvd": "0", "quote_volume": "0", "trade_count": "0",
    "snapshot_count": "0", "missing_trades": "0", "quality": "ok",
}  # fmt: skip
"""A bar in which nobody trades."""


def shown(
    bars: Sequence[Mapping[str, str]],
    span: Span = Span(),  # noqa: B008 (frozen)
    resolution: Resolution = HOURS,
    condition: Condition = Condition.DEGRADED,
) -> View:
    """Return what a picture shows of a day that begins with these bars and is silent then."""
    count = 86_400 // resolution.seconds
    rows = (SILENT | dict(bar) for bar in (*bars, *[{}] * (count - len(bars))))
    lines = (",".join(row.get(column.name, "") for column in BAR_COLUMNS) for row in rows)
    text = header(BAR_COLUMNS) + "".join(f"{line}\n" for line in lines)
    return view(SYMBOL, DAY, condition, resolution, span, text.encode())


def traded(price: str, buy: str = "1", sell: str = "0", **cells: str) -> dict[str, str]:
    """Return a bar of trades at one price."""
    total = float(buy) + float(sell)
    return {
        **dict.fromkeys(("open", "high", "low", "close"), price), "vol_buy": buy, "vol_sell": sell,
        "vol_total": f"{total}", "quote_volume": f"{total * float(price)}", "trade_count": "2",
        **cells,
    }  # fmt: skip


# Which bars


@pytest.mark.parametrize(
    ("published", "span", "drawn"),
    [
        ([SECONDS, MINUTES], Span(), MINUTES),
        ([HOURS, SECONDS, MINUTES], Span(), MINUTES),
        ([SECONDS, MINUTES], Span(0, MOST_BARS), SECONDS),
        ([SECONDS, MINUTES], Span(0, MOST_BARS + 1), MINUTES),
        ([SECONDS], Span(), SECONDS),
        ([HOURS], Span(0, 60), HOURS),
    ],
)
def test_the_finest_bars_are_drawn_that_can_be_seen(
    published: list[Resolution], span: Span, drawn: Resolution
) -> None:
    assert drawn == readable(published, span)


def test_a_span_shows_every_bar_that_it_touches() -> None:
    found = shown([traded("1"), traded("2"), traded("3")], Span(1800, 2 * 3600 + 1))

    assert [1, 2, 3] == found.columns["close"].tolist()
    assert [0, 3600, 7200, 10_800] == found.edges.tolist()


# What they say


def test_delta_counts_from_the_start_of_the_span() -> None:
    bars = [traded("1", cvd="5"), traded("1", cvd="7"), traded("1", cvd="4")]

    assert [5, 7, 4] == shown(bars, Span(0, 3 * 3600)).columns["cvd"].tolist()
    assert [2, -1] == shown(bars, Span(3600, 3 * 3600)).columns["cvd"].tolist()


def test_vwap_is_over_all_trades_since_the_start_of_the_span() -> None:
    bars = [traded("10"), {}, traded("20", buy="1", sell="2")]

    np.testing.assert_allclose([10, 10, 17.5], shown(bars, Span(0, 3 * 3600)).vwap())
    np.testing.assert_allclose([NAN, 20], shown(bars, Span(3600, 3 * 3600)).vwap())


def test_nothing_is_drawn_over_a_gap() -> None:
    found = shown([traded("10"), {"quality": "gap"}], Span(0, 3 * 3600))

    np.testing.assert_array_equal([10, NAN, 100.5], found.seen("close"))
    np.testing.assert_array_equal([10, NAN, 10], found.vwap())


def test_the_book_is_carried_over_bars_that_missed_no_snapshot_and_over_no_others() -> None:
    bars = [
        {}, {"mid_close": "7"}, {}, {"quality": "partial"}, {}, {"mid_close": "8"},
        {"quality": "gap"}, {"mid_close": "9", "quality": "partial"}, {},
    ]  # fmt: skip
    found = shown(bars, Span(0, 9 * 3600))

    np.testing.assert_array_equal([NAN, 7, 7, NAN, NAN, 8, NAN, 9, NAN], found.carried("mid_close"))


def test_bars_are_put_together_by_the_clock() -> None:
    found = shown([], Span.parse("00:07", "10:00"), MINUTES)
    bins = found.bins()

    assert 120 == bins.seconds
    assert [420, 480, 600, 720] == bins.edges[:4].tolist()
    assert 36_000 == bins.edges[-1]
    sums = bins.sums(np.ones(593))
    assert [1, 2, 2] == sums[:3].tolist()


def test_a_bin_without_a_number_is_no_zero() -> None:
    bins = shown([], Span(0, 3 * 86_400 // 24), MINUTES).bins()
    values = np.full(180, NAN)
    values[1] = 4.0

    assert 1 == len(bins.firsts) - np.isnan(bins.sums(values)).sum()
    assert 4 == np.nansum(bins.sums(values))


@given(
    st.integers(0, 1439).flatmap(lambda a: st.tuples(st.just(a), st.integers(a + 1, 1440))),
    st.sampled_from([MINUTES, QUARTERS, HOURS]),
)
def test_bins_hold_every_bar_once_and_are_few(minutes: tuple[int, int], bar: Resolution) -> None:
    span = Span(minutes[0] * 60, minutes[1] * 60)
    found = shown([], span, bar)
    bins, bars = found.bins(), len(found.quality)

    assert bars == bins.sums(np.ones(bars)).sum()
    assert len(bins.firsts) <= MOST_BINS + 1
    assert bins.edges[0] <= span.start < span.end <= bins.edges[-1]


# In words


def test_the_figures_of_a_day() -> None:
    bars = [traded("99.50", high="101.25"), traded("100", buy="0", sell="3", snapshot_count="1200")]

    assert figures(shown(bars, Span(0, 2 * 3600))).split("    ") == [
        "open 99.50", "high 101.25", "low 99.50", "close 100.00", "+0.50%",
        "volume 4, 25% bought by takers", "4 trades", "1,200 snapshots",
    ]  # fmt: skip


def test_prices_before_the_first_one_are_no_part_of_the_figures() -> None:
    unknown = dict.fromkeys(("open", "high", "low", "close", "vwap"), "")

    said = figures(shown([unknown, traded("8"), traded("6")], Span(0, 3 * 3600)))
    assert said.startswith("open 8.0    high 8.0    low 6.0    close 6.0    −25.00%")


def test_what_is_not_there_is_said() -> None:
    assert "no trades    no order book" == figures(shown([]))


def test_a_record_without_fault_is_whole() -> None:
    assert "whole" == record(shown([traded("1")]))


def test_what_the_record_lacks_is_said_in_time() -> None:
    bars = [
        {"quality": "gap", "missing_trades": ""}, {"quality": "gap"}, {"quality": "partial"},
        {"quality": ""}, {"missing_trades": "1234"},
    ]  # fmt: skip

    assert "1,234 trades missing, 2 h gap, 1 h partial, 1 h that nothing proves" == record(
        shown(bars)
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 s"), (60, "1 min"), (265, "4 min 25 s"), (3600, "1 h"), (11_100, "3 h 5 min")],
)
def test_durations_are_written_in_whole_units(seconds: int, said: str) -> None:
    assert said == duration(seconds)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0.0, "0"), (0.01234567, "0.01235"), (-8, "−8"), (999, "999"), (999.96, "1k"),
        (14_612.3, "14.61k"), (-2.5e6, "−2.5m"), (1.234e10, "12.34bn"), (1e-7, "0.0000001"),
        (999.94, "999.9"),
    ],
)  # fmt: skip
def test_numbers_are_written_short(number: float, said: str) -> None:
    assert said == short(number)


def test_no_number_has_an_exponent() -> None:
    assert ("0.0000123", "1,234,567", "−0.5") == (
        plain(0.0000123, 12), plain(1_234_567, 12), plain(-0.5, 12),
    )  # fmt: skip
