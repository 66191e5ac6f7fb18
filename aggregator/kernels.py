"""Compiled passes over the bytes of a chunk. No clock, no disk, no Python objects.

A pass takes the rows that are written the ordinary way and *punts* every other row: it reports
where the line lies, and `decode` reads that line by the letter of the rules. So these passes
decide nothing that is unusual; they must only be right about what they accept.

Every text that is passed in ends with a newline. No loop runs past one, so none runs past the end.

Numbers are read as `units · 10⁻ˢᶜᵃˡᵉ` at a scale that the caller expects; a pass that meets more
decimals returns the scale that it needs, and the caller runs it again.
"""

import numpy as np

from aggregator.compiled import compiled
from aggregator.ladder import (
    CODE,
    CROSSED,
    FLAGS,
    PRICE_SCALE,
    QUANTITY_SCALE,
    SIDE_FIELDS,
    VALID,
    side,
)
from aggregator.numerals import NEVER_RECEIVED, Bytes, Ints, integer, number

# What a column of the file is for.
IGNORED, TIMESTAMP, PRICE, QUANTITY, IS_BUYER_MAKER, TRADE_ID, TRADE_TYPE = range(7)
EVENT_TIME, RECEIVED, BIDS, ASKS, UPDATE_ID = range(7, 12)

# Where a row keeps what: of both streams, of a trade, and of a snapshot. A side of a book is its
# best price, then the quantities of its first 1, 5, 10 and 20 levels.
TIME_FIELD, ID_FIELD, RECEIVED_FIELD = range(3)
PRICE_FIELD, QUANTITY_FIELD = 3, 4
BID_FIELD, ASK_FIELD = 3, 8
TRADE_FIELDS, BOOK_FIELDS = 5, 13

# What a row is beside its numbers, in the flags: the codes are of its trade type (0 is none) or of
# what is wrong with its book (`ladder`).
TAKER_BUY, HAS_ID, PUNTED = 1, 2, 4

_NEWLINE, _RETURN, _COMMA, _QUOTE = 10, 13, 44, 34
_TRUE = np.frombuffer(b"true", dtype=np.uint8)
_FALSE = np.frombuffer(b"false", dtype=np.uint8)


@compiled
def _boolean(text: Bytes, i: int) -> tuple[bool, int]:
    """Read true or false in any case; return it and the place behind it, or place -1."""
    word = _TRUE if text[i] | 32 == _TRUE[0] else _FALSE
    for k in range(len(word)):
        if text[i + k] | 32 != word[k]:
            return False, -1
    return len(word) == len(_TRUE), i + len(word)


@compiled
def _skip(text: Bytes, i: int) -> int:
    """Return the place behind an unquoted field, or -1 if it has a quote."""
    while text[i] != _COMMA and text[i] != _NEWLINE and text[i] != _RETURN:
        if text[i] == _QUOTE:
            return -1
        i += 1
    return i


@compiled
def _known(text: Bytes, i: int, end: int, names: Bytes, ends: Ints) -> int:
    """Return which of the names the field is, or -1."""
    start = 0
    for code in range(len(ends)):
        length = ends[code] - start
        if length == end - i:
            same = True
            for k in range(length):
                if text[i + k] != names[start + k]:
                    same = False
                    break
            if same:
                return code
        start = ends[code]
    return -1


@compiled
def _line_end(text: Bytes, i: int) -> int:
    while text[i] != _NEWLINE:
        i += 1
    return i


@compiled
def _ends_field(text: Bytes, i: int, last: bool) -> bool:
    """Tell whether a field that ends at i is the last one exactly if it should be."""
    end = int(text[i])
    if last:
        return end == _NEWLINE or (end == _RETURN and int(text[i + 1]) == _NEWLINE)
    return end == _COMMA


@compiled
def _is_empty(text: Bytes, i: int) -> bool:
    end = int(text[i])
    return end in (_COMMA, _NEWLINE, _RETURN)


@compiled
def fingerprint(text: Bytes, start: int, end: int, seed: int) -> int:
    """Return a 64-bit hash (FNV-1a) of a part of the text, going on from a seed."""
    value = np.uint64(seed) ^ np.uint64(14695981039346656037)
    for i in range(start, end):
        value = (value ^ np.uint64(text[i])) * np.uint64(1099511628211)
    return int(np.int64(value))


@compiled
def scan(
    text: Bytes,
    start: int,
    line: int,
    roles: Ints,
    names: Bytes,
    ends: Ints,
    scales: tuple[int, int],
    bounds: tuple[int, int],
    values: Ints,
    flags: Bytes,
    codes: Bytes,
    hashes: Ints,
    punted: Ints,
) -> tuple[int, int, int, int]:
    """Read the rows of a text from `start` on, which is behind so many lines.

    `roles` says what each column is for. `names` are the known trade types, one behind the other,
    `ends` where each ends. `scales` are the decimals expected of prices and of quantities,
    `bounds` the first and last timestamp allowed.
    Fills `values` (rows x fields), `flags`, `codes` (of trade types, or of faults), `hashes`
    (rows x 2, for books: of the cells of rows without an id) and `punted` (row, start, end and
    line number of each punted row). Returns the number of rows, that of punted rows, and the
    greatest scales met. Where these are above the expected ones, the rest means nothing.
    """
    is_book = len(hashes) > 0
    price_scale, quantity_scale = 0, 0
    rows, punts = 0, 0
    state = np.zeros(4, dtype=np.int64)
    side_starts = np.zeros(2, dtype=np.int64)
    side_ends = np.zeros(2, dtype=np.int64)
    i = start
    while i < len(text):
        line += 1
        if text[i] == _NEWLINE or (text[i] == _RETURN and text[i + 1] == _NEWLINE):
            i = _line_end(text, i) + 1
            continue
        begin = i
        row = values[rows]
        row[ID_FIELD] = 0
        row[RECEIVED_FIELD] = NEVER_RECEIVED
        state[:] = 0
        for column in range(len(roles)):
            role = roles[column]
            cell = i
            if role == BIDS:
                i = side(text, i, scales, True, row[BID_FIELD : BID_FIELD + SIDE_FIELDS], state)
            elif role == ASKS:
                i = side(text, i, scales, False, row[ASK_FIELD : ASK_FIELD + SIDE_FIELDS], state)
            elif role == PRICE:
                row[PRICE_FIELD], state[PRICE_SCALE], i = number(text, i, scales[0])
            elif role == QUANTITY:
                row[QUANTITY_FIELD], state[QUANTITY_SCALE], i = number(text, i, scales[1])
            elif role == IS_BUYER_MAKER:
                maker, i = _boolean(text, i)
                state[FLAGS] |= 0 if maker else TAKER_BUY
            elif role == TRADE_TYPE:
                end = _skip(text, i)
                state[CODE] = _known(text, i, end, names, ends)
                i = end if state[CODE] >= 0 else -1
            elif role == IGNORED:
                i = _skip(text, i)
            elif role == TIMESTAMP or not _is_empty(text, i):
                value, i = integer(text, i)
                if role == TIMESTAMP:
                    row[TIME_FIELD] = value
                elif role == RECEIVED:
                    row[RECEIVED_FIELD] = value
                elif role != EVENT_TIME:
                    row[ID_FIELD] = value
                    state[FLAGS] |= HAS_ID
            if i < 0 or not _ends_field(text, i, column == len(roles) - 1):
                i = -1
                break
            if role in (BIDS, ASKS):
                side_starts[role - BIDS] = cell
                side_ends[role - BIDS] = i
            i += 1
        if i < 0 or not bounds[0] <= row[TIME_FIELD] <= bounds[1]:
            i = _line_end(text, begin) + 1
            punted[punts] = rows, begin, i - 1, line
            punts += 1
            state[:] = 0
            state[FLAGS] = PUNTED
        elif text[i - 1] == _RETURN:
            i += 1
        price_scale = max(price_scale, state[PRICE_SCALE])
        quantity_scale = max(quantity_scale, state[QUANTITY_SCALE])
        if is_book and state[FLAGS] != PUNTED:
            if state[CODE] == VALID and row[ASK_FIELD] <= row[BID_FIELD]:
                state[CODE] = CROSSED
            if not state[FLAGS] & HAS_ID:
                for seed in range(2):
                    value = fingerprint(text, side_starts[0], side_ends[0], seed)
                    hashes[rows, seed] = fingerprint(text, side_starts[1], side_ends[1], value)
        flags[rows] = state[FLAGS]
        codes[rows] = state[CODE]
        rows += 1
    return rows, punts, price_scale, quantity_scale
