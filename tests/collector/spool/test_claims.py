"""Covered time on its way to the disk."""

from datetime import date

from collector.spool.claims import Claims, Pending
from collector.spool.spoolnames import HourName

HOUR = HourName(date(2025, 12, 11), 8)
LINE, NEXT = (HOUR, b"1\n"), (HOUR, b"2\n")


def test_nothing_is_taken_before_the_rows_are_in_the_log() -> None:
    claims = Claims()
    claims.claim(LINE)
    claims.checkpoint([b"open\n"])

    assert Pending() == claims.take()


def test_what_was_claimed_before_a_flush_is_taken_once() -> None:
    claims = Claims()
    claims.claim(LINE)
    claims.checkpoint([b"open\n"])
    claims.flushed()
    claims.claim(NEXT)

    assert Pending([LINE], [b"open\n"]) == claims.take()
    assert Pending() == claims.take()
    claims.flushed()
    assert Pending([NEXT]) == claims.take()


def test_the_newest_checkpoint_replaces_the_others() -> None:
    claims = Claims()
    for lines in ([b"old\n"], [b"new\n"]):
        claims.checkpoint(lines)
        claims.flushed()

    assert Pending([], [b"new\n"]) == claims.take()


def test_a_checkpoint_of_nothing_is_one_too() -> None:
    claims = Claims()
    claims.checkpoint([b"old\n"])
    claims.flushed()
    claims.checkpoint([])
    claims.flushed()

    assert Pending([], []) == claims.take()


def test_what_could_not_be_written_comes_first_again() -> None:
    claims = Claims()
    claims.claim(LINE)
    claims.checkpoint([b"old\n"])
    claims.flushed()
    taken = claims.take()
    claims.claim(NEXT)
    claims.checkpoint([b"new\n"])
    claims.flushed()
    claims.give_back(taken)

    assert Pending([LINE, NEXT], [b"new\n"]) == claims.take()


def test_what_vouches_for_lost_rows_is_forgotten() -> None:
    claims = Claims()
    claims.claim(LINE)
    claims.flushed()
    claims.claim(NEXT)
    claims.clear()
    claims.flushed()

    assert Pending() == claims.take()
