"""A sealed minute becomes chunks."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.spool import chunks
from collector.spool.batches import Group
from collector.spool.chunks import Chunk, Unreadable, chunks_of, compress, key_of, rows_of
from collector.spool.segment import Sealed, Segment
from collector.spool.spoolnames import LogName
from lake.layout import Stream
from lake.schemas import RAW_TABLES, header
from tests.collector.spools import DEPTH, OTHER, START_NS, SYMBOL, TRADES, book, trade

MINUTE = START_NS // (60 * 10**9)
LATE_MINUTE = MINUTE - 17


def sealed(folder: Path, flushes: Sequence[Sequence[tuple[Stream, str, bytes]]]) -> Sealed:
    segment = Segment(LogName(7, MINUTE), due_ns=0)
    for flush in flushes:
        for stream, symbol, line in flush:
            table = segment.trades if stream is TRADES else segment.depth
            table[symbol].append(line)
        segment.write(folder, newest_ns=0)
    found = segment.sealed("k3v9")
    assert found
    return found


def texts(each: Sealed) -> dict[str, bytes]:
    made = [chunk for chunk in chunks_of(each) if isinstance(chunk, Chunk)]
    return {str(chunk.key): gzip.decompress(chunk.data) for chunk in made}


def test_a_chunk_has_the_rows_of_one_stream_and_symbol_in_the_order_of_arrival(
    tmp_path: Path,
) -> None:
    one, two, three = (trade(number, START_NS) for number in (1, 2, 3))
    snapshot = book(9, START_NS)
    each = sealed(
        tmp_path,
        [
            [(TRADES, SYMBOL, one), (DEPTH, SYMBOL, snapshot), (TRADES, OTHER, three)],
            [(TRADES, SYMBOL, two)],
        ],
    )

    trades, depth = (header(RAW_TABLES[stream]).encode() for stream in Stream)
    assert {
        f"raw/trades/{SYMBOL}/2025-12-11/0800-k3v9.csv.gz": trades + one + two,
        f"raw/depth20/{SYMBOL}/2025-12-11/0800-k3v9.csv.gz": depth + snapshot,
        f"raw/trades/{OTHER}/2025-12-11/0800-k3v9.csv.gz": trades + three,
    } == texts(each)
    assert [2, 1, 1] == [chunk.rows for chunk in chunks_of(each) if isinstance(chunk, Chunk)]


FLUSHES = st.lists(st.lists(st.tuples(st.sampled_from(Stream), st.sampled_from("ABC"))))


@given(flushes=FLUSHES, data=st.data())
def test_however_little_is_read_at_once_nothing_is_lost_and_order_is_kept(
    tmp_path_factory: pytest.TempPathFactory,
    flushes: list[list[tuple[Stream, str]]], data: st.DataObject,
) -> None:  # fmt: skip
    numbers = iter(range(10**6))
    rows = [[(*row, b"%d\n" % next(numbers)) for row in flush] for flush in flushes]
    flat = [row for flush in rows for row in flush]
    if not flat:
        return
    each = sealed(tmp_path_factory.mktemp("log"), rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_READ_BYTES", data.draw(st.integers(1, 100)))
        patch.setattr(chunks, "_GAP_BYTES", data.draw(st.integers(0, 100)))
        found = {(key.split("/")[1], key.split("/")[2]): text for key, text in texts(each).items()}

    assert {(stream, symbol) for stream, symbol, _ in flat} == set(found)
    for (stream, symbol), text in found.items():
        expected = [line for *where, line in flat if where == [stream, symbol]]
        assert expected == text.splitlines(keepends=True)[1:]


def test_equal_rows_give_equal_bytes_however_they_were_flushed() -> None:
    lines = [trade(number, START_NS) for number in range(100)]

    assert compress(TRADES, lines) == compress(TRADES, [b"".join(lines)])


def test_a_chunk_is_one_gzip_member_without_a_time() -> None:
    data = compress(TRADES, [trade(1, START_NS)])

    assert 1 == data.count(b"\x1f\x8b\x08")
    assert bytes(4) == data[4:8]


@pytest.mark.parametrize(
    ("late_minute", "again", "expected"),
    [
        (-1, False, "0800-k3v9.csv.gz"),
        (-1, True, "0800-k3v9R7.csv.gz"),
        (LATE_MINUTE, False, "0743-k3v9R7.csv.gz"),
        (LATE_MINUTE, True, "0743-k3v9R7.csv.gz"),
    ],
)
def test_rows_that_come_late_or_to_a_minute_cut_before_have_a_run_of_their_own(
    late_minute: int, again: bool, expected: str
) -> None:
    key = key_of(Group(TRADES, SYMBOL, late_minute), LogName(7, MINUTE, again), "k3v9")

    assert f"raw/trades/{SYMBOL}/2025-12-11/{expected}" == str(key)


def test_what_the_disk_does_not_give_back_is_named_and_the_rest_is_saved(tmp_path: Path) -> None:
    each = sealed(tmp_path, [[(TRADES, SYMBOL, b"1\n"), (DEPTH, SYMBOL, b"2" * 5000 + b"\n")]])
    with each.log.path.open("r+b") as file:
        file.truncate(each.log.end - 3000)
    whole, lost = chunks_of(each)

    assert isinstance(whole, Chunk)
    assert whole.key.stream is TRADES
    assert Group(DEPTH, SYMBOL) == lost
    with pytest.raises(Unreadable, match="shorter"):
        rows_of(each, Group(DEPTH, SYMBOL))
