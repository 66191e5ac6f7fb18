"""Columns grow, hold rows read both ways in their places, and lose no digit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator import columns as columns_of
from aggregator import kernels
from aggregator.columns import Columns, RawRows
from aggregator.lines import LineReader, Row, TypeCodes
from aggregator.numerals import NEVER_RECEIVED
from lake.layout import Stream
from tests.spellings import BOUNDS, ROLES, START_MS, headers, usual_lines

TRADES = ("timestamp", "price", "quantity", "is_buyer_maker", "trade_id")
BOOKS = ("timestamp", "bids", "asks", "update_id")
TYPES = TypeCodes().table()
FIRST = 7_947_000_000
"""The id of trade 0."""


def fill(into: Columns, names: tuple[str, ...], text: bytes) -> list[list[int]]:
    """Read a text of rows; return what is to be read by the letter."""
    roles = np.array([ROLES[name] for name in names])
    data = np.frombuffer(text, dtype=np.uint8)
    return into.fill(data, 0, 0, roles, BOUNDS)


def filled(names: tuple[str, ...], text: bytes, scales: tuple[int, int] = (9, 9)) -> Columns:
    """Return columns with all rows of a text; what is punted is read by the letter."""
    into = Columns(Stream.DEPTH20 if "bids" in names else Stream.TRADES, scales, 0, TYPES)
    for place, start, end, _ in fill(into, names, text):
        into.put(place, by_the_letter(names, text[start:end]))
    return into


def by_the_letter(names: tuple[str, ...], line: bytes) -> Row:
    return LineReader([ROLES[name] for name in names], BOUNDS, TypeCodes()).read(line)


def trade(n: int, price: str = "1.5", quantity: str = "2") -> bytes:
    return f"{START_MS + n},{price},{quantity},true,{FIRST + n}\n".encode()


def book(n: int, bid: str = "9", quantity: str = "1", id: str = "") -> bytes:
    return f'{START_MS + n},"[[""{bid}"",""{quantity}""]]","[[""10"",""2""]]",{id}\n'.encode()


def column(rows: RawRows, place: int) -> list[Fraction]:
    found = rows.decimals[place]
    return [Fraction(int(units), 10**found.scale) for units in found.units]


def integers(rows: RawRows) -> list[tuple[int, ...]]:
    found: tuple[NDArray[np.int64] | NDArray[np.uint8], ...] = (
        rows.timestamp, rows.ident, rows.received_ns, rows.flags, rows.codes,
    )  # fmt: skip
    return list(zip(*(each.tolist() for each in found), strict=True))


# --- room ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [TRADES, BOOKS])
@pytest.mark.parametrize("texts", [1, 3])
def test_columns_grow_and_keep_what_they_hold(
    names: tuple[str, ...], texts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        trade(n, f"{n}.25") if names is TRADES else book(n, f"{n / 1_000:.3f}") for n in range(99)
    ]
    monkeypatch.setattr(columns_of, "_LEAST_ROOM", 2)
    into = Columns(Stream.TRADES if names is TRADES else Stream.DEPTH20, (3, 3), 0, TYPES)

    for start in range(0, 99, 99 // texts):
        assert [] == fill(into, names, b"".join(lines[start : start + 99 // texts]))
    rows = into.taken()

    assert 99 == into.rows == len(rows)
    assert [START_MS + n for n in range(99)] == rows.timestamp.tolist()
    scale = 1 if names is TRADES else 1_000
    ends = Fraction(1, 4) if names is TRADES else 0
    assert [Fraction(n, scale) + ends for n in range(99)] == column(rows, 0)
    assert len(rows) * (names is BOOKS) == len({*map(tuple, rows.hashes.tolist())})


@pytest.mark.parametrize("names", [TRADES, BOOKS])
def test_more_rows_to_read_by_the_letter_than_one_pass_can_name_are_all_named(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_of, "_PUNTS", 2)
    monkeypatch.setattr(columns_of, "_LEAST_ROOM", 3)
    usual = trade(7) if names is TRADES else book(7)
    into = Columns(Stream.TRADES if names is TRADES else Stream.DEPTH20, (3, 3), 0, TYPES)

    punted = fill(into, names, (b"odd\n\n" + usual) * 7)

    size = len(usual) + 5
    assert [[2 * n, n * size, n * size + 3, 3 * n + 1] for n in range(7)] == punted
    assert 14 == into.rows


@pytest.mark.parametrize("stream", Stream)
def test_a_guess_of_far_too_many_rows_costs_no_memory(stream: Stream) -> None:
    into = Columns(stream, (2, 3), 10**15, TYPES)

    assert 0 == into.rows == len(into.taken())


def test_nothing_is_read_of_a_text_that_ends_where_it_starts() -> None:
    into = Columns(Stream.TRADES, (2, 3), 0, TYPES)

    assert [] == fill(into, TRADES, b"")
    assert (0, (0, 0), True) == (into.rows, into.met, into.fits)


# --- decimals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "quantity", "fits"),
    [("1.25", "1.125", True), ("1.125", "1", False), ("1", "1.0005", False), ("1", "1", True)],
)
def test_numbers_of_more_decimals_than_were_expected_do_not_fit(
    price: str, quantity: str, fits: bool
) -> None:
    into = Columns(Stream.TRADES, (2, 3), 0, TYPES)
    fill(into, TRADES, trade(0) + trade(1, price, quantity) + trade(2))

    assert fits == into.fits


def test_what_one_text_met_counts_for_all() -> None:
    into = Columns(Stream.TRADES, (9, 9), 0, TYPES)
    for price, quantity in (("1.5", "1"), ("1.125", "0.5"), ("1", "1")):
        fill(into, TRADES, trade(0, price, quantity))

    assert (3, 1) == into.met
    assert [3, 1] == [each.scale for each in into.taken().decimals]


@given(st.data(), st.sampled_from(Stream), st.sampled_from([(9, 9), (12, 10)]))
def test_the_decimals_that_were_expected_change_no_value(
    data: st.DataObject, stream: Stream, scales: tuple[int, int]
) -> None:
    names = data.draw(headers(stream))
    text = b"".join(line + b"\n" for line in data.draw(st.lists(usual_lines(names), max_size=5)))
    rows = filled(names, text, scales).taken()
    prices, sizes = rows.decimals[::5], [d for n, d in enumerate(rows.decimals) if n % 5]
    least = max(each.scale for each in prices), max(each.scale for each in sizes)

    exactly = filled(names, text, least).taken()

    assert integers(exactly) == integers(rows)
    for place in range(len(rows.decimals)):
        assert column(exactly, place) == column(rows, place)


# --- rows that were read by the letter ----------------------------------------------------------


def test_an_odd_row_stands_in_its_place_with_all_its_numbers() -> None:
    odd = b'"%d",123456789012345678,0.000000000000000001,FALSE,"5"\n' % START_MS
    rows = filled(TRADES, trade(1) + odd + trade(3)).taken()

    flags = kernels.HAS_ID
    assert [
        (START_MS + 1, FIRST + 1, NEVER_RECEIVED, flags, 0),
        (START_MS, 5, NEVER_RECEIVED, flags | kernels.TAKER_BUY, 0),
        (START_MS + 3, FIRST + 3, NEVER_RECEIVED, flags, 0),
    ] == integers(rows)
    assert [Fraction(3, 2), 123456789012345678, Fraction(3, 2)] == column(rows, 0)
    assert [2, Fraction(1, 10**18), 2] == column(rows, 1)


def test_an_odd_book_has_its_hashes_and_sums_beside_usual_ones() -> None:
    odd = b'"%d","[[""9"",""1""]]","[[""10"",""2""]]",\n' % START_MS
    usual = book(0)
    rows = filled(BOOKS, usual + odd + book(0, quantity="3")).taken()

    assert rows.hashes[0].tolist() == rows.hashes[1].tolist() != rows.hashes[2].tolist()
    assert [1, 1, 3] == column(rows, 1) == column(rows, 4)
    assert [9] * 3 == column(rows, 0)


def test_an_odd_book_gives_all_prices_its_scale_and_all_quantities() -> None:
    odd = b'"%d","[[""9.25"",""1""]]","[[""10"",""2.125""]]",\n' % START_MS
    rows = filled(BOOKS, book(0) + odd).taken()

    price, *bids, ask_price, _, _, _, _ = (each.scale for each in rows.decimals)
    asks = [each.scale for each in rows.decimals[6:]]
    assert (2, 2) == (price, ask_price)
    assert [3] * 8 == bids + asks


def test_dropped_rows_leave_no_trace() -> None:
    text = trade(1, "1.5") + b"x\n" + trade(2, "0.25") + b'"%d",1,1,true,9\n' % START_MS + b"y\n"
    into = Columns(Stream.TRADES, (9, 9), 0, TYPES)
    # What lay in the memory of the rows before, larger than any number.
    into._values.fill(2**62)
    for place, start, end, _ in fill(into, TRADES, text):
        line = text[start:end]
        into.drop(place) if line in (b"x", b"y") else into.put(place, by_the_letter(TRADES, line))

    rows = into.taken()

    assert [FIRST + 1, FIRST + 2, 9] == rows.ident.tolist()
    assert [Fraction(3, 2), Fraction(1, 4), 1] == column(rows, 0)
    assert {np.dtype(np.int64)} == {each.units.dtype for each in rows.decimals}


def test_only_dropped_rows_leave_none() -> None:
    into = Columns(Stream.DEPTH20, (2, 3), 0, TYPES)
    for place, *_ in fill(into, BOOKS, b"x\ny\n"):
        into.drop(place)

    assert 0 == len(into.taken())
    assert 10 == len(into.taken().decimals)


@pytest.mark.parametrize(("ids", "hashes"), [(("1", "2"), 0), (("1", ""), 2), (("", ""), 2)])
def test_books_have_hashes_if_any_row_that_is_kept_has_no_id(
    ids: tuple[str, str], hashes: int
) -> None:
    into = Columns(Stream.DEPTH20, (2, 3), 0, TYPES)
    for place, *_ in fill(into, BOOKS, b"x\n" + book(0, id=ids[0]) + book(1, id=ids[1])):
        into.drop(place)

    assert hashes == len(into.taken().hashes)
