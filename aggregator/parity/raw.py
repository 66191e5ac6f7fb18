"""Reads the single trades of some minutes out of the raw chunks of a day."""

from collections.abc import Iterable, Iterator, Sequence

from aggregator.columns import RawRows
from aggregator.decode import Decoder
from aggregator.inputs import InputChunk, sorted_out, window
from aggregator.parity.candles import MINUTES_PER_DAY
from aggregator.parity.fills import Fills, fills, near
from aggregator.unit import Unit
from aggregator.utc import day_start_ms
from lake.layout import Stream, raw_symbol_prefix
from lake.storage import Storage

_REACH = 10
"""Minutes between the name of a chunk and the exchange time of its rows, at most."""


def read_fills(storage: Storage, unit: Unit, minutes: Iterable[int]) -> Fills | None:
    """Return the trades of some minutes and of those beside them; None if raw has expired."""
    wanted = sorted({each + step for each in minutes for step in (-1, 0, 1)})
    chunks = [*_chunks(storage, unit, wanted)]
    if not chunks:
        return None
    decoder, start = Decoder(Stream.TRADES), day_start_ms(unit.day)
    parts = [near(part, wanted, start) for part in _rows(storage, chunks, decoder)]
    return fills(parts, decoder.types.names, start)


def _chunks(storage: Storage, unit: Unit, wanted: Sequence[int]) -> Iterator[InputChunk]:
    """Yield the chunks that may hold rows of the minutes."""
    near_by = {each + step for each in wanted for step in range(-_REACH, _REACH + 1)}
    start, end = window(Stream.TRADES, unit.symbol, unit.day, _REACH)
    listed = storage.list(raw_symbol_prefix(Stream.TRADES, unit.symbol), start, end)
    for chunk in sorted_out(listed)[0]:
        days = (chunk.key.date - unit.day).days
        if chunk.key.minute + days * MINUTES_PER_DAY in near_by:
            yield chunk


def _rows(storage: Storage, chunks: Sequence[InputChunk], decoder: Decoder) -> Iterator[RawRows]:
    contents = storage.read_many([chunk.stat for chunk in chunks])
    for chunk, data in zip(chunks, contents, strict=True):
        yield decoder.decode([(chunk.key, data)])[0]
