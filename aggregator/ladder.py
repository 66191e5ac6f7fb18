"""Compiled reading of one side of a book. No clock, no disk, no Python objects.

A side of twenty levels is a thousand bytes, and most of what a day's job reads. Written as usual,
`"[[""62462.50"",""1.966""],…]"`, its prices need no conversion but the best one: as long as they
have the same form, the order of their texts is the order of their values.
"""

import numpy as np

from aggregator.compiled import compiled, eight_bytes, reversed_bytes
from aggregator.numerals import HIGH_BITS, WORD, Bytes, Ints, number

LEVELS = 20
SIDE_FIELDS = 5
"""Of a side: its best price, then the quantities of its first 1, 5, 10 and 20 levels."""

# What is kept of a row beside its numbers: flags, a code, and the scales that its numbers have.
FLAGS, CODE, PRICE_SCALE, QUANTITY_SCALE = range(4)

# What is wrong with a snapshot, in the order in which it is looked for.
VALID, EMPTY_SIDE, NOT_POSITIVE, UNORDERED, CROSSED = range(5)

_COMMA, _QUOTE, _POINT, _ZERO, _OPEN, _CLOSE, _SPACE = 44, 34, 46, 48, 91, 93, 32

_LONGEST_LEVEL = 80  # two numbers of 18 digits, points, quotes, and two more loads
_LONGEST_FORM = 2 * WORD
_FIVE, _SEVEN = np.uint64((1 << 40) - 1), np.uint64((1 << 56) - 1)
_START = np.uint64(int.from_bytes(b'"[[""', "little"))
_BETWEEN = np.uint64(int.from_bytes(b'"",""', "little"))
_NEXT = np.uint64(int.from_bytes(b'""],[""', "little"))
_LAST = np.uint64(int.from_bytes(b'""]]"', "little"))
_NONE = np.uint64(0)


@compiled
def side(
    text: Bytes, i: int, scales: tuple[int, int], falling: bool,
    into: Ints, field: int, row: int, state: Ints,
) -> int:  # fmt: skip
    """Read one side of a book from a quoted cell at i; return the place behind it, or -1.

    Fills the row of the table (fields x rows) from a field on.
    """
    end = _usual_side(text, i, scales, falling, into, field, row, state)
    return end if end >= 0 else _any_side(text, i, scales, falling, into, field, row, state)


@compiled
def _note(fault: int, state: Ints) -> None:
    """Keep the fault that is looked for first."""
    if fault != VALID and (state[CODE] == VALID or fault < state[CODE]):
        state[CODE] = fault


@compiled
def _form(text: Bytes, i: int, length: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return what a number has the form of: its bytes, what is no digit of them, and their bits.

    Of up to eight bytes: all bits set where there are bytes; `0` for each digit and the point;
    and what brings a byte that differs from these by more than a digit to its highest bit.
    """
    mask, zeros, carries = _NONE, _NONE, _NONE
    for k in range(min(length, WORD)):
        shift = np.uint64(8 * k)
        point = text[i + k] == _POINT
        mask |= np.uint64(0xFF) << shift
        zeros |= np.uint64(_POINT if point else _ZERO) << shift
        carries |= np.uint64(0x7F if point else 0x76) << shift
    return mask, zeros, carries


@compiled
def _usual_side(
    text: Bytes, i: int, scales: tuple[int, int], falling: bool,
    into: Ints, field: int, row: int, state: Ints,
) -> int:  # fmt: skip
    """Do as `side` where it is written as usual, of at most twenty levels; else return -1."""
    if i + _LONGEST_LEVEL > len(text) or eight_bytes(text, i) & _FIVE != _START:
        return -1
    at = i + 5
    fault, count, length, before_at = VALID, 0, 0, 0
    total = np.int64(0)
    price_scale, quantity_scale = 0, 0
    mask, zeros, carries = _NONE, _NONE, _NONE
    mask2, zeros2, carries2 = _NONE, _NONE, _NONE
    before, before2 = _NONE, _NONE
    while True:
        if at + _LONGEST_LEVEL > len(text):
            return -1
        digits = (eight_bytes(text, at) & mask) ^ zeros
        strange = (digits + carries) | digits
        digits2 = _NONE
        if length > WORD:
            digits2 = (eight_bytes(text, at + WORD) & mask2) ^ zeros2
            strange |= (digits2 + carries2) | digits2
        if (
            length
            and strange & HIGH_BITS == 0
            and eight_bytes(text, at + length) & _FIVE == _BETWEEN
        ):
            now, now2 = reversed_bytes(digits), reversed_bytes(digits2)
            rises = now > before or (now == before and now2 > before2)
            ordered = (now != before or now2 != before2) and rises != falling
        else:
            price, own_scale, end = number(text, at, scales[0])
            if end < 0 or end - at > _LONGEST_FORM or eight_bytes(text, end) & _FIVE != _BETWEEN:
                return -1
            if count:
                other, _, other_end = number(text, before_at, scales[0])
                if other_end < 0:
                    return -1  # it was taken for its form, and is too large to compare
                ordered = price < other if falling else price > other
            else:
                ordered = True
                into[field, row] = price
            price_scale = max(price_scale, own_scale)
            length = end - at
            mask, zeros, carries = _form(text, at, length)
            mask2, zeros2, carries2 = _form(text, at + WORD, length - WORD)
            digits = (eight_bytes(text, at) & mask) ^ zeros
            digits2 = (eight_bytes(text, at + WORD) & mask2) ^ zeros2
            now, now2 = reversed_bytes(digits), reversed_bytes(digits2)
        quantity, own_scale, i = number(text, at + length + 5, scales[1])
        if i < 0:
            return -1
        quantity_scale = max(quantity_scale, own_scale)
        if (digits | digits2) == 0 or quantity == 0:
            fault = NOT_POSITIVE
        elif fault == VALID and not ordered:
            fault = UNORDERED
        before, before2, before_at = now, now2, at
        total += quantity
        count += 1
        if count == 1:
            into[field + 1, row] = total
        if count <= 5:
            into[field + 2, row] = total
        if count <= 10:
            into[field + 3, row] = total
        behind = eight_bytes(text, i)
        if behind & _SEVEN != _NEXT or count == LEVELS:
            break
        at = i + 7
    if behind & _FIVE != _LAST:
        return -1
    into[field + 4, row] = total
    state[PRICE_SCALE] = max(state[PRICE_SCALE], price_scale)
    state[QUANTITY_SCALE] = max(state[QUANTITY_SCALE], quantity_scale)
    _note(fault, state)
    return i + 5


@compiled
def _spaces(text: Bytes, i: int) -> int:
    while text[i] == _SPACE:
        i += 1
    return i


@compiled
def _level_number(text: Bytes, i: int, scale: int) -> tuple[np.int64 | int, int, int]:
    """Read a number of a level, bare or as a JSON string in a quoted cell (`""1.5""`)."""
    i = _spaces(text, i)
    quoted = text[i] == _QUOTE and text[i + 1] == _QUOTE
    if quoted:
        i += 2
    elif text[i] == _ZERO and 0 <= np.int64(text[i + 1]) - _ZERO <= 9:
        return 0, 0, -1  # no number of JSON
    units, own_scale, i = number(text, i, scale)
    if i < 0:
        return 0, 0, -1
    if quoted:
        if text[i] != _QUOTE or text[i + 1] != _QUOTE:
            return 0, 0, -1
        i += 2
    return units, own_scale, _spaces(text, i)


@compiled
def _any_side(
    text: Bytes, i: int, scales: tuple[int, int], falling: bool,
    into: Ints, field: int, row: int, state: Ints,
) -> int:  # fmt: skip
    """Do as `side` however the cell is written: bare numbers, spaces, any count of levels."""
    if text[i] != _QUOTE:
        return -1
    i = _spaces(text, i + 1)
    if text[i] != _OPEN:
        return -1
    i = _spaces(text, i + 1)
    fault = VALID
    count = 0
    total = np.int64(0)
    before: np.int64 | int = 0
    for k in range(SIDE_FIELDS):
        into[field + k, row] = 0
    while text[i] != _CLOSE:
        if count:
            if text[i] != _COMMA:
                return -1
            i = _spaces(text, i + 1)
        if text[i] != _OPEN:
            return -1
        price, price_scale, i = _level_number(text, i + 1, scales[0])
        if i < 0 or text[i] != _COMMA:
            return -1
        quantity, quantity_scale, i = _level_number(text, i + 1, scales[1])
        if i < 0 or text[i] != _CLOSE:
            return -1
        i = _spaces(text, i + 1)
        count += 1
        if count > LEVELS:
            continue
        state[PRICE_SCALE] = max(state[PRICE_SCALE], price_scale)
        state[QUANTITY_SCALE] = max(state[QUANTITY_SCALE], quantity_scale)
        if price <= 0 or quantity <= 0:
            fault = NOT_POSITIVE
        elif fault == VALID and count > 1 and (price >= before if falling else price <= before):
            fault = UNORDERED
        before = price
        total += quantity
        if count == 1:
            into[field, row] = price
            into[field + 1, row] = total
        if count <= 5:
            into[field + 2, row] = total
        if count <= 10:
            into[field + 3, row] = total
        into[field + 4, row] = total
    if count == 0:
        fault = EMPTY_SIDE
    _note(fault, state)
    i = _spaces(text, i + 1)
    return i + 1 if text[i] == _QUOTE else -1
