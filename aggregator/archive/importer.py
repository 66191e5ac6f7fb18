"""Files of the exchange's archive become raw chunks: judged whole, then written.

The first pass reads every file, judges every row and sets the rows down by ten minutes of exchange
time; nothing reaches the lake before it is over. The second goes through the ten minutes in order
and writes. Every object is created once and has the same content in every import of the same
files, so an import that was killed is completed by the next.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from aggregator.archive.covered import DateRows, covered_spans
from aggregator.archive.files import check_files
from aggregator.archive.holes import MAX_NAMED_HOLES, Holes, LongHole
from aggregator.archive.objects import Statement, write_journal
from aggregator.archive.rows import ArchiveError
from aggregator.archive.scan import Scan, scan
from aggregator.archive.spool import spool
from aggregator.archive.write import WrittenChunk, run_name, write_chunks
from lake.marker import check, claim
from lake.storage import Storage

__all__ = [
    "MAX_NAMED_HOLES",
    "ArchiveError",
    "ImportReport",
    "ImportedDate",
    "LongHole",
    "import_files",
]

Progress = Callable[[int, int], None]
"""Hears of work done and of all work, in bytes of the files: each is read, then written."""

_SLOW_CLOCK = timedelta(days=1)


@dataclass(frozen=True)
class ImportedDate:
    """A date's chunks. `rows` are the exchange's; `covered` is `[from, to)` in ms."""

    date: date
    rows: int
    unpublished: int
    chunks_written: int
    chunks_already_there: int
    covered: tuple[int, int] | None


@dataclass(frozen=True)
class ImportReport:
    """What an import read and wrote.

    `rows_read` counts every row of the files; `duplicates` of them repeat another in every cell
    that is kept, and `out_of_order` of them have a lower time or id than the row before in their
    file. `long_holes` are the first `MAX_NAMED_HOLES` of `long_hole_count`.
    """

    symbol: str
    run: str
    dates: tuple[ImportedDate, ...]
    rows_read: int
    duplicates: int
    out_of_order: int
    unpublished: int
    long_holes: tuple[LongHole, ...]
    long_hole_count: int


def import_files(
    storage: Storage,
    symbol: str,
    files: Sequence[Path],
    *,
    max_unpublished: int = 100,
    now: datetime,
    version: str,
    progress: Progress | None,
) -> ImportReport:
    """Write the trades of archive files as raw chunks; raise `ArchiveError` or `LakeError`.

    A row later than `now` (and a day, for a slow clock) is an error of its file.
    """
    check(storage)
    check_files(files, symbol)
    meter = _Meter(files, progress)
    latest_ms = int((now + _SLOW_CLOCK).timestamp() * 1000)
    with spool() as rows:
        found = scan(files, symbol, rows, latest_ms=latest_ms, advance=meter.read)
        holes = Holes(found.id_gaps, max_unpublished)
        run = run_name(symbol, found.digests, max_unpublished)
        claim(storage)
        chunks = list(meter.written(write_chunks(storage, symbol, run, rows, holes), found.rows))
    spans = _spans(chunks)
    dates = _dates(chunks, covered_spans(spans, found.spans))
    for day, span in zip(dates, spans, strict=True):
        said = Statement(symbol, day.date, day.covered, span.last_ms, version)
        write_journal(storage, run, said)
    duplicates = sum(chunk.duplicates for chunk in chunks)
    return _report(symbol, run, dates, duplicates, found, holes)


class _Meter:
    """Tells how far an import is: reading is half of its work, writing the other half."""

    def __init__(self, files: Sequence[Path], progress: Progress | None) -> None:
        self._bytes = sum(path.stat().st_size for path in files)
        self._bytes_read = 0
        self._progress = progress or (lambda _done, _all: None)

    def read(self, byte_count: int) -> None:
        """Hear of bytes read."""
        self._bytes_read += byte_count
        self._progress(self._bytes_read, 2 * self._bytes)

    def written(self, chunks: Iterable[WrittenChunk], rows: int) -> Iterator[WrittenChunk]:
        """Pass the chunks on as they are written."""
        done = 0
        for chunk in chunks:
            done += chunk.rows + chunk.duplicates
            self._progress(self._bytes + self._bytes * done // rows, 2 * self._bytes)
            yield chunk


def _spans(chunks: Sequence[WrittenChunk]) -> list[DateRows]:
    """Return the outermost rows of each date; the chunks come in the order of time."""
    of_dates = [list(of_date) for _, of_date in groupby(chunks, attrgetter("date"))]
    return [DateRows(of[0].date, of[0].first_ms, of[-1].last_ms) for of in of_dates]


def _dates(
    chunks: Sequence[WrittenChunk], covered: Mapping[date, tuple[int, int]]
) -> tuple[ImportedDate, ...]:
    by_date = groupby(chunks, attrgetter("date"))
    return tuple(_date(day, list(of_date), covered[day]) for day, of_date in by_date)


def _date(day: date, chunks: Sequence[WrittenChunk], covered: tuple[int, int]) -> ImportedDate:
    new = sum(chunk.is_new for chunk in chunks)
    return ImportedDate(
        day,
        sum(chunk.rows for chunk in chunks),
        sum(chunk.unpublished for chunk in chunks),
        new,
        len(chunks) - new,
        # A single row proves no time.
        covered if covered[0] < covered[1] else None,
    )


def _report(
    symbol: str, run: str, dates: tuple[ImportedDate, ...], duplicates: int,
    found: Scan, holes: Holes,
) -> ImportReport:  # fmt: skip
    return ImportReport(
        symbol,
        run,
        dates,
        found.rows,
        duplicates,
        found.out_of_order,
        sum(day.unpublished for day in dates),
        holes.named(),
        len(holes.long),
    )
