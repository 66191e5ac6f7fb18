"""Klines as the archive and REST write them."""

import json
from decimal import Decimal

import pytest

from aggregator.parity.klines import BadKlines, Klines, read_list, read_table
from aggregator.utc import day_start_ms
from tests.archive_site.site import KLINES_HEADER
from tests.cases import AFTER, BEFORE, DAY
from tests.parity.days import edited, kline_lines, market

START = day_start_ms(DAY)
LINES = kline_lines(market(3))


def text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def test_a_header_may_be_there_and_its_columns_anywhere() -> None:
    plain = read_table(text(*LINES), START)
    names = KLINES_HEADER.split(",")
    turned = [",".join(reversed(line.split(","))) for line in (",".join(names), *LINES)]

    assert [0, 1, 2] == [*plain.by_minute]
    assert plain == read_table(text(KLINES_HEADER, *LINES), START)
    assert plain == read_table("\N{BOM}".encode() + text(*turned).replace(b"\n", b"\r\n"), START)


def test_the_list_of_rest_says_the_same() -> None:
    listed = [
        [int(cell) if place in (0, 6, 8) else cell for place, cell in enumerate(line.split(","))]
        for line in LINES
    ]

    assert read_table(text(*LINES), START) == read_list(json.dumps(listed).encode(), START)


def test_digits_stay_as_they_were_written() -> None:
    candle = read_table(text(edited(LINES[0], volume="12.500")), START).by_minute[0]

    assert "12.500" == str(candle.volume)


def test_klines_of_other_days_are_left_out() -> None:
    days = [line for day in (BEFORE, DAY, AFTER) for line in kline_lines(market(2, day), day)]

    assert read_table(text(*LINES[:2]), START) == read_table(text(*days), START)


def test_rows_twice_are_counted_and_contradictions_named() -> None:
    other = edited(LINES[1], low="1.00")

    found = read_table(text(*LINES, LINES[0], other), START)

    assert (2, {1}) == (found.twice, set(found.contradicting))
    assert Decimal("1.00") != found.by_minute[1].low


def test_no_klines_are_none() -> None:
    assert Klines({}) == read_table(b"", START) == read_list(b"[]", START)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (edited(LINES[0], open_time=f"{START}000"), "is in microseconds, not in milliseconds"),
        (edited(LINES[0], open_time="x"), "line 2"),
        (edited(LINES[0], open_time="x"), "is no time in milliseconds"),
        (edited(LINES[0], close_time=str(START + 299_999)), "no kline of one minute"),
        (edited(LINES[0], volume="1e-7"), "volume '1e-7' is no plain decimal number"),
        (edited(LINES[0], low="-1"), "low '-1'"),
        (LINES[0][:40], "is cut off"),
    ],
)  # fmt: skip
def test_what_is_no_kline_is_named_with_its_line(line: str, said: str) -> None:
    with pytest.raises(BadKlines, match=said):
        read_table(text(LINES[1], line), START)


@pytest.mark.parametrize(
    "table", ["a,b,c\n1,2,3\n", "id,price,qty,quote_qty,time,is_buyer_maker\n"]
)
def test_another_table_is_refused(table: str) -> None:
    with pytest.raises(BadKlines, match="no table of klines"):
        read_table(table.encode(), START)


@pytest.mark.parametrize("answer", [b"", b"{}", b"[1]", b"<html>", b"[" * 99_999])
def test_another_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(BadKlines):
        read_list(answer, START)
