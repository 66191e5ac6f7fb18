"""A side of a book written as usual says what it says in any other writing."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.ladder import (
    CODE,
    EMPTY_SIDE,
    LEVELS,
    NOT_POSITIVE,
    PRICE_SCALE,
    QUANTITY_SCALE,
    SIDE_FIELDS,
    UNORDERED,
    VALID,
    side,
)

SCALES = (4, 4)
FIELD, ROW = 3, 2
"""Where in a larger table the side is put."""

UNTOUCHED = -7
Level = tuple[str, str]
Side = list[Level]

number_texts = st.builds(
    lambda whole, part: f"{whole}.{part}" if part else str(whole),
    st.integers(0, 100_100),
    st.sampled_from(["", "0", "5", "00", "10", "9999"]),
)
steady_texts = st.integers(99_950, 100_050).map(lambda units: f"{units // 10}.{units % 10}")
long_texts = st.integers(10**13, 10**13 + 30).map(lambda units: f"{units}.25")
sides: st.SearchStrategy[Side] = st.one_of(
    *(
        st.lists(st.tuples(prices, number_texts), max_size=24)
        for prices in (number_texts, steady_texts, long_texts)
    ),
    st.integers(1, 22).map(lambda n: [(f"{61800.5 - k / 2:.2f}", f"{k}.001") for k in range(n)]),
    st.integers(1, 22).map(lambda n: [(f"{99999.5 + k / 2:.1f}", f"{k}.001") for k in range(n)]),
)


def read(text: str, *, falling: bool) -> tuple[int, list[int], list[int]]:
    """Return the place behind the cell, the side's fields, and the row's state."""
    data = np.frombuffer(f"{text},1,2\n".encode(), dtype=np.uint8).copy()
    into, state = np.full((FIELD + SIDE_FIELDS + 1, 5), UNTOUCHED, np.int64), np.zeros(4, np.int64)
    end = side(data, 0, SCALES, falling, into, FIELD, ROW, state)
    fields = into[FIELD : FIELD + SIDE_FIELDS, ROW].tolist()
    into[FIELD : FIELD + SIDE_FIELDS, ROW] = UNTOUCHED
    assert {UNTOUCHED} == {*into.flat}, "another place of the table was filled"
    return end, fields, state.tolist()


def usual(levels: Side) -> str:
    return '"[' + ",".join(f'[""{price}"",""{size}""]' for price, size in levels) + ']"'


def spaced(levels: Side) -> str:
    """Return the same in a writing that only the general pass reads."""
    return '"[ ' + ", ".join(f'[""{price}"", ""{size}""]' for price, size in levels) + ']"'


@given(levels=sides, falling=st.booleans())
@example(levels=[("100000.0", "1"), ("99999.9", "1"), ("99999.8", "1")], falling=True)
@example(levels=[("99999.9", "1"), ("100000.0", "1")], falling=False)
@example(levels=[("99999.9", "1"), ("100000.0", "1")], falling=True)
@example(levels=[("5.0", "1"), ("5.0", "1")], falling=True)
@example(levels=[("5.0", "1"), ("0.0", "1")], falling=True)
@example(levels=[("5.0", "0")], falling=True)
def test_the_usual_writing_says_the_same_as_any_other(levels: Side, falling: bool) -> None:
    end, fields, state = read(usual(levels), falling=falling)
    other_end, other_fields, other_state = read(spaced(levels), falling=falling)

    assert (end < 0) == (other_end < 0)
    if end >= 0:
        assert len(usual(levels)) == end
        assert (other_fields, other_state) == (fields, state)


@pytest.mark.parametrize(
    ("levels", "falling", "fault"),
    [
        ([("2.5", "1"), ("2.4", "1")], True, VALID),
        ([("2.5", "1"), ("2.6", "1")], True, UNORDERED),
        ([("2.5", "1"), ("2.6", "1")], False, VALID),
        ([("2.5", "1"), ("2.5", "1")], False, UNORDERED),
        ([("9.5", "1"), ("10.5", "1")], False, VALID),
        ([("10.5", "1"), ("9.5", "1")], True, VALID),
        ([("2.5", "1"), ("0.0", "1")], True, NOT_POSITIVE),
        ([("2.5", "0.0")], True, NOT_POSITIVE),
        ([], True, EMPTY_SIDE),
    ],
)
def test_what_is_wrong_is_seen(levels: Side, falling: bool, fault: int) -> None:
    assert fault == read(usual(levels), falling=falling)[2][CODE]


def test_quantities_are_summed_over_one_five_ten_and_twenty_levels() -> None:
    levels = [(f"{100 - k}.5", "1.25") for k in range(LEVELS)]
    _, fields, state = read(usual(levels), falling=True)

    assert [1_005_000, 12_500, 62_500, 125_000, 250_000] == fields
    assert (1, 2) == (state[PRICE_SCALE], state[QUANTITY_SCALE])


@given(levels=sides, place=st.integers(0, 400), other=st.sampled_from('0."[],x- '))
def test_a_changed_byte_is_never_read_as_another_book(levels: Side, place: int, other: str) -> None:
    text = usual(levels)
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    end, fields, state = read(changed, falling=True)

    if end < 0:
        return
    respaced = changed.replace('"",""', '"", ""')
    assert (fields, state) == read(respaced, falling=True)[1:]
