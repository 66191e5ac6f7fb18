"""Bars as columns of the file: which number stands in which cell, by hand."""

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from aggregator.exact import NARROW, Limbs, from_integers
from aggregator.rows import IMBALANCES, MEAN_QUANTITIES, RATIOS
from aggregator.table import DayBars, Scales, csv
from lake.schemas import BAR_COLUMNS
from tests.spellings import DAY

WIDE = Limbs(3)
layouts = pytest.mark.parametrize("limbs", [NARROW, WIDE], ids=["narrow", "wide"])
HALF_DAY = 43_200

TRADED = {
    "open": 10_050, "high": 10_100, "low": 9_950, "close": 10_000, "vol_total": 3_000,
    "vol_buy": 1_000, "vol_sell": 2_000, "vol_delta": -1_000, "cvd": -1_000,
    "quote_volume": 30_100_000, "max_trade_qty": 1_500,
}  # fmt: skip
QUIET = dict.fromkeys(TRADED, 0) | dict.fromkeys(("open", "high", "low", "close"), 10_000)
QUIET["cvd"] = -1_000


def trades(limbs: Limbs, rows: list[dict[str, int]]) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {}
    for name in TRADED:
        columns |= limbs.columns(name, from_integers([row[name] for row in rows], 0))
    counts = [3 if row["vol_total"] else 0 for row in rows]
    return pl.DataFrame(columns).with_columns(
        traded=pl.Series([count > 0 for count in counts]),
        trade_count=pl.Series(counts),
        trade_count_buy=pl.Series([count // 3 for count in counts]),
        trade_count_sell=pl.Series([count // 3 * 2 for count in counts]),
    )


def books(limbs: Limbs) -> pl.DataFrame:
    """Return a bar with three snapshots, and one without any."""
    sums = {"spread": 700, "min_spread": 100, "max_spread": 400, "mid": 100_005}
    sums |= {name: 1_000 * (n + 1) for n, name in enumerate(MEAN_QUANTITIES)}
    columns: dict[str, pl.Series] = {}
    for name, value in sums.items():
        held = limbs.columns(name, from_integers([value], 0))
        columns |= {each: pl.Series([column.item(), None]) for each, column in held.items()}
    ratios = {name: [0.1 * (n + 1), None] for n, name in enumerate(RATIOS)}
    return pl.DataFrame({**columns, **ratios, "snapshot_count": [3, None]})


def file(limbs: Limbs, missing: NDArray[np.uint64] | None = None) -> list[dict[str, str]]:
    scales = Scales(limbs, price=2, quantity=3)
    bars = DayBars(
        DAY, HALF_DAY, trades(limbs, [TRADED, QUIET]), books(limbs), scales, scales, missing,
        ["ok", "gap"],
    )  # fmt: skip
    head, *rows, end = csv(bars).decode().split("\n")
    assert "" == end
    names = head.split(",")
    assert [column.name for column in BAR_COLUMNS] == names
    return [dict(zip(names, row.split(","), strict=True)) for row in rows]


@layouts
def test_a_bar_with_trades_has_their_prices_and_volumes(limbs: Limbs) -> None:
    row = file(limbs)[0]

    expected = {
        "timestamp": "2025-12-11T00:00:00Z", "open": "100.5", "high": "101", "low": "99.5",
        "close": "100", "vwap": "100.333333333", "vol_total": "3", "vol_buy": "1", "vol_sell": "2",
        "vol_delta": "-1", "cvd": "-1", "trade_count": "3", "trade_count_buy": "1",
        "trade_count_sell": "2", "quote_volume": "301", "max_trade_qty": "1.5", "quality": "ok",
    }  # fmt: skip
    assert expected == {name: row[name] for name in expected}


@layouts
def test_a_bar_without_a_trade_has_the_last_close_five_times(limbs: Limbs) -> None:
    row = file(limbs)[1]

    prices = ("open", "high", "low", "close", "vwap")
    assert dict.fromkeys(prices, "100") == {name: row[name] for name in prices}
    zeros = ("vol_total", "vol_buy", "vol_sell", "vol_delta", "quote_volume", "max_trade_qty")
    assert {"0"} == {row[name] for name in (*zeros, "trade_count", "trade_count_buy")}
    assert ("-1", "gap", "2025-12-11T12:00:00Z") == (row["cvd"], row["quality"], row["timestamp"])


@layouts
def test_a_bar_with_snapshots_has_their_means(limbs: Limbs) -> None:
    row = file(limbs)[0]

    expected = {
        "avg_spread": "2.33333333333", "min_spread": "1", "max_spread": "4", "mid_close": "100.005",
        "imbalance_l1": "0.1", "imbalance_l5": "0.2", "imbalance_l10": "0.3",
        "imbalance_l20": "0.4",
        "avg_spread_bps": "10000", "snapshot_count": "3", "bid_qty_l5": "0.333333333333",
        "bid_qty_l10": "0.666666666667", "bid_qty_l20": "1", "ask_qty_l5": "1.33333333333",
        "ask_qty_l20": "2",
    }  # fmt: skip
    assert expected == {name: row[name] for name in expected}


@layouts
def test_a_bar_without_a_snapshot_has_no_spread_at_all(limbs: Limbs) -> None:
    row = file(limbs)[1]

    book = ("avg_spread", "min_spread", "max_spread", "avg_spread_bps", "mid_close")
    assert {""} == {row[name] for name in (*book, *IMBALANCES, *MEAN_QUANTITIES)}
    assert "0" == row["snapshot_count"]


@pytest.mark.parametrize(
    ("missing", "cells"),
    [
        (None, ["", ""]),
        ([0, 0], ["0", "0"]),
        ([17, 0], ["17", "0"]),
        ([2**64 - 2, 5], ["18446744073709551614", "5"]),
    ],
)
def test_missing_ids_are_counted_where_there_are_ids(
    missing: list[int] | None, cells: list[str]
) -> None:
    counts = None if missing is None else np.array(missing, dtype=np.uint64)

    assert cells == [row["missing_trades"] for row in file(NARROW, counts)]
