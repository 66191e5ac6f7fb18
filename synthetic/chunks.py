"""Rows cut by the minute of their receipt, named and compressed. No clock, no disk."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Generic

import numpy as np
import zstandard

from lake.layout import ChunkKey, Format, Stream
from synthetic.market import DAY_MINUTES, MINUTE_MS, Market
from synthetic.noise import Ints
from synthetic.rows import Books, Instrument, Rows, Trades, join, pick
from synthetic.text import books_csv, trades_csv

_EPOCH = date(1970, 1, 1)
_MINUTE_NS = MINUTE_MS * 1_000_000


@dataclass(frozen=True)
class Session:
    """One run of a collector: the exchange time that it records, `[from_ms, to_ms)`.

    `clock_offset_ms` is its clock minus the exchange's.
    """

    run: str
    from_ms: int
    to_ms: int
    clock_offset_ms: int = 0


@dataclass(frozen=True)
class Tape(Generic[Rows]):
    """One stream of a market: the rows of a minute, and how they are written."""

    stream: Stream
    instrument: Instrument
    minute: Callable[[int], Rows]
    csv: Callable[[Rows, Instrument], bytes]


@dataclass(frozen=True)
class Chunk(Generic[Rows]):
    """A chunk before compression: what it says, and the rows that a reader finds in it."""

    key: ChunkKey
    rows: Rows
    text: bytes


@dataclass(frozen=True)
class Object:
    """An object to write; `chunk` is what a reader of a raw one finds in it.

    `unreadable` are the rows that a fault has taken from it.
    """

    key: str
    data: bytes
    chunk: Chunk[Trades] | Chunk[Books] | None = None
    unreadable: int = 0


def trades_tape(market: Market) -> Tape[Trades]:
    """Return the trades of a market."""
    return Tape(Stream.TRADES, market.instrument, market.trades, trades_csv)


def books_tape(market: Market) -> Tape[Books]:
    """Return the snapshots of a market."""
    return Tape(Stream.DEPTH20, market.instrument, market.books, books_csv)


def between(tape: Tape[Rows], from_ms: int, to_ms: int) -> Iterator[Rows]:
    """Yield the rows of `[from_ms, to_ms)` of exchange time, minute by minute."""
    for minute in range(from_ms // MINUTE_MS, -(-to_ms // MINUTE_MS)):
        rows = tape.minute(minute)
        yield pick(rows, (from_ms <= rows.timestamp) & (rows.timestamp < to_ms))


def edited(tape: Tape[Rows], edit: Callable[[Rows], Rows]) -> Tape[Rows]:
    """Return the tape with the rows of each minute changed."""
    return replace(tape, minute=lambda minute: edit(tape.minute(minute)))


def record(tape: Tape[Rows], session: Session) -> Iterator[Chunk[Rows]]:
    """Yield the chunks that a session writes of a tape."""
    stream, symbol = tape.stream, tape.instrument.symbol
    batches = between(tape, session.from_ms, session.to_ms)
    for minute, rows in by_minute(_received(batches, session)):
        key = ChunkKey(stream, symbol, day_of(minute), minute % DAY_MINUTES, session.run)
        yield Chunk(key, rows, tape.csv(rows, tape.instrument))


def _received(batches: Iterable[Rows], session: Session) -> Iterator[Rows]:
    offset_ns = session.clock_offset_ms * 1_000_000
    for rows in batches:
        yield replace(rows, received_ns=rows.received_ns + offset_ns)


def by_minute(batches: Iterable[Rows]) -> Iterator[tuple[int, Rows]]:
    """Cut rows in the order of their receipt into minutes since 1970; one without rows is none."""
    held: Rows | None = None
    for batch in batches:
        if not batch.timestamp.size:
            continue
        rows = batch if held is None else join([held, batch])
        minutes: Ints = rows.received_ns // _MINUTE_NS
        edges = [0, *(np.flatnonzero(np.diff(minutes)) + 1).tolist()]
        for start, end in zip(edges, edges[1:], strict=False):
            yield int(minutes[start]), pick(rows, slice(start, end))
        held = pick(rows, slice(edges[-1], None))
    if held is not None:
        yield int(held.received_ns[0] // _MINUTE_NS), held


def pack(text: bytes, form: Format, gzip_level: int = 6) -> bytes:
    """Compress a chunk, always to the same bytes."""
    match form:
        case Format.GZIP:
            return gzip.compress(text, gzip_level, mtime=0)
        case Format.ZSTD:
            return zstandard.ZstdCompressor(level=3).compress(text)
        case Format.PLAIN:
            return text


def day_of(minute: int) -> date:
    """Return the UTC day of a minute since 1970."""
    return _EPOCH + timedelta(days=minute // DAY_MINUTES)


def day_start_ms(day: date) -> int:
    """Return the first ms of a UTC day."""
    return (day - _EPOCH).days * DAY_MINUTES * MINUTE_MS
