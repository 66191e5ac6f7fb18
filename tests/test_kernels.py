"""The compiled pass must be right about what it accepts; what it punts is read by the letter."""

import ctypes
import mmap
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator import kernels, ladder, numerals
from aggregator.lines import LineReader, Malformed, Row, TypeCodes
from lake.layout import Stream
from tests.spellings import (
    BOUNDS,
    NUMBERS,
    ODD_SIDES,
    REQUIRED,
    ROLES,
    START_MS,
    headers,
    lines,
    usual_lines,
)

TRADES = ("timestamp", "price", "quantity", "is_buyer_maker", "trade_id", "trade_type")
BOOKS = ("timestamp", "bids", "asks", "update_id")
LURES = (b"", b"\n", b"0" * 80, b"1,", b'"",""]]"\n', b" " * 80, b"e\n" * 40, b".5\r\n")
"""What may lie in memory behind a text: more of what it ends with."""


@dataclass(frozen=True)
class Pass:
    """What the compiled pass made of the rows: a row, or None where it punted."""

    rows: list[Row | None]
    punted: list[tuple[int, bytes, int]]
    met: tuple[int, int]


UNTOUCHED = -7
"""What stands where the pass fills nothing."""


@dataclass(frozen=True)
class Room:
    """What the compiled pass fills: so many rows, and places of punted ones."""

    values: NDArray[np.int64]
    flags: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    hashes: NDArray[np.int64]
    punted: NDArray[np.int64]

    @classmethod
    def of(cls, columns: Sequence[str], rows: int, punts: int) -> "Room":
        is_book = "bids" in columns
        fields = kernels.BOOK_FIELDS if is_book else kernels.TRADE_FIELDS
        return cls(
            np.full((fields, rows), UNTOUCHED, np.int64),
            np.full(rows, 0xF0, np.uint8),
            np.full(rows, 0xF0, np.uint8),
            np.zeros((rows if is_book else 0, 2), np.int64),
            np.full((punts, 4), UNTOUCHED, np.int64),
        )

    def cut(self, rows: int, punts: int) -> "Room":
        """Return what was filled."""
        hashes = self.hashes if len(self.hashes) else np.zeros((rows, 2), np.int64)
        return Room(
            self.values[:, :rows], self.flags[:rows], self.codes[:rows], hashes[:rows],
            self.punted[:punts],
        )  # fmt: skip


@dataclass(frozen=True)
class Came:
    """How far the compiled pass came."""

    place: int = 0
    line: int = 0
    rows: int = 0
    punts: int = 0
    met: tuple[int, int] = (0, 0)


def go_on(
    columns: Sequence[str], data: NDArray[np.uint8], came: Came, room: Room,
    scales: tuple[int, int] = (2, 3),
) -> Came:  # fmt: skip
    """Run the compiled pass from where it stopped, with all its room for punted rows."""
    place, line, rows, punts, *met = kernels.scan(
        data, came.place, came.line, np.array([ROLES[name] for name in columns]),
        *TypeCodes().table(), scales, BOUNDS, came.rows,
        room.values, room.flags, room.codes, room.hashes, room.punted,
        np.full(kernels.SCRATCH, UNTOUCHED, np.int64),
    )  # fmt: skip
    return Came(place, line, rows, punts, (met[0], met[1]))


def fill(
    columns: Sequence[str], data: NDArray[np.uint8], lines: int, scales: tuple[int, int] = (2, 3)
) -> tuple[Room, tuple[int, int]]:
    """Run the compiled pass over an array of so many lines; return what it filled, and met."""
    room = Room.of(columns, lines, lines)
    came = go_on(columns, data, Came(), room, scales)
    assert came.place == len(data) or came.rows == lines
    return room.cut(came.rows, came.punts), came.met


def scan(
    columns: Sequence[str], text: bytes, scales: tuple[int, int] = (2, 3), behind: bytes = b""
) -> Pass:
    """Run the pass over rows, with anything behind them; again while it asks for more decimals."""
    data = np.frombuffer(text + behind, dtype=np.uint8)[: len(text)]
    found, met = fill(columns, data, text.count(b"\n"), scales)
    if met[0] > scales[0] or met[1] > scales[1]:
        return scan(columns, text, (max(met[0], scales[0]), max(met[1], scales[1])), behind)
    rows: list[Row | None] = [
        Row(tuple(values[:3]), flag, code, tuple(values[3:]), scales, tuple(hashes))
        for values, flag, code, hashes in zip(
            found.values.T.tolist(), found.flags.tolist(), found.codes.tolist(),
            found.hashes.tolist(), strict=True,
        )
    ]  # fmt: skip
    places = []
    for place, start, end, line in found.punted.tolist():
        assert found.flags[place] == kernels.PUNTED
        rows[place] = None
        places.append((place, text[start:end], line))
    return Pass(rows, places, met)


def meaning(row: Row) -> tuple[object, ...]:
    """Return what a row says, whatever scale its decimals are held at."""
    price, quantity = row.scales
    scales = [price, *[quantity] * (1 if len(row.decimals) == 2 else 4)]
    scales *= len(row.decimals) // len(scales)
    decimals = [Fraction(d, 10**s) for d, s in zip(row.decimals, scales, strict=True)]
    hashes = (0, 0) if row.flags & kernels.HAS_ID or len(decimals) == 2 else row.hashes
    return row.integers, row.flags, row.code, decimals, hashes


def by_the_letter(columns: Sequence[str], line: bytes) -> Row | None:
    roles = [ROLES[name] for name in columns]
    try:
        return LineReader(roles, BOUNDS, TypeCodes()).read(line)
    except Malformed:
        return None


def assert_right_about_what_it_accepts(columns: Sequence[str], found: Pass, text: bytes) -> None:
    """Compare with the letter of the rules; every line has its row, and its number if punted."""
    numbered = [
        (number, line)
        for number, line in enumerate(text.split(b"\n")[:-1], 1)
        if line not in (b"", b"\r")
    ]
    assert len(numbered) == len(found.rows)
    met = [0, 0]
    for row, (_, line) in zip(found.rows, numbered, strict=True):
        expected = by_the_letter(columns, line)
        if row is None:
            continue
        assert expected is not None, f"malformed, but accepted: {line!r}"
        assert meaning(expected) == meaning(row), line
        met = [max(a, b) for a, b in zip(met, expected.scales, strict=True)]
    assert tuple(met) == found.met
    punted = [i for i, row in enumerate(found.rows) if row is None]
    assert [(i, numbered[i][1], numbered[i][0]) for i in punted] == found.punted


# --- the pass against the letter of the rules ---------------------------------------------------


@st.composite
def texts(draw: st.DrawFn, stream: Stream) -> tuple[tuple[str, ...], bytes]:
    """Draw a few rows of one header; whatever is last has little text behind it."""
    columns = draw(headers(stream))
    rows = draw(st.lists(lines(columns) | st.sampled_from((b"", b"\r")), min_size=1, max_size=5))
    return columns, b"".join(row + b"\n" for row in rows)


@settings(max_examples=300)
@given(st.data(), st.sampled_from(Stream), st.sampled_from(LURES))
def test_an_accepted_row_says_what_its_line_says_by_the_letter(
    data: st.DataObject, stream: Stream, behind: bytes
) -> None:
    columns, text = data.draw(texts(stream))

    found = scan(columns, text, behind=behind)

    assert_right_about_what_it_accepts(columns, found, text)


@given(st.data(), st.sampled_from(Stream))
def test_a_row_reads_the_same_at_the_end_of_a_text_and_in_its_middle(
    data: st.DataObject, stream: Stream
) -> None:
    columns = data.draw(headers(stream))
    line, other = data.draw(lines(columns)), data.draw(usual_lines(columns))

    alone = scan(columns, line + b"\n")
    followed = scan(columns, line + b"\n" + other + b"\n" * 80)

    for found, text in ((alone, line + b"\n"), (followed, line + b"\n" + other + b"\n" * 80)):
        assert_right_about_what_it_accepts(columns, found, text)


@given(st.data(), st.sampled_from(Stream))
def test_nothing_behind_a_text_is_read(data: st.DataObject, stream: Stream) -> None:
    columns = data.draw(headers(stream))
    row = data.draw(usual_lines(columns) | lines(columns))
    cut = data.draw(st.integers(0, len(row)))
    text = row[:cut] + b"\n"

    found = [scan(columns, text, behind=behind) for behind in LURES]

    assert found.count(found[0]) == len(LURES)
    assert_right_about_what_it_accepts(columns, found[0], text)


@given(st.binary(max_size=120), st.sampled_from((TRADES, BOOKS)))
@example(b'"', BOOKS)
@example(b'1,"[[', BOOKS)
@example(b'"[[""', ("bids", "asks", "timestamp"))
@example(b"t", ("is_buyer_maker", "timestamp", "price", "quantity"))
@example(b"-", TRADES)
@example(b"1,1.", TRADES)
@example(b"1,1,1,fals", TRADES)
@example(b"\r", TRADES)
def test_any_bytes_at_all_are_read_or_punted(line: bytes, columns: tuple[str, ...]) -> None:
    text = line + b"\n"

    found = [scan(columns, text, behind=behind) for behind in LURES]

    assert found.count(found[0]) == len(LURES)
    assert_right_about_what_it_accepts(columns, found[0], text)


TRADE_LINE = b"1765411200005,61800.30,0.006,true,5266583935,MARKET"
BOOK_LINES = (
    b'1765411200005,"[[""61.2"",""9""],[6,8]]","[[ 62,""5""]]",51',
    b'1765411200005,"[[""61.25"",""9.5""],[""61.15"",""8.5""]]","[[""62.05"",""5""]]",51',
    b'1765411200005,"[[""0.0000012"",""9""],[""0.0000011"",""8""]]","[[""1"",""5""]]",51',
)


@pytest.mark.parametrize("line", [TRADE_LINE, *BOOK_LINES])
def test_every_byte_in_every_place_of_a_row_is_read_right_or_punted(line: bytes) -> None:
    columns = TRADES if line == TRADE_LINE else BOOKS
    places = range(len(line))
    changed = [line[:at] + bytes([byte]) + line[at + 1 :] for at in places for byte in range(256)]
    text = b"\n".join(row for row in changed if b"\n" not in row) + b"\n"

    found = scan(columns, text)

    assert_right_about_what_it_accepts(columns, found, text)
    assert sum(row is not None for row in found.rows) > len(line)


@pytest.mark.parametrize("stream", Stream)
def test_every_odd_cell_in_every_column_is_read_right_or_punted(stream: Stream) -> None:
    usual = dict(zip(TRADES, TRADE_LINE.decode().split(","), strict=True))
    if stream is Stream.DEPTH20:
        side = '"[[""61.25"",""9.5""],[""61.15"",""8.5""]]"'
        usual = {"timestamp": str(START_MS), "bids": side, "asks": side, "update_id": "51"}
    usual |= {"event_time": "5", "received_ns": "7", "note": ""}
    odd = [*NUMBERS, *(f'"{one}"' for one in NUMBERS if '"' not in one)]
    odd += [*ODD_SIDES, *(f'"{one}"'.replace('"', '""')[1:-1] for one in ODD_SIDES)]
    odd += [f'"[[""{one}"",""1""],[""1"",""{one}""]]"' for one in NUMBERS]
    odd += [f'"[[""1"",""{one}""]]"' for one in NUMBERS]
    rows = [{**usual, name: cell} for name in usual for cell in odd]
    text = "".join(f"{','.join(row.values())}\n" for row in rows).encode()

    found = scan(tuple(usual), text)

    assert_right_about_what_it_accepts(tuple(usual), found, text)


@pytest.mark.parametrize("before", range(1, 21))
@pytest.mark.parametrize("scales", [(0, 0), (2, 3), (12, 12)])
def test_numbers_of_every_length_are_read_right_or_punted(
    before: int, scales: tuple[int, int]
) -> None:
    digits = "12345678909876543212345"
    texts = [digits[:before], "0" * before, "9" * before]
    texts += [f"{whole}.{digits[:after]}" for whole in texts for after in range(1, 21)]
    rows = "".join(f"1765411200005,{one},{one},true\n" for one in texts).encode()
    columns = REQUIRED[Stream.TRADES]

    found = scan(columns, rows, scales)

    assert_right_about_what_it_accepts(columns, found, rows)


def test_no_byte_behind_the_end_of_a_text_is_touched() -> None:
    """Read texts that end where memory ends: a process that touches what lies behind is killed."""
    lines = [(TRADES, TRADE_LINE), *((BOOKS, line) for line in BOOK_LINES)]
    texts = [
        (columns, line[:cut] + b"\n") for columns, line in lines for cut in range(len(line) + 1)
    ]

    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        done = process.submit(read_where_memory_ends, texts).result()

    assert len(texts) == done


def read_where_memory_ends(texts: list[tuple[tuple[str, ...], bytes]]) -> int:
    """Scan texts, each of them in front of a page that may not be touched; return how many."""
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    library = ctypes.CDLL(None, use_errno=True)
    if library.mprotect(ctypes.c_void_p(start + page), ctypes.c_size_t(page), 0):
        raise OSError(ctypes.get_errno(), "cannot protect a page of memory")
    whole = np.frombuffer(memory, dtype=np.uint8)
    whole.flags.writeable = False
    for columns, text in texts:
        memory[page - len(text) : page] = text
        fill(columns, whole[page - len(text) : page], 1)
    return len(texts)


# --- room ---------------------------------------------------------------------------------------


@given(st.data(), st.sampled_from(Stream), st.integers(1, 3), st.integers(1, 2), st.integers(0, 3))
def test_a_pass_that_stops_for_want_of_room_goes_on_where_it_stopped(
    data: st.DataObject, stream: Stream, more: int, punts: int, before: int
) -> None:
    columns, text = data.draw(texts(stream))
    array = np.frombuffer(text, dtype=np.uint8)
    lines = text.count(b"\n")
    whole, met = fill(columns, array, lines, (9, 9))

    found = Room.of(columns, before + lines, punts)
    came, punted, greatest = Came(rows=before), [], [0, 0]
    while came.place < len(text):
        step = Room.of(columns, min(came.rows + more, before + lines), punts)
        _copy(found, step, came.rows)
        came = go_on(columns, array, came, step, (9, 9))
        assert came.rows == len(step.flags) or came.punts == punts or came.place == len(text)
        _copy(step, found, came.rows)
        punted += step.punted[: came.punts].tolist()
        greatest = [max(pair) for pair in zip(greatest, came.met, strict=True)]

    assert lines == came.line
    assert met == tuple(greatest)
    assert [[row + before, *rest] for row, *rest in whole.punted.tolist()] == punted
    assert len(whole.flags) == came.rows - before
    assert whole.flags.tolist() == found.flags[before : came.rows].tolist()
    assert {UNTOUCHED} >= {*found.values[:, :before].flat}
    read = whole.flags != kernels.PUNTED
    for name in ("codes", "hashes"):
        one, other = getattr(whole, name), getattr(found.cut(came.rows, 0), name)[before:]
        assert one[read].tolist() == other[read].tolist()
    assert whole.values[:, read].tolist() == found.values[:, before : came.rows][:, read].tolist()


def _copy(one: Room, other: Room, rows: int) -> None:
    """Put the first rows of one into the other."""
    other.values[:, :rows] = one.values[:, :rows]
    other.flags[:rows], other.codes[:rows] = one.flags[:rows], one.codes[:rows]
    if len(one.hashes):
        other.hashes[:rows] = one.hashes[:rows]


@pytest.mark.parametrize(("rows", "punts"), [(0, 5), (5, 0)])
def test_without_room_nothing_is_read(rows: int, punts: int) -> None:
    room = Room.of(TRADES, rows, punts)
    data = np.frombuffer(TRADE_LINE + b"\n", dtype=np.uint8)

    assert Came() == go_on(TRADES, data, Came(), room)
    assert {UNTOUCHED} >= {*room.values.flat}


# --- what must take the fast way ----------------------------------------------------------------


@given(st.data(), st.sampled_from(Stream))
def test_usual_rows_are_not_punted(data: st.DataObject, stream: Stream) -> None:
    columns = data.draw(headers(stream))
    rows = data.draw(st.lists(usual_lines(columns), min_size=1, max_size=8))
    ending = data.draw(st.sampled_from((b"\n", b"\r\n")))

    found = scan(columns, b"".join(row + ending for row in rows))

    assert [] == found.punted


@pytest.mark.parametrize(
    "row",
    [
        b"1765411200005,0,0,FALSE,9223372036854775807,",
        b"1765411200005,000123.450,12345678,True,-12,NA",
        b"1765411200005,123456789012.3456,0.00000001,true,,RPI",
        b"1765324800000,1,1,true,1,UNPUBLISHED",
        b"1765584000000,1,1,true,007,INSURANCE_FUND",
    ],
)
def test_rows_of_old_archives_and_small_coins_are_not_punted(row: bytes) -> None:
    assert [] == scan(TRADES, row + b"\n").punted


def test_levels_may_be_strings_or_numbers_with_spaces_between() -> None:
    sides = (b'"[[""9.5"",""1.0""],[""9"",""2""]]"', b'" [ [ 10 , 1 ] , [10.5, 2]]"')
    row = b",".join((str(START_MS).encode(), *sides, b"77"))

    found = scan(BOOKS, row + b"\n")

    expected = (950, 1000, 3000, 3000, 3000, 1000, 1000, 3000, 3000, 3000)
    assert [Row((START_MS, 77, numerals.NEVER_RECEIVED), 2, 0, expected, (2, 3))] == [
        row and Row(row.integers, row.flags, row.code, row.decimals, row.scales)
        for row in found.rows
    ]


@pytest.mark.parametrize(
    ("bids", "asks", "code"),
    [
        ([(9, 1)], [(10, 1)], ladder.VALID),
        ([], [(10, 1)], ladder.EMPTY_SIDE),
        ([(9, 1)], [], ladder.EMPTY_SIDE),
        ([(9, 0)], [(10, 1)], ladder.NOT_POSITIVE),
        ([(9, 1)], [(0, 1)], ladder.NOT_POSITIVE),
        ([(9, 1), (9, 1)], [(10, 1)], ladder.UNORDERED),
        ([(9, 1), (8, 1)], [(10, 1), (9.5, 1)], ladder.UNORDERED),
        ([(9, 1), (9.5, 1)], [(8, 0)], ladder.NOT_POSITIVE),
        ([(9, 0), (9.5, 1)], [], ladder.EMPTY_SIDE),
        ([(10, 1)], [(10, 1)], ladder.CROSSED),
        ([(11, 1)], [(10, 1)], ladder.CROSSED),
        ([(9 - n / 10, 1) for n in range(21)] + [(50, 0)], [(10, 1)], ladder.VALID),
    ],
)
def test_the_first_fault_of_a_book_is_found(
    bids: list[tuple[float, float]], asks: list[tuple[float, float]], code: int
) -> None:
    sides = [
        '"[' + ",".join(f'[""{price}"",""{quantity}""]' for price, quantity in side) + ']"'
        for side in (bids, asks)
    ]
    text = f"{START_MS},{sides[0]},{sides[1]},1\n".encode()

    (found,) = scan(BOOKS, text).rows
    by_letter = by_the_letter(BOOKS, text[:-1])

    assert found
    assert by_letter
    assert code == found.code == by_letter.code


@pytest.mark.parametrize(
    "prices",
    [
        ["100000000000000", "999999999999999", "5.5"],
        ["99.99", "100.00", "99.999"],
        ["9.5", "10", "0010.5"],
        ["1.5", "1.50", "2"],
        ["0.5", "0.6", "0.07"],
        ["12345678.12345678", "12345678.12345679", "123456780"],
        ["1234567.1234567", "1234567.1234568", "1234567.1234568"],
        ["999.99990", "999.99989", "999.99980"],
        ["999.99989", "999.99990", "1000.00000"],
        ["12345678.5", "12345678.6", "12345679.1"],
    ],
)
@pytest.mark.parametrize("scale", [0, 2, 3, 8, 12])
def test_prices_of_any_form_are_compared_by_value(prices: list[str], scale: int) -> None:
    levels = ",".join(f'[""{price}"",""1""]' for price in prices)
    sides = [f'"[{levels}]","[[""9999999999999999"",""1""]]"', f'"[[""0.01"",""1""]]","[{levels}]"']
    text = "".join(f"{START_MS},{both},1\n" for both in sides).encode() + b" " * 200 + b"\n"

    found = scan(BOOKS, text, (scale, 0))

    assert_right_about_what_it_accepts(BOOKS, found, text)


def test_what_lies_behind_the_twentieth_level_needs_no_decimals() -> None:
    levels = [f'[""{30 - n}"",""1""]' for n in range(20)] + ['[""1.2345"",""0.5""]']
    text = f'{START_MS},"[{",".join(levels)}]","[[""40"",""1""]]",1\n'.encode()

    assert (0, 0) == scan(BOOKS, text).met


# --- the hash that stands for a text ------------------------------------------------------------


def test_the_hash_goes_on_from_its_seed() -> None:
    text = np.frombuffer(b"some text", dtype=np.uint8)

    whole = kernels.fingerprint(text, 0, 9, 0)

    assert whole != kernels.fingerprint(text, 0, 9, 1)
    assert whole != kernels.fingerprint(text, 0, 8, 0)
    assert kernels.fingerprint(text, 5, 9, 3) == kernels.fingerprint(text[5:].copy(), 0, 4, 3)


def test_books_of_the_same_text_have_the_same_hashes_and_others_have_not() -> None:
    books = [('"[[1,2]]"', '"[[3,4]]"')] * 2
    books += [('"[[1,2]]"', '"[[3,5]]"'), ('"[[3,4]]"', '"[[1,2]]"'), ('"[[1, 2]]"', '"[[3,4]]"')]
    text = "".join(f"{START_MS},{bids},{asks}\n" for bids, asks in books).encode()

    hashes = [row and row.hashes for row in scan(REQUIRED[Stream.DEPTH20], text).rows]

    assert hashes[0] == hashes[1]
    assert 4 == len(set(hashes))
