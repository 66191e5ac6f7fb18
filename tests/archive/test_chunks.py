import gzip
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.chunks import TABLE, chunk_text, compressed, in_order, same_text
from lake.layout import Stream
from lake.schemas import RAW_TABLES, header, required

SCHEMA = {
    "timestamp": pl.Int64,
    "price": pl.String,
    "quantity": pl.String,
    "is_buyer_maker": pl.Boolean,
    "trade_id": pl.Int64,
}
Row = tuple[int, str, str, bool, int]
ROWS = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["1", "1.0", "10"]),
        st.sampled_from(["2", "3"]),
        st.booleans(),
        st.integers(1, 6),
    ),
    min_size=1,
    max_size=20,
)


def frame(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def unpublished(*rows: tuple[int, int]) -> pl.DataFrame:
    cells = [(time, "0", "0", False, id_, "UNPUBLISHED") for time, id_ in rows]
    return pl.DataFrame(cells, schema={**SCHEMA, "trade_type": pl.String}, orient="row")


@given(rows=ROWS, data=st.data())
def test_rows_come_in_one_order_and_each_once(rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))

    found, dropped = in_order([frame(*shuffled[:cut]), frame(*shuffled[cut:])])

    assert sorted(set(rows)) == sorted(found.rows())
    assert len(rows) - len(set(rows)) == dropped
    assert all((a[0], a[4]) <= (b[0], b[4]) for a, b in pairwise(found.rows()))
    assert found.rows() == in_order([frame(*rows)])[0].rows()


def test_rows_of_one_id_that_differ_are_both_kept() -> None:
    found, dropped = in_order([frame((1, "1.0", "2", True, 5), (1, "1", "2", True, 5))])

    assert 2 == found.height
    assert 0 == dropped


def test_a_chunk_has_the_columns_that_readers_require() -> None:
    names = {column.name for column in TABLE}

    assert required(RAW_TABLES[Stream.TRADES]) <= names
    assert "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type\n" == header(TABLE)


def test_the_text_is_plain_csv_with_an_empty_type() -> None:
    rows = frame((1607472000428, "18319.330", "0.105", False, 307064552))

    text = chunk_text(rows, unpublished())

    assert f"{header(TABLE)}1607472000428,18319.330,0.105,false,307064552,\n".encode() == text


def test_rows_of_nothing_stand_at_their_time_and_id() -> None:
    rows = frame((1, "9", "9", True, 5), (1, "9", "9", True, 8), (2, "9", "9", True, 9))

    lines = chunk_text(rows, unpublished((1, 6), (1, 7))).decode().splitlines()

    assert [
        "1,9,9,true,5,",
        "1,0,0,false,6,UNPUBLISHED",
        "1,0,0,false,7,UNPUBLISHED",
        "1,9,9,true,8,",
        "2,9,9,true,9,",
    ] == lines[1:]


def test_compression_knows_no_clock_and_loses_nothing() -> None:
    data = compressed(b"text")

    assert b"text" == gzip.decompress(data)
    assert b"\0\0\0\0" == data[4:8]


def test_chunks_of_the_same_text_are_the_same_however_compressed() -> None:
    assert same_text(compressed(b"rows"), gzip.compress(b"rows", 9))
    assert not same_text(compressed(b"rows"), gzip.compress(b"other rows"))
    assert not same_text(compressed(b"rows")[:-1], compressed(b"rows"))
    assert not same_text(b"not compressed", compressed(b"rows"))
