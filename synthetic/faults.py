"""The troubles that feeds, disks and venues really have, planted in rows and chunks.

No clock, no disk: each function takes what would have been written, a minute of rows or a chunk,
and returns what was.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lake.layout import Stream
from lake.schemas import TradeType
from synthetic.chunks import Chunk
from synthetic.market import MINUTE_MS
from synthetic.rows import TYPES, Books, Rows, Trades, pick

_ANY_GZIP = 31  # zlib's number for "with a gzip header"


@dataclass(frozen=True)
class Outage:
    """A time in which the rows of some streams never arrived, `[from_ms, to_ms)`."""

    symbol: str
    streams: tuple[Stream, ...]
    from_ms: int
    to_ms: int
    cause: str


def lost(rows: Rows, outages: Sequence[Outage]) -> Rows:
    """Return the rows without those of the outages."""
    kept = np.ones(rows.timestamp.size, np.bool_)
    for outage in outages:
        kept &= (rows.timestamp < outage.from_ms) | (rows.timestamp >= outage.to_ms)
    return pick(rows, kept)


def liquidated(trades: Trades, minutes: Sequence[int]) -> Trades:
    """Turn the first trade of some minutes into an insurance fund print, 4 % off the market."""
    at = np.flatnonzero(_in_minutes(trades, minutes) & (trades.price > 0))[:1]
    price, kind = trades.price.copy(), trades.trade_type.copy()
    price[at] = price[at] * 96 // 100 + 3
    kind[at] = TYPES.index(TradeType.INSURANCE_FUND)
    return replace(trades, price=price, trade_type=kind)


def crossed(books: Books, minutes: Sequence[int]) -> Books:
    """Move the asks of the first snapshot of some minutes below its best bid."""
    at = np.flatnonzero(_in_minutes(books, minutes))[:1]
    asks = books.ask_price.copy()
    asks[at] -= 2 * (books.ask_price[at, :1] - books.bid_price[at, :1])
    return replace(books, ask_price=asks)


def malformed(chunk: Chunk[Rows]) -> Chunk[Rows]:
    """Break one row in each way that its stream knows, evenly through the chunk, but the first."""
    ways = tuple(BREAKS[chunk.key.stream].values())
    size = chunk.rows.timestamp.size
    lines = chunk.text.splitlines(keepends=True)
    readable = np.ones(size, np.bool_)
    step = max(1, size // (len(ways) + 1))
    for broken, row in zip(ways, range(step, size, step), strict=False):
        readable[row] = False
        lines[1 + row] = broken(lines[1 + row])
    return Chunk(chunk.key, pick(chunk.rows, readable), b"".join(lines))


def truncated(chunk: Chunk[Rows], packed: bytes) -> tuple[Chunk[Rows], bytes]:
    """Cut a compressed chunk off after two thirds, as a full disk or a lost connection does."""
    data = packed[: len(packed) * 2 // 3]
    text = zlib.decompressobj(_ANY_GZIP).decompress(data)
    complete = text[: text.rfind(b"\n") + 1]
    rows = max(0, complete.count(b"\n") - 1)
    return Chunk(chunk.key, pick(chunk.rows, slice(0, rows)), complete), data


def _in_minutes(rows: Trades | Books, minutes: Sequence[int]) -> npt.NDArray[np.bool_]:
    return np.isin(rows.timestamp // MINUTE_MS, minutes)


def _with_cell(index: int, text: bytes) -> Callable[[bytes], bytes]:
    def broken(line: bytes) -> bytes:
        cells = line.split(b",")
        return b",".join([*cells[:index], text, *cells[index + 1 :]])

    return broken


BREAKS: dict[Stream, dict[str, Callable[[bytes], bytes]]] = {
    Stream.TRADES: {
        "fields": lambda line: line.replace(b",", b"", 1),
        "number": _with_cell(1, b"NaN"),
        "boolean": _with_cell(3, b"maybe"),
    },
    Stream.DEPTH20: {"json": lambda line: line.replace(b']]",', b']",', 1)},
}
"""The ways in which a row of a stream can be malformed, by what is wrong with it."""
