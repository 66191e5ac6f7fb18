"""Rows set down by their ten minutes, beyond some memory on disk."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import polars as pl

from aggregator.archive.chunks import CHUNK_MS
from aggregator.archive.scratch import explained, scratch_folder

PREFIX = "flowlake-import-"
MEMORY_BYTES = 32 << 20


class Spool:
    """Rows by the ten minutes of their exchange time.

    The first `memory_bytes` of them stay in memory: a quiet day needs no disk.
    """

    def __init__(self, folder: Path, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder, self._memory_left = folder, memory_bytes
        self._held: defaultdict[int, list[pl.DataFrame]] = defaultdict(list)
        self._parts: defaultdict[int, int] = defaultdict(int)

    def add(self, rows: pl.DataFrame) -> None:
        """Set rows down."""
        start = pl.col("timestamp") // CHUNK_MS * CHUNK_MS
        parts = rows.with_columns(start.alias("start")).partition_by(
            "start", as_dict=True, include_key=False
        )
        # Whole blocks, so that the parts of ten minutes keep their order.
        self._memory_left -= int(rows.estimated_size())
        with explained(self._folder):
            for (start_ms,), part in parts.items():
                self._set_down(int(start_ms), part)

    def _set_down(self, start_ms: int, part: pl.DataFrame) -> None:
        if self._memory_left >= 0:
            self._held[start_ms].append(part)
            return
        data = BytesIO()
        part.write_ipc(data, compression="lz4")
        self._path(start_ms, self._parts[start_ms]).write_bytes(data.getbuffer())
        self._parts[start_ms] += 1

    def starts(self) -> list[int]:
        """Return the starts of the ten minutes that have rows, in the order of time."""
        return sorted({*self._held, *self._parts})

    def take(self, start_ms: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of ten minutes in parts, and drop them."""
        yield from self._held.pop(start_ms, [])
        for number in range(self._parts.pop(start_ms, 0)):
            path = self._path(start_ms, number)
            with explained(self._folder):
                data = path.read_bytes()
                path.unlink()
            yield pl.read_ipc(data)

    def _path(self, start_ms: int, number: int) -> Path:
        return self._folder / f"{start_ms}-{number}.arrow"


@contextmanager
def spool(memory_bytes: int = MEMORY_BYTES) -> Iterator[Spool]:
    """Give a spool in the folder for temporary files; remove it, and what dead imports left."""
    with scratch_folder(PREFIX) as folder:
        yield Spool(folder, memory_bytes)
