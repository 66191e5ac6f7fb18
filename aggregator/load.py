"""Reads the chunks of a day out of the lake, decodes and reduces them, many at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Generic, TypeVar

from aggregator.carry import carry_chunks
from aggregator.decode import Decoder
from aggregator.edges import overlapping
from aggregator.inputs import CARRY_MINUTES, InputChunk, Inputs
from aggregator.parts import joined_books, joined_trades
from aggregator.reduce import Books, Loaded, Trades, Trouble, reduce_books, reduce_trades
from aggregator.rows import Piece, book_rows, seam, trade_rows
from aggregator.usual import usual_books, usual_trades
from aggregator.utc import day_start_ms
from lake.layout import Stream
from lake.storage import Storage

_MOST_CHUNKS, _MOST_BYTES = 64, 6 << 20
"""Of a batch: large enough that a query costs less than its rows, small enough for the memory."""

_SPARE = 1
"""Threads beyond those asked for: they work while another waits for the interpreter or a query."""

_LEAST_BYTES = 12 << 20
"""Of chunks for which a further thread pays: small ones cost more to hand over than to read."""

_CARRY_STEP = 32
"""Minutes of the carry that are read at once, backwards from the margin."""

_Part = TypeVar("_Part", Trades, Books)
_Used = TypeVar("_Used")
_Batch = Sequence[InputChunk]


@dataclass(frozen=True)
class _Reader(Generic[_Part]):
    """Decodes and reduces the chunks of one stream, batch by batch; their rows are dropped.

    `reduce` takes rows out of a list. `troubles` are what was set aside, by key.
    """

    storage: Storage
    pool: Executor
    ahead: int
    day: date
    decoder: Decoder
    reduce: Callable[[list[Piece]], _Part]
    advance: Callable[[int], None]
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def read(self, batches: Sequence[_Batch]) -> list[_Part]:
        """Reduce the rows of batches, in order, as soon as the next batch shows where they end.

        The last rows of a batch may stand among the first of the next: two collectors are not
        equally quick. These are held back, and reduced with the next.
        """
        parts: list[Future[_Part]] = []
        held: list[Piece] = []
        for batch, piece in self._each(batches, lambda piece: piece):
            done, held = seam(held, piece)
            if done:
                parts.append(self.pool.submit(self.reduce, done))
            held.append(piece)
            self.advance(len(batch))
        return [part.result() for part in parts] + [self.reduce(held)]

    def settled(self, batches: Sequence[_Batch], parts: list[_Part]) -> list[_Part]:
        """Return the parts of batches; all rows reduced together if some are far from their place.

        Then the chunks are read again, and all rows are held at once.
        """
        groups = overlapping([part.edges for part in parts])
        if len(groups) == len(parts):
            return parts
        return [self.reduce([piece for _, piece in self._each(batches, lambda piece: piece)])]

    def each(self, batches: Sequence[_Batch]) -> Iterator[_Part]:
        """Yield each batch reduced by itself."""
        return (part for _, part in self._each(batches, lambda piece: self.reduce([piece])))

    def _each(
        self, batches: Sequence[_Batch], use: Callable[[Piece], _Used]
    ) -> Iterator[tuple[_Batch, _Used]]:
        """Yield for each batch what is made of its rows, in order, some of them ahead."""
        contents = self.storage.read_many([chunk.stat for batch in batches for chunk in batch])
        pending: deque[tuple[_Batch, Future[_Used]]] = deque()
        for batch in batches:
            data = [next(contents) for _ in batch]
            pending.append(
                (batch, self.pool.submit(lambda b, d: use(self._piece(b, d)), batch, data))
            )
            if len(pending) > self.ahead:
                done, used = pending.popleft()
                yield done, used.result()
        for batch, used in pending:
            yield batch, used.result()

    def _piece(self, batch: _Batch, contents: list[bytes]) -> Piece:
        chunks = [(source.key, data) for source, data in zip(batch, contents, strict=True)]
        raw, faults = self.decoder.decode(chunks)
        for source, of_chunk in zip(batch, faults, strict=True):
            if of_chunk:
                key = source.stat.key
                self.troubles[key] = Trouble(key, of_chunk)
        neighbour = bool(batch) and batch[0].key.date != self.day
        return Piece(raw, neighbour)


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
            ThreadPoolExecutor(self._threads(inputs), thread_name_prefix="decode") as pool,
            ThreadPoolExecutor(1, thread_name_prefix="books") as beside,
        ):
            of_books, of_trades = self._book_reader(pool), self._trade_reader(pool, self.advance)
            books = beside.submit(self._books, inputs, of_books)
            trades, inputs = self._trades(inputs, of_trades)
            loaded_books = books.result()
        troubles = {**of_trades.troubles, **of_books.troubles}
        in_order = [troubles[key] for key in sorted(troubles)]
        return Loaded(inputs, trades, loaded_books, tuple(in_order))

    def _threads(self, inputs: Inputs) -> int:
        size = sum(chunk.stat.size for chunk in (*inputs.trades, *inputs.depth20))
        return min(self.threads + _SPARE, 1 + size // _LEAST_BYTES)

    def _book_reader(self, pool: Executor) -> _Reader[Books]:
        def reduced(read: list[Piece]) -> Books:
            start = day_start_ms(self.day)
            return usual_books(read, start) or reduce_books(book_rows(read), start)

        # One batch is decoded by each thread, and the next one is there.
        decoder = Decoder(Stream.DEPTH20)
        return _Reader(self.storage, pool, self.threads, self.day, decoder, reduced, self.advance)

    def _trade_reader(self, pool: Executor, advance: Callable[[int], None]) -> _Reader[Trades]:
        decoder = Decoder(Stream.TRADES)

        def reduced(read: list[Piece]) -> Trades:
            types, start = decoder.types.names, day_start_ms(self.day)
            usual = usual_trades(read, types, start)
            return usual or reduce_trades(trade_rows(read), types, start)

        return _Reader(self.storage, pool, self.threads, self.day, decoder, reduced, advance)

    def _books(self, inputs: Inputs, reader: _Reader[Books]) -> Books:
        batches = _batches(inputs.depth20)
        return joined_books(reader.settled(batches, reader.read(batches)))

    def _trades(self, inputs: Inputs, reader: _Reader[Trades]) -> tuple[Trades, Inputs]:
        batches = _batches(inputs.trades)
        parts = reader.settled(batches, reader.read(batches))
        if not any(part.before for part in parts):
            carry, minute = self._carry(reader)
            inputs = inputs.with_carry(carry, minute)
            earlier = _batches(carry)
            parts = reader.settled([*earlier, *batches], reader.read(earlier) + parts)
        return joined_trades(parts), inputs

    def _carry(self, reader: _Reader[Trades]) -> tuple[list[InputChunk], int]:
        """Return the chunks of the carry, and the minute of the day before where it starts."""
        found = carry_chunks(self.storage, self.symbol, self.day, self.margin, 0)
        minutes = [(m, [*of]) for m, of in groupby(found, key=lambda chunk: chunk.key.minute)]
        looked = self._trade_reader(reader.pool, _ignore)
        minutes.reverse()
        for i in range(0, len(minutes), _CARRY_STEP):
            step = minutes[i : i + _CARRY_STEP]
            read = looked.each([chunks for _, chunks in step])
            for (minute, _), part in zip(step, read, strict=True):
                if part.before:
                    first = max(minute - CARRY_MINUTES, 0)
                    return [chunk for chunk in found if chunk.key.minute >= first], first
        return found, 0


def _batches(chunks: Sequence[InputChunk]) -> list[list[InputChunk]]:
    """Cut the chunks into batches of one date each; at least one, if need be an empty one."""
    batches: list[list[InputChunk]] = []
    size = 0
    for chunk in chunks:
        size += chunk.stat.size
        full = not batches or len(batches[-1]) == _MOST_CHUNKS or size > _MOST_BYTES
        if full or batches[-1][0].key.date != chunk.key.date:
            batches.append([])
            size = chunk.stat.size
        batches[-1].append(chunk)
    return batches or [[]]


def _ignore(_: int) -> None:
    """Say nothing of chunks that are only looked at."""
