import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.rows import COLUMNS, MalformedRow, columns_of, is_header, parse_rows

LATEST_MS = 1_765_500_000_000
GOOD = "307064552,18319.33,0.105,1923.52,1607472000428,false"


def parse(text: str | bytes, columns: tuple[str, ...] = COLUMNS) -> pl.DataFrame:
    rows = text.encode() if isinstance(text, str) else text
    return parse_rows(rows, columns, first_line=1, latest_ms=LATEST_MS)


def fault(text: str | bytes, columns: tuple[str, ...] = COLUMNS) -> MalformedRow:
    with pytest.raises(MalformedRow) as caught:
        parse(text, columns)
    return caught.value


def with_cell(name: str, cell: str) -> str:
    cells = GOOD.split(",")
    cells[COLUMNS.index(name)] = cell
    return ",".join(cells) + "\n"


def test_cells_get_the_lake_names_and_prices_stay_text() -> None:
    frame = parse("7,100.10,0.500,50.05,1607472000428,TRUE\n")

    expected = {
        "timestamp": 1607472000428,
        "price": "100.10",
        "quantity": "0.500",
        "is_buyer_maker": True,
        "trade_id": 7,
    }
    assert [expected] == frame.to_dicts()


def test_columns_are_found_by_name_and_unknown_ones_are_ignored() -> None:
    columns = ("note", "time", "is_buyer_maker", "qty", "price", "quote_qty", "id")

    frame = parse(",1607472000428,false,2,3,6,9\n", columns)

    assert [(1607472000428, "3", "2", False, 9)] == frame.rows()


@pytest.mark.parametrize("cell", ["true", "True", "TRUE", "false", "False", "FALSE", "fAlSe"])
def test_booleans_are_read_in_any_case(cell: str) -> None:
    frame = parse(with_cell("is_buyer_maker", cell))

    assert (cell.lower() == "true") is frame["is_buyer_maker"].item()


@pytest.mark.parametrize(
    "cell", ["0", "0.000", "83624.5", "-1", "0.000000000000000001", "123456789012345678"]
)
def test_numbers_are_kept_as_they_are_written(cell: str) -> None:
    assert cell == parse(with_cell("price", cell))["price"].item()
    assert cell == parse(with_cell("qty", cell))["quantity"].item()


@pytest.mark.parametrize(
    ("name", "cell", "why"),
    [
        ("id", "", "at most 18 digits"),
        ("id", "-1", "at most 18 digits"),
        ("id", "+1", "at most 18 digits"),
        ("id", "1.0", "at most 18 digits"),
        ("id", "9" * 19, "at most 18 digits"),
        ("price", "", "not a plain decimal"),
        ("price", "1e5", "not a plain decimal"),
        ("price", "nan", "not a plain decimal"),
        ("price", ".5", "not a plain decimal"),
        ("price", "5.", "not a plain decimal"),
        ("price", " 5", "not a plain decimal"),
        ("price", '"5"', "not a plain decimal"),
        ("price", "٣", "not a plain decimal"),
        ("qty", "1\r", "not a plain decimal"),
        ("qty", "1234567890123456789", "more than 18 digits"),
        ("qty", "1.123456789012345678", "more than 18 digits"),
        ("time", "", "no time in milliseconds"),
        ("time", "1607472000", "in seconds, not in milliseconds"),
        ("time", "1607472000428123", "in microseconds, not in milliseconds"),
        ("time", "1607472000428123456", "in nanoseconds, not in milliseconds"),
        ("time", "0607472000428", "no time in milliseconds"),
        ("time", str(LATEST_MS + 1), "in the future"),
        ("is_buyer_maker", "", "neither true nor false"),
        ("is_buyer_maker", "tru", "neither true nor false"),
        ("is_buyer_maker", "1", "neither true nor false"),
        ("quote_qty", "é", "not plain ASCII"),
        ("quote_qty", "1\r", "not plain ASCII"),
    ],
)
def test_a_malformed_cell_is_named_with_its_line(name: str, cell: str, why: str) -> None:
    found = fault(f"{GOOD}\n{GOOD}\n{with_cell(name, cell)}{GOOD}\n")

    assert 3 == found.line
    assert why in found.why
    assert "\n" not in found.why
    assert "\r" not in found.why


def test_the_newest_time_that_may_be_is_good() -> None:
    assert LATEST_MS == parse(with_cell("time", str(LATEST_MS)))["timestamp"].item()


@pytest.mark.parametrize(
    "line",
    [
        "307064553,18319.33",
        "307064553,18319.33,0.100,1831.93,1607472000428",
        f"{GOOD},7",
        "id,price,qty,quote_qty,time",
    ],
)
def test_a_row_with_too_few_or_too_many_cells_is_named_with_its_line(line: str) -> None:
    found = fault(f"{GOOD}\n{line}\n{GOOD}\n")

    assert 2 == found.line
    assert "cells where 6 belong" in found.why


def test_a_short_and_a_long_row_do_not_make_two_good_ones() -> None:
    assert 1 == fault(f"{GOOD},7\n307064553,1,2,3,1607472000428\n").line


def test_a_row_cut_short_in_an_unknown_column_is_named() -> None:
    columns = (*COLUMNS, "note")

    assert [False] == parse(f"{GOOD},\n", columns)["is_buyer_maker"].to_list()
    assert 2 == fault(f"{GOOD},x\n{GOOD}\n", columns).line


def test_empty_lines_are_skipped_but_counted_in_the_line_of_a_complaint() -> None:
    assert 2 == parse(f"\n\n{GOOD}\n\n\n{GOOD}\n\n").height
    assert 5 == fault(f"\n{GOOD}\n\n\nx\n").line
    assert 0 == parse("\n\n").height


def test_a_long_line_is_shown_in_part() -> None:
    assert len(fault("x" * 5000 + "\n").why) < 120


def test_a_header_is_told_from_a_row_by_its_first_character() -> None:
    assert is_header(b"id,price,qty")
    assert not is_header(GOOD.encode())


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        (",".join(COLUMNS), COLUMNS),
        (GOOD, COLUMNS),
        ("x," + ",".join(reversed(COLUMNS)), ("x", *reversed(COLUMNS))),
        (f"{GOOD},true", None),
        ("1,2,3", None),
        ("id,price,qty,time,is_buyer_maker", None),
        ("id," + ",".join(COLUMNS), None),
        ("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time", None),
        ("\x1f\x8b\x08", None),
    ],
)
def test_the_first_line_tells_the_columns(line: str, columns: tuple[str, ...] | None) -> None:
    assert columns == columns_of(line.encode("latin-1"))


CELLS = st.text(alphabet="0123456789.,-+eE trufalsTRUE\r\"'é\0", max_size=20)
NEAR_ROWS = st.builds(with_cell, st.sampled_from(COLUMNS), CELLS).map(lambda line: line[:-1])
LINES = st.lists(st.just(GOOD) | NEAR_ROWS | CELLS | st.just(""), max_size=8)


@given(lines=LINES)
def test_a_block_is_good_exactly_if_each_of_its_rows_is_good_alone(lines: list[str]) -> None:
    def alone(line: str) -> pl.DataFrame | None:
        try:
            return parse(line + "\n")
        except MalformedRow:
            return None

    each = [alone(line) for line in lines]
    text = "".join(line + "\n" for line in lines)
    if None in [frame if frame is None else 0 for frame in each]:
        bad = next(n for n, frame in enumerate(each, 1) if frame is None)
        assert bad == fault(text).line
    else:
        rows = [row for frame in each if frame is not None for row in frame.rows()]
        assert rows == parse(text).rows()
