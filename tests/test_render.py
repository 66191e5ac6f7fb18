from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import render
from aggregator.exact import LIMIT
from aggregator.render import Cells


def column(cells: Cells) -> list[str]:
    return render.csv([cells]).decode().split("\n")[:-1]


def decimals(units: list[int], scale: int, present: list[bool] | None = None) -> Cells:
    there = present or [True] * len(units)
    return render.decimals(np.array(units, dtype=np.int64), np.array(there), scale)


def plain(value: Decimal) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def test_decimals_are_plain_and_absent_ones_are_empty() -> None:
    assert ["1.5", "", "-0.01"] == column(decimals([150, 3, -1], 2, [True, False, True]))


def test_means_have_twelve_digits_and_absent_ones_are_empty() -> None:
    cells = render.means(np.array([2 / 3, 1.0, 1e15 / 3]), np.array([True, False, True]))

    assert ["0.666666666667", "", "333333333333000"] == column(cells)


def test_times_follow_each_other_through_the_day() -> None:
    hours = column(render.times("2025-12-11", 24, 3_600))

    assert "2025-12-11T00:00:00Z" == hours[0]
    assert "2025-12-11T23:00:00Z" == hours[-1]
    assert hours == sorted(set(hours))


@given(st.lists(st.sampled_from(["", "ok", "partial", "gap", "é", "x" * 500]), max_size=40))
def test_texts_are_written_as_they_are(values: list[str]) -> None:
    assert values == column(render.texts(values))


@given(
    st.lists(st.none() | st.integers(-(10**40), 10**40), min_size=1, max_size=20),
    st.sampled_from([0, 1, 18, 50, 700, 6_000]),
)
def test_decimals_of_any_width_are_exact(units: list[int | None], scale: int) -> None:
    expected = ["" if n is None else plain(Decimal(f"{n}e-{scale}")) for n in units]

    assert expected == column(render.wide_decimals(units, scale))


def test_a_decimal_of_thousands_of_digits_keeps_them_all() -> None:
    (cell,) = column(render.wide_decimals([10**20_000 + 1], 20_000))

    assert "1." + "0" * 19_999 + "1" == cell


@given(
    st.lists(st.tuples(st.integers(1, 10**60), st.integers(1, 10**6)), min_size=1, max_size=10),
    st.sampled_from([0, 3, 36, 400, 20_000]),
)
def test_wide_means_are_the_nearest_of_twelve_digits(
    pairs: list[tuple[int, int]], scale: int
) -> None:
    sums, counts = zip(*pairs, strict=True)

    cells = column(render.wide_means(sums, counts, scale))

    for cell, (total, count) in zip(cells, pairs, strict=True):
        exact = Fraction(total, count * 10**scale)
        assert len(cell.replace(".", "").strip("0")) <= 12
        assert abs(Fraction(Decimal(cell)) - exact) <= exact * Fraction(6, 10**12)


@given(
    st.lists(st.tuples(st.integers(0, LIMIT - 1), st.integers(1, LIMIT - 1)), min_size=1),
    st.integers(0, 100),
)
def test_a_mean_is_the_same_text_whether_or_not_it_fits_64_bits(
    pairs: list[tuple[int, int]], scale: int
) -> None:
    sums, counts = zip(*pairs, strict=True)
    present = np.ones(len(pairs), dtype=bool)

    narrow = render.quotients(np.array(sums), np.array(counts), present, scale)

    assert column(render.wide_means(sums, counts, scale)) == column(narrow)


def test_quotients_that_are_not_there_are_empty() -> None:
    present = np.array([True, False, True])

    cells = render.quotients(np.array([10, 0, 1]), np.array([4, 0, 8]), present, 0)

    assert ["2.5", "", "0.125"] == column(cells)


def test_a_mean_of_nothing_is_empty() -> None:
    assert ["", "", "2"] == column(render.wide_means([None, 0, 4], [3, 0, 2], 0))


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.001, 1e9), st.integers(0, 10**15)), max_size=9)
)
def test_empty_means_are_taken_from_the_decimals_beside_them(
    rows: list[tuple[bool, float, int]],
) -> None:
    present = [there for there, *_ in rows]
    means = render.means(np.array([mean for _, mean, _ in rows]), np.array(present, dtype=bool))
    others = decimals([units for *_, units in rows], 7)

    found = column(means.or_else(others))

    pairs = zip(present, column(means), column(others), strict=True)
    assert [mean if there else other for there, mean, other in pairs] == found


def test_empty_texts_are_taken_from_the_texts_or_decimals_beside_them() -> None:
    others = [render.texts(["7", "8"]), decimals([70, 80], 1)]

    assert [["a", "8"]] * 2 == [column(render.texts(["a", ""]).or_else(x)) for x in others]
    assert [["a", ""]] == [column(render.texts(["a", ""]).or_else(render.texts(["", ""])))]


@pytest.mark.parametrize("rows", [1, 2, 1_000, 40_000])
def test_columns_stand_side_by_side_in_any_number_of_rows(rows: int) -> None:
    texts = ["short", "x" * 3_000] + ["", "y"] * rows
    columns = [
        render.texts(texts[:rows]),
        decimals([*range(rows)], 0),
        decimals([*range(rows)], 2, [n % 3 > 0 for n in range(rows)]),
    ]

    lines = render.csv(columns).decode().split("\n")

    expected = [f"{texts[n]},{n},{plain(Decimal(n) / 100) if n % 3 else ''}" for n in range(rows)]
    assert [*expected, ""] == lines
