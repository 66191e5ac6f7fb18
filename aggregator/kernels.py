"""Compiled passes over the bytes of a chunk. No clock, no disk, no Python objects.

A pass takes the rows that are written the ordinary way and *punts* every other row: it reports
where the line lies, and `decode` reads that line by the letter of the rules. So these passes
decide nothing that is unusual; they must only be right about what they accept.

Every text that is passed in ends with a newline. No loop runs past one, so none runs past the end.

Numbers are read as `units · 10⁻ˢᶜᵃˡᵉ` at a scale that the caller expects; a pass that meets more
decimals returns the scale that it needs, and the caller runs it again.
"""

import numpy as np
from numpy.typing import NDArray

from aggregator.compiled import compiled, eight_bytes, trailing_zeros

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

# What a column of the file is for.
IGNORED, TIMESTAMP, PRICE, QUANTITY, IS_BUYER_MAKER, TRADE_ID, TRADE_TYPE = range(7)
EVENT_TIME, RECEIVED, BIDS, ASKS, UPDATE_ID = range(7, 12)

# Where a row keeps what: of both streams, of a trade, and of a snapshot. A side of a book is its
# best price, then the quantities of its first 1, 5, 10 and 20 levels.
TIME_FIELD, ID_FIELD, RECEIVED_FIELD = range(3)
PRICE_FIELD, QUANTITY_FIELD = 3, 4
BID_FIELD, ASK_FIELD = 3, 8
SIDE_FIELDS = 5
TRADE_FIELDS, BOOK_FIELDS = 5, 13

# What a row is beside its numbers: flags (below), the code of its trade type (0 is none) or what
# is wrong with its book, and the scales that its numbers have.
FLAGS, CODE, PRICE_SCALE, QUANTITY_SCALE = range(4)
TAKER_BUY, HAS_ID, PUNTED = 1, 2, 4

# What is wrong with a snapshot, in the order in which it is looked for.
VALID, EMPTY_SIDE, NOT_POSITIVE, UNORDERED, CROSSED = range(5)

LEVELS = 20
MAX_SCALE = 12
NEVER_RECEIVED = np.iinfo(np.int64).max
"""Receive time of a row without one: it sorts behind every other."""

_MAX_DIGITS = 18
_MAX_INTEGER_DIGITS = 19
_LIMIT = 1 << 57
"""Greater units are punted: twenty of these can be added up in 64 bits."""

_NEWLINE, _RETURN, _COMMA, _QUOTE, _POINT, _MINUS = 10, 13, 44, 34, 46, 45
_ZERO, _OPEN, _CLOSE, _SPACE = 48, 91, 93, 32
# Eight bytes at a time.
_WORD = 8
_ZEROS = np.uint64(0x3030303030303030)
_TO_HIGH_BIT = np.uint64(0x7676767676767676)
_HIGH_BITS = np.uint64(0x8080808080808080)
_PAIRS = np.uint64(0x000000FF000000FF)
_HUNDREDS = np.uint64(0x000F424000000064)  # 100 and 1,000,000
_ONES = np.uint64(0x0000271000000001)  # 1 and 10,000

_LONGEST_LEVEL = 64  # two numbers of 18 digits, points, quotes, and one more load
_THREE, _FIVE = np.uint64((1 << 24) - 1), np.uint64((1 << 40) - 1)
_OPENING = np.uint64(int.from_bytes(b'[""', "little"))
_BETWEEN = np.uint64(int.from_bytes(b'"",""', "little"))
_CLOSING = np.uint64(int.from_bytes(b'""]', "little"))

TRUE = np.frombuffer(b"true", dtype=np.uint8)
FALSE = np.frombuffer(b"false", dtype=np.uint8)
_POWERS = np.array([10**i for i in range(19)], dtype=np.int64)
_MOST = _LIMIT // _POWERS


@compiled
def _leading_digits(word: np.uint64) -> np.uint64:
    """Count how many bytes from the lowest are 0 to 9, of bytes from which `0` was taken."""
    # A byte above 9 carries into its highest bit; what it carries on lies behind it.
    others = ((word + _TO_HIGH_BIT) | word) & _HIGH_BITS
    return np.uint64(trailing_zeros(others) >> np.uint64(3))


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
def _integer(text: Bytes, i: int) -> tuple[np.int64 | int, int]:
    """Read an integer at i; return it and the place behind it, or place -1 to punt."""
    negative = text[i] == _MINUS
    i += int(negative)
    first = i
    value = np.uint64(0)
    while i + _WORD <= len(text):
        word = eight_bytes(text, i) ^ _ZEROS
        digits = _leading_digits(word)
        if digits == 0:
            break
        value = value * np.uint64(_POWERS[digits]) + np.uint64(_value(word, digits))
        i += int(np.int64(digits))
        if digits < _WORD or i - first > _WORD:
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
def _number(text: Bytes, i: int, scale: int) -> tuple[np.int64 | int, int, int]:
    """Read a plain number at i; return its units at the scale, its own scale, the place behind.

    Place -1 punts. If its own scale is above the expected one, the units mean nothing.
    """
    if i + 2 * _WORD > len(text):
        return _long_number(text, i, scale)
    word = eight_bytes(text, i) ^ _ZEROS
    before_point = _leading_digits(word)
    digits = before_point
    if before_point == 0 or before_point == _WORD:
        return _long_number(text, i, scale)
    own_scale = 0
    if text[i + np.int64(before_point)] == _POINT:
        # Close the gap that the point leaves with what follows it.
        kept = (np.uint64(1) << (before_point << np.uint64(3))) - np.uint64(1)
        word = (word & kept) | ((eight_bytes(text, i + 1) ^ _ZEROS) & ~kept)
        digits = _leading_digits(word)
        own_scale = int(np.int64(digits - before_point))
        if own_scale == 0 or digits == _WORD:
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
    """Do as `_number` digit by digit: for long numbers, and at the end of the text."""
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


@compiled
def _boolean(text: Bytes, i: int) -> tuple[bool, int]:
    """Read true or false in any case; return it and the place behind it, or place -1."""
    word = TRUE if text[i] | 32 == TRUE[0] else FALSE
    for k in range(len(word)):
        if text[i + k] | 32 != word[k]:
            return False, -1
    return len(word) == len(TRUE), i + len(word)


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
    units, own_scale, i = _number(text, i, scale)
    if i < 0:
        return 0, 0, -1
    if quoted:
        if text[i] != _QUOTE or text[i + 1] != _QUOTE:
            return 0, 0, -1
        i += 2
    return units, own_scale, _spaces(text, i)


@compiled
def _side(
    text: Bytes, i: int, scales: tuple[int, int], falling: bool, side: Ints, state: Ints
) -> int:
    """Read one side of a book from a quoted cell at i; return the place behind it, or -1."""
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
    side[:] = 0
    while text[i] != _CLOSE:
        if count:
            if text[i] != _COMMA:
                return -1
            i = _spaces(text, i + 1)
        usual = i + _LONGEST_LEVEL <= len(text) and eight_bytes(text, i) & _THREE == _OPENING
        if usual:
            price, price_scale, i = _number(text, i + 3, scales[0])
            if i < 0 or eight_bytes(text, i) & _FIVE != _BETWEEN:
                return -1
            quantity, quantity_scale, i = _number(text, i + 5, scales[1])
            if i < 0 or eight_bytes(text, i) & _THREE != _CLOSING:
                return -1
            i += 3
        else:
            # Written in another way, without quotes or with spaces.
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
            side[0] = price
            side[1] = total
        if count <= 5:
            side[2] = total
        if count <= 10:
            side[3] = total
        side[4] = total
    if count == 0:
        fault = EMPTY_SIDE
    if fault != VALID and (state[CODE] == VALID or fault < state[CODE]):
        state[CODE] = fault
    i = _spaces(text, i + 1)
    return i + 1 if text[i] == _QUOTE else -1


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
                i = _side(text, i, scales, True, row[BID_FIELD : BID_FIELD + SIDE_FIELDS], state)
            elif role == ASKS:
                i = _side(text, i, scales, False, row[ASK_FIELD : ASK_FIELD + SIDE_FIELDS], state)
            elif role == PRICE:
                row[PRICE_FIELD], state[PRICE_SCALE], i = _number(text, i, scales[0])
            elif role == QUANTITY:
                row[QUANTITY_FIELD], state[QUANTITY_SCALE], i = _number(text, i, scales[1])
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
                value, i = _integer(text, i)
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
