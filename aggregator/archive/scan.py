"""The first pass of an import: every file is read and judged, nothing is written to the lake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from aggregator.archive.covered import SILENCE_MS, FileSpan
from aggregator.archive.files import ArchiveFile
from aggregator.archive.names import period_of
from aggregator.archive.runs import Gaps, Runs
from aggregator.archive.sources import IdAt
from aggregator.archive.spool import Spool


@dataclass(frozen=True)
class Scan:
    """What all files of one call hold, whatever their order.

    `first` and `last` are the least and the greatest id, each at its first time.
    """

    digests: frozenset[bytes]
    rows: int
    out_of_order: int
    id_gaps: Gaps
    spans: tuple[FileSpan, ...]
    first: IdAt
    last: IdAt


@dataclass(frozen=True)
class _ScannedFile:
    digest: bytes
    rows: int
    out_of_order: int
    span: FileSpan
    first: IdAt
    last: IdAt


def scan(
    files: Sequence[Path],
    symbol: str,
    spool: Spool,
    *,
    latest_ms: int,
    advance: Callable[[int], None],
) -> Scan:
    """Set down the rows of all files; `advance` hears of bytes read. Raise `ArchiveError`."""
    ids = Runs(reach=1)
    scanned = [
        _scan_file(ArchiveFile(path, symbol, latest_ms=latest_ms), spool, ids, advance)
        for path in files
    ]
    return Scan(
        frozenset(file.digest for file in scanned),
        sum(file.rows for file in scanned),
        sum(file.out_of_order for file in scanned),
        ids.gaps(),
        tuple(file.span for file in scanned),
        min((file.first for file in scanned), key=lambda at: (at.id, at.ms)),
        min((file.last for file in scanned), key=lambda at: (-at.id, at.ms)),
    )


def _scan_file(
    file: ArchiveFile, spool: Spool, ids: Runs, advance: Callable[[int], None]
) -> _ScannedFile:
    order, ends = _Order(), _Ends()
    # Runs within reach of the shortest silence that counts: what is left between them is longer.
    times = Runs(reach=SILENCE_MS)
    read_before = 0
    for rows, read in file.blocks():
        order.add(rows)
        ends.add(rows)
        times.add(rows["timestamp"].to_numpy())
        ids.add(rows["trade_id"].to_numpy())
        spool.add(rows)
        advance(read - read_before)
        read_before = read
    span = _span(file.path, times)
    return _ScannedFile(file.digest(), order.rows, order.descents, span, ends.first, ends.last)


class _Order:
    """Counts rows, and those with a lower time or id than the row before them in the file."""

    def __init__(self) -> None:
        self.rows = 0
        self.descents = 0
        self._last: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame) -> None:
        self.rows += rows.height
        columns = rows.select("timestamp", "trade_id")
        ordered = columns if self._last is None else pl.concat([self._last, columns])
        down = [np.diff(column.to_numpy()) < 0 for column in ordered]
        self.descents += int(np.count_nonzero(down[0] | down[1]))
        self._last = ordered.tail(1)


class _Ends:
    """The least and the greatest id, each at its first time."""

    def __init__(self) -> None:
        self.first = IdAt(np.iinfo(np.int64).max, 0)
        self.last = IdAt(-1, 0)

    def add(self, rows: pl.DataFrame) -> None:
        if not rows.height:
            return
        low, high = rows["trade_id"].min(), rows["trade_id"].max()
        self.first = min(self.first, _at(rows, low), key=lambda at: (at.id, at.ms))
        self.last = min(self.last, _at(rows, high), key=lambda at: (-at.id, at.ms))


def _at(rows: pl.DataFrame, id_: object) -> IdAt:
    found = rows.filter(pl.col("trade_id") == id_).select(
        pl.col("trade_id").first(), pl.col("timestamp").min()
    )
    return IdAt(*found.row(0))


def _span(path: Path, times: Runs) -> FileSpan:
    first_ms, last_ms = times.span()
    silences = times.gaps()
    longest_ms = int(np.max(silences.after - silences.before, initial=SILENCE_MS))
    return FileSpan(period_of(path.name), first_ms, last_ms, longest_ms)
