"""Numbers read eight bytes at a time are the numbers that stand there."""

import re

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.numerals import MAX_SCALE, NEVER_RECEIVED, integer, number

BEHIND = (b",", b'"', b"\n", b"x", b",123456789012345678\n", b'"",""1.5""],[""2""\n')
texts_behind = st.sampled_from(BEHIND)
digits = st.text("0123456789", min_size=1, max_size=20)


def at(text: str, behind: bytes, place: int = 0) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """Return the bytes of a text that begins at a place and ends with a newline."""
    return np.frombuffer(b"#" * place + text.encode() + behind + b"\n", dtype=np.uint8).copy()


@given(value=st.integers(-(2**63) + 1, 2**63 - 1), behind=texts_behind, place=st.integers(0, 9))
@example(value=NEVER_RECEIVED, behind=b",", place=3)
@example(value=-7, behind=b"\n", place=0)
def test_an_integer_is_read_wherever_it_stands(value: int, behind: bytes, place: int) -> None:
    found, end = integer(at(str(value), behind, place), place)

    assert (value, place + len(str(value))) == (found, end)


@given(text=st.integers(2**63, 10**40).map(str))
@example(text="9223372036854775808")
@example(text="99999999999999999999")
def test_what_is_too_large_for_64_bits_is_punted(text: str) -> None:
    assert integer(at(text, b","), 0)[1] == -1


@given(text=st.text('0123456789.-+e "x', max_size=12), behind=texts_behind, scale=st.integers(0, 9))
@example(text="63113.20", behind=b'"', scale=2)
@example(text="0.00000001", behind=b",", scale=8)
@example(text="123456789", behind=b"\n", scale=0)
@example(text="1.", behind=b",", scale=2)
@example(text=".5", behind=b",", scale=2)
def test_a_number_is_read_up_to_what_is_none(text: str, behind: bytes, scale: int) -> None:
    data = at(text, behind)
    begin = re.match(rb"\d+(\.\d+)?", data.tobytes())
    units, own_scale, end = number(data, 0, scale)

    if begin is None or (begin[1] is None and data[begin.end()] == ord(".")):
        assert end == -1
        return
    whole, _, part = begin[0].decode().partition(".")
    if len(part) > MAX_SCALE or len(whole + part) > 18:
        assert end == -1
    elif end >= 0 and len(part) <= scale:
        assert (int(whole + part) * 10 ** (scale - len(part)), len(part)) == (units, own_scale)
        assert end == begin.end()
    else:
        assert end == -1 or own_scale == len(part)


@given(whole=digits, part=digits, scale=st.integers(0, MAX_SCALE))
def test_a_number_of_at_most_seven_digits_is_never_punted(
    whole: str, part: str, scale: int
) -> None:
    whole, part = whole[:4], part[:3]
    units, own_scale, end = number(at(f"{whole}.{part}", b'""'), 0, scale)

    assert (len(part), len(whole) + len(part) + 1) == (own_scale, end)
    if own_scale <= scale:
        assert int(whole + part) * 10 ** (scale - len(part)) == units
