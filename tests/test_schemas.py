import re

import pytest

from lake.layout import Stream
from lake.schemas import BAR_COLUMNS, COUNTED_TYPES, RAW_TABLES, Column, header, required

TABLES = (BAR_COLUMNS, *RAW_TABLES.values())


def test_the_first_fourteen_columns_never_move() -> None:
    expected = (
        "timestamp,open,high,low,close,vwap,vol_total,vol_buy,vol_sell,vol_delta,cvd,"
        "trade_count,avg_spread,imbalance_l20"
    )

    assert expected == ",".join(column.name for column in BAR_COLUMNS[:14])


def test_later_columns_are_appended_and_stay_in_their_order() -> None:
    expected = (
        "trade_count_buy,trade_count_sell,quote_volume,max_trade_qty,snapshot_count,"
        "min_spread,max_spread,avg_spread_bps,mid_close,imbalance_l1,imbalance_l5,imbalance_l10,"
        "bid_qty_l5,ask_qty_l5,bid_qty_l10,ask_qty_l10,bid_qty_l20,ask_qty_l20,"
        "missing_trades,quality"
    )

    assert header(BAR_COLUMNS[14:]).startswith(expected)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (
            Stream.TRADES,
            "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,event_time,received_ns\n",
        ),
        (Stream.DEPTH20, "timestamp,bids,asks,update_id,event_time,received_ns\n"),
    ],
)
def test_raw_headers_are_those_of_the_lake(stream: Stream, expected: str) -> None:
    assert expected == header(RAW_TABLES[stream])


def test_the_oldest_lakes_have_the_required_columns_only() -> None:
    assert {"timestamp", "price", "quantity", "is_buyer_maker"} == required(
        RAW_TABLES[Stream.TRADES]
    )
    assert {"timestamp", "bids", "asks"} == required(RAW_TABLES[Stream.DEPTH20])


def test_types_that_count_are_those_of_the_exchanges_klines() -> None:
    assert {"MARKET", "RPI", ""} == COUNTED_TYPES


@pytest.mark.parametrize("table", TABLES)
def test_a_name_is_one_column(table: tuple[Column, ...]) -> None:
    names = [column.name for column in table]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("column", [column for table in TABLES for column in table])
def test_a_column_says_what_it_means_and_fits_into_a_table(column: Column) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert column.meaning
    assert "|" not in column.unit + column.meaning
