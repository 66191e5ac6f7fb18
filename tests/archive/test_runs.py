import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aggregator.archive.runs
from aggregator.archive.runs import Gaps, Runs

NUMBERS = st.integers(0, 300) | st.integers(10**18 - 300, 10**18 - 1)
BLOCKS = st.lists(st.lists(NUMBERS, max_size=40), max_size=12)


def gaps_of(numbers: set[int], reach: int) -> list[tuple[int, int]]:
    ordered = sorted(numbers)
    return [(a, b) for a, b in zip(ordered, ordered[1:], strict=False) if b - a > reach]


def pairs(gaps: Gaps) -> list[tuple[int, int]]:
    return list(zip(gaps.before.tolist(), gaps.after.tolist(), strict=True))


@pytest.mark.parametrize("unsettled", [0, 5, 65_536])
@given(blocks=BLOCKS, reach=st.sampled_from([1, 2, 7, 60_000]))
def test_gaps_are_exact_in_whatever_order_and_however_often_numbers_come(
    unsettled: int, blocks: list[list[int]], reach: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aggregator.archive.runs, "_UNSETTLED_RUNS", unsettled)
        runs = Runs(reach)
        for block in blocks:
            runs.add(np.array(block, np.int64))

    assert gaps_of({n for block in blocks for n in block}, reach) == pairs(runs.gaps())


def test_the_span_is_the_least_and_the_greatest_number() -> None:
    runs = Runs(1)
    runs.add(np.array([7, 3], np.int64))
    runs.add(np.array([5, 9, 4], np.int64))

    assert (3, 9) == runs.span()


def test_many_rows_without_gaps_are_one_run() -> None:
    runs = Runs(1)
    for start in range(0, 1_000_000, 100_000):
        runs.add(np.arange(start, start + 100_000, dtype=np.int64))

    assert (0, 999_999) == runs.span()
    assert 0 == len(runs.gaps())


def test_what_is_missing_lies_strictly_between() -> None:
    gaps = Gaps(np.array([1, 10], np.int64), np.array([3, 20], np.int64))

    assert [1, 9] == gaps.missing.tolist()
    assert [(10, 20)] == pairs(gaps.where(gaps.missing > 1))
