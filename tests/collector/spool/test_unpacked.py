"""Rows that are in a log only have an age too."""

from collector.spool.unpacked import Unpacked


def test_nothing_in_the_logs_has_no_age() -> None:
    assert 0 == Unpacked(100.0).age_s(0, 5_000.0)


def test_rows_are_as_old_as_the_time_since_the_logs_were_empty() -> None:
    unpacked = Unpacked(100.0)
    unpacked.age_s(0, 200.0)

    assert 30 == unpacked.age_s(1, 230.0)


def test_behind_a_pack_wait_only_rows_of_later_minutes() -> None:
    unpacked = Unpacked(100.0)
    unpacked.packed(120.0)

    assert 65 == unpacked.age_s(1, 245.0)


def test_a_minute_of_a_dead_run_says_nothing_of_the_rows_of_this_one() -> None:
    unpacked = Unpacked(100.0)
    unpacked.packed(120.0)
    unpacked.packed(-9_000.0)

    assert 65 == unpacked.age_s(1, 245.0)


def test_a_minute_that_is_packed_before_it_is_over_makes_no_negative_age() -> None:
    unpacked = Unpacked(100.0)
    unpacked.packed(120.0)

    assert 0 == unpacked.age_s(1, 150.0)


def test_minutes_that_are_never_packed_grow_old() -> None:
    unpacked = Unpacked(100.0)

    assert [60, 600] == [unpacked.age_s(1, now_s) for now_s in (160.0, 700.0)]
