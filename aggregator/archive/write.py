"""The second pass of an import: ten minutes after ten minutes become chunks of the lake."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

import polars as pl

from aggregator.archive.chunks import chunk_text, in_order
from aggregator.archive.holes import Holes
from aggregator.archive.objects import write_chunk
from aggregator.archive.spool import Spool
from aggregator.utc import day_start_ms
from lake.layout import ChunkKey, Stream, raw_day_prefix
from lake.storage import Storage

_MINUTE_MS = 60_000
_RUN_DIGITS = 16


@dataclass(frozen=True)
class WrittenChunk:
    """What became of ten minutes. `rows` are the exchange's, without `duplicates`."""

    date: date
    first_ms: int
    last_ms: int
    rows: int
    duplicates: int
    unpublished: int
    is_new: bool


def run_name(symbol: str, digests: frozenset[bytes], max_unpublished: int) -> str:
    """Name the run after what it writes: neither the order nor the names of the files matter.

    The symbol has a part in it, for a run has one journal object a date, whatever its symbols.
    """
    sha256 = hashlib.sha256(f"{symbol} {max_unpublished}\n".encode())
    for digest in sorted(digests):
        sha256.update(digest)
    return f"i{sha256.hexdigest()[:_RUN_DIGITS]}"


def write_chunks(
    storage: Storage, symbol: str, run: str, spool: Spool, holes: Holes
) -> Iterator[WrittenChunk]:
    """Write the rows of the spool in the order of time; raise `LakeError`."""
    for day, starts in groupby(spool.starts(), _date_of):
        storage.sweep(raw_day_prefix(Stream.TRADES, symbol, day))
        for start_ms in starts:
            minute = (start_ms - day_start_ms(day)) // _MINUTE_MS
            key = ChunkKey(Stream.TRADES, symbol, day, minute, run)
            yield _write(storage, key, *in_order(spool.take(start_ms)), holes)


def _write(
    storage: Storage, key: ChunkKey, rows: pl.DataFrame, duplicates: int, holes: Holes
) -> WrittenChunk:
    unpublished = holes.fill(rows)
    is_new = write_chunk(storage, key, chunk_text(rows, unpublished))
    return WrittenChunk(
        key.date,
        rows["timestamp"][0],
        rows["timestamp"][-1],
        rows.height,
        duplicates,
        unpublished.height,
        is_new,
    )


def _date_of(time_ms: int) -> date:
    return datetime.fromtimestamp(time_ms // 1000, UTC).date()
