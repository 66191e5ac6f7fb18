"""The rows of one receive minute."""

from pathlib import Path

import pytest

from collector.spool.batches import OWN_MINUTE, Group
from collector.spool.segment import Segment
from collector.spool.spoolnames import LogName
from tests.collector.spools import DEPTH, SYMBOL, TRADES, no_file_longer_than

MINUTE = 29_424_000


def segment(*, again: bool = False) -> Segment:
    return Segment(LogName(7, MINUTE, again), due_ns=0)


def test_rows_are_written_once(tmp_path: Path) -> None:
    each = segment()
    each.trades[SYMBOL].append(b"1\n")

    assert 2 == each.write(tmp_path, newest_ns=0)
    assert 0 == each.write(tmp_path, newest_ns=0)
    assert 0 == each.unwritten_bytes()


def test_rows_that_cannot_be_written_are_kept_for_the_next_time(tmp_path: Path) -> None:
    each = segment()
    each.trades[SYMBOL].append(b"1" * 1000)
    with no_file_longer_than(100), pytest.raises(OSError):
        each.write(tmp_path, newest_ns=0)

    assert 1000 == each.unwritten_bytes()
    assert 1000 == each.write(tmp_path, newest_ns=0)


def test_a_minute_without_rows_leaves_no_file(tmp_path: Path) -> None:
    each = segment()
    each.write(tmp_path, newest_ns=0)

    assert each.sealed("a") is None
    assert [] == list(tmp_path.iterdir())


def test_rows_of_one_stream_can_be_given_up() -> None:
    each = segment()
    each.trades[SYMBOL].append(b"1\n")
    each.late[SYMBOL, MINUTE - 10].append(b"2\n")
    each.depth[SYMBOL].extend([b"3\n", b"4\n"])

    assert 2 == each.drop(DEPTH)
    assert 4 == each.unwritten_bytes()
    assert 2 == each.drop(TRADES)
    assert 0 == each.unwritten_bytes()


@pytest.mark.parametrize(
    ("again", "late_minute", "expected"),
    [(False, MINUTE, MINUTE), (True, MINUTE, OWN_MINUTE), (True, MINUTE - 1, MINUTE - 1)],
)
def test_late_rows_share_a_chunk_with_others_of_the_same_key(
    tmp_path: Path, again: bool, late_minute: int, expected: int
) -> None:
    each = segment(again=again)
    each.late[SYMBOL, late_minute].append(b"1\n")
    each.write(tmp_path, newest_ns=0)

    assert [Group(TRADES, SYMBOL, expected)] == list(each.index.places)
