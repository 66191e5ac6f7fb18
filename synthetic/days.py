"""A plain day: evenly complete, as large as one asks for. No clock, no disk."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from lake.journal import Covered
from lake.layout import Format, Stream
from synthetic.chunks import (
    Chunk,
    Object,
    Session,
    books_tape,
    day_start_ms,
    pack,
    record,
    trades_tape,
)
from synthetic.journals import Record, journal_objects
from synthetic.market import DAY_MS, MINUTE_MS, Market, Pace
from synthetic.rows import Books, Trades, instrument

MARGIN_MS = 10 * MINUTE_MS
GENERATION = 1
"""Rises with every change of a byte that is written."""


@dataclass(frozen=True)
class Day:
    """What to write: so many rows of exchange time of the date, for each symbol, and a margin."""

    symbols: tuple[str, ...]
    date: date
    trades: int
    snapshots: int
    seed: int = 1
    form: Format = Format.GZIP
    gzip_level: int = 6

    @property
    def run(self) -> str:
        """Return a name that only a day of the same bytes has."""
        return "day" + hashlib.sha256(f"{GENERATION} {self!r}".encode()).hexdigest()[:12]


def numbered(symbol: str, count: int) -> tuple[str, ...]:
    """Return that many symbols: `ABCUSDT` itself, or `ABC0001USDT` and so on."""
    if count == 1:
        return (symbol,)
    base = symbol.removesuffix("USDT")
    return tuple(f"{base}{number:04d}USDT" for number in range(1, count + 1))


def day_objects(day: Day) -> Iterator[Object]:
    """Yield all objects of a day, a minute of a stream at a time."""
    start = day_start_ms(day.date)
    session = Session(day.run, start - MARGIN_MS, start + DAY_MS + MARGIN_MS)
    for symbol in day.symbols:
        market = Market(instrument(symbol), Pace(day.trades, day.snapshots), day.seed)
        for chunk in _chunks(market, session):
            yield packed(chunk, day.form, day.gzip_level)
    for key, data in journal_objects(_record(day, session)):
        yield Object(str(key), data)


def packed(chunk: Chunk[Trades] | Chunk[Books], form: Format, gzip_level: int) -> Object:
    """Return the object of a chunk."""
    key = replace(chunk.key, format=form)
    return Object(str(key), pack(chunk.text, form, gzip_level), chunk)


def _chunks(market: Market, session: Session) -> Iterator[Chunk[Trades] | Chunk[Books]]:
    if market.pace.trades:
        yield from record(trades_tape(market), session)
    if market.pace.snapshots:
        yield from record(books_tape(market), session)


def _record(day: Day, session: Session) -> Record:
    """Return the journal of a run that nothing happened to."""
    rows = {Stream.TRADES: day.trades, Stream.DEPTH20: day.snapshots}
    streams = tuple(stream for stream in Stream if rows[stream])
    covered = [
        Covered(stream, symbol, session.from_ms, session.to_ms)
        for symbol in day.symbols
        for stream in streams
    ]
    return Record(session, day.symbols, streams, covered)
