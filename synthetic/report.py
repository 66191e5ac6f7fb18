"""What was written, for a person to compare with what a reader says of it. No clock, no disk."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from lake.layout import Stream
from lake.schemas import TradeType
from synthetic.chunks import Chunk, Object, day_start_ms
from synthetic.market import DAY_MS
from synthetic.rows import TYPES, Books, Trades


@dataclass(frozen=True)
class Summary:
    """One stream of one symbol: all chunks, and the readable rows of the day by exchange time."""

    symbol: str
    stream: Stream
    chunks: int
    bytes: int
    rows: int
    duplicates: int
    late: int  # in a chunk of another date
    missing: int = 0  # ids between the first and the last
    types: dict[TradeType, int] = field(default_factory=dict)

    def __str__(self) -> str:
        facts = [
            f"{self.rows:,} rows in {self.chunks:,} chunks, {self.bytes / 1e6:,.1f} MB",
            f"{self.duplicates:,} duplicates, {self.late:,} late",
        ]
        if self.stream is Stream.TRADES:
            facts += [f"{self.missing:,} ids missing"]
            facts += [f"{kind} {count:,}" for kind, count in self.types.items()]
        return f"{self.symbol} {self.stream}: " + "; ".join(facts)


class Report:
    """Adds up objects as they are written."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._tallies: dict[tuple[str, Stream], _Tally] = defaultdict(_Tally)
        self.unreadable: dict[str, int] = {}

    def add(self, written: Object) -> None:
        """Count an object."""
        if written.unreadable:
            self.unreadable[written.key] = written.unreadable
        if written.chunk:
            place = (written.chunk.key.symbol, written.chunk.key.stream)
            self._tallies[place].add(written.chunk, len(written.data), self._day)

    def summaries(self) -> Iterator[Summary]:
        """Yield what was written, by symbol and stream."""
        for (symbol, stream), tally in sorted(self._tallies.items()):
            yield tally.summary(symbol, stream)


@dataclass
class _Tally:
    """Counts of a stream; chunks come in the order of time, those of a later run after."""

    chunks: int = 0
    bytes: int = 0
    rows: int = 0
    late: int = 0
    distinct: int = 0
    first_id: int = 0
    last_id: int = 0
    types: Counter[TradeType] = field(default_factory=Counter)

    def add(self, chunk: Chunk[Trades] | Chunk[Books], size: int, day: date) -> None:
        start = day_start_ms(day)
        times = chunk.rows.timestamp
        of_day = (start <= times) & (times < start + DAY_MS)
        self.chunks += 1
        self.bytes += size
        self.rows += int(of_day.sum())
        self.late += int(of_day.sum()) if chunk.key.date != day else 0
        # Ids rise, so one that is no higher than the last is of a row that an earlier run had.
        new = of_day & (chunk.rows.ids > self.last_id)
        if new.any():
            self._add_new(chunk.rows, new)

    def _add_new(self, rows: Trades | Books, new: npt.NDArray[np.bool_]) -> None:
        ids = rows.ids[new]
        self.first_id = self.first_id or int(ids[0])
        self.last_id = int(ids[-1])
        self.distinct += len(ids)
        if isinstance(rows, Trades):
            self.types.update(TYPES[kind] for kind in rows.trade_type[new].tolist())

    def summary(self, symbol: str, stream: Stream) -> Summary:
        span = self.last_id - self.first_id + 1 if self.rows else 0
        return Summary(
            symbol,
            stream,
            self.chunks,
            self.bytes,
            self.rows,
            duplicates=self.rows - self.distinct,
            late=self.late,
            missing=span - self.distinct if stream is Stream.TRADES else 0,
            types={kind: self.types[kind] for kind in TYPES if self.types[kind]},
        )
