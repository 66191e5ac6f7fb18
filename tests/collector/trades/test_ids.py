from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.trades.ids import Hole, IdChain, Reset, Room

FIRST = 7_947_000_001
HOUR_MS = 3_600_000


def hole(first_id: int, last_id: int, from_ms: int, to_ms: int) -> Hole:
    return Hole("BTCUSDT", first_id, last_id, from_ms, to_ms)


def chain_of(*trades: tuple[int, int], seed: tuple[int, int] | None = None) -> IdChain:
    chain = IdChain("BTCUSDT")
    if seed:
        chain.seed(*seed)
    for trade_id, time_ms in trades:
        chain.see(trade_id, time_ms)
    return chain


def spans(holes: Sequence[Hole]) -> list[tuple[int, int]]:
    return [(each.first_id, each.last_id) for each in holes]


def test_the_first_id_ever_is_new_and_opens_no_hole() -> None:
    chain = IdChain("BTCUSDT")

    assert chain.see(FIRST, 1_000)
    assert [] == spans(chain.holes)
    assert (FIRST, 1_000) == (chain.last, chain.last_ms)


def test_ids_that_follow_each_other_are_new_once() -> None:
    chain = chain_of((10, 1), (11, 2))

    assert chain.see(12, 3)
    assert not any(chain.see(id_, id_ - 9) for id_ in (10, 11, 12))
    assert [] == spans(chain.holes)


def test_a_step_opens_a_hole_between_the_trades_around_it() -> None:
    chain = chain_of((10, 100), (15, 200))

    assert (hole(11, 14, 100, 200),) == chain.holes


def test_a_hole_closes_when_its_ids_come_in_any_order() -> None:
    chain = chain_of((10, 100), (14, 200))

    assert chain.see(12, 150)
    assert (hole(11, 11, 100, 150), hole(13, 13, 150, 200)) == chain.holes
    assert not chain.see(12, 150)
    assert chain.see(13, 160)
    assert chain.see(11, 110)
    assert [] == spans(chain.holes)


def test_an_arrival_below_the_first_id_is_new_and_what_lies_between_is_a_hole() -> None:
    chain = chain_of((105, 50), (100, 40))

    assert (hole(101, 104, 40, 50),) == chain.holes
    assert all(chain.see(id_, 45) for id_ in (104, 101, 103, 102))
    assert [] == spans(chain.holes)


def test_after_a_restart_the_hole_begins_at_the_last_id_of_the_run_before() -> None:
    chain = chain_of((20, 9_000), seed=(10, 1_000))

    assert (hole(11, 19, 1_000, 9_000),) == chain.holes


def test_after_a_restart_the_next_id_opens_no_hole() -> None:
    assert [] == spans(chain_of((11, 9_000), seed=(10, 1_000)).holes)


def test_the_last_id_of_the_run_before_may_become_known_later_than_the_first_trades() -> None:
    chain = chain_of((20, 9_000), (21, 9_001))

    chain.seed(10, 1_000)

    assert (hole(11, 19, 1_000, 9_000),) == chain.holes


def test_a_lake_that_another_run_keeps_current_opens_no_hole() -> None:
    chain = chain_of((20, 9_000), (21, 9_001))

    chain.seed(21, 9_001)

    assert [] == spans(chain.holes)
    assert chain.see(22, 9_002)


def test_an_id_from_before_the_seed_is_written_once_and_proves_nothing() -> None:
    chain = chain_of(seed=(10, 1_000))

    assert not chain.see(10, 1_000)
    assert [True, True, False, True, False] == [chain.see(id_, 900) for id_ in (7, 5, 7, 6, 5)]
    assert [] == spans(chain.holes)


def test_opened_holes_are_told_once_as_they_are_by_then() -> None:
    chain = chain_of((10, 100), (12, 110), (20, 200), (15, 150), (11, 105))

    assert [(13, 14), (16, 19)] == spans(chain.take_opened())
    assert () == chain.take_opened()
    assert [(13, 14), (16, 19)] == spans(chain.holes)

    chain.see(25, 300)

    assert [(21, 24)] == spans(chain.take_opened())


def test_ids_that_were_given_up_are_no_hole_any_more_and_yet_new() -> None:
    chain = chain_of((10, 100), (15, 200))

    chain.give_up(hole(12, 13, 100, 200))

    assert [(11, 11), (14, 14)] == spans(chain.holes)
    assert chain.see(12, 150)
    assert not chain.see(12, 150)
    assert [(11, 11), (14, 14)] == spans(chain.holes)


def test_giving_up_takes_only_what_is_still_missing() -> None:
    chain = chain_of((10, 100), (15, 200), (12, 150))

    chain.give_up(hole(11, 14, 100, 200))

    assert [] == spans(chain.holes)
    assert not chain.see(12, 150)


def test_a_trade_that_only_a_list_has_is_missing_until_it_comes() -> None:
    chain = chain_of((10, 100))

    chain.expect(12, 200)

    assert (hole(11, 12, 100, 200),) == chain.take_opened()
    assert chain.see(13, 300)
    assert [(11, 12)] == spans(chain.holes)
    assert chain.see(12, 200)
    assert not chain.see(12, 200)
    assert [(11, 11)] == spans(chain.holes)


def test_what_the_chain_has_already_is_not_expected() -> None:
    chain = chain_of((10, 100), (11, 110))

    chain.expect(11, 110)
    IdChain("S").expect(5, 5)

    assert [] == spans(chain.holes)
    assert 11 == chain.last


def test_ids_beyond_the_last_one_can_be_given_up_and_are_no_hole_later() -> None:
    chain = chain_of((10, 100))

    chain.give_up(hole(11, 12, 100, 200))
    chain.see(14, 400)

    assert [(13, 13)] == spans(chain.holes)
    assert chain.see(11, 150)


def test_too_many_holes_are_handed_out_the_oldest_first_and_still_written_if_they_come() -> None:
    room = Room(2)
    chain, other = IdChain("A", room), IdChain("B", room)
    for id_ in (1, 3, 5, 7):
        chain.see(id_, id_)
    other.see(1, 1)

    assert [(2, 2)] == spans(chain.take_overflow())
    assert () == chain.take_overflow()
    assert [(4, 4), (6, 6)] == spans(chain.holes)

    other.see(3, 3)

    assert [(2, 2)] == spans(other.take_overflow())
    assert chain.see(2, 2)
    assert chain.see(4, 4)
    other.see(5, 5)
    assert () == other.take_overflow()


def test_memory_does_not_grow_with_gaps_that_are_recorded() -> None:
    chain = chain_of((1, 1))
    for id_ in range(3, 2_003, 2):
        chain.see(id_, id_)
        chain.give_up(hole(id_ - 1, id_ - 1, 0, 0))

    remembered = [id_ for id_ in range(2, 2_003, 2) if chain.see(id_, 3)]

    assert 0 < len(remembered) <= 200
    assert 2_002 - 2 * len(remembered) < remembered[0]


def test_a_new_count_far_below_is_believed_after_some_trades_and_named() -> None:
    chain = chain_of((FIRST, 1_000), (FIRST + 2, 1_100))

    assert all(chain.see(id_, 5_000 + id_) for id_ in (1, 2, 4))
    expected = Reset(
        "BTCUSDT", FIRST + 2, 1_100, 1, 5_001, (hole(FIRST + 1, FIRST + 1, 1_000, 1_100),)
    )
    assert expected == chain.take_reset()
    assert chain.take_reset() is None
    assert (hole(3, 3, 5_002, 5_004),) == chain.holes
    assert not chain.see(2, 5_002)
    assert chain.see(5, 5_005)


def test_a_new_count_may_begin_inside_of_the_old_one() -> None:
    chain = chain_of(*((id_, id_) for id_ in range(1, 100)))

    assert all(chain.see(id_, 60_000 + id_) for id_ in range(1, 6))
    reset = chain.take_reset()
    assert reset
    assert (99, 1) == (reset.before_id, reset.after_id)
    assert 5 == chain.last


@pytest.mark.parametrize("garbage", [5, FIRST - 10**7, FIRST + 10**9, 2**62])
def test_one_id_that_makes_no_sense_is_written_and_moves_nothing(garbage: int) -> None:
    chain = chain_of((FIRST, 1_000), (FIRST + 1, 1_001))

    assert chain.see(garbage, 9_000)
    assert not chain.see(garbage, 9_000)
    assert chain.see(FIRST + 2, 9_001)
    assert chain.see(garbage, 11_000)
    assert chain.see(FIRST + 3, 11_001)
    assert [] == spans(chain.holes)
    assert chain.take_reset() is None


def test_a_first_id_that_was_garbage_is_left_behind_without_a_hole() -> None:
    chain = chain_of((5, 1_000), *((FIRST + n, 1_001 + n) for n in range(3)))

    assert [] == spans(chain.holes)
    assert FIRST + 2 == chain.last


def test_a_leap_that_is_too_long_to_be_a_pause_becomes_a_hole_once_it_is_believed() -> None:
    chain = chain_of((FIRST, 1_000), (FIRST + 1, 1_001))
    far = FIRST + 10**9

    assert all(chain.see(far + n, 2_000 + n) for n in (1, 0, 2))
    assert chain.take_reset() is None
    assert (hole(FIRST + 2, far - 1, 1_001, 2_000),) == chain.holes
    assert far + 2 == chain.last


def test_a_month_of_trades_that_nobody_recorded_is_a_hole_like_any_other() -> None:
    month_ms = 30 * 24 * HOUR_MS
    chain = chain_of((FIRST + 300_000_000, month_ms), seed=(FIRST, 0))

    assert [(FIRST + 1, FIRST + 299_999_999)] == spans(chain.holes)


def test_an_old_trade_that_is_sent_again_is_a_duplicate_and_no_new_count() -> None:
    chain = chain_of(*((FIRST + n, n * 10) for n in range(5_000)))

    assert not any(chain.see(FIRST + n, n * 10) for n in range(10, 40))
    assert chain.take_reset() is None


def test_trades_that_cannot_be_written_are_one_hole_also_at_the_end_of_the_chain() -> None:
    chain = chain_of((FIRST, 1_000))
    for number in range(1, 5_000):
        chain.miss(FIRST + number, 1_000 + number)

    assert (hole(FIRST + 1, FIRST + 4_999, 1_000, 5_999),) == chain.holes
    assert chain.see(FIRST + 7, 1_007)
    assert not chain.see(FIRST, 1_000)


def test_the_first_trades_of_a_symbol_are_missing_if_they_cannot_be_written() -> None:
    chain = chain_of()
    chain.miss(FIRST, 1_000)
    chain.miss(FIRST + 2, 1_010)
    chain.miss(FIRST + 10**9, 1_020)  # garbage

    assert (hole(FIRST, FIRST + 2, 1_000, 1_010),) == chain.holes


def test_a_chain_that_starts_after_a_trade_of_a_list_writes_that_trade_should_it_come() -> None:
    chain = chain_of()
    chain.start_after(FIRST + 3, 1_003)

    assert chain.see(FIRST + 3, 1_003)
    assert not chain.see(FIRST + 3, 1_003)
    assert chain.see(FIRST + 2, 1_002)
    assert chain.see(FIRST + 4, 1_004)
    assert () == chain.holes

    chain.seed(FIRST, 1_000)
    assert [(FIRST + 1, FIRST + 1)] == spans(chain.holes)


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False), st.booleans())
def test_whatever_the_order_every_id_is_written_once_and_the_rest_are_holes(
    present: set[int], random: Random, is_seeded: bool
) -> None:
    arrivals = [id_ for id_ in present for _ in range(random.randint(1, 3))]
    random.shuffle(arrivals)
    chain = chain_of(seed=(FIRST - 1, 0) if is_seeded else None)

    written = [id_ for id_ in arrivals if chain.see(FIRST + id_, id_)]

    lowest = 0 if is_seeded else min(present)
    missing = set(range(lowest, max(present))) - present
    assert sorted(present) == sorted(written)
    assert missing == {
        id_ - FIRST for each in chain.holes for id_ in range(each.first_id, each.last_id + 1)
    }
    assert all(each.from_ms <= each.to_ms for each in chain.holes)


def test_what_is_lacking_is_newer_or_in_a_hole_asked_for_or_not() -> None:
    chain = IdChain("BTCUSDT")
    assert chain.lacks(5)
    chain.see(5, 1)
    chain.see(8, 2)
    before = [chain.lacks(each) for each in (4, 5, 6, 8, 9)]
    chain.take_opened()

    assert [False, False, True, False, True] == before
    assert before == [chain.lacks(each) for each in (4, 5, 6, 8, 9)]
