"""The inbox: order kept, memory bounded, and whoever had to wait is counted."""

import threading
import time
from collections.abc import Callable

import pytest

from collector.clock import Clock
from collector.feed.inbox import Inbox
from collector.feed.reports import Batch, Passed


def inbox(most_frames: int = 100, most_bytes: int = 1_000_000) -> Inbox:
    return Inbox(Clock(), most_frames, most_bytes)


def posting(box: Inbox, frames: list[bytes]) -> threading.Thread:
    """Post from a thread of its own, which may have to wait."""
    thread = threading.Thread(target=box.post, args=(9, 90, frames), daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that happens soon; tell whether it did."""
    deadline_s = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.001)
    return condition()


def test_what_comes_in_goes_out_in_its_order() -> None:
    box, mark = inbox(), Passed(1, 11, 10)
    box.post(1, 10, [b"a", b"b"])
    box.signal(mark)
    box.post(2, 12, [b"c"])

    assert [Batch(1, 10, [b"a", b"b"]), mark, Batch(2, 12, [b"c"])] == box.drain()
    assert [] == box.drain()


def test_no_more_is_taken_than_was_asked_for_by_a_whole_batch() -> None:
    box = inbox()
    for received_ns in range(4):
        box.post(1, received_ns, [b"a", b"b"])

    assert [0, 1] == [item.received_ns for item in box.drain(3) if isinstance(item, Batch)]
    assert [2, 3] == [item.received_ns for item in box.drain(100) if isinstance(item, Batch)]


def test_the_backlog_says_how_full_it_is_and_was() -> None:
    box = inbox()
    box.post(1, 1, [b"four", b"five!"])
    box.post(1, 2, [b"a"])
    backlog = box.backlog()

    assert (3, 10, 10, 0) == (backlog.frames, backlog.bytes, backlog.most_bytes, backlog.waits)
    box.drain(1)
    assert (1, 1, 10) == (box.backlog().frames, box.backlog().bytes, box.backlog().most_bytes)


@pytest.mark.parametrize(
    "full", [inbox(most_frames=2), inbox(most_bytes=8)], ids=["frames", "bytes"]
)
def test_a_reader_waits_while_it_is_full_and_is_counted(full: Inbox) -> None:
    full.post(1, 1, [b"four", b"five"])
    thread = posting(full, [b"more"])

    assert until(lambda: full.backlog().waits == 1)
    assert thread.is_alive()
    assert [Batch(1, 1, [b"four", b"five"])] == full.drain()
    thread.join(5)
    assert [Batch(9, 90, [b"more"])] == full.drain()
    assert full.backlog().waited_s > 0


def test_reports_are_never_held_up() -> None:
    box = inbox(most_frames=1)
    box.post(1, 1, [b"a"])
    mark = Passed(1, 2, 1)
    box.signal(mark)

    assert mark == box.drain(100)[-1]


def test_nobody_waits_for_an_inbox_that_was_closed() -> None:
    box = inbox(most_frames=1)
    box.post(1, 1, [b"a"])
    thread = posting(box, [b"b"])
    assert until(lambda: box.backlog().waits == 1)

    box.close()
    thread.join(5)
    assert not thread.is_alive()
    assert [Batch(1, 1, [b"a"])] == box.drain()


def test_many_threads_lose_nothing_and_keep_each_their_order() -> None:
    box, rounds = inbox(most_frames=50), range(300)

    def write(number: int) -> None:
        for received_ns in rounds:
            box.post(number, received_ns, [b"x"] * (1 + received_ns % 3))

    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    taken: list[Batch] = []

    def has_all() -> bool:
        taken.extend(item for item in box.drain() if isinstance(item, Batch))
        return len(taken) == 4 * len(rounds)

    assert until(has_all)
    for number in range(4):
        assert list(rounds) == [b.received_ns for b in taken if b.connection_id == number]
    assert (0, 0) == (box.backlog().frames, box.backlog().bytes)
