"""Trades become bars: sums, extremes and last prices against Python's own, narrow and wide."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.bars import filled, roll_up_trades, trade_seconds
from aggregator.exact import NARROW, Limbs, from_integers
from aggregator.grid import on_grid

START = 1_765_411_200_000
WIDE = Limbs(6)
layouts = pytest.mark.parametrize("limbs", [NARROW, WIDE], ids=["narrow", "wide"])
SUMS = ("vol_buy", "vol_sell", "quote_volume", "trade_count_buy", "trade_count_sell")
DECIMALS = ("open", "high", "low", "close", "vol_buy", "vol_sell", "quote_volume", "max_trade_qty")


@dataclass(frozen=True)
class Trade:
    """A counted trade, `ms` after the start of the day."""

    ms: int
    price: int
    quantity: int
    taker_buy: bool = True


def frame(trades: list[Trade], limbs: Limbs) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {
        "timestamp": pl.Series([START + trade.ms for trade in trades], dtype=pl.Int64),
        "taker_buy": pl.Series([trade.taker_buy for trade in trades], dtype=pl.Boolean),
    }
    for name in ("price", "quantity"):
        units = from_integers([getattr(trade, name) for trade in trades], 0)
        columns |= limbs.columns(name, units, ranked=True)
    if not limbs.narrow:
        quotes = from_integers([trade.price * trade.quantity for trade in trades], 0)
        columns |= limbs.columns("quote", quotes)
    return pl.DataFrame(columns)


def seconds_of(trades: list[Trade], limbs: Limbs = NARROW) -> pl.DataFrame:
    return trade_seconds(frame(trades, limbs), limbs, START)


def bars_of(trades: list[Trade], length: int, limbs: Limbs = NARROW) -> pl.DataFrame:
    return roll_up_trades(seconds_of(trades, limbs).lazy(), limbs, length).collect()


def values(bars: pl.DataFrame, limbs: Limbs, column: str) -> list[int | None]:
    return limbs.integers(bars, column) if column in DECIMALS else bars[column].to_list()


def expected_values(group: list[Trade]) -> dict[str, int]:
    bought = [trade.quantity for trade in group if trade.taker_buy]
    sold = [trade.quantity for trade in group if not trade.taker_buy]
    prices = [trade.price for trade in group]
    return {
        "open": prices[0],
        "high": max(prices),
        "low": min(prices),
        "close": prices[-1],
        "vol_buy": sum(bought),
        "vol_sell": sum(sold),
        "quote_volume": sum(trade.price * trade.quantity for trade in group),
        "max_trade_qty": max(bought + sold),
        "trade_count_buy": len(bought),
        "trade_count_sell": len(sold),
    }


HOUR = [
    Trade(0, 100, 5),
    Trade(999, 103, 2, taker_buy=False),
    Trade(1_000, 101, 7),
    Trade(59_999, 99, 1, taker_buy=False),
    Trade(60_000, 98, 9),
    Trade(3_599_999, 120, 4),
]


@layouts
def test_a_second_by_hand(limbs: Limbs) -> None:
    first = seconds_of(HOUR, limbs).head(1)

    assert [0] == first["bar"].to_list()
    expected = {
        "open": 100, "high": 103, "low": 100, "close": 103, "vol_buy": 5, "vol_sell": 2,
        "quote_volume": 706, "max_trade_qty": 5, "trade_count_buy": 1, "trade_count_sell": 1,
    }  # fmt: skip
    assert {name: [value] for name, value in expected.items()} == {
        name: values(first, limbs, name) for name in expected
    }


@layouts
def test_only_bars_with_trades_are_there_and_a_bar_ends_before_its_end(limbs: Limbs) -> None:
    assert [0, 1, 59, 60, 3599] == seconds_of(HOUR, limbs)["bar"].to_list()
    assert [0, 1, 59] == bars_of(HOUR, 60, limbs)["bar"].to_list()
    assert [0] == bars_of(HOUR, 3_600, limbs)["bar"].to_list()


def trades_up_to(largest: int) -> st.SearchStrategy[list[Trade]]:
    return st.lists(
        st.builds(
            Trade,
            ms=st.integers(0, 9_999) | st.sampled_from([0, 86_399_999, 43_200_000]),
            price=st.integers(1, largest),
            quantity=st.integers(1, largest),
            taker_buy=st.booleans(),
        ),
        min_size=1,
        max_size=20,
    ).map(lambda trades: sorted(trades, key=lambda trade: trade.ms))


def check_bars(trades: list[Trade], length: int, limbs: Limbs) -> None:
    bars = bars_of(trades, length, limbs)
    groups: dict[int, list[Trade]] = {}
    for trade in trades:
        groups.setdefault(trade.ms // 1000 // length, []).append(trade)
    assert [*groups] == bars["bar"].to_list()
    expected = [expected_values(group) for group in groups.values()]
    for name in expected[0]:
        assert [each[name] for each in expected] == values(bars, limbs, name)


@given(trades_up_to(10**6), st.sampled_from([1, 2, 60, 86_400]))
def test_any_trades_make_the_bars_that_they_make_one_by_one(
    trades: list[Trade], length: int
) -> None:
    check_bars(trades, length, NARROW)
    check_bars(trades, length, WIDE)


@given(trades_up_to(10**20), st.sampled_from([1, 60]))
def test_bars_of_numbers_beyond_64_bits_are_exact(trades: list[Trade], length: int) -> None:
    check_bars(trades, length, WIDE)


@given(trades_up_to(10**6), st.sampled_from([1, 5, 60]), st.sampled_from([1, 2, 12, 60]))
def test_bars_of_bars_are_the_bars(trades: list[Trade], length: int, factor: int) -> None:
    once = bars_of(trades, length * factor)
    twice = roll_up_trades(bars_of(trades, length).lazy(), NARROW, factor).collect()

    assert once.equals(twice)


@given(trades_up_to(10**6), st.integers(0, 20))
def test_a_second_that_two_pieces_share_is_rolled_up_from_both(
    trades: list[Trade], cut: int
) -> None:
    pieces = [part for part in (trades[:cut], trades[cut:]) if part]
    seconds = pl.concat(seconds_of(piece) for piece in pieces)

    whole = roll_up_trades(seconds.lazy(), NARROW, 1).collect()

    assert seconds_of(trades).equals(whole)


# --- filled ------------------------------------------------------------------------------------


def fill(trades: list[Trade], limbs: Limbs, before: int | None) -> pl.DataFrame:
    """Return a day of hours, filled."""
    known: dict[str, int] = {}
    if before is not None:
        price = limbs.columns("price", from_integers([before], 0))
        known = {name: column.item() for name, column in price.items()}
    hours = on_grid(bars_of(trades, 3_600, limbs), 3_600)
    return filled(hours.lazy(), limbs, known).collect()


LATER = [Trade(2 * 3_600_000, 100, 5), Trade(2 * 3_600_000 + 5, 90, 2, taker_buy=False)]
LATER += [Trade(4 * 3_600_000, 80, 3, taker_buy=False)]


@layouts
def test_a_bar_without_a_trade_repeats_the_last_close(limbs: Limbs) -> None:
    bars = fill(LATER, limbs, before=70)

    for name in ("open", "high", "low", "close"):
        prices = limbs.integers(bars, name)
        first = {"open": 100, "high": 100}.get(name, 90)
        assert [70, 70, first, 90, 80, 80] == prices[:6]
        assert {80} == set(prices[5:])
    assert [False, False, True, False, True, False] == bars["traded"].to_list()[:6]


@layouts
def test_nothing_is_filled_backwards(limbs: Limbs) -> None:
    bars = fill(LATER, limbs, before=None)

    for name in ("open", "high", "low", "close"):
        assert [None, None] == limbs.integers(bars, name)[:2]
        assert None not in limbs.integers(bars, name)[2:]


@layouts
def test_a_day_without_trades_has_the_price_of_the_day_before_or_none(limbs: Limbs) -> None:
    assert {70} == set(limbs.integers(fill([], limbs, before=70), "close"))
    assert {None} == set(limbs.integers(fill([], limbs, before=None), "close"))
    assert {0} == set(limbs.integers(fill([], limbs, before=None), "cvd"))


@layouts
def test_volumes_of_a_bar_without_a_trade_are_zero_and_cvd_stands_still(limbs: Limbs) -> None:
    bars = fill(LATER, limbs, before=None)

    def column(name: str) -> list[int | None]:
        return limbs.integers(bars, name)[:6]

    assert [0, 0, 5, 0, 0, 0] == column("vol_buy")
    assert [0, 0, 2, 0, 3, 0] == column("vol_sell")
    assert [0, 0, 7, 0, 3, 0] == column("vol_total")
    assert [0, 0, 3, 0, -3, 0] == column("vol_delta")
    assert [0, 0, 3, 3, 0, 0] == column("cvd")
    assert [0, 0, 680, 0, 240, 0] == column("quote_volume")
    assert [0, 0, 5, 0, 3, 0] == column("max_trade_qty")
    assert [0, 0, 2, 0, 1, 0] == bars["trade_count"].to_list()[:6]


@given(trades_up_to(10**20))
def test_buys_and_sells_add_up_digit_for_digit(trades: list[Trade]) -> None:
    bars = fill(trades, WIDE, before=None)

    def column(name: str) -> list[int]:
        return [value for value in WIDE.integers(bars, name) if value is not None]

    def each(combine: Callable[[int, int], int]) -> list[int]:
        return [*map(combine, column("vol_buy"), column("vol_sell"))]

    assert each(lambda bought, sold: bought + sold) == column("vol_total")
    assert each(lambda bought, sold: bought - sold) == column("vol_delta")
    assert sum(column("vol_delta")) == column("cvd")[-1]
    assert sum(trade.quantity for trade in trades) == sum(column("vol_total"))
