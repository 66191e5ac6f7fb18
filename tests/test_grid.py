"""Bars on the grid of a day."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.grid import on_grid

SCHEMA = {"bar": pl.Int32, "sum": pl.Int64, "share": pl.Float64}


def bars_at(places: list[int]) -> pl.DataFrame:
    """Return bars that can be told apart."""
    sums = [7 * place + 1 for place in places]
    columns = {"bar": places, "sum": sums, "share": [place / 3 for place in places]}
    return pl.DataFrame(columns, SCHEMA)


@given(st.sets(st.integers(0, 23)))
def test_every_bar_of_the_day_has_its_row_and_is_empty_where_there_was_none(
    places: set[int],
) -> None:
    gridded = on_grid(bars_at(sorted(places)), 3_600)

    assert [7 * i + 1 if i in places else None for i in range(24)] == gridded["sum"].to_list()
    assert [i / 3 if i in places else None for i in range(24)] == gridded["share"].to_list()
    assert SCHEMA == dict(gridded.schema)


@pytest.mark.parametrize("length", [1, 60, 86_400])
def test_any_length_that_divides_a_day_has_its_grid(length: int) -> None:
    last = 86_400 // length - 1

    gridded = on_grid(bars_at([last]), length)

    assert last + 1 == gridded.height
    assert 7 * last + 1 == gridded["sum"][-1]
    assert last == gridded["sum"].null_count()
