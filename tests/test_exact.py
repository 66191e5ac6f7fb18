"""Columns of decimals agree with Python's own integers and fractions, narrow or wide."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.exact import (
    LIMB,
    LIMIT,
    NARROW,
    Exact,
    Limbs,
    from_integers,
    is_narrow,
    joined,
    limbs_for,
    product,
    sums_fit,
)

EDGES = (0, 1, -1, LIMIT - 1, LIMIT, LIMIT + 1, -LIMIT, LIMB, LIMB - 1, 10**18, 2**63 - 1, -(2**63))
integers = st.one_of(
    st.integers(-1_000, 1_000),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(10**40), 10**40),
    st.sampled_from(EDGES),
)
naturals = integers.map(abs)
scales = st.integers(0, 40)
columns = st.builds(from_integers, st.lists(integers, max_size=8), scales)


def fractions(column: Exact) -> list[Fraction]:
    return [Fraction(int(units), 10**column.scale) for units in column.units]


@given(st.lists(integers, max_size=8), scales)
def test_integers_come_back_and_are_narrow_if_they_fit(units: list[int], scale: int) -> None:
    column = from_integers(units, scale)

    assert units == [int(value) for value in column.units]
    assert (column.units.dtype == np.int64) == all(abs(value) < LIMIT for value in units)


@given(columns, scales)
def test_another_scale_changes_no_value(column: Exact, more: int) -> None:
    raised = column.at(column.scale + more)

    assert fractions(column) == fractions(raised)
    assert fractions(column) == fractions(raised.at(column.scale))


@given(st.lists(columns, max_size=4))
def test_joined_columns_follow_each_other(parts: list[Exact]) -> None:
    whole = joined(parts)

    assert [value for part in parts for value in fractions(part)] == fractions(whole)
    assert max((part.scale for part in parts), default=0) == whole.scale


@given(st.lists(st.tuples(integers, integers), max_size=8), scales, scales)
def test_products_are_exact(pairs: list[tuple[int, int]], scale: int, other_scale: int) -> None:
    one = from_integers([a for a, _ in pairs], scale)
    other = from_integers([b for _, b in pairs], other_scale)

    found = product(one, other)

    expected = [a * b for a, b in zip(fractions(one), fractions(other), strict=True)]
    assert expected == fractions(found)


@given(columns, st.data())
def test_rows_are_replaced_in_their_places(column: Exact, data: st.DataObject) -> None:
    places = st.integers(0, max(len(column.units) - 1, 0))
    rows = data.draw(st.lists(places, unique=True)) if len(column.units) else []
    values = from_integers([data.draw(integers) for _ in rows], data.draw(scales))

    found = fractions(column.at_rows(rows, values))

    expected = fractions(column)
    for row, value in zip(rows, fractions(values), strict=True):
        expected[row] = value
    assert expected == found


# --- narrow or wide -----------------------------------------------------------------------------


@given(st.lists(st.sampled_from([1, 10**9, 2**61, LIMIT - 1]), max_size=9))
def test_sums_fit_only_if_no_sum_of_rows_leaves_64_bits(units: list[int]) -> None:
    column = from_integers(units, 2)

    if sums_fit(column):
        assert sum(units) < LIMIT
    else:
        assert sum(units) > LIMIT * 0.98


def test_negative_units_count_as_much_as_positive_ones() -> None:
    assert not sums_fit(from_integers([LIMIT - 1, 1 - LIMIT], 0))


def test_more_decimals_than_a_float_can_scale_are_wide() -> None:
    assert is_narrow(from_integers([1], 30))
    assert not is_narrow(from_integers([1], 400))
    assert not sums_fit(from_integers([1], 400))
    assert limbs_for([from_integers([1], 400)], 1) != NARROW


@given(st.lists(st.lists(naturals, min_size=1, max_size=5), min_size=1, max_size=3))
def test_the_layout_has_room_for_every_sum(table: list[list[int]]) -> None:
    given_columns = [from_integers(units, 3) for units in table]
    rows = max(len(units) for units in table)

    limbs = limbs_for(given_columns, rows)

    if limbs.narrow:
        assert all(sum(units) < LIMIT for units in table)
    else:
        assert all(sum(units) < LIMB**limbs.count for units in table)


# --- limbs --------------------------------------------------------------------------------------


def frame_of(limbs: Limbs, units: Sequence[int], column: str = "x") -> pl.DataFrame:
    return pl.DataFrame(limbs.columns(column, from_integers(units, 0), ranked=True))


layouts = st.sampled_from([Limbs(5), Limbs(6), Limbs(9)])


@given(layouts, st.lists(integers, min_size=1, max_size=8))
def test_limbs_come_back(limbs: Limbs, units: list[int]) -> None:
    assert units == limbs.integers(frame_of(limbs, units), "x")


def test_a_narrow_layout_is_one_column() -> None:
    frame = frame_of(NARROW, [5, -3])

    assert ["x"] == frame.columns
    assert [5, -3] == NARROW.integers(frame, "x")
    assert "x" == NARROW.rank("x")


@given(layouts, st.lists(st.tuples(st.integers(0, 2), naturals), min_size=1, max_size=12))
def test_sums_extremes_and_picks_of_groups_are_those_of_python(
    limbs: Limbs, rows: list[tuple[int, int]]
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    frame = frame_of(limbs, [value for _, value in rows]).with_columns(
        group=pl.Series([group for group, _ in rows])
    )

    found = frame.group_by("group", maintain_order=True).agg(
        *(total.name.prefix("sum_") for total in limbs.each("x", pl.Expr.sum)),
        *limbs.pick("x", "first", pl.Expr.first),
        *limbs.pick("x", "last", pl.Expr.last),
        *limbs.extreme("x", "high", highest=True),
        *limbs.extreme("x", "low", highest=False),
    )

    groups = {group: [v for g, v in rows if g == group] for group, _ in rows}
    assert [sum(values) for values in groups.values()] == limbs.integers(found, "sum_x")
    assert [values[0] for values in groups.values()] == limbs.integers(found, "first")
    assert [values[-1] for values in groups.values()] == limbs.integers(found, "last")
    assert [max(values) for values in groups.values()] == limbs.integers(found, "high")
    assert [min(values) for values in groups.values()] == limbs.integers(found, "low")


@given(st.lists(integers.filter(lambda n: abs(n) < LIMIT // 20), min_size=1, max_size=12))
def test_narrow_and_wide_layouts_agree(units: list[int]) -> None:
    found = []
    for limbs in (NARROW, Limbs(3)):
        totals = frame_of(limbs, units).select(
            *(total.name.prefix("sum_") for total in limbs.each("x", pl.Expr.sum)),
            *limbs.extreme("x", "high", highest=True),
            *limbs.extreme("x", "low", highest=False),
        )
        found.append([limbs.integers(totals, name) for name in ("sum_x", "high", "low")])

    assert found[0] == found[1] == [[sum(units)], [max(units)], [min(units)]]


def test_an_extreme_of_an_extreme_is_the_extreme() -> None:
    limbs = Limbs(4)
    units = [10**30, 5, 10**30 + 1, 7]
    frame = frame_of(limbs, units).with_columns(group=pl.Series([0, 0, 1, 1]))

    halves = frame.group_by("group", maintain_order=True).agg(
        *limbs.extreme("x", "x", highest=True)
    )
    whole = halves.select(*limbs.extreme("x", "x", highest=True))

    assert [10**30 + 1] == limbs.integers(whole, "x")


def test_an_absent_value_is_none() -> None:
    limbs = Limbs(2)
    frame = pl.DataFrame({name: [3, None] for name in limbs.names("x")})

    assert [3 + 3 * LIMB, None] == limbs.integers(frame, "x")


@pytest.mark.parametrize("limbs", [NARROW, Limbs(3)])
def test_no_rows_have_no_values(limbs: Limbs) -> None:
    assert [] == limbs.integers(frame_of(limbs, []), "x")
    assert [] == fractions(joined([]))
