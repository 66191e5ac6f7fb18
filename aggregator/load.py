"""Reads the chunks of a day out of the lake, decodes and reduces them, many at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from aggregator.decode import Decoder
from aggregator.inputs import CARRY_MINUTES, InputChunk, Inputs, carry_window, sorted_out
from aggregator.reduce import Books, Loaded, Trades, Trouble, reduce_books, reduce_trades
from aggregator.rows import Piece, book_rows, piece_of, pieces, trade_rows
from aggregator.utc import day_start_ms
from lake.layout import Stream, raw_day_prefix
from lake.storage import Storage

_TOGETHER = 16
"""Chunks that a thread decodes before it hands them over: handing over costs as much as a chunk."""

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

    def read(self, batches: Sequence[Sequence[InputChunk]], day: date) -> Iterator[Piece]:
        """Yield a piece for each batch of chunks of one date, in the order given."""
        contents = self.storage.read_many([chunk.stat for batch in batches for chunk in batch])
        pending: deque[tuple[int, Future[Piece]]] = deque()
        for batch in batches:
            data = [next(contents) for _ in batch]
            pending.append((len(batch), self.pool.submit(self._piece, batch, data, day)))
            if len(pending) > self.ahead:
                yield self._next(pending)
        while pending:
            yield self._next(pending)

    def _next(self, pending: deque[tuple[int, Future[Piece]]]) -> Piece:
        chunks, piece = pending.popleft()
        done = piece.result()
        self.advance(chunks)
        return done

    def _piece(self, batch: Sequence[InputChunk], contents: list[bytes], day: date) -> Piece:
        decoded = []
        for source, data in zip(batch, contents, strict=True):
            chunk = self.decoder.decode(source.key, data)
            decoded.append(chunk)
            if chunk.set_aside or chunk.unusable:
                self.troubles.append(Trouble(source.stat.key, chunk.set_aside, chunk.unusable))
        return piece_of(decoded, neighbour=batch[0].key.date != day)


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
        # One batch is decoded by each thread, and the next one is there.
        return _Reader(self.storage, pool, self.threads, Decoder(stream), self.advance)

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
        """Return the rows of the chunks in the order of their keys."""
        read = ((piece.chunk, piece.neighbour) for piece in reader.read(_batches(chunks), self.day))
        return [*pieces(read)] or [piece_of([reader.decoder.nothing()], neighbour=False)]

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
            read = looked.read([chunks for _, chunks in step], self.day)
            for (minute, _), piece in zip(step, read, strict=True):
                if self._holds_price_before(piece, looked):
                    first = max(minute - CARRY_MINUTES, 0)
                    return [chunk for chunk in found if chunk.key.minute >= first], first
        return found, 0

    def _holds_price_before(self, piece: Piece, reader: _Reader) -> bool:
        may = piece.starts_before(day_start_ms(self.day))
        return may and bool(self._reduced([piece], reader).before)


def _batches(chunks: Sequence[InputChunk]) -> list[list[InputChunk]]:
    """Cut the chunks into batches of one date each."""
    of_dates = (list(of_date) for _, of_date in groupby(chunks, key=lambda chunk: chunk.key.date))
    return [
        of_date[i : i + _TOGETHER]
        for of_date in of_dates
        for i in range(0, len(of_date), _TOGETHER)
    ]


def _ignore(_: int) -> None:
    """Say nothing of chunks that are only looked at."""


def carry_chunks(
    storage: Storage, symbol: str, day: date, margin: int, from_minute: int
) -> list[InputChunk]:
    """Return the trades chunks of the day before, from a minute on up to the margin."""
    start, end = carry_window(symbol, day, margin, from_minute)
    prefix = raw_day_prefix(Stream.TRADES, symbol, day - timedelta(days=1))
    return [*sorted_out(storage.list(prefix, start, end))[0]]
