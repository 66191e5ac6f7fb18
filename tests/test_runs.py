"""Runs of equal seconds are reduced one by one, whatever their lengths."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.exact import NARROW, Limbs, from_integers
from aggregator.runs import Runs
from tests.spellings import START_MS

Row = tuple[int, int]  # ms of the day, a value
rows = st.lists(st.tuples(st.integers(0, 9_000), st.integers(-5, 5)), max_size=30).map(sorted)


def runs_of(some: list[Row]) -> Runs:
    return Runs.of_seconds(np.array([START_MS + ms for ms, _ in some], dtype=np.int64), START_MS)


def by_second(some: list[Row]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for ms, value in some:
        found.setdefault(ms // 1000, []).append(value)
    return found


@given(rows)
def test_each_second_has_its_first_last_sum_and_number_of_rows(some: list[Row]) -> None:
    runs, values = runs_of(some), np.array([value for _, value in some], dtype=np.int64)
    expected = by_second(some)

    assert [*expected] == runs.bars.tolist()
    assert [len(group) for group in expected.values()] == runs.lengths.tolist()
    assert [group[0] for group in expected.values()] == runs.first(values).tolist()
    assert [group[-1] for group in expected.values()] == runs.last(values).tolist()
    assert [sum(group) for group in expected.values()] == runs.sums(values).tolist()


@pytest.mark.parametrize("limbs", [NARROW, Limbs(2), Limbs(3)])
@given(some=rows)
def test_extremes_and_picked_rows_are_exact_in_any_layout(limbs: Limbs, some: list[Row]) -> None:
    units = from_integers([value for _, value in some], 0)
    frame = pl.DataFrame(limbs.columns("price", units, ranked=True))
    runs, expected = runs_of(some), [*by_second(some).values()]

    found = pl.DataFrame({
        **runs.extreme(frame, limbs, "price", "high", highest=True),
        **runs.extreme(frame, limbs, "price", "low", highest=False),
        **runs.pick(frame, limbs, "price", "open", first=True),
        **runs.pick(frame, limbs, "price", "close", first=False),
    })  # fmt: skip

    assert [max(group) for group in expected] == limbs.integers(found, "high")
    assert [min(group) for group in expected] == limbs.integers(found, "low")
    assert [group[0] for group in expected] == limbs.integers(found, "open")
    assert [group[-1] for group in expected] == limbs.integers(found, "close")


def test_rows_before_the_day_have_seconds_below_zero() -> None:
    assert [-1, 0] == runs_of([(-1, 0), (0, 0)]).bars.tolist()
