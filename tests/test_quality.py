"""What is proven of a time: spans against sets of milliseconds, holes, the quality of bars."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aggregator.quality import (
    NEVER,
    SECONDS_PER_DAY,
    Holes,
    Spans,
    quality,
    trades_seen,
)

START = 1_765_411_200_000
DAY_MS = 86_400_000

times = st.integers(0, 40)
pairs = st.lists(st.tuples(times, times), max_size=8)


def ms_of(spans: Spans) -> set[int]:
    """Return every ms that lies in the spans, which must be apart and in order."""
    found = spans.pairs()
    assert all(start < end for start, end in found)
    assert all(one[1] < other[0] for one, other in zip(found, found[1:], strict=False))
    return {ms for start, end in found for ms in range(start, end)}


def set_of(pairs: list[tuple[int, int]]) -> set[int]:
    return {ms for start, end in pairs for ms in range(start, end)}


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


# --- spans --------------------------------------------------------------------------------------


@given(pairs)
def test_spans_are_the_union_of_their_pairs(pairs: list[tuple[int, int]]) -> None:
    assert set_of(pairs) == ms_of(Spans.of_pairs(pairs))


@given(pairs, pairs)
def test_spans_are_added_and_taken_away_like_sets(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    one, other = Spans.of_pairs(ours), Spans.of_pairs(theirs)

    assert set_of(ours) | set_of(theirs) == ms_of(one.union(other))
    assert set_of(ours) - set_of(theirs) == ms_of(one.without(other))
    assert (set_of(theirs) <= set_of(ours)) == one.holds(other)


@given(pairs, times, times)
def test_clipping_leaves_what_lies_between(
    pairs: list[tuple[int, int]], start: int, end: int
) -> None:
    clipped = Spans.of_pairs(pairs).clipped(start, end)

    assert set_of(pairs) & set(range(start, end)) == ms_of(clipped)


def test_spans_that_touch_are_one() -> None:
    assert [(1, 9)] == Spans.of_pairs([(5, 9), (1, 5)]).pairs()
    assert [(1, 5), (6, 9)] == Spans.of_pairs([(6, 9), (1, 5)]).pairs()


def test_never_is_no_time() -> None:
    assert [] == NEVER.pairs() == NEVER.union(NEVER).pairs() == NEVER.without(NEVER).pairs()
    assert NEVER.holds(NEVER)
    assert not NEVER.whole_seconds(START).any()


edges = st.sampled_from([-1_500, -1, 0, 1, 500, 999, 1_000, 1_001, 2_000, 3_500, 5_000, 5_001])


@given(st.lists(st.tuples(edges, edges), max_size=6), st.sampled_from([0, DAY_MS - 3_000]))
def test_a_second_is_whole_if_all_its_ms_lie_in_the_spans(
    pairs: list[tuple[int, int]], shift: int
) -> None:
    spans = Spans.of_pairs((START + shift + start, START + shift + end) for start, end in pairs)

    found = spans.whole_seconds(START)

    inside = {ms + shift for ms in set_of(pairs)}
    first = shift // 1000
    expected = {
        second
        for second in range(max(first - 2, 0), min(first + 8, SECONDS_PER_DAY))
        if set(range(second * 1000, second * 1000 + 1000)) <= inside
    }
    assert expected == set(np.flatnonzero(found).tolist())


def test_covered_days_have_all_their_seconds() -> None:
    assert Spans.of_pairs([(START, START + DAY_MS)]).whole_seconds(START).all()
    assert Spans.of_pairs([(0, 2**62)]).whole_seconds(START).all()
    assert SECONDS_PER_DAY - 1 == Spans.of_pairs([(START + 1, 2**62)]).whole_seconds(START).sum()


# --- holes --------------------------------------------------------------------------------------


def test_missing_ids_are_counted_in_the_second_of_the_next_trade() -> None:
    before, after = ints(START - 5, START + 2_000), ints(START + 1_999, START + 2_500)
    holes = Holes(ints(2, 6), ints(3, 8), before, after)

    missing = holes.missing_by_second(START)

    assert {1: 2, 2: 3} == {second: missing[second] for second in np.flatnonzero(missing).tolist()}


def test_missing_ids_before_the_first_trade_of_another_day_are_not_of_this_day() -> None:
    before, after = ints(START - 9, START - 5), ints(START - 5, START + DAY_MS)
    holes = Holes(ints(2, 5), ints(3, 8), before, after)

    assert 0 == holes.missing_by_second(START).sum()
    assert 1 == len(holes.overlapping(START, START + DAY_MS).first_id)


@pytest.mark.parametrize(
    ("before", "after", "overlaps"),
    [
        (START - 9, START - 1, False),
        (START - 9, START, True),
        (START, START, True),
        (START - 9, START + DAY_MS + 9, True),
        (START + DAY_MS - 1, START + DAY_MS + 9, True),
        (START + DAY_MS, START + DAY_MS + 9, False),
    ],
)
def test_a_hole_is_of_the_day_if_its_time_overlaps_it(
    before: int, after: int, overlaps: bool
) -> None:
    hole = Holes(ints(7), ints(8), ints(before), ints(after))

    assert overlaps == (len(hole.overlapping(START, START + DAY_MS).first_id) == 1)


# --- seen time ----------------------------------------------------------------------------------


@given(pairs, st.lists(st.tuples(times, times)), pairs)
def test_no_ms_in_which_a_trade_may_be_missing_is_seen(
    stretches: list[tuple[int, int]],
    lacking: list[tuple[int, int]],
    covered: list[tuple[int, int]],
) -> None:
    before, after = ([edge(pair) for pair in lacking] for edge in (min, max))
    holes = Holes(ints(*before), ints(*before), ints(*before), ints(*after))

    seen = trades_seen(holes, Spans.of_pairs(stretches), Spans.of_pairs(covered))

    in_holes = {
        ms for first, last in zip(before, after, strict=True) for ms in range(first, last + 1)
    }
    assert (set_of(stretches) | set_of(covered)) - in_holes == ms_of(seen)


def test_covered_time_never_hides_a_hole() -> None:
    holes = Holes(ints(3), ints(4), ints(20), ints(30))
    stretches = Spans.of_pairs([(11, 20), (31, 40)])

    seen = trades_seen(holes, stretches, Spans.of_pairs([(0, 100)]))

    assert [(0, 20), (31, 100)] == seen.pairs()


def test_without_a_hole_all_stretches_and_covered_time_are_seen() -> None:
    holes = Holes(ints(), ints(), ints(), ints())

    seen = trades_seen(holes, Spans.of_pairs([(11, 30)]), Spans.of_pairs([(25, 40)]))

    assert [(11, 40)] == seen.pairs()


# --- the quality of bars ------------------------------------------------------------------------


def seconds(*places: int) -> NDArray[np.bool_]:
    found = np.zeros(SECONDS_PER_DAY, dtype=bool)
    found[list(places)] = True
    return found


def test_a_bar_is_ok_inside_all_seen_time_and_a_gap_outside_it_without_data() -> None:
    trades, books, data = seconds(0, 1), seconds(0, 2), seconds(4)

    grades = quality([trades, books], data, 1)

    assert ["ok", "partial", "partial", "gap", "partial", "gap"] == grades[:6]
    assert {"gap"} == set(grades[5:])


def test_a_single_expected_stream_decides_alone() -> None:
    assert ["ok", "gap"] == quality([seconds(0)], seconds(), 1)[:2]
    assert ["partial", "gap"] == quality([seconds()], seconds(0), 2)[:2]


def test_a_coarse_bar_inside_of_no_stream_is_a_gap_only_without_data() -> None:
    # Seen for a part of the minute is not seen, so this one is a gap, but for its data.
    assert "gap" == quality([seconds(0)], seconds(), 60)[0]
    assert "partial" == quality([seconds(0)], seconds(30), 60)[0]


def test_where_no_stream_is_expected_there_is_no_quality() -> None:
    assert [""] * 24 == quality([], seconds(3), 3_600)


runs = st.lists(st.tuples(st.integers(0, SECONDS_PER_DAY - 1), st.integers(1, 9_000)), max_size=4)


@settings(max_examples=30)
@given(st.lists(runs, min_size=1, max_size=2), runs, st.sampled_from([1, 5, 60, 3_600, 86_400]))
def test_a_coarse_bar_is_ok_exactly_if_all_its_seconds_are(
    seen: list[list[tuple[int, int]]], filled: list[tuple[int, int]], length: int
) -> None:
    streams = [_in_runs(each) for each in seen]
    data = _in_runs(filled)

    fine, coarse = quality(streams, data, 1), quality(streams, data, length)

    assert SECONDS_PER_DAY // length == len(coarse)
    for bar, grade in enumerate(coarse):
        part = slice(bar * length, (bar + 1) * length)
        assert (grade == "ok") == (set(fine[part]) == {"ok"})
        assert grade != "gap" or not data[part].any()


def _in_runs(runs: list[tuple[int, int]]) -> NDArray[np.bool_]:
    found = seconds()
    for start, length in runs:
        found[start : start + length] = True
    return found
