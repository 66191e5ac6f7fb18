import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import kernels, ladder, numerals
from aggregator.lines import Fault, LineReader, Malformed, Row, TypeCodes, cells_of
from tests.spellings import BOUNDS, ROLES, START_MS

TRADE = {
    "timestamp": str(START_MS), "price": "61800.30", "quantity": "0.006", "is_buyer_maker": "true",
    "trade_id": "7", "trade_type": "RPI", "event_time": "8", "received_ns": "9",
}  # fmt: skip
TRADES = tuple(TRADE)
BOOK = {"timestamp": str(START_MS), "bids": "[[9,1]]", "asks": "[[10,1]]", "update_id": "7"}
BOOKS = tuple(BOOK)


def read(columns: tuple[str, ...], line: str | bytes) -> Row:
    text = line.encode() if isinstance(line, str) else line
    return LineReader([ROLES[name] for name in columns], BOUNDS, TypeCodes()).read(text)


def read_trade(**cells: str) -> Row:
    return read(TRADES, ",".join({**TRADE, **cells}.values()))


def read_book(**cells: str) -> Row:
    return read(BOOKS, ",".join(quoted(cell) for cell in {**BOOK, **cells}.values()))


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def test_a_trade_is_read_digit_for_digit() -> None:
    rpi = TypeCodes().names.index("RPI")

    expected = Row((START_MS, 7, 9), kernels.HAS_ID, rpi, (6180030, 6), (2, 3))
    assert expected == read_trade()


def test_a_snapshot_is_read_level_by_level() -> None:
    bids = "[" + ",".join(f'["{99 - n}.5","1"]' for n in range(25)) + "]"

    row = read_book(bids=bids, asks='[["100","0.25"],[100.50,3]]')

    assert (2, 2) == row.scales
    assert (9950, 100, 500, 1000, 2000) == row.decimals[:5]
    assert (10000, 25, 325, 325, 325) == row.decimals[5:]
    assert (kernels.HAS_ID, ladder.VALID) == (row.flags, row.code)


def test_empty_optional_cells_are_nothing() -> None:
    row = read_trade(trade_id="", trade_type="", event_time="", received_ns="")

    assert (START_MS, 0, numerals.NEVER_RECEIVED) == row.integers
    assert (0, 0) == (row.flags, row.code)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775807", 2**63 - 1),
        ("-0", 0),
        ("007", 7),
        ("0" * 5_000 + "7", 7),
        ("-" + "0" * 5_000 + "7", -7),
        ("00009223372036854775807", 2**63 - 1),
    ],
)
def test_integers_are_read_up_to_the_ends_of_64_bits(cell: str, value: int) -> None:
    assert value == read_trade(trade_id=cell).integers[kernels.ID_FIELD]


@pytest.mark.parametrize(
    "cell",
    [
        "9223372036854775808", "-9223372036854775809", "99999999999999999999", "9" * 5_000, "+1",
        "1.0", "1e3", " 1", "1 ", "-", "--1", "٣", "0x1", "1_0", "NaN",
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["timestamp", "trade_id", "event_time", "received_ns"])
def test_other_integers_are_malformed(column: str, cell: str) -> None:
    assert Fault.INTEGER == fault_of(lambda: read_trade(**{column: cell}))


def test_a_required_integer_must_be_there() -> None:
    assert Fault.INTEGER == fault_of(lambda: read_trade(timestamp=""))


@pytest.mark.parametrize(
    ("cell", "units", "scale"),
    [
        ("0", 0, 0),
        ("-0.0", 0, 1),
        ("-1.50", -150, 2),
        ("123456789012345678", 123456789012345678, 0),
        ("0.000000000000000001", 1, 18),
        ("000000000000000000000001.5", 15, 1),
        ("0." + "0" * 400 + "123456789012345678", 123456789012345678, 418),
    ],
)
def test_numbers_are_read_at_their_own_scale(cell: str, units: int, scale: int) -> None:
    row = read_trade(quantity=cell)

    assert units == row.decimals[1]
    assert scale == row.scales[1]


BAD_NUMBERS = (
    "", ".5", "5.", "+1", "1e5", "1E5", "NaN", "inf", "1,5", " 1", "1 ", "٣", "1_0", "0x1", "--1",
    "1234567890123456789", "1.000000000000000000", "12345678901234567.89",
)  # fmt: skip


@pytest.mark.parametrize("cell", BAD_NUMBERS)
@pytest.mark.parametrize("column", ["price", "quantity"])
def test_other_numbers_are_malformed(column: str, cell: str) -> None:
    assert Fault.NUMBER == fault_of(lambda: read_trade(**{column: quoted(cell)}))


@pytest.mark.parametrize("cell", BAD_NUMBERS)
def test_numbers_in_levels_obey_the_same_rule_as_cells(cell: str) -> None:
    assert Fault.NUMBER == fault_of(lambda: read_book(bids=f'[["{cell}","1"]]'))
    assert Fault.NUMBER == fault_of(lambda: read_book(asks=f'[["11","{cell}"]]'))


def test_a_bad_number_behind_the_twentieth_level_is_malformed_too() -> None:
    levels = [f"[{99 - n},1]" for n in range(20)] + ["[1e2,1]"]

    assert Fault.NUMBER == fault_of(lambda: read_book(bids=f"[{','.join(levels)}]"))


@pytest.mark.parametrize(
    "cell",
    [
        "", "[", "{}", "7", "null", "[[1]]", "[[1,2,3]]", "[1,2]", '{"1":2}', "[[01,1]]",
        "[[1,2],]", "[[1,2]] x", "[[.5,1]]", "[[1.,1]]",
        "[[+1,1]]", "[" * 50_000, "[[1,2]\0]", "[[1 2]]",
    ],
)  # fmt: skip
def test_what_is_no_array_of_pairs_is_malformed(cell: str) -> None:
    assert Fault.JSON == fault_of(lambda: read_book(bids=cell))


@pytest.mark.parametrize(("cell", "maker"), [("true", True), ("FALSE", False), ("tRuE", True)])
def test_booleans_are_read_in_any_case(cell: str, maker: bool) -> None:
    flags = kernels.HAS_ID if maker else kernels.HAS_ID | kernels.TAKER_BUY

    assert flags == read_trade(is_buyer_maker=cell).flags


@pytest.mark.parametrize("cell", ["", "1", "yes", "true ", " true", "t", "falſe"])
def test_other_booleans_are_malformed(cell: str) -> None:
    assert Fault.BOOLEAN == fault_of(lambda: read_trade(is_buyer_maker=cell))


def test_a_timestamp_may_be_a_day_from_the_date_and_no_further() -> None:
    for inside in BOUNDS:
        assert inside == read_trade(timestamp=str(inside)).integers[kernels.TIME_FIELD]
    for outside in (BOUNDS[0] - 1, BOUNDS[1] + 1, 0):
        assert Fault.TIMESTAMP == fault_of(lambda at=outside: read_trade(timestamp=str(at)))


@pytest.mark.parametrize("line", ["", "x", "1,2", "," * 8, "a\rb,1,1,true,1,,,", " "])
def test_a_line_with_another_number_of_fields_is_malformed(line: str) -> None:
    assert Fault.FIELDS == fault_of(lambda: read(TRADES, line))


def test_the_first_fault_of_a_row_is_named() -> None:
    assert Fault.INTEGER == fault_of(lambda: read_trade(timestamp="x", price="x"))
    assert Fault.NUMBER == fault_of(lambda: read_trade(price="x", trade_id="x"))


def fault_of(reading: object) -> Fault:
    assert callable(reading)
    with pytest.raises(Malformed) as caught:
        reading()
    return caught.value.fault


# --- cells --------------------------------------------------------------------------------------


def test_cells_may_be_quoted_and_a_line_may_end_with_a_return() -> None:
    assert ["a", 'b, "c"', ""] == cells_of(b'a,"b, ""c""",\r')


def test_a_cell_may_be_as_long_as_it_likes() -> None:
    assert ["x" * 500_000, "1"] == cells_of(b"x" * 500_000 + b",1")


def test_bytes_that_are_no_text_do_not_stop_the_reading() -> None:
    assert ["\ufffd", "\0"] == cells_of(b"\xff,\0")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))))
def test_cells_that_were_quoted_come_back(cells: list[str]) -> None:
    line = ",".join(quoted(cell) for cell in cells).encode()

    assert cells == cells_of(line)


# --- the codes of types -------------------------------------------------------------------------


def test_a_type_keeps_its_code_and_none_is_zero() -> None:
    types = TypeCodes()

    code = types.code("LIQUIDATION")

    assert 0 == types.code("")
    assert code == types.code("LIQUIDATION")
    assert "LIQUIDATION" == types.names[code]


def test_the_table_has_every_name_at_its_code() -> None:
    types = TypeCodes()
    types.code("币安")

    text, ends = types.table()

    starts = [0, *ends[:-1].tolist()]
    names = [
        text[start:end].tobytes().decode() for start, end in zip(starts, ends.tolist(), strict=True)
    ]
    assert types.names == names


def test_thousands_of_types_share_the_code_of_the_many() -> None:
    types = TypeCodes()

    codes = [types.code(f"T{n}") for n in range(5_000)]

    assert max(codes) <= 255
    assert 1 == len(set(codes[300:]))
    assert types.names[codes[-1]] not in {f"T{n}" for n in range(5_000)}
    assert codes[:100] == [types.code(f"T{n}") for n in range(100)]
