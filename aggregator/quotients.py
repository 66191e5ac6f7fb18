"""Whole numbers divided to 12 significant digits, rightly rounded. No clock, no disk.

A day whose sums fit 64 bits and one whose sums do not must be written the same way: double rows
may make one of the other. Floats would differ from exact decimals in a last digit now and then.
"""

import numpy as np
from numpy.typing import NDArray

from aggregator.compiled import INTS, WHOLE, compiled, entry

DIGITS = 12
DIGIT_BITS = 40
SCALE_OFFSET = 512
"""A quotient is one integer: its digits in the lowest bits, above them its scale and this."""

_LEAST, _MOST = np.uint64(10 ** (DIGITS - 1)), np.uint64(10**DIGITS)
_ZERO, _ONE, _TWO, _TEN = (np.uint64(number) for number in (0, 1, 2, 10))
_ALL_BITS = np.uint64(2**64 - 1)


def divide(sums: NDArray[np.int64], counts: NDArray[np.int64], scale: int) -> NDArray[np.int64]:
    """Return `sum / count · 10⁻ˢᶜᵃˡᵉ` row by row, half to even, each packed in one integer.

    Sums are not negative and counts are positive; both stay below `exact.LIMIT`.
    """
    packed = np.empty(len(sums), dtype=np.int64)
    _divide(sums, counts, scale, packed)
    return packed


@entry(takes=(INTS, INTS, WHOLE, INTS))
def _divide(
    sums: NDArray[np.int64], counts: NDArray[np.int64], scale: int, packed: NDArray[np.int64]
) -> None:
    for row in range(len(sums)):
        packed[row] = _quotient(np.uint64(sums[row]), np.uint64(counts[row]), scale)


@compiled
def _quotient(total: np.uint64, count: np.uint64, scale: int) -> np.int64:
    value, rest = total // count, total % count
    while total > _ZERO and value < _LEAST:
        step, places = _step(value, count)
        rest *= step
        value = value * step + rest // count
        rest %= count
        scale += places
    value, scale = _rounded(value, rest, count, scale)
    return np.int64(value) | np.int64(scale + SCALE_OFFSET) << DIGIT_BITS


@compiled
def _step(value: np.uint64, count: np.uint64) -> tuple[np.uint64, int]:
    """Return by which power of ten to go on: the digits that lack, if 64 bits have the room."""
    step, places = _MOST, DIGITS
    while value > _ZERO:
        value //= _TEN
        step //= _TEN
        places -= 1
    while count > _ALL_BITS // step:
        step //= _TEN
        places -= 1
    return step, places


@compiled
def _rounded(
    value: np.uint64, rest: np.uint64, count: np.uint64, scale: int
) -> tuple[np.uint64, int]:
    """Cut a value to 12 digits; `rest / count` is what lies behind its last one."""
    unit = _ONE
    while value // unit >= _MOST:
        unit *= _TEN
        scale -= 1
    if unit == _ONE:
        behind, half = _TWO * rest, count
    else:
        # Whatever the rest is, it only matters where the digits alone lie half way.
        behind = _TWO * (_TWO * (value % unit)) + (_ONE if rest > _ZERO else _ZERO)
        half = _TWO * unit
    value //= unit
    if behind > half or (behind == half and value % _TWO == _ONE):
        value += _ONE
    return value, scale
