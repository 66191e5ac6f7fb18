"""Rows of chunks: in their order, at their exact values, and what is set aside by reason."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import kernels, numerals
from aggregator.columns import RawRows
from aggregator.decode import Decoder, Faults, SetAside, Unusable
from aggregator.lines import Fault, LineReader, Malformed, TypeCodes
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import BOUNDS, DAY, ROLES, START_MS, headers, lines, usual_lines

KEY = ChunkKey(Stream.TRADES, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
HEADER = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type\n"
BOOK_HEADER = "timestamp,bids,asks,update_id\n"


@dataclass(frozen=True)
class Decoded:
    """What a decoder made of one chunk."""

    rows: RawRows
    faults: Faults


def decoded(decoder: Decoder, data: str | bytes, **key: Any) -> Decoded:
    """Decode a chunk by itself."""
    named = replace(KEY, stream=decoder.stream, **key)
    rows, (faults,) = decoder.decode([(named, data.encode() if isinstance(data, str) else data)])
    return Decoded(rows, faults)


def decode(text: str | bytes, stream: Stream = Stream.TRADES) -> Decoded:
    return decoded(Decoder(stream), text)


def trade(ms: int = 5, price: str = "1.5", trade_id: str = "7", kind: str = "MARKET") -> str:
    return f"{START_MS + ms},{price},2.125,true,{trade_id},{kind}\n"


def prices(chunk: Decoded) -> list[Fraction]:
    column = chunk.rows.decimals[0]
    return [Fraction(int(units), 10**column.scale) for units in column.units]


def values(rows: RawRows) -> list[tuple[object, ...]]:
    columns = [
        [Fraction(int(units), 10**column.scale) for units in column.units]
        for column in rows.decimals
    ]
    integers = (rows.timestamp, rows.ident, rows.received_ns, rows.flags, rows.codes)
    return list(zip(*(column.tolist() for column in integers), *columns, strict=True))


@given(st.data(), st.sampled_from(Stream))
def test_a_chunk_has_the_rows_of_its_lines_in_their_order(
    data: st.DataObject, stream: Stream
) -> None:
    columns = data.draw(headers(stream))
    rows = data.draw(st.lists(lines(columns) | st.sampled_from((b"", b"\r")), max_size=8))
    text = b"\n".join((",".join(columns).encode(), *rows)) + b"\n"

    chunk = decode(text, stream)

    expected, faults = by_the_letter(columns, rows)
    assert expected == values(chunk.rows)
    assert faults == {each.fault: (each.rows, each.line) for each in chunk.faults.set_aside}
    assert chunk.faults.unusable is None


def by_the_letter(
    columns: tuple[str, ...], rows: list[bytes]
) -> tuple[list[tuple[object, ...]], dict[Fault, tuple[int, int]]]:
    """Read line by line; faults are counted, with the number of the first line."""
    reader = LineReader([ROLES[name] for name in columns], BOUNDS, TypeCodes())
    expected: list[tuple[object, ...]] = []
    faults: dict[Fault, tuple[int, int]] = {}
    for number, line in enumerate(rows, 2):
        if line in (b"", b"\r"):
            continue
        try:
            row = reader.read(line)
        except Malformed as malformed:
            count, first = faults.get(malformed.fault, (0, number))
            faults[malformed.fault] = (count + 1, first)
            continue
        quantities = 1 if "price" in columns else 4
        scales = [row.scales[0], *[row.scales[1]] * quantities] * (1 if "price" in columns else 2)
        decimals = [Fraction(d, 10**s) for d, s in zip(row.decimals, scales, strict=True)]
        expected.append((*row.integers, row.flags, row.code, *decimals))
    return expected, faults


# --- what a chunk may look like -----------------------------------------------------------------


def test_columns_are_found_by_name_in_any_order_and_unknown_ones_ignored() -> None:
    text = f"note,quantity,is_buyer_maker,timestamp,price\nhello,3,FALSE,{START_MS},2.5\n"

    chunk = decode(text)

    expected = (START_MS, 0, numerals.NEVER_RECEIVED, kernels.TAKER_BUY, 0, Fraction(5, 2), 3)
    assert [expected] == values(chunk.rows)


def test_the_first_of_two_columns_of_a_name_counts() -> None:
    text = f"timestamp,price,quantity,is_buyer_maker,price\n{START_MS},1,1,true,x\n"

    assert [1] == prices(decode(text))


def test_a_column_of_the_other_stream_is_unknown() -> None:
    text = f"timestamp,price,quantity,is_buyer_maker,update_id\n{START_MS},1,1,true,x\n"

    assert [1] == prices(decode(text))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n", "\r\n\n\r\n"])
def test_empty_lines_are_skipped_also_before_the_header(newline: str) -> None:
    text = (newline + HEADER + trade(price="1") + trade(price="2")).replace("\n", newline)

    chunk = decode(text)

    assert [1, 2] == prices(chunk)
    assert not chunk.faults


def test_a_whole_stream_may_end_without_a_newline() -> None:
    assert [1, 2] == prices(
        decode((HEADER + trade(price="1") + trade(price="2")).removesuffix("\n"))
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Unusable.EMPTY),
        ("\n", Unusable.EMPTY),
        ("\r\n\n", Unusable.EMPTY),
        ("timestamp,price,quantity\n", Unusable.COLUMNS),
        ("a,b\rc\n1,2\n", Unusable.COLUMNS),
        (f"{START_MS},1,1,true\n", Unusable.COLUMNS),
        ("timestamp,bids,asks\n", Unusable.COLUMNS),
    ],
)
def test_a_chunk_without_its_columns_is_set_aside_whole(text: str, why: Unusable) -> None:
    chunk = decode(text)

    assert Faults(unusable=why) == chunk.faults
    assert chunk.faults
    assert 0 == len(chunk.rows)


@pytest.mark.parametrize("stream", Stream)
def test_a_chunk_of_a_header_alone_has_no_rows_and_nothing_wrong(stream: Stream) -> None:
    chunk = decode(HEADER if stream is Stream.TRADES else BOOK_HEADER, stream)

    assert (0, Faults()) == (len(chunk.rows), chunk.faults)
    assert not chunk.faults
    assert (2 if stream is Stream.TRADES else 10) == len(chunk.rows.decimals)


def test_a_corrupt_chunk_is_set_aside_whole() -> None:
    data = bytearray(gzip.compress((HEADER + trade()).encode()))
    data[-5] ^= 1  # the checksum

    chunk = decoded(Decoder(Stream.TRADES), bytes(data), format=Format.GZIP)

    assert (0, Unusable.CORRUPT) == (len(chunk.rows), chunk.faults.unusable)


def test_of_a_truncated_chunk_the_complete_lines_are_used_and_the_cut_one_counted() -> None:
    text = (HEADER + trade(price="1") + trade(price="2")).encode()
    whole = gzip.compress(text)

    for end in range(1, len(whole)):
        chunk = decoded(Decoder(Stream.TRADES), whole[:end], format=Format.GZIP)
        if chunk.faults.unusable:
            assert Unusable.EMPTY == chunk.faults.unusable
            continue
        rows = len(chunk.rows)
        assert prices(chunk) == [Fraction(n) for n in (1, 2)][:rows]
        assert chunk.faults.set_aside in ((), (SetAside(Fault.TRUNCATED, 1, rows + 2),))


def test_a_last_line_that_was_cut_at_its_newline_is_no_row() -> None:
    text = (HEADER + trade() + trade(price="2")).removesuffix("\n").encode()
    cut_off = gzip.compress(text)[:-8]

    chunk = decoded(Decoder(Stream.TRADES), cut_off, format=Format.GZIP)

    assert [Fraction(3, 2)] == prices(chunk)
    assert (SetAside(Fault.TRUNCATED, 1, 3),) == chunk.faults.set_aside


# --- malformed rows -----------------------------------------------------------------------------


def test_malformed_rows_are_set_aside_by_reason_with_the_line_of_the_first() -> None:
    text = HEADER + "x\n" + trade(price="1") + "\n" + trade(price="1e5") + trade(price="2") + "y\n"

    chunk = decode(text)

    assert [1, 2] == prices(chunk)
    expected = {SetAside(Fault.FIELDS, 2, 2), SetAside(Fault.NUMBER, 1, 5)}
    assert expected == set(chunk.faults.set_aside)


def test_malformed_rows_beside_rows_without_id_change_nothing_of_them() -> None:
    chunk = decode(HEADER + trade(trade_id="", price="1") + "x\n" + trade(trade_id="", price="2"))

    assert [1, 2] == prices(chunk)
    assert [0, 0] == chunk.rows.flags.tolist()


def test_only_malformed_rows_leave_none() -> None:
    chunk = decode(HEADER + "x\n" * 3)

    assert 0 == len(chunk.rows)
    assert (SetAside(Fault.FIELDS, 3, 2),) == chunk.faults.set_aside


def test_odd_rows_stand_in_their_places_among_usual_ones() -> None:
    odd = ("-1", "0." + "0" * 30 + "7", "123456789012345678", '"4"')
    text = HEADER + "".join(trade(n, price) for n, price in enumerate(("1", *odd, "2.25")))

    found = prices(decode(text))

    expected = [1, -1, Fraction(7, 10**31), 123456789012345678, 4, Fraction(9, 4)]
    assert expected == found


def test_a_date_is_that_of_the_key() -> None:
    late = f"{START_MS + 3 * 86_400_000},1,1,true,1,\n"

    assert Fault.TIMESTAMP == decode(HEADER + late).faults.set_aside[0].fault
    following = decoded(Decoder(Stream.TRADES), HEADER + late, date=DAY.replace(day=13))
    assert 1 == len(following.rows)


# --- many chunks at once ------------------------------------------------------------------------


def batch(stream: Stream, texts: Sequence[bytes]) -> tuple[RawRows, list[Faults]]:
    """Decode chunks of the stream together."""
    key = replace(KEY, stream=stream)
    return Decoder(stream).decode([(key, text) for text in texts])


def hashes(rows: RawRows) -> list[list[int]]:
    """Return the hashes of the rows that have no id."""
    return rows.hashes[rows.flags & kernels.HAS_ID == 0].tolist() if len(rows.hashes) else []


@st.composite
def some_texts(draw: st.DrawFn, stream: Stream) -> list[bytes]:
    """Draw a few chunks, each with columns of its own; some of them are no chunk."""
    texts = []
    for _ in range(draw(st.integers(0, 4))):
        columns = draw(headers(stream))
        rows = draw(st.lists(usual_lines(columns) | lines(columns), max_size=4))
        usual = b"\n".join((",".join(columns).encode(), *rows))
        texts.append(draw(st.just(usual) | st.just(usual) | st.sampled_from((b"", b"a,b\n1,2"))))
    return texts


@given(st.data(), st.sampled_from(Stream))
def test_chunks_decoded_together_are_the_chunks_one_behind_the_other(
    data: st.DataObject, stream: Stream
) -> None:
    texts = data.draw(some_texts(stream))
    decoder = Decoder(stream)
    alone = [decoded(decoder, text) for text in texts]

    rows, faults = batch(stream, texts)

    assert [row for chunk in alone for row in values(chunk.rows)] == values(rows)
    assert [each for chunk in alone for each in hashes(chunk.rows)] == hashes(rows)
    assert [chunk.faults for chunk in alone] == faults


def test_each_chunk_is_read_by_its_own_columns_and_date() -> None:
    other = f"is_buyer_maker,quantity,price,timestamp\nfalse,1,8,{START_MS + 86_400_000 * 5 // 2}\n"
    following = replace(KEY, date=DAY.replace(day=12))

    rows, faults = Decoder(Stream.TRADES).decode(
        [(KEY, (HEADER + trade(price="9")).encode()), (KEY, other.encode()),
         (following, other.encode())]
    )  # fmt: skip

    assert [9, 8] == prices(Decoded(rows, faults[0]))
    assert [Faults(), Faults((SetAside(Fault.TIMESTAMP, 1, 2),)), Faults()] == faults


def test_an_unusable_chunk_costs_nothing_of_those_beside_it() -> None:
    texts = [(HEADER + trade(price=price)).encode() for price in ("1", "2")]

    rows, faults = batch(Stream.TRADES, [texts[0], b"", texts[1], b"a,b\n1,2\n"])

    assert [1, 2] == prices(Decoded(rows, faults[0]))
    assert [None, Unusable.EMPTY, None, Unusable.COLUMNS] == [each.unusable for each in faults]


@pytest.mark.parametrize("stream", Stream)
def test_no_chunks_have_no_rows(stream: Stream) -> None:
    rows, faults = batch(stream, [])

    assert (0, []) == (len(rows), faults)
    assert (2 if stream is Stream.TRADES else 10) == len(rows.decimals)


def test_a_chunk_with_more_decimals_changes_no_value_of_those_before_it() -> None:
    texts = ["1.5", "-2.25", "0.00000000001", "123456789012345678", "3"]

    rows, _ = batch(Stream.TRADES, [(HEADER + trade(price=text)).encode() for text in texts])

    assert [Fraction(text) for text in texts] == prices(Decoded(rows, Faults()))


# --- what a decoder remembers -------------------------------------------------------------------


def test_what_was_decoded_before_changes_no_result() -> None:
    texts = [
        HEADER + trade(price="1.23456789012", kind="LIQUIDATION") + trade(price="5"),
        HEADER + trade(price="1") + trade(price="-2"),
        HEADER + trade(price="1.5", kind="LIQUIDATION"),
        HEADER,
    ]
    decoder = Decoder(Stream.TRADES)

    for _ in range(2):
        for text in texts:
            found, alone = decoded(decoder, text).rows, decode(text).rows
            assert [column.scale for column in alone.decimals] == [
                column.scale for column in found.decimals
            ]
            assert values(alone) == values(found)


def test_a_type_met_once_is_read_the_fast_way_and_means_the_same() -> None:
    decoder = Decoder(Stream.TRADES)
    text = HEADER + trade(kind="LIQUIDATION") + trade(kind="")

    first, second = (decoded(decoder, text).rows for _ in range(2))

    assert ["LIQUIDATION", ""] == [decoder.types.names[code] for code in first.codes]
    assert first.codes.tolist() == second.codes.tolist()


# --- books --------------------------------------------------------------------------------------


def test_books_without_id_have_hashes_that_tell_their_texts_apart() -> None:
    usual, spaced = '"[[""9"",""1""]]"', '"[[""9"", ""1""]]"'
    rows = [f'{START_MS},{bids},"[[10,{n}]]",\n' for bids in (usual, spaced) for n in (1, 2, 1)]

    chunk = decode(BOOK_HEADER + "".join(rows), Stream.DEPTH20)

    keys = [tuple(pair) for pair in chunk.rows.hashes.tolist()]
    assert 4 == len(set(keys))
    assert keys[0] == keys[2]
    assert keys[3] == keys[5]


def test_equal_texts_have_equal_hashes_however_they_are_read() -> None:
    usual = f'{START_MS},"[[9,1]]","[[10,1]]",\n'
    unquoted_id = f'"{START_MS}","[[9,1]]","[[10,1]]",\n'

    chunk = decode(BOOK_HEADER + usual + unquoted_id + "x\n", Stream.DEPTH20)

    assert 2 == len(chunk.rows)
    np.testing.assert_array_equal(chunk.rows.hashes[0], chunk.rows.hashes[1])


def test_books_with_ids_carry_no_hashes() -> None:
    chunk = decode(BOOK_HEADER + f'{START_MS},"[[9,1]]","[[10,1]]",1\n', Stream.DEPTH20)

    assert 0 == len(chunk.rows.hashes)
