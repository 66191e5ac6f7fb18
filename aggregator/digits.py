"""Compiled pass that writes the cells of a file as text. No clock, no disk, no Python objects."""

import numpy as np
from numpy.typing import NDArray

from aggregator.compiled import BYTE_TABLE, BYTES, FLOAT_TABLE, INTS, TABLE, WHOLE, compiled, entry
from aggregator.quotients import DIGIT_BITS, DIGITS, SCALE_OFFSET

# What a cell is: nothing, whole units at a scale, a positive float, a quotient, a text, a time of
# the day.
EMPTY, DECIMAL, MEAN, QUOTIENT, TEXT, CLOCK = range(6)

CELL = 352
"""Bytes that any one number or time fits into, a float of 10⁻³²³ too."""

_DOT, _MINUS, _COMMA, _NEWLINE, _ZERO, _COLON, _Z = 46, 45, 44, 10, 48, 58, 90
_DIGITS_OF_QUOTIENT = (1 << DIGIT_BITS) - 1
_TENS = 10.0 ** np.arange(0, 23)  # all that are exact


@entry(takes=(TABLE, FLOAT_TABLE, BYTE_TABLE, INTS, BYTES, INTS, WHOLE, WHOLE, BYTES), gives=2)
def write(
    table: NDArray[np.int64], floats: NDArray[np.float64],
    kinds: NDArray[np.uint8], scales: NDArray[np.int64],
    text: NDArray[np.uint8], offsets: NDArray[np.int64], row: int, longest: int,
    out: NDArray[np.uint8],
) -> tuple[int, int]:  # fmt: skip
    """Write rows until the buffer may be full; return the next row and the bytes written.

    `floats` are the same bits as `table`.
    """
    columns = len(table)
    i = 0
    while row < table.shape[1] and i + longest <= len(out):
        for column in range(columns):
            kind = kinds[column, row]
            if kind == DECIMAL:
                i = _put_decimal(out, i, table[column, row], scales[column])
            elif kind == MEAN:
                i = _put_mean(out, i, floats[column, row])
            elif kind == QUOTIENT:
                scale = (table[column, row] >> DIGIT_BITS) - SCALE_OFFSET
                i = _put_decimal(out, i, table[column, row] & _DIGITS_OF_QUOTIENT, scale)
            elif kind == TEXT:
                start = offsets[column] + (table[column, row] >> 20)
                for k in range(start, start + (table[column, row] & 0xFFFFF)):
                    out[i] = text[k]
                    i += 1
            elif kind == CLOCK:
                for k in range(offsets[column], offsets[column + 1]):
                    out[i] = text[k]
                    i += 1
                i = _put_clock(out, i, table[column, row])
            out[i] = _NEWLINE if column == columns - 1 else _COMMA
            i += 1
        row += 1
    return row, i


@compiled
def _put_decimal(out: NDArray[np.uint8], i: int, units: int, scale: int) -> int:
    """Write `units · 10⁻ˢᶜᵃˡᵉ`; a negative scale appends zeros. Return the place behind it."""
    if units == 0:
        out[i] = _ZERO
        return i + 1
    if units < 0:
        out[i] = _MINUS
        i += 1
        units = -units
    while scale > 0 and units % 10 == 0:
        units //= 10
        scale -= 1
    digits = 0
    rest = units
    while rest > 0:
        digits += 1
        rest //= 10
    before_point = digits - scale
    if before_point <= 0:
        out[i] = _ZERO
        out[i + 1] = _DOT
        i += 2
        for _ in range(-before_point):
            out[i] = _ZERO
            i += 1
    end = i + digits + (1 if scale > 0 and before_point > 0 else 0)
    k = end - 1
    for place in range(digits):
        if place == scale and scale > 0 and before_point > 0:
            out[k] = _DOT
            k -= 1
        out[k] = _ZERO + units % 10
        units //= 10
        k -= 1
    for _ in range(-scale):
        out[end] = _ZERO
        end += 1
    return end


@compiled
def _shifted(value: float, places: int) -> float:
    """Return `value · 10ᵖˡᵃᶜᵉˢ`, correct to its last digits, however many places."""
    while places > 22:
        value *= 1e22
        places -= 22
    while places < -22:
        value /= 1e22
        places += 22
    return value * float(_TENS[places]) if places >= 0 else value / float(_TENS[-places])


@compiled
def _put_mean(out: NDArray[np.uint8], i: int, value: float) -> int:
    """Write a positive float with 12 significant digits, plainly; return the place behind it.

    One that is too small for a float has become zero, and is written so.
    """
    if value <= 0.0:
        return _put_decimal(out, i, 0, 0)
    scale = DIGITS - 1 - int(np.floor(np.log10(value)))
    # The logarithm may be off by one next to a power of ten.
    for _ in range(2):
        units = int(np.rint(_shifted(value, scale)))
        if units >= 10**DIGITS:
            scale -= 1
        elif units < 10 ** (DIGITS - 1):
            scale += 1
        else:
            break
    return _put_decimal(out, i, units, scale)


@compiled
def _put_clock(out: NDArray[np.uint8], i: int, seconds: int) -> int:
    """Write `HH:MM:SSZ`; return the place behind it."""
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    for part in parts:
        out[i] = _ZERO + part // 10
        out[i + 1] = _ZERO + part % 10
        out[i + 2] = _COLON
        i += 3
    out[i - 1] = _Z
    return i
