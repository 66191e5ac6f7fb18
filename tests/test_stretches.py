"""What is unbroken of a stream, against sets of ids and of milliseconds; cut anywhere, the same."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.quality import DEPTH_PAUSE_MS, NEVER, Spans, trades_seen
from aggregator.stretches import BookStretches, IdStretches

START = 1_765_411_200_000

times = st.integers(0, 40)
found_trades = st.dictionaries(st.integers(0, 20), times)
"""Timestamps by id: nothing says that they rise together."""


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def of(trades: dict[int, int]) -> IdStretches:
    return IdStretches.of(ints(*trades), ints(*trades.values()))


def ms_of(spans: Spans) -> set[int]:
    return {ms for start, end in spans.pairs() for ms in range(start, end)}


def table(stretches: IdStretches | BookStretches) -> list[tuple[int, ...]]:
    """Return each stretch as a row of its numbers."""
    columns = [value.tolist() for value in vars(stretches).values()]
    return list(zip(*columns, strict=True))


def unbroken(ids: list[int]) -> list[tuple[int, int]]:
    firsts = [id for id in ids if id - 1 not in ids]
    lasts = [id for id in ids if id + 1 not in ids]
    return [*zip(firsts, lasts, strict=True)]


# --- trade ids ----------------------------------------------------------------------------------


def test_a_hole_lies_between_the_trades_on_both_sides() -> None:
    stretches = IdStretches.of(ints(5, 6, 9, 10, 12), ints(50, 60, 90, 100, 120))

    holes = stretches.holes()
    assert [[7, 11], [8, 11]] == [holes.first_id.tolist(), holes.last_id.tolist()]
    assert [[60, 100], [90, 120]] == [holes.before.tolist(), holes.after.tolist()]
    assert [(51, 60), (91, 100)] == stretches.seen().pairs()
    assert [(60, 91), (100, 121)] == holes.spans().pairs()


@given(found_trades, st.randoms(use_true_random=False))
def test_holes_are_the_ids_that_lack_in_any_order_of_rows(
    found: dict[int, int], random: Random
) -> None:
    ids = [*found]
    random.shuffle(ids)

    stretches = of({id: found[id] for id in ids})

    holes = stretches.holes()
    lacking = {
        id
        for first, last in zip(holes.first_id.tolist(), holes.last_id.tolist(), strict=True)
        for id in range(first, last + 1)
    }
    assert set(range(min(ids, default=0), max(ids, default=-1) + 1)) - set(ids) == lacking
    for first, last, before, after in zip(
        holes.first_id.tolist(), holes.last_id.tolist(), holes.before, holes.after, strict=True
    ):
        assert (found[first - 1], found[last + 1]) == (before, after)
    assert ms_of(stretches.seen()) == {
        ms for start, end in unbroken(sorted(found)) for ms in range(found[start] + 1, found[end])
    }


@given(found_trades)
def test_of_each_stretch_the_first_and_the_last_trade_are_known(found: dict[int, int]) -> None:
    expected = [(first, last, found[first], found[last]) for first, last in unbroken(sorted(found))]

    assert expected == table(of(found))


def test_no_trades_have_no_holes_and_are_never_seen() -> None:
    stretches = of({})

    assert 0 == len(stretches.holes().first_id)
    assert [] == stretches.seen().pairs()


def test_a_single_trade_makes_a_stretch_that_sees_nothing() -> None:
    stretches = of({5: 50})

    assert [(5, 5, 50, 50)] == table(stretches)
    assert [] == stretches.seen().pairs()


LEAST, MOST = -(2**63), 2**63 - 1


@pytest.mark.parametrize(
    ("ids", "missing"),
    [
        ([LEAST, MOST], 2**64 - 2),
        ([LEAST, 0, MOST], 2**64 - 3),
        ([LEAST, LEAST + 1], 0),
        ([MOST - 1, MOST], 0),
        ([LEAST, 100], 2**63 + 99),
        ([7_947_000_001, MOST], MOST - 7_947_000_001 - 1),
    ],
)
def test_ids_at_the_ends_of_64_bits_lack_what_lies_between(ids: list[int], missing: int) -> None:
    whole = {id: START + n for n, id in enumerate(ids)}
    joined = IdStretches.joined([of({id: at}) for id, at in whole.items()])

    for stretches in (of(whole), joined):
        assert missing == int(stretches.holes().missing_by_second(START).sum())


@given(found_trades, st.lists(st.tuples(times, times), max_size=8))
def test_no_ms_in_which_a_trade_may_be_missing_is_seen(
    found: dict[int, int], covered: list[tuple[int, int]]
) -> None:
    stretches, holes = of(found), of(found).holes()

    seen = ms_of(trades_seen(holes, stretches.seen(), Spans.of_pairs(covered)))

    in_holes = {
        ms
        for before, after in zip(holes.before.tolist(), holes.after.tolist(), strict=True)
        for ms in range(before, after + 1)
    }
    in_covered = {ms for start, end in covered for ms in range(start, end)}
    assert (ms_of(stretches.seen()) | in_covered) - in_holes == seen


def test_covered_time_never_hides_a_hole() -> None:
    stretches = IdStretches.of(ints(1, 2, 5, 6), ints(10, 20, 30, 40))

    seen = trades_seen(stretches.holes(), stretches.seen(), Spans.of_pairs([(0, 100)]))

    assert [(0, 20), (31, 100)] == seen.pairs()


def test_trades_without_a_hole_are_seen_from_behind_the_first_to_the_last() -> None:
    stretches = IdStretches.of(ints(1, 2, 3), ints(10, 20, 30))

    assert [(11, 30)] == trades_seen(stretches.holes(), stretches.seen(), NEVER).pairs()


# --- snapshots ----------------------------------------------------------------------------------


def test_snapshots_see_the_time_between_them_up_to_the_pause() -> None:
    at = ints(0, DEPTH_PAUSE_MS, 2 * DEPTH_PAUSE_MS + 1, 2 * DEPTH_PAUSE_MS + 2, 99_999)

    assert [(0, 2_000), (4_001, 4_002)] == BookStretches.of(at).seen().pairs()
    assert [] == BookStretches.of(ints()).seen().pairs()
    assert [] == BookStretches.of(ints(5)).seen().pairs()


moments = st.lists(st.integers(0, 12).map(lambda n: n * 997), max_size=20).map(sorted)


@given(moments)
def test_snapshots_that_follow_each_other_closely_are_one_stretch(at: list[int]) -> None:
    seen = BookStretches.of(ints(*at)).seen()

    assert ms_of(seen) == {
        ms
        for one, other in pairwise(at)
        if other - one <= DEPTH_PAUSE_MS
        for ms in range(one, other)
    }


# --- in parts -----------------------------------------------------------------------------------


cuts = st.lists(st.integers(0, 25), max_size=5).map(sorted)


@given(found_trades, cuts)
def test_ids_cut_anywhere_and_joined_have_the_stretches_of_all(
    found: dict[int, int], cuts: list[int]
) -> None:
    edges = [-1, *cuts, 100]
    parts = [
        of({id: at for id, at in found.items() if low <= id < high})
        for low, high in pairwise(edges)
    ]

    assert table(of(found)) == table(IdStretches.joined(parts))


@given(moments, cuts)
def test_snapshots_cut_anywhere_and_joined_have_the_stretches_of_all(
    at: list[int], cuts: list[int]
) -> None:
    edges = [0, *(min(cut, len(at)) for cut in cuts), len(at)]
    parts = [BookStretches.of(ints(*at[low:high])) for low, high in pairwise(edges)]

    assert table(BookStretches.of(ints(*at))) == table(BookStretches.joined(parts))


def test_a_hole_between_two_parts_is_a_hole() -> None:
    joined = IdStretches.joined([of({1: 10, 2: 20}), of({}), of({4: 40, 5: 50})])

    assert [(1, 2, 10, 20), (4, 5, 40, 50)] == table(joined)
    assert [3] == joined.holes().first_id.tolist() == joined.holes().last_id.tolist()


def test_joined_parts_of_nothing_are_nothing() -> None:
    assert [] == table(IdStretches.joined([of({}), of({})]))
    assert [] == table(BookStretches.joined([BookStretches.of(ints())]))
