"""How near the spool is to its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.spool.pressure import Room, next_pressure
from collector.view.status import Pressure

GB = 1 << 30


def level(now: Pressure = Pressure.NONE, **room: int) -> Pressure:
    whole = {"used": 0, "limit": 10 * GB, "free": 100 * GB, "total": 100 * GB} | room
    return next_pressure(now, Room(**whole).fullness())


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (0, Pressure.NONE),
        (6.9, Pressure.NONE),
        (7.1, Pressure.EARLY_WARNING),
        (9.1, Pressure.NO_DEPTH),
        (9.9, Pressure.NO_TRADES),
        (11, Pressure.NO_TRADES),
    ],
)
def test_books_are_left_out_before_trades_and_both_after_a_warning(
    used: float, expected: Pressure
) -> None:
    assert expected is level(used=int(used * GB))


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (10, Pressure.NONE),
        (2.9, Pressure.EARLY_WARNING),
        (0.9, Pressure.NO_DEPTH),
        (0.1, Pressure.NO_TRADES),
        (0, Pressure.NO_TRADES),
    ],
)
def test_a_disk_that_others_fill_counts_like_the_limit(free: float, expected: Pressure) -> None:
    assert expected is level(free=int(free * GB))


def test_a_disk_smaller_than_the_limit_is_measured_by_itself() -> None:
    assert Pressure.NONE is level(limit=10 * GB, free=GB, total=GB)
    assert Pressure.NO_DEPTH is level(limit=10 * GB, free=GB // 11, total=GB)


def test_room_to_compress_what_waits_is_kept_free() -> None:
    assert Pressure.NO_TRADES is level(free=GB, owed=GB)


def test_rows_that_pile_up_in_memory_count_too() -> None:
    assert Pressure.NO_DEPTH is level(unwritten=60, memory=64)


def test_a_level_ends_only_when_there_is_room_to_spare() -> None:
    assert Pressure.NO_DEPTH is level(Pressure.NO_DEPTH, used=int(8.7 * GB))
    assert Pressure.EARLY_WARNING is level(Pressure.NO_DEPTH, used=int(8.4 * GB))
    assert Pressure.NONE is level(Pressure.NO_TRADES, used=0)


@given(st.sampled_from(Pressure), st.floats(0, 2))
def test_a_level_never_falls_short_of_what_is_taken(now: Pressure, fullness: float) -> None:
    following = next_pressure(now, fullness)

    assert following >= next_pressure(Pressure.NONE, fullness)
    assert next_pressure(following, fullness) is following
