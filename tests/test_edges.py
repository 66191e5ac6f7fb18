"""Where rows begin and end tells which of them must be reduced together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decode import Decoder
from aggregator.edges import Edges, overlapping
from aggregator.rows import Piece, seam
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import DAY, START_MS

KEY = ChunkKey(Stream.TRADES, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
HEADER = "timestamp,price,quantity,is_buyer_maker,trade_id\n"
steps = st.tuples(st.sampled_from([0, 0, 1, 300, 1_000, 5_000]), st.sampled_from([1, 1, 1, 2, 9]))
Moment = tuple[int, int | None]


def piece(*rows: tuple[int, int | None], neighbour: bool = False) -> Piece:
    """Return trades of some times and ids."""
    lines = (f"{START_MS + ms},1,2,true,{'' if id is None else id}\n" for ms, id in rows)
    raw, _ = Decoder(Stream.TRADES).decode([(KEY, (HEADER + "".join(lines)).encode())])
    return Piece(raw, neighbour)


def rows_of(pieces: list[Piece]) -> list[tuple[int, int | None]]:
    return [
        (int(ms) - START_MS, int(id) if flags & 2 else None)
        for each in pieces
        for ms, id, flags in zip(
            each.raw.timestamp, each.raw.ident, each.raw.flags, strict=True
        )
    ]  # fmt: skip


def test_edges_of_rows_are_those_of_their_times_and_ids() -> None:
    assert Edges(START_MS + 1, START_MS + 9, 3, 8, all_ids=True) == Edges.of(
        piece((5, 3), (1, 8), (9, 4)).raw
    )
    assert Edges(START_MS + 1, START_MS + 5, 8, 8, all_ids=False) == Edges.of(
        piece((5, None), (1, 8)).raw
    )
    assert Edges(START_MS, START_MS, None, None, all_ids=False) == Edges.of(piece((0, None)).raw)
    assert None is Edges.of(piece().raw)


def test_rows_beside_the_next_piece_are_held_back() -> None:
    held = [piece((0, 1), (5, 3)), piece((1, 2), (6, 4), (6, None), neighbour=True)]

    done, rest = seam(held, piece((5, 3), (9, 7)))

    assert [(0, 1), (1, 2)] == rows_of(done)
    assert [(5, 3), (6, 4), (6, None)] == rows_of(rest)
    assert [False, True] == [each.neighbour for each in done]
    assert [False, True] == [each.neighbour for each in rest]


def test_pieces_that_stand_apart_are_done_as_they_are() -> None:
    one, other = piece((0, 1)), piece((5, 2))

    assert ([one], []) == seam([one], other)
    assert ([], [one]) == seam([one], piece())
    assert ([], []) == seam([], other)


times = st.integers(0, 20)
some_rows = st.lists(st.tuples(times, st.none() | st.integers(0, 20)), max_size=8)


@given(st.lists(some_rows, max_size=4), some_rows)
def test_a_seam_loses_no_row_and_lets_none_go_that_the_next_piece_may_hold(
    earlier: list[list[tuple[int, int | None]]], later: list[tuple[int, int | None]]
) -> None:
    done, rest = seam([piece(*rows) for rows in earlier], piece(*later))

    assert sorted(map(str, sum(earlier, []))) == sorted(map(str, rows_of(done) + rows_of(rest)))
    first_ms = min((ms for ms, _ in later), default=0)
    first_id = min((id for _, id in later if id is not None), default=99)
    for ms, id in rows_of(done):
        assert later
        assert ms < first_ms or (ms == first_ms and id is not None)
        assert id is None or id < first_id


# --- which parts overlap ------------------------------------------------------------------------


def edges(first_ms: int, last_ms: int, *ids: int, without: bool = False) -> Edges:
    """Return the edges of rows of these ids, some of them `without` one."""
    first, last = min(ids, default=None), max(ids, default=None)
    return Edges(first_ms, last_ms, first, last, all_ids=bool(ids) and not without)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (edges(0, 9, 1, 5), edges(10, 20, 6, 7), True),
        (edges(0, 9, 1, 5), edges(9, 20, 6, 7), True),
        (edges(0, 9, 1, 5), edges(8, 20, 6, 7), False),
        (edges(0, 9, 1, 5), edges(10, 20, 5, 7), False),
        (edges(0, 9, 1, 5), edges(10, 20, 4, 7), False),
        (edges(0, 9, 6, 7), edges(10, 20, 1, 5), False),
        (edges(0, 9, 1, without=True), edges(10, 20, 2), True),
        (edges(0, 9, 1, without=True), edges(9, 20, 2), False),
        (edges(0, 9, 1), edges(9, 20, 2, without=True), False),
        (edges(0, 9, 3, without=True), edges(10, 20, 3), False),
        (edges(0, 9), edges(10, 20, 2), True),
        (edges(0, 9), edges(9, 20, 2), False),
        (edges(0, 9), edges(10, 20), True),
        (edges(0, 9), edges(9, 20), False),
    ],
)
def test_parts_are_apart_if_no_row_of_one_can_be_or_precede_one_of_the_other(
    one: Edges, other: Edges, apart: bool
) -> None:
    assert apart == one.lie_before(other)
    assert ([range(1), range(1, 2)] if apart else [range(2)]) == overlapping([one, other])


@pytest.mark.parametrize(
    ("parts", "groups"),
    [
        ([None], [range(1)]),
        ([None, edges(0, 1), None, edges(2, 3), None], [range(n, n + 1) for n in range(5)]),
        ([edges(0, 1), None, edges(0, 3)], [range(3)]),
        ([edges(0, 1), edges(2, 3), edges(3, 4, without=True), edges(5, 6)],
         [range(1), range(1, 3), range(3, 4)]),
        # One late row takes all with it that it may stand among.
        ([edges(0, 1), edges(2, 3), edges(4, 5), edges(3, 7)], [range(1), range(1, 4)]),
        ([edges(0, 1), edges(2, 9), edges(4, 5), edges(6, 7)], [range(1), range(1, 4)]),
        ([edges(0, 1), edges(2, 3), edges(0, 1), edges(4, 5)], [range(3), range(3, 4)]),
        # A double of an id, an hour later.
        ([edges(0, 1, 1), edges(2, 3, 2), edges(4, 5, 3), edges(6, 7, 2)], [range(1), range(1, 4)]),
    ],
)  # fmt: skip
def test_parts_that_overlap_are_one_group_with_all_between_them(
    parts: list[Edges | None], groups: list[range]
) -> None:
    assert groups == overlapping(parts)


few = st.integers(0, 12)


@st.composite
def some_edges(draw: st.DrawFn) -> Edges | None:
    times = sorted(draw(st.tuples(few, few)))
    ids, without = draw(st.lists(few, max_size=2)), draw(st.booleans())
    return draw(st.just(edges(*times, *ids, without=without)) | st.none())


@given(st.lists(some_edges(), min_size=1, max_size=7))
def test_groups_are_apart_and_hold_every_part_once_in_order(parts: list[Edges | None]) -> None:
    groups = overlapping(parts)

    assert [*range(len(parts))] == [place for group in groups for place in group]
    assert all(groups)
    for one, other in ((a, b) for n, a in enumerate(groups) for b in groups[n + 1 :]):
        for earlier, later in ((parts[i], parts[j]) for i in one for j in other):
            assert earlier is None or later is None or earlier.lie_before(later)


@given(st.lists(steps, min_size=1, max_size=20))
def test_parts_in_order_are_left_alone(steps: list[tuple[int, int]]) -> None:
    ms, id, parts = 0, 0, []
    for more_ms, more_ids in steps:
        parts.append(edges(ms, ms + more_ms, id, id + more_ids - 1))
        ms, id = ms + more_ms, id + more_ids

    assert [range(n, n + 1) for n in range(len(parts))] == overlapping(parts)
