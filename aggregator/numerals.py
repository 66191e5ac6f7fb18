"""Compiled reading of numbers, eight bytes at a time. No clock, no disk, no Python objects.

Every text ends with a newline; what would be loaded from behind its end is read byte by byte.
"""

import numpy as np
from numpy.typing import NDArray

from aggregator.compiled import compiled, eight_bytes, trailing_zeros

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

NEVER_RECEIVED = np.iinfo(np.int64).max
"""Greatest integer, and the receive time of a row without one: it sorts behind every other."""

MAX_SCALE = 12
_MAX_DIGITS = 18
_MAX_INTEGER_DIGITS = 19
_LIMIT = 1 << 57
"""Greater units are punted: twenty of these can be added up in 64 bits."""

WORD = 8
ZEROS = np.uint64(0x3030303030303030)
HIGH_BITS = np.uint64(0x8080808080808080)
_TO_HIGH_BIT = np.uint64(0x7676767676767676)
_PAIRS = np.uint64(0x000000FF000000FF)
_HUNDREDS = np.uint64(0x000F424000000064)  # 100 and 1,000,000
_ONES = np.uint64(0x0000271000000001)  # 1 and 10,000

_POINT, _MINUS, _ZERO = 46, 45, 48
_POINT_WORD = np.uint64(_POINT ^ _ZERO)
_POWERS = np.array([10**i for i in range(19)], dtype=np.int64)
_MOST = _LIMIT // _POWERS


@compiled
def not_digits(word: np.uint64) -> np.uint64:
    """Return the highest bits of bytes that are not 0 to 9, of bytes from which `0` was taken.

    Only up to the first of these that is no ASCII: a byte above 9 carries into its highest bit,
    such a one also into the byte behind it.
    """
    return ((word + _TO_HIGH_BIT) | word) & HIGH_BITS


@compiled
def leading_digits(word: np.uint64) -> np.uint64:
    """Count how many bytes from the lowest are 0 to 9, of bytes from which `0` was taken."""
    return np.uint64(trailing_zeros(not_digits(word)) >> np.uint64(3))


@compiled
def _value(word: np.uint64, digits: np.uint64) -> np.int64:
    """Return the number that the first so many bytes spell, at least one: three multiplications.

    The way of Daniel Lemire's "Quickly parsing eight digits": pairs, then fours, then all eight.
    """
    word <<= np.uint64(64) - (digits << np.uint64(3))
    word = word * np.uint64(10) + (word >> np.uint64(8))
    fours = (word & _PAIRS) * _HUNDREDS + ((word >> np.uint64(16)) & _PAIRS) * _ONES
    return np.int64(fours >> np.uint64(32))


@compiled
def integer(text: Bytes, i: int) -> tuple[np.int64 | int, int]:
    """Read an integer at i; return it and the place behind it, or place -1 to punt."""
    negative = text[i] == _MINUS
    i += int(negative)
    first = i
    value = np.uint64(0)
    while i + WORD <= len(text):
        word = eight_bytes(text, i) ^ ZEROS
        digits = leading_digits(word)
        if digits == 0:
            break
        value = value * np.uint64(_POWERS[digits]) + np.uint64(_value(word, digits))
        i += int(np.int64(digits))
        if digits < WORD or i - first > 2 * WORD:
            break
    digit = np.int64(text[i]) - _ZERO
    while 0 <= digit <= 9:
        value = value * np.uint64(10) + np.uint64(digit)
        i += 1
        digit = np.int64(text[i]) - _ZERO
    length = i - first
    if length == 0 or length > _MAX_INTEGER_DIGITS or value > np.uint64(NEVER_RECEIVED):
        return 0, -1
    units = np.int64(value)
    return (-units if negative else units), i


@compiled
def number(text: Bytes, i: int, scale: int) -> tuple[np.int64 | int, int, int]:
    """Read a plain number at i; return its units at the scale, its own scale, the place behind.

    Place -1 punts. If its own scale is above the expected one, the units mean nothing.
    """
    if i + 2 * WORD > len(text):
        return _long_number(text, i, scale)
    word = eight_bytes(text, i) ^ ZEROS
    others = not_digits(word)
    before_point = np.uint64(trailing_zeros(others) >> np.uint64(3))
    if before_point == 0 or before_point == WORD:
        return _long_number(text, i, scale)
    digits, own_scale = before_point, 0
    if (word >> (before_point << np.uint64(3))) & np.uint64(0xFF) == _POINT_WORD:
        others &= others - np.uint64(1)
        # Close the gap that the point leaves with what follows it.
        kept = (np.uint64(1) << (before_point << np.uint64(3))) - np.uint64(1)
        if others:
            word = (word & kept) | ((word >> np.uint64(8)) & ~kept)
            digits = np.uint64(trailing_zeros(others) >> np.uint64(3)) - np.uint64(1)
        else:
            word = (word & kept) | ((eight_bytes(text, i + 1) ^ ZEROS) & ~kept)
            digits = leading_digits(word)
        own_scale = int(np.int64(digits - before_point))
        if own_scale == 0 or digits == WORD:
            return _long_number(text, i, scale)
        i += 1
    i += int(np.int64(digits))
    units = _value(word, digits)
    if own_scale < scale:
        if units > _MOST[scale - own_scale]:
            return 0, 0, -1
        units *= _POWERS[scale - own_scale]
    return units, own_scale, i


@compiled
def _long_number(text: Bytes, i: int, scale: int) -> tuple[np.int64 | int, int, int]:
    """Do as `number` digit by digit: for long numbers, and at the end of the text."""
    first = i
    units = np.int64(0)
    digit = np.int64(text[i]) - _ZERO
    while 0 <= digit <= 9:
        units = units * 10 + digit
        i += 1
        digit = np.int64(text[i]) - _ZERO
    digits = i - first
    if digits == 0 or digits > _MAX_DIGITS:
        return 0, 0, -1
    own_scale = 0
    if text[i] == _POINT:
        i += 1
        point = i
        digit = np.int64(text[i]) - _ZERO
        while 0 <= digit <= 9:
            units = units * 10 + digit
            i += 1
            digit = np.int64(text[i]) - _ZERO
        own_scale = i - point
        digits += own_scale
        if own_scale == 0 or own_scale > MAX_SCALE or digits > _MAX_DIGITS:
            return 0, 0, -1
    if own_scale < scale:
        if units > _MOST[scale - own_scale]:
            return 0, 0, -1
        units *= _POWERS[scale - own_scale]
    if units > _LIMIT:
        return 0, 0, -1
    return units, own_scale, i
