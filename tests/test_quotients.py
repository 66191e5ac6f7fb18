"""Quotients are those of decimal arithmetic: 12 digits, half to even, for any whole numbers."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.exact import LIMIT
from aggregator.quotients import DIGIT_BITS, DIGITS, SCALE_OFFSET, divide

NEAREST = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999)


def quotient(total: int, count: int, scale: int = 0) -> Decimal:
    (packed,) = divide(np.array([total]), np.array([count]), scale).tolist()
    return unpacked(packed)


def unpacked(packed: int) -> Decimal:
    digits = packed % 2**DIGIT_BITS
    return Decimal(digits).scaleb(-((packed >> DIGIT_BITS) - SCALE_OFFSET))


def nearest(total: int, count: int, scale: int = 0) -> Decimal:
    return NEAREST.divide(Decimal(total), Decimal(count).scaleb(scale))


totals = st.integers(0, LIMIT - 1) | st.integers(0, 10**6)
counts = st.integers(1, LIMIT - 1) | st.integers(1, 10**6)


@given(totals, counts, st.integers(0, 200))
@example(0, 7, 3)
@example(1, LIMIT - 1, 0)
@example(LIMIT - 1, 1, 0)
@example(LIMIT - 1, LIMIT - 1, 200)
@example(999_999_999_999_5, 10, 0)
@example(999_999_999_999_500_000, 1, 0)
@example(2, 3, 0)
def test_any_quotient_is_the_nearest_of_twelve_digits(total: int, count: int, scale: int) -> None:
    assert nearest(total, count, scale) == quotient(total, count, scale)


@given(
    st.integers(10 ** (DIGITS - 1), 10**DIGITS - 1),
    st.integers(1, 10**5),
    st.integers(-1, 1),
    st.integers(0, 4),
)
def test_what_lies_half_way_goes_to_the_even_digit(
    digits: int, count: int, off: int, zeros: int
) -> None:
    total, divisor = (2 * digits + 1) * count + off, 2 * count
    tens = 10**zeros if total * 10**zeros < LIMIT else 1

    assert nearest(total, divisor) == quotient(total, divisor)
    assert nearest(total * tens, divisor) == quotient(total * tens, divisor)


@given(st.integers(10 ** (DIGITS - 1), 10**DIGITS - 1), st.integers(1, 4))
def test_digits_beyond_the_twelfth_are_rounded_with_what_lies_behind_them(
    digits: int, more: int
) -> None:
    half_way = digits * 10**more + 5 * 10 ** (more - 1)

    assert nearest(half_way, 1) == quotient(half_way, 1)
    assert nearest(half_way * 10 + 1, 10) == quotient(half_way * 10 + 1, 10)
    assert nearest(half_way * 10 - 1, 10) == quotient(half_way * 10 - 1, 10)


@pytest.mark.parametrize(
    ("total", "count", "scale", "expected"),
    [
        (0, 5, 3, "0"),
        (10, 5, 0, "2"),
        (1, 3, 0, "0.333333333333"),
        (2, 3, 2, "0.00666666666667"),
        (10**15 // 3, 1, 0, "333333333333000"),
        (5, 10**17, 0, "0.00000000000000005"),
    ],
)
def test_quotients_by_hand(total: int, count: int, scale: int, expected: str) -> None:
    assert Decimal(expected) == quotient(total, count, scale)


def test_rows_are_divided_one_by_one() -> None:
    packed = divide(np.array([1, 6, 0]), np.array([2, 3, 9]), 1)

    assert [Decimal("0.05"), Decimal("0.2"), Decimal(0)] == [unpacked(p) for p in packed.tolist()]
