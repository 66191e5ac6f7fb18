"""Arrays as CSV, exactly as Python's csv module writes the same cells. No clock, no disk.

A table is made as a matrix of characters, one line a row, in which a shorter cell is padded with
NUL; what is left without the NULs is the text. Nothing here is done value by value.
"""

import numpy as np
import numpy.typing as npt

from lake.layout import Stream
from lake.schemas import RAW_TABLES, header
from synthetic.noise import Ints
from synthetic.rows import TYPES, Books, Instrument, Trades

Characters = npt.NDArray[np.uint8]

_GROUP = 4
_GROUPS = np.frombuffer("".join(f"{group:04d}" for group in range(10**_GROUP)).encode(), "V4")
_BOOLEANS = ("false", "true")


def trades_csv(trades: Trades, instrument: Instrument) -> bytes:
    """Return a chunk of trades with its header."""
    cells = [
        _integers(trades.timestamp),
        _decimals(trades.price, instrument.price_digits),
        _decimals(trades.quantity, instrument.quantity_digits),
        _choices(trades.is_buyer_maker.astype(np.int64), _BOOLEANS),
        _integers(trades.trade_id),
        _choices(trades.trade_type, TYPES),
        _integers(trades.event_time),
        _integers(trades.received_ns),
    ]
    return _csv(Stream.TRADES, cells)


def books_csv(books: Books, instrument: Instrument) -> bytes:
    """Return a chunk of snapshots with its header."""
    cells = [
        _integers(books.timestamp),
        _levels(books.bid_price, books.bid_quantity, instrument),
        _levels(books.ask_price, books.ask_quantity, instrument),
        _integers(books.update_id),
        _integers(books.event_time),
        _integers(books.received_ns),
    ]
    return _csv(Stream.DEPTH20, cells)


def archive_csv(trades: Trades, instrument: Instrument) -> bytes:
    """Return lines of the exchange's archive, which have no header and no type."""
    quote = trades.price * trades.quantity // 10**instrument.quantity_digits
    cells = [
        _integers(trades.trade_id),
        _decimals(trades.price, instrument.price_digits),
        _decimals(trades.quantity, instrument.quantity_digits),
        _decimals(quote, instrument.price_digits),
        _integers(trades.timestamp),
        _choices(trades.is_buyer_maker.astype(np.int64), _BOOLEANS),
    ]
    return _lines(cells)


def _csv(stream: Stream, cells: list[Characters]) -> bytes:
    return header(RAW_TABLES[stream]).encode() + _lines(cells)


def _lines(cells: list[Characters]) -> bytes:
    rows = len(cells[0])
    ends = [b","] * (len(cells) - 1) + [b"\n"]
    columns = [
        part for cell, end in zip(cells, ends, strict=True) for part in (cell, _same(end, rows))
    ]
    matrix = np.concatenate(columns, axis=1)
    text: bytes = matrix[matrix != 0].tobytes()
    return text


def _same(text: bytes, rows: int) -> Characters:
    return np.frombuffer(text * rows, np.uint8).reshape(rows, len(text))


def _digits(values: Ints, least: int = 1) -> Characters:
    """Return decimal digits with leading zeros, all as wide as the largest value needs."""
    width = max(least, len(str(values.max(initial=0))))
    groups = -(-width // _GROUP)
    texts = np.empty((len(values), groups), _GROUPS.dtype)
    for group in reversed(range(groups)):
        values, low = np.divmod(values, 10**_GROUP)
        texts[:, group] = _GROUPS[low]
    return texts.view(np.uint8)[:, -width:]


def _without_leading_zeros(texts: Characters, values: Ints, keep: int) -> Characters:
    """Blank the zeros before the first digit, except in the last `keep` places."""
    places = texts.shape[1] - keep
    if places > 0:
        least = 10 ** np.arange(texts.shape[1] - 1, keep - 1, -1)
        texts[:, :places][values[:, None] < least] = 0
    return texts


def _integers(values: Ints) -> Characters:
    return _without_leading_zeros(_digits(values), values, keep=1)


def _decimals(values: Ints, digits: int) -> Characters:
    """Return values of so many decimal digits, all written; a zero is `0`, as the venue has it."""
    if not digits:
        return _integers(values)
    texts = _digits(values, digits + 1)
    texts = _without_leading_zeros(texts, values, keep=digits + 1)
    whole, fraction = texts[:, :-digits], texts[:, -digits:]
    cells = np.concatenate([whole, _same(b".", len(values)), fraction], axis=1)
    cells[values == 0, whole.shape[1] :] = 0
    return cells


def _choices(values: Ints, texts: tuple[str, ...]) -> Characters:
    width = max(map(len, texts))
    table = np.frombuffer("".join(text.ljust(width, "\0") for text in texts).encode(), np.uint8)
    return table.reshape(len(texts), width)[values]


def _levels(prices: Ints, quantities: Ints, instrument: Instrument) -> Characters:
    """Return `[["price","quantity"],…]` in quotes, those inside doubled."""
    rows, levels = prices.shape
    flat = rows * levels
    parts = [
        _same(b',[""', flat),
        _decimals(prices.ravel(), instrument.price_digits),
        _same(b'"",""', flat),
        _decimals(quantities.ravel(), instrument.quantity_digits),
        _same(b'""]', flat),
    ]
    pairs = np.concatenate(parts, axis=1).reshape(rows, -1)
    pairs[:, 0] = 0  # no comma before the first pair
    return np.concatenate([_same(b'"[', rows), pairs, _same(b']"', rows)], axis=1)
