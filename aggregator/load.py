"""Reads the chunks of a day out of the lake and decodes them, many at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import numpy as np

from aggregator.decode import Chunk, Decoder
from aggregator.inputs import CARRY_MINUTES, InputChunk, Inputs, carry_window, sorted_out
from aggregator.reduce import Books, Loaded, Trades, Trouble, reduce_books, reduce_trades
from aggregator.rows import book_rows, trade_rows
from aggregator.utc import day_start_ms
from lake.layout import Stream, raw_day_prefix
from lake.storage import Storage

_AHEAD = 4
"""Chunks in work per thread: enough to keep all busy, few enough to bound the memory."""


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
        troubles: list[Trouble] = []
        books = self._books(inputs, troubles)
        trades, inputs = self._trades(inputs, troubles)
        return Loaded(inputs, trades, books, tuple(sorted(troubles, key=lambda each: each.key)))

    def _books(self, inputs: Inputs, troubles: list[Trouble]) -> Books:
        decoder = Decoder(Stream.DEPTH20)
        chunks = self._decoded(inputs.depth20, decoder, troubles) or [decoder.nothing()]
        rows = book_rows(chunks, self._neighbours(inputs.depth20))
        return reduce_books(rows, day_start_ms(self.day))

    def _trades(self, inputs: Inputs, troubles: list[Trouble]) -> tuple[Trades, Inputs]:
        decoder = Decoder(Stream.TRADES)
        read = self._decoded(inputs.trades, decoder, troubles)
        if self._may_know_price_before(read):
            trades = self._reduced(inputs, read, decoder)
            if trades.before:
                return trades, inputs
            # The trade that seemed to be there was a duplicate of one that does not count.
            read = self._decoded(inputs.trades, decoder, [])
        carry, minute = self._carry()
        inputs = inputs.with_carry(carry, minute)
        read = self._decoded(carry, decoder, troubles) + read
        return self._reduced(inputs, read, decoder), inputs

    def _reduced(self, inputs: Inputs, chunks: list[Chunk], decoder: Decoder) -> Trades:
        rows = trade_rows(chunks or [decoder.nothing()], self._neighbours(inputs.trades))
        return reduce_trades(rows, decoder.types.names, day_start_ms(self.day))

    def _neighbours(self, chunks: Sequence[InputChunk]) -> list[bool]:
        return [chunk.key.date != self.day for chunk in chunks] or [False]

    def _may_know_price_before(self, chunks: Sequence[Chunk]) -> bool:
        start = day_start_ms(self.day)
        return any(np.any(chunk.timestamp < start) for chunk in chunks)

    def _carry(self) -> tuple[list[InputChunk], int]:
        """Return the chunks of the carry, and the minute of the day before where it starts."""
        found = carry_chunks(self.storage, self.symbol, self.day, self.margin, 0)
        by_minute = [
            (minute, [*chunks])
            for minute, chunks in groupby(found, key=lambda chunk: chunk.key.minute)
        ]
        for minute, chunks in reversed(by_minute):
            if self._holds_price_before(chunks):
                first = max(minute - CARRY_MINUTES, 0)
                return [chunk for chunk in found if chunk.key.minute >= first], first
        return found, 0

    def _holds_price_before(self, chunks: Sequence[InputChunk]) -> bool:
        decoder = Decoder(Stream.TRADES)
        rows = trade_rows(self._decoded(chunks, decoder, []), [True] * len(chunks))
        return bool(reduce_trades(rows, decoder.types.names, day_start_ms(self.day)).before)

    def _decoded(
        self, chunks: Sequence[InputChunk], decoder: Decoder, troubles: list[Trouble]
    ) -> list[Chunk]:
        """Return the chunks decoded, in the order given."""
        decoded: list[Chunk] = []
        for source, chunk in zip(chunks, self._in_parallel(chunks, decoder), strict=True):
            decoded.append(chunk)
            if chunk.set_aside or chunk.unusable:
                troubles.append(Trouble(source.stat.key, chunk.set_aside, chunk.unusable))
            self.advance(1)
        return decoded

    def _in_parallel(self, chunks: Sequence[InputChunk], decoder: Decoder) -> Iterator[Chunk]:
        contents = self.storage.read_many([chunk.stat.key for chunk in chunks])
        pending: deque[Future[Chunk]] = deque()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="decode") as pool:
            for chunk, data in zip(chunks, contents, strict=True):
                pending.append(pool.submit(decoder.decode, chunk.key, data))
                if len(pending) > self.threads * _AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()


def carry_chunks(
    storage: Storage, symbol: str, day: date, margin: int, from_minute: int
) -> list[InputChunk]:
    """Return the trades chunks of the day before, from a minute on up to the margin."""
    start, end = carry_window(symbol, day, margin, from_minute)
    prefix = raw_day_prefix(Stream.TRADES, symbol, day - timedelta(days=1))
    return [*sorted_out(storage.list(prefix, start, end))[0]]
