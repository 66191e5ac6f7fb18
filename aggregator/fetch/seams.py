"""What two neighbouring days' files prove together: the ids and the time between them. No clock.

Each day is imported alone, so that it need not wait for its neighbours and is the same whatever
was fetched with it. A seam depends on the outermost trades of its two files alone, so it is the
same too, whenever the second of them came.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from aggregator.archive.chunks import CHUNK_MINUTES, CHUNK_MS, TABLE, chunk_text
from aggregator.archive.holes import LongHole
from aggregator.archive.sources import Imported, Source
from aggregator.utc import DAY_MS, day_start_ms
from lake.layout import ChunkKey, Stream
from lake.schemas import TradeType

_RUN_DIGITS = 16


@dataclass(frozen=True)
class Seam:
    """The ids and the time between the files of a day and of the day after.

    `unpublished` are ids that the exchange spent and published in neither file. `covered` is the
    time, `[from, to)` in ms by date, that neither file alone proves. `lost` are too many ids.
    """

    symbol: str
    sources: tuple[Source, Source]
    unpublished: range
    last_ms: int
    covered: tuple[tuple[date, tuple[int, int]], ...]
    lost: LongHole | None

    @property
    def run(self) -> str:
        """Return the name of the run that says all this and nothing else."""
        said = f"{self.symbol} {self.unpublished} {self.last_ms} {self.covered}"
        return f"i{hashlib.sha256(said.encode()).hexdigest()[:_RUN_DIGITS]}"


def seam(symbol: str, day: date, one: Imported, other: Imported) -> Seam | None:
    """Return what lies between a file of the day and one of the day after.

    None if that is nothing, or if the ids of the files overlap: then they are no neighbours.
    """
    missing = range(one.last.id + 1, other.first.id)
    if other.first.id <= one.last.id or other.first.ms < one.last.ms:
        return None
    sources = (one.source, other.source)
    if len(missing) > max(one.max_unpublished, other.max_unpublished):
        lost = LongHole(missing[0], missing[-1], one.last.ms, other.first.ms)
        return Seam(symbol, sources, range(0), one.last.ms, (), lost)
    covered = _covered(day, one, other)
    if not missing and not covered:
        return None
    return Seam(symbol, sources, missing, one.last.ms, covered, None)


def _covered(day: date, one: Imported, other: Imported) -> tuple[tuple[date, tuple[int, int]], ...]:
    """Return the time up to midnight and after it that the files do not cover by themselves."""
    midnight = day_start_ms(day) + DAY_MS
    before, after = (one.last.ms, midnight), (midnight, other.first.ms)
    spans = []
    if before[0] < before[1] and not (one.covered and one.covered[1] >= midnight):
        spans.append((day, before))
    if after[0] < after[1] and not (other.covered and other.covered[0] <= midnight):
        spans.append((day + timedelta(days=1), after))
    return tuple(spans)


def seam_chunk(found: Seam) -> tuple[ChunkKey, bytes]:
    """Return the chunk of the ids that were never published, at the time of the trade before."""
    day = datetime.fromtimestamp(found.last_ms // 1000, UTC).date()
    minute = (found.last_ms - day_start_ms(day)) // CHUNK_MS * CHUNK_MINUTES
    key = ChunkKey(Stream.TRADES, found.symbol, day, minute, found.run)
    ids = pl.Series("trade_id", found.unpublished, pl.Int64)
    rows = pl.DataFrame([ids]).with_columns(
        pl.lit(found.last_ms, pl.Int64).alias("timestamp"),
        pl.lit("0").alias("price"),
        pl.lit("0").alias("quantity"),
        pl.lit(value=False).alias("is_buyer_maker"),
        pl.lit(str(TradeType.UNPUBLISHED)).alias("trade_type"),
    )
    columns = [column.name for column in TABLE]
    return key, chunk_text(rows.select(columns).clear(), rows.select(columns))
