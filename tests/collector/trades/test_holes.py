from hypothesis import given
from hypothesis import strategies as st

from collector.trades.greatest import LastTrade
from collector.trades.holes import Hole, Holes, still_open


def hole(first_id: int, last_id: int, from_ms: int = 0, to_ms: int = 9) -> Hole:
    return Hole("S", first_id, last_id, from_ms, to_ms)


def ids(holes: Holes) -> set[int]:
    return {id_ for each in holes for id_ in range(each.first_id, each.last_id + 1)}


def spans(holes: Holes) -> list[tuple[int, int]]:
    return [(each.first_id, each.last_id) for each in holes]


def test_filling_the_middle_leaves_two_holes_that_end_at_its_time() -> None:
    holes = Holes([hole(5, 9, 100, 200)])

    assert holes.fill(7, 150)
    assert [hole(5, 6, 100, 150), hole(8, 9, 150, 200)] == list(holes)


def test_filling_the_ends_and_the_rest_leaves_nothing() -> None:
    holes = Holes([hole(5, 7)])

    assert all(holes.fill(id_, 1) for id_ in (5, 7, 6))
    assert 0 == len(holes)


def test_what_is_in_no_hole_fills_none() -> None:
    holes = Holes([hole(5, 6), hole(10, 11)])

    assert not any(holes.fill(id_, 1) for id_ in (4, 7, 9, 12))
    assert [(5, 6), (10, 11)] == spans(holes)


def test_a_cut_takes_what_lies_inside_and_keeps_what_sticks_out() -> None:
    holes = Holes([hole(1, 4), hole(6, 7), hole(9, 20)])

    taken = holes.cut(3, 12)

    assert [(3, 4), (6, 7), (9, 12)] == spans(Holes(taken))
    assert [(1, 2), (13, 20)] == spans(holes)


def test_a_cut_out_of_the_middle_of_a_hole_leaves_both_its_ends() -> None:
    holes = Holes([hole(1, 10)])

    assert [hole(4, 5)] == holes.cut(4, 5)
    assert [(1, 3), (6, 10)] == spans(holes)


def test_the_newest_hole_grows_where_it_ends() -> None:
    holes = Holes([hole(1, 2), hole(5, 7, 100, 200)])

    assert holes.stretch(7, 9, 300)
    assert not holes.stretch(2, 3, 300)
    assert [hole(1, 2), hole(5, 9, 100, 300)] == list(holes)


def test_what_is_added_again_is_there_once() -> None:
    holes = Holes([hole(3, 4), hole(8, 8)])

    holes.add(hole(1, 10))

    assert [(1, 2), (3, 4), (5, 7), (8, 8), (9, 10)] == spans(holes)


_SPANS = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(_SPANS, max_size=8), st.lists(_SPANS, max_size=4), st.lists(st.integers(0, 60)))
def test_holes_are_a_set_of_ids(
    added: list[tuple[int, int]], cut: list[tuple[int, int]], filled: list[int]
) -> None:
    holes, model = Holes(), set[int]()
    for first, last in added:
        holes.add(hole(first, last))
        model |= set(range(first, last + 1))
    for first, last in cut:
        assert model & set(range(first, last + 1)) == ids(Holes(holes.cut(first, last)))
        model -= set(range(first, last + 1))
    for id_ in filled:
        assert (id_ in model) == (id_ in holes) == holes.fill(id_, 5)
        model.discard(id_)

    assert model == ids(holes)
    assert spans(holes) == sorted(spans(holes))
    assert len(model) == sum(each.size for each in holes)


def test_what_came_later_closes_holes_of_its_symbol_only() -> None:
    holes = [Hole("BTCUSDT", 5, 7, 1, 9), Hole("ETHUSDT", 5, 5, 1, 9)]
    came = {"BTCUSDT": [LastTrade(6, 4), LastTrade(12, 5)], "DOGEUSDT": [LastTrade(5, 4)]}

    assert [
        Hole("BTCUSDT", 5, 5, 1, 4), Hole("BTCUSDT", 7, 7, 4, 9), Hole("ETHUSDT", 5, 5, 1, 9),
    ] == still_open(holes, came)  # fmt: skip
