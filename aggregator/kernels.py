"""Compiled passes over the bytes of a chunk. No clock, no disk, no Python objects.

A pass takes the rows that are written the ordinary way and *punts* every other row: it reports
where the line lies, and `decode` reads that line by the letter of the rules. So these passes
decide nothing that is unusual; they must only be right about what they accept.

Every text that is passed in ends with a newline. No loop runs past one, so none runs past the end.

Numbers are read as `units · 10⁻ˢᶜᵃˡᵉ` at a scale that the caller expects; a pass that meets more
decimals returns the scale that it needs, and the caller runs it again.
"""

import numpy as np

from aggregator.compiled import BYTES, INTS, PAIR, TABLE, WHOLE, compiled, eight_bytes, entry
from aggregator.ladder import (
    CODE,
    CROSSED,
    FLAGS,
    PRICE_SCALE,
    QUANTITY_SCALE,
    VALID,
    side,
)
from aggregator.numerals import NEVER_RECEIVED, WORD, Bytes, Ints, integer, number

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

# What is kept of a row beside its numbers, behind what `ladder` keeps: where its cells lie.
SIDE_STARTS, SIDE_ENDS = 4, 6
SCRATCH = 8

_NEWLINE, _RETURN, _COMMA, _QUOTE = 10, 13, 44, 34
_LOWER = np.uint64(0x2020202020202020)
_FOUR, _FIVE = np.uint64((1 << 32) - 1), np.uint64((1 << 40) - 1)
_TRUE = np.uint64(int.from_bytes(b"true", "little"))
_FALSE = np.uint64(int.from_bytes(b"false", "little"))


@compiled
def _boolean(text: Bytes, i: int) -> tuple[bool, int]:
    """Read true or false in any case; return it and the place behind it, or place -1."""
    word = _word(text, i) | _LOWER
    if word & _FOUR == _TRUE:
        return True, i + 4
    return False, i + 5 if word & _FIVE == _FALSE else -1


@compiled
def _word(text: Bytes, i: int) -> np.uint64:
    """Load eight bytes, or as many as there are."""
    if i + WORD <= len(text):
        return eight_bytes(text, i)
    word = np.uint64(0)
    for k in range(len(text) - i):
        word |= np.uint64(text[i + k]) << np.uint64(8 * k)
    return word


@compiled
def _skip(text: Bytes, i: int) -> int:
    """Return the place behind an unquoted field, or -1 if it has a quote."""
    while text[i] != _COMMA and text[i] != _NEWLINE and text[i] != _RETURN:
        if text[i] == _QUOTE:
            return -1
        i += 1
    return i


@compiled
def _is_empty(text: Bytes, i: int) -> bool:
    """Tell whether a field that begins at i ends there."""
    end = int(text[i])
    return end in (_COMMA, _NEWLINE, _RETURN)


@compiled
def _known(text: Bytes, i: int, names: Bytes, ends: Ints) -> tuple[int, int]:
    """Return which of the names the field at i is, and the place behind it, or place -1."""
    start = 0
    for code in range(len(ends)):
        length = ends[code] - start
        if i + length < len(text):
            same = True
            for k in range(length):
                if text[i + k] != names[start + k]:
                    same = False
                    break
            if same and _is_empty(text, i + length):
                return code, i + length
        start = ends[code]
    return 0, -1


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


@entry(takes=(BYTES, WHOLE, WHOLE, WHOLE), gives=1)
def fingerprint(text: Bytes, start: int, end: int, seed: int) -> int:
    """Return a 64-bit hash (FNV-1a) of a part of the text, going on from a seed."""
    value = np.uint64(seed) ^ np.uint64(14695981039346656037)
    for i in range(start, end):
        value = (value ^ np.uint64(text[i])) * np.uint64(1099511628211)
    return int(np.int64(value))


@entry(
    takes=(
        BYTES,
        WHOLE,
        WHOLE,
        INTS,
        BYTES,
        INTS,
        PAIR,
        PAIR,
        WHOLE,
        TABLE,
        BYTES,
        BYTES,
        TABLE,
        TABLE,
        INTS,
    ),
    gives=6,
)
def scan(
    text: Bytes,
    start: int,
    line: int,
    roles: Ints,
    names: Bytes,
    ends: Ints,
    scales: tuple[int, int],
    bounds: tuple[int, int],
    rows: int,
    values: Ints,
    flags: Bytes,
    codes: Bytes,
    hashes: Ints,
    punted: Ints,
    scratch: Ints,
) -> tuple[int, int, int, int, int, int]:
    """Read the rows of a text from `start` on, which is behind so many lines.

    `roles` says what each column is for. `names` are the known trade types, one behind the other,
    `ends` where each ends. `scales` are the decimals expected of prices and of quantities,
    `bounds` the first and last timestamp allowed.
    Fills, behind the first `rows`, `values` (fields x rows), `flags`, `codes` (of trade types, or
    of faults), `hashes` (rows x 2, for books: of the cells of rows without an id) and `punted`
    (row, start, end and line number of each punted row), until one of them is full. `scratch`
    is room for `SCRATCH` numbers.
    Returns how far it came: place in the text, lines, rows, punted rows; and the greatest scales
    met. Where these are above the expected ones, the values mean nothing.
    """
    is_book = len(hashes) > 0
    price_scale, quantity_scale, punts = 0, 0, 0
    state = scratch
    i = start
    while i < len(text) and rows < len(flags) and punts < len(punted):
        line += 1
        if text[i] == _NEWLINE or (text[i] == _RETURN and text[i + 1] == _NEWLINE):
            i = _line_end(text, i) + 1
            continue
        begin = i
        values[ID_FIELD, rows] = 0
        values[RECEIVED_FIELD, rows] = NEVER_RECEIVED
        for k in range(SIDE_STARTS):
            state[k] = 0
        for column in range(len(roles)):
            role = roles[column]
            cell = i
            if role == BIDS:
                i = side(text, i, scales, True, values, BID_FIELD, rows, state)
            elif role == ASKS:
                i = side(text, i, scales, False, values, ASK_FIELD, rows, state)
            elif role == PRICE:
                values[PRICE_FIELD, rows], state[PRICE_SCALE], i = number(text, i, scales[0])
            elif role == QUANTITY:
                values[QUANTITY_FIELD, rows], state[QUANTITY_SCALE], i = number(text, i, scales[1])
            elif role == IS_BUYER_MAKER:
                maker, i = _boolean(text, i)
                state[FLAGS] |= 0 if maker else TAKER_BUY
            elif role == TRADE_TYPE:
                state[CODE], i = _known(text, i, names, ends)
            elif role == IGNORED:
                i = _skip(text, i)
            elif role == TIMESTAMP or not _is_empty(text, i):
                value, i = integer(text, i)
                if role == TIMESTAMP:
                    values[TIME_FIELD, rows] = value
                elif role == RECEIVED:
                    values[RECEIVED_FIELD, rows] = value
                elif role != EVENT_TIME:
                    values[ID_FIELD, rows] = value
                    state[FLAGS] |= HAS_ID
            if i < 0 or not _ends_field(text, i, column == len(roles) - 1):
                i = -1
                break
            if role in (BIDS, ASKS):
                state[SIDE_STARTS + role - BIDS] = cell
                state[SIDE_ENDS + role - BIDS] = i
            i += 1
        if i < 0 or not bounds[0] <= values[TIME_FIELD, rows] <= bounds[1]:
            i = _line_end(text, begin) + 1
            punted[punts, 0], punted[punts, 1] = rows, begin
            punted[punts, 2], punted[punts, 3] = i - 1, line
            punts += 1
            for k in range(SIDE_STARTS):
                state[k] = 0
            state[FLAGS] = PUNTED
        elif text[i - 1] == _RETURN:
            i += 1
        price_scale = max(price_scale, state[PRICE_SCALE])
        quantity_scale = max(quantity_scale, state[QUANTITY_SCALE])
        if is_book and state[FLAGS] != PUNTED:
            if state[CODE] == VALID and values[ASK_FIELD, rows] <= values[BID_FIELD, rows]:
                state[CODE] = CROSSED
            if not state[FLAGS] & HAS_ID:
                for seed in range(2):
                    value = fingerprint(text, state[SIDE_STARTS], state[SIDE_ENDS], seed)
                    hashes[rows, seed] = fingerprint(
                        text, state[SIDE_STARTS + 1], state[SIDE_ENDS + 1], value
                    )
        flags[rows] = state[FLAGS]
        codes[rows] = state[CODE]
        rows += 1
    return i, line, rows, punts, price_scale, quantity_scale
