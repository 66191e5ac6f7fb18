import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.holes import MAX_NAMED_HOLES, Holes, LongHole
from aggregator.archive.runs import Runs

FILLED = ["timestamp", "trade_id", "price", "quantity", "is_buyer_maker", "trade_type"]


def holes_of(ids: list[int], max_unpublished: int) -> Holes:
    runs = Runs(1)
    runs.add(np.array(ids, np.int64))
    return Holes(runs.gaps(), max_unpublished)


def rows(*time_and_id: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(time_and_id, schema=["timestamp", "trade_id"], orient="row")


def filled(frame: pl.DataFrame) -> list[tuple[int, int]]:
    return frame.select("timestamp", "trade_id").rows()


def test_each_id_of_a_short_hole_becomes_a_row_of_nothing() -> None:
    holes = holes_of([5, 8], 100)

    found = holes.fill(rows((1000, 5), (2000, 8)))

    expected = [(1000, id_, "0", "0", False, "UNPUBLISHED") for id_ in (6, 7)]
    assert expected == found.select(FILLED).rows()


def test_a_hole_of_exactly_the_limit_is_short_and_one_more_is_long() -> None:
    holes = holes_of([0, 101, 203], 100)

    found = holes.fill(rows((10, 0), (20, 101), (30, 203)))

    assert [(10, id_) for id_ in range(1, 101)] == filled(found)
    assert (LongHole(102, 202, 20, 30),) == holes.named()


def test_with_a_limit_of_none_every_hole_is_long() -> None:
    holes = holes_of([1, 3], 0)

    assert [] == filled(holes.fill(rows((10, 1), (20, 3))))
    assert (LongHole(2, 2, 10, 20),) == holes.named()


def test_a_hole_is_filled_once_at_the_first_row_of_the_id_before() -> None:
    holes = holes_of([1, 3], 100)

    first = holes.fill(rows((10, 1), (11, 1)))
    again = holes.fill(rows((99, 1), (100, 3)))

    assert [(10, 2)] == filled(first)
    assert [] == filled(again)


def test_the_first_long_holes_are_named_and_all_are_counted() -> None:
    ids = list(range(0, 20 * (MAX_NAMED_HOLES + 5), 10))
    holes = holes_of(ids, 5)
    holes.fill(rows(*((id_ * 100, id_) for id_ in ids)))

    assert len(ids) - 1 == len(holes.long)
    assert MAX_NAMED_HOLES == len(holes.named())
    assert LongHole(1, 9, 0, 1000) == holes.named()[0]


@given(
    ids=st.lists(st.integers(0, 200), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    max_unpublished=st.integers(0, 30),
)
def test_filled_and_named_ids_are_exactly_those_that_no_row_has(
    ids: list[int], cuts: list[int], max_unpublished: int
) -> None:
    holes = holes_of(ids, max_unpublished)
    in_time = [(time, id_) for time, id_ in enumerate(ids)]
    bounds = sorted({0, *(min(cut, len(ids)) for cut in cuts), len(ids)})
    parts = [in_time[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    found = [pair for part in parts for pair in filled(holes.fill(rows(*part)))]

    absent = set(range(min(ids), max(ids))) - set(ids)
    named = {id_ for hole in holes.named() for id_ in range(hole.first_id, hole.last_id + 1)}
    assert sorted(absent) == sorted([id_ for _, id_ in found] + list(named))
    for time, id_ in found:
        before = max(other for other in ids if other < id_)
        assert ids.index(before) == time
    for hole in holes.named():
        assert hole.last_id - hole.first_id + 1 > max_unpublished
        assert ids.index(hole.first_id - 1) == hole.from_ms
        assert ids.index(hole.last_id + 1) == hole.to_ms
