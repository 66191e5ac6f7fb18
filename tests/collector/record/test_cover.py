"""What the contract says of covered time, sentence by sentence, as far as it is arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from collector.record.cover import HOUR_MS, Attention, Cover, Span, cut_at_hours, union, without

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))),
    max_size=8,
)


def moments(pieces: list[Span]) -> set[int]:
    return {moment for start, end in pieces for moment in range(start, end)}


@given(spans)
def test_a_union_is_sorted_apart_and_holds_the_same_time(given_spans: list[Span]) -> None:
    joined = union(given_spans)

    assert moments(given_spans) == moments(joined)
    assert all(before[1] < after[0] for before, after in zip(joined, joined[1:], strict=False))
    assert all(start < end for start, end in joined)


@given(spans, spans)
def test_time_without_other_time_is_what_lies_in_one_only(
    given_spans: list[Span], others: list[Span]
) -> None:
    assert moments(given_spans) - moments(others) == moments(without(given_spans, others))


def test_unbroken_time_is_cut_exactly_at_the_hour_so_that_lines_meet() -> None:
    parts = [*cut_at_hours((HOUR_MS - 5, 2 * HOUR_MS + 7))]

    assert [(HOUR_MS - 5, HOUR_MS), (HOUR_MS, 2 * HOUR_MS), (2 * HOUR_MS, 2 * HOUR_MS + 7)] == parts


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=20))
def test_proofs_in_any_order_are_one_cover(pairs: list[Span]) -> None:
    cover = Cover()
    for start, end in pairs:
        cover.add(start, end)

    assert union(pairs) == cover.untold(1_000)


@given(spans, st.lists(st.integers(0, 60), max_size=4))
def test_every_moment_is_told_once(given_spans: list[Span], edges: list[int]) -> None:
    cover, told = Cover(), []
    for edge in sorted(edges):
        for start, end in given_spans:
            cover.add(start, end)
        told += cover.tell(edge)
    told += cover.tell(61)

    assert sum(end - start for start, end in told) == len(moments(told))
    if edges:
        assert moments(given_spans) == moments(told)


def test_a_claim_never_hides_a_hole() -> None:
    cover = Cover()
    cover.add(100, 200)

    assert [(100, 120), (131, 200)] == cover.tell(1_000, [(120, 131)])


def test_when_the_hole_is_closed_its_time_is_claimed_later() -> None:
    cover = Cover()
    cover.add(100, 200)
    cover.tell(1_000, [(120, 131)])
    cover.add(100, 300)

    assert [(120, 131), (200, 300)] == cover.tell(1_000)


def test_what_is_proved_after_the_hour_was_told_is_told_with_the_next() -> None:
    cover = Cover()
    cover.add(HOUR_MS - 500, HOUR_MS - 100)
    cover.tell(HOUR_MS)
    cover.add(HOUR_MS - 500, HOUR_MS + 100)

    assert [(HOUR_MS - 100, HOUR_MS), (HOUR_MS, HOUR_MS + 100)] == cover.tell(2 * HOUR_MS)


def test_old_time_is_forgotten_and_never_told_again() -> None:
    cover = Cover()
    cover.add(0, 5 * HOUR_MS)
    cover.tell(5 * HOUR_MS)
    cover.forget_before(5 * HOUR_MS)
    cover.add(0, 5 * HOUR_MS + 10)

    assert [(5 * HOUR_MS, 5 * HOUR_MS + 10)] == cover.tell(6 * HOUR_MS)


def test_trades_are_claimed_from_the_first_proof_to_the_last() -> None:
    cover = Cover()
    attention = Attention(cover)
    attention.proved(1_001, 1_000)
    attention.proved(1_050, 4_000)

    assert [(1_001, 4_000)] == cover.untold(10_000)


def test_time_after_the_last_proof_is_not_claimed_when_a_stall_is_found() -> None:
    cover = Cover()
    attention = Attention(cover)
    attention.proved(1_001, 4_000)
    attention.broken()
    attention.proved(20_001, 25_000)

    assert [(1_001, 4_000), (20_001, 25_000)] == cover.untold(30_000)
