from hypothesis import given
from hypothesis import strategies as st

from collector.spool.rows import Unpublished
from collector.trades.evidence import PROOF_AGE_MS, judge
from collector.trades.holes import Hole
from tests.collector.trade_lists import MS_PER_ID, hole, listed, spans, trade


def test_a_list_gives_back_the_trades_of_a_hole_and_no_others() -> None:
    verdict = judge([hole(5, 7)], listed(range(1, 20)))

    assert [trade(5), trade(6), trade(7)] == verdict.trades
    assert not (verdict.unpublished or verdict.young or verdict.older or verdict.newer)


def test_an_id_that_the_list_lacks_between_two_was_never_published() -> None:
    verdict = judge([hole(5, 8)], listed([4, 6, 9]))

    expected = [Unpublished("S", 5, 40), Unpublished("S", 7, 60), Unpublished("S", 8, 60)]
    assert expected == verdict.unpublished
    assert [trade(6)] == verdict.trades


def test_the_proof_counts_from_three_seconds_after_the_next_higher_trade() -> None:
    proved_ms = 9 * MS_PER_ID + PROOF_AGE_MS

    early = judge([hole(5, 8)], listed([4, 6, 9], proved_ms - 1))
    late = judge([hole(5, 8)], listed([4, 6, 9], proved_ms))

    assert [5] == [each.trade_id for each in early.unpublished]
    assert [Hole("S", 7, 8, 60, 90)] == early.young
    assert (proved_ms, proved_ms) == (early.proved_from_ms, early.proved_until_ms)
    assert [5, 7, 8] == [each.trade_id for each in late.unpublished]


def test_of_several_young_ids_it_is_known_when_the_first_and_the_last_are_proved() -> None:
    verdict = judge([hole(5, 5), hole(7, 7)], listed([4, 6, 8], 100))

    assert (60 + PROOF_AGE_MS, 80 + PROOF_AGE_MS) == (
        verdict.proved_from_ms, verdict.proved_until_ms,
    )  # fmt: skip


def test_a_list_of_unknown_age_proves_no_absence() -> None:
    verdict = judge([hole(5, 5)], listed([4, 6], None))

    assert [hole(5, 5)] == verdict.young


def test_what_lies_below_the_list_is_older_up_to_its_first_trade() -> None:
    verdict = judge([hole(2, 12)], listed(range(10, 20)))

    assert [Hole("S", 2, 9, 10, 100)] == verdict.older
    assert [10, 11, 12] == [each.trade_id for each in verdict.trades]


def test_what_lies_above_the_list_is_newer_from_its_last_trade_on() -> None:
    verdict = judge([hole(8, 12)], listed(range(1, 10)))

    assert [Hole("S", 10, 12, 90, 130)] == verdict.newer
    assert [8, 9] == [each.trade_id for each in verdict.trades]


def test_a_hole_wholly_outside_of_the_list_stays_as_it_is() -> None:
    verdict = judge([hole(2, 3), hole(50, 60)], listed(range(10, 20)))

    assert [hole(2, 3)] == verdict.older
    assert [hole(50, 60)] == verdict.newer


def test_an_empty_list_says_nothing() -> None:
    assert [hole(2, 3)] == judge([hole(2, 3)], listed([])).newer


def test_one_list_closes_several_holes() -> None:
    verdict = judge([hole(3, 4), hole(7, 7), hole(11, 12)], listed([2, 3, 4, 5, 8, 11, 12, 13]))

    assert [3, 4, 11, 12] == [each.trade_id for each in verdict.trades]
    assert [7] == [each.trade_id for each in verdict.unpublished]


def test_a_list_that_leaps_over_millions_of_ids_is_not_believed_there() -> None:
    verdict = judge([hole(5, 10**9)], listed([4, 6, 10**9 + 1], 10**12))

    assert [5] == [each.trade_id for each in verdict.unpublished]
    assert [(7, 10**9)] == spans(verdict.unbelieved)


@given(st.sets(st.integers(1, 60)), st.integers(1, 60), st.integers(0, 20), st.integers(0, 4_000))
def test_every_id_of_a_hole_has_one_fate(
    present: set[int], first_id: int, more: int, asked_ms: int
) -> None:
    asked = hole(first_id, first_id + more)

    verdict = judge([asked], listed(sorted(present), asked_ms))

    parts = (*verdict.young, *verdict.older, *verdict.newer, *verdict.unbelieved)
    fates = [each.trade_id for each in verdict.trades]
    fates += [each.trade_id for each in verdict.unpublished]
    fates += [id_ for part in parts for id_ in range(part.first_id, part.last_id + 1)]
    assert list(range(first_id, first_id + more + 1)) == sorted(fates)
    assert all(each.trade_id in present for each in verdict.trades)
    for row in verdict.unpublished:
        lower = max(id_ for id_ in present if id_ < row.trade_id)
        higher = min(id_ for id_ in present if id_ > row.trade_id)
        assert lower * MS_PER_ID == row.time_ms
        assert asked_ms >= higher * MS_PER_ID + PROOF_AGE_MS
