"""Reads the chunks of a day out of the lake, decodes and reduces them, many at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from aggregator.decode import Chunk, Decoder
from aggregator.inputs import CARRY_MINUTES, InputChunk, Inputs, carry_window, sorted_out
from aggregator.reduce import Books, Loaded, Trades, Trouble, reduce_books, reduce_trades
from aggregator.rows import Piece, book_rows, pieces, trade_rows
from aggregator.utc import day_start_ms
from lake.layout import Stream, raw_day_prefix
from lake.storage import Storage

_AHEAD = 4
"""Chunks in work per thread: enough to keep all busy, few enough to bound the memory."""

_CARRY_STEP = 32
"""Minutes of the carry that are read at once, backwards from the margin."""


@dataclass
class _Reader:
    """Decodes the chunks of one stream, and notes what was set aside of them."""

    storage: Storage
    pool: Executor
    ahead: int
    decoder: Decoder
    advance: Callable[[int], None]
    troubles: list[Trouble] = field(default_factory=list)

    def read(self, chunks: Sequence[InputChunk]) -> Iterator[Chunk]:
        """Yield the chunks decoded, in the order given."""
        for source, chunk in zip(chunks, self._in_parallel(chunks), strict=True):
            if chunk.set_aside or chunk.unusable:
                self.troubles.append(Trouble(source.stat.key, chunk.set_aside, chunk.unusable))
            self.advance(1)
            yield chunk

    def _in_parallel(self, chunks: Sequence[InputChunk]) -> Iterator[Chunk]:
        contents = self.storage.read_many([chunk.stat for chunk in chunks])
        pending: deque[Future[Chunk]] = deque()
        for chunk, data in zip(chunks, contents, strict=True):
            pending.append(self.pool.submit(self.decoder.decode, chunk.key, data))
            if len(pending) > self.ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


@dataclass(frozen=True)
class Loader:
    """Loads one (symbol, day). `advance` is told of each chunk that is done."""

    storage: Storage
    symbol: str
    day: date
    margin: int
    threads: int
    advance: Callable[[int], None] = lambda _: None

    def load(self, inputs: Inputs) -> Loaded:
        """Read, decode and reduce both streams; fetch the carry if the price before is unknown."""
        with (
            ThreadPoolExecutor(self.threads, thread_name_prefix="decode") as pool,
            ThreadPoolExecutor(1, thread_name_prefix="books") as beside,
        ):
            readers = {stream: self._reader(stream, pool) for stream in Stream}
            books = beside.submit(self._books, inputs, readers[Stream.DEPTH20])
            trades, inputs = self._trades(inputs, readers[Stream.TRADES])
            loaded_books = books.result()
        troubles = (trouble for reader in readers.values() for trouble in reader.troubles)
        in_order = sorted(troubles, key=lambda trouble: trouble.key)
        return Loaded(inputs, trades, loaded_books, tuple(in_order))

    def _reader(self, stream: Stream, pool: Executor) -> _Reader:
        ahead = self.threads * _AHEAD
        return _Reader(self.storage, pool, ahead, Decoder(stream), self.advance)

    def _books(self, inputs: Inputs, reader: _Reader) -> Books:
        read = self._pieces(inputs.depth20, reader)
        return reduce_books(book_rows(read), day_start_ms(self.day))

    def _trades(self, inputs: Inputs, reader: _Reader) -> tuple[Trades, Inputs]:
        read = self._pieces(inputs.trades, reader)
        if any(piece.starts_before(day_start_ms(self.day)) for piece in read):
            trades = self._reduced(read, reader)
            if trades.before:
                return trades, inputs
            # What was traded before midnight does not count. Now the rows are needed again.
            reader.troubles.clear()
            read = self._pieces(inputs.trades, reader)
        carry, minute = self._carry(reader)
        read = self._pieces(carry, reader) + read
        return self._reduced(read, reader), inputs.with_carry(carry, minute)

    def _pieces(self, chunks: Sequence[InputChunk], reader: _Reader) -> list[Piece]:
        """Return the rows of the chunks in few large pieces."""
        marked = zip(reader.read(chunks), self._neighbours(chunks), strict=True)
        return [*pieces(marked)] or [*pieces([(reader.decoder.nothing(), False)])]

    def _neighbours(self, chunks: Iterable[InputChunk]) -> Iterator[bool]:
        return (chunk.key.date != self.day for chunk in chunks)

    def _reduced(self, read: list[Piece], reader: _Reader) -> Trades:
        return reduce_trades(trade_rows(read), reader.decoder.types.names, day_start_ms(self.day))

    def _carry(self, reader: _Reader) -> tuple[list[InputChunk], int]:
        """Return the chunks of the carry, and the minute of the day before where it starts."""
        found = carry_chunks(self.storage, self.symbol, self.day, self.margin, 0)
        minutes = [(m, [*of]) for m, of in groupby(found, key=lambda chunk: chunk.key.minute)]
        looked = _Reader(self.storage, reader.pool, reader.ahead, Decoder(Stream.TRADES), _ignore)
        minutes.reverse()
        for i in range(0, len(minutes), _CARRY_STEP):
            step = minutes[i : i + _CARRY_STEP]
            read = looked.read([chunk for _, of in step for chunk in of])
            for minute, of in step:
                if self._holds_price_before([next(read) for _ in of], looked):
                    first = max(minute - CARRY_MINUTES, 0)
                    return [chunk for chunk in found if chunk.key.minute >= first], first
        return found, 0

    def _holds_price_before(self, chunks: Sequence[Chunk], reader: _Reader) -> bool:
        read = [*pieces((chunk, True) for chunk in chunks)]
        may = any(piece.starts_before(day_start_ms(self.day)) for piece in read)
        return may and bool(self._reduced(read, reader).before)


def _ignore(_: int) -> None:
    """Say nothing of chunks that are only looked at."""


def carry_chunks(
    storage: Storage, symbol: str, day: date, margin: int, from_minute: int
) -> list[InputChunk]:
    """Return the trades chunks of the day before, from a minute on up to the margin."""
    start, end = carry_window(symbol, day, margin, from_minute)
    prefix = raw_day_prefix(Stream.TRADES, symbol, day - timedelta(days=1))
    return [*sorted_out(storage.list(prefix, start, end))[0]]
