"""Compiled passes over rows in order: they become seconds in one go. No clock, no disk.

For ordinary numbers only: what a pass returns tells whether these were, and where they were not,
what it has filled means nothing.
"""

from aggregator.compiled import BYTES, INTS, TABLE, compiled, entry
from aggregator.kernels import HAS_ID, TAKER_BUY
from aggregator.numerals import Bytes, Ints

UNUSUAL = -1
"""Returned instead of a number of seconds: a sum is too large, or a ratio too small."""

# Where a second keeps what: of trades, and of books. A sum for each quantity: of the first 5, 10
# and 20 bids, then asks. Two for each ratio: of the first 1, 5, 10 and 20 levels, and the spread's.
BAR = 0
OPEN, HIGH, LOW, CLOSE, BOUGHT, SOLD, TURNOVER, LARGEST, BUYS, SELLS = range(1, 11)
TRADE_FIELDS = 11
SPREADS, QUANTITIES, LEAST_SPREAD, GREATEST_SPREAD, MID, RATIOS, SNAPSHOTS = 1, 2, 8, 9, 10, 11, 21
BOOK_FIELDS = 22

_PRICE, _DEPTHS = 0, 4  # of a side: the best price, then quantities of so many depths

MOST_SUMMED = 1 << 59
"""Sums stay below this. They are watched as floats: it is half of what a narrow column holds."""

MOST_IN_FLOAT = 1 << 53
"""Whole numbers up to this are floats, so that their ratio is the nearest one."""

PART = 2.0**40
"""What a ratio is multiplied with to be cut to a whole number, twice."""

_LEAST_RATIO = 2.0**-28
"""Of a smaller one two parts are not all: they have eighty bits, a float fifty-three."""


@entry(takes=(INTS, INTS, BYTES), gives=1)
def in_order(timestamps: Ints, ids: Ints, flags: Bytes) -> int:
    """Tell, by 1 or 0, whether rows are in order, each has an id, and none is there twice."""
    for i in range(len(timestamps)):
        if not flags[i] & HAS_ID:
            return 0
        if i and (timestamps[i] < timestamps[i - 1] or ids[i] <= ids[i - 1]):
            return 0
    return 1


@compiled
def _clear(seconds: Ints, field: int, here: int) -> None:
    for each in range(field, len(seconds)):
        seconds[each, here] = 0


@entry(takes=(INTS, TABLE, BYTES, BYTES, BYTES, TABLE, INTS), gives=1)
def sum_trades(
    times: Ints,
    decimals: Ints,
    flags: Bytes,
    codes: Bytes,
    counted: Bytes,
    seconds: Ints,
    left_out: Ints,
) -> int:
    """Fill `seconds` (fields x room) with those that have a counted trade; return how many.

    `times` are ms of the day, `decimals` prices, then quantities. `counted` tells of each code of
    a trade type whether it counts; in `left_out` those that do not are added up.
    """
    found, turnover = 0, 0.0
    for i in range(len(times)):
        price, quantity = decimals[0, i], decimals[1, i]
        if not (counted[codes[i]] and price > 0 and quantity > 0):
            left_out[codes[i]] += 1
            continue
        turnover += float(price) * quantity
        second = times[i] // 1000
        if not found or seconds[BAR, found - 1] != second:
            seconds[BAR, found] = second
            seconds[OPEN, found] = seconds[HIGH, found] = seconds[LOW, found] = price
            _clear(seconds, BOUGHT, found)
            found += 1
        here = found - 1
        seconds[HIGH, here] = max(seconds[HIGH, here], price)
        seconds[LOW, here] = min(seconds[LOW, here], price)
        seconds[CLOSE, here] = price
        seconds[TURNOVER, here] += price * quantity
        seconds[LARGEST, here] = max(seconds[LARGEST, here], quantity)
        sold = 0 if flags[i] & TAKER_BUY else 1
        seconds[BOUGHT + sold, here] += quantity
        seconds[BUYS + sold, here] += 1
    # Quantities are no larger: no price is less than one unit.
    return found if turnover < MOST_SUMMED else UNUSUAL


@compiled
def _add_ratio(part: int, whole: int, seconds: Ints, field: int, here: int) -> bool:
    """Add the two parts of a ratio; tell whether they are all of it."""
    ratio = part / whole
    high = int(ratio * PART)
    seconds[field, here] += high
    seconds[field + 1, here] += int((ratio * PART - high) * PART)
    return ratio >= _LEAST_RATIO and whole <= MOST_IN_FLOAT


@compiled
def _add_book(bids: Ints, asks: Ints, i: int, seconds: Ints, here: int) -> bool:
    """Add what is summed of a book; tell whether its ratios are all there."""
    bid, ask = bids[_PRICE, i], asks[_PRICE, i]
    seconds[SPREADS, here] += ask - bid
    usual = _add_ratio(ask - bid, ask + bid, seconds, RATIOS + 2 * _DEPTHS, here)
    for depth in range(_DEPTHS):
        own, other = bids[1 + depth, i], asks[1 + depth, i]
        usual &= _add_ratio(own, own + other, seconds, RATIOS + 2 * depth, here)
        if depth:
            seconds[QUANTITIES + depth - 1, here] += own
            seconds[QUANTITIES + depth + 2, here] += other
    seconds[SNAPSHOTS, here] += 1
    return usual


@entry(takes=(INTS, TABLE, TABLE, TABLE), gives=1)
def sum_books(times: Ints, bids: Ints, asks: Ints, seconds: Ints) -> int:
    """Fill `seconds` (fields x room) with those that have a snapshot; return how many.

    `times` are ms of the day. `bids` and `asks` (5 x rows) are best prices and the quantities of
    the first 1, 5, 10 and 20 levels, of books in which nothing is wrong. Mids have one decimal
    more than prices.
    """
    found, usual, mids, quantities = 0, True, 0.0, 0.0
    for i in range(len(times)):
        bid, ask = bids[_PRICE, i], asks[_PRICE, i]
        mids += 5.0 * bid + 5.0 * ask
        quantities += float(bids[_DEPTHS, i]) + float(asks[_DEPTHS, i])
        second = times[i] // 1000
        if not found or seconds[BAR, found - 1] != second:
            seconds[BAR, found] = second
            _clear(seconds, BAR + 1, found)
            seconds[LEAST_SPREAD, found] = ask - bid
            found += 1
        here = found - 1
        seconds[LEAST_SPREAD, here] = min(seconds[LEAST_SPREAD, here], ask - bid)
        seconds[GREATEST_SPREAD, here] = max(seconds[GREATEST_SPREAD, here], ask - bid)
        seconds[MID, here] = 5 * (bid + ask)
        usual &= _add_book(bids, asks, i, seconds, here)
    return found if usual and mids < MOST_SUMMED and quantities < MOST_SUMMED else UNUSUAL
