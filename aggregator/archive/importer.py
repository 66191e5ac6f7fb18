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
from aggregator.archive.report import ImportedDate, ImportReport
from aggregator.archive.rows import ArchiveError
from aggregator.archive.scan import Scan, scan
from aggregator.archive.sources import Imported, Source
from aggregator.archive.spool import spool
from aggregator.archive.write import WrittenChunk, run_name, write_chunks
from aggregator.utc import day_start_ms
from lake.marker import check, claim
from lake.storage import Storage

__all__ = [
    "MAX_NAMED_HOLES",
    "ArchiveError",
    "ImportReport",
    "ImportedDate",
    "LongHole",
    "Order",
    "carry_out",
    "import_files",
]

Progress = Callable[[int, int], None]
"""Hears of work done and of all work, in bytes of the files: each is read, then written."""

_SLOW_CLOCK = timedelta(days=1)


@dataclass(frozen=True)
class Order:
    """Which files to import, and how. `source` is where the only file came from, if that is known.

    A row later than `now` (and a day, for a slow clock) is an error of its file.
    """

    symbol: str
    files: tuple[Path, ...]
    max_unpublished: int
    now: datetime
    version: str
    source: Source | None = None


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
    """Write the trades of archive files as raw chunks; raise `ArchiveError` or `LakeError`."""
    order = Order(symbol, tuple(files), max_unpublished, now, version)
    return carry_out(storage, order, progress)


def carry_out(storage: Storage, order: Order, progress: Progress | None) -> ImportReport:
    """Import what is ordered; raise `ArchiveError` or `LakeError`.

    The journal comes last: what it names is whole.
    """
    check(storage)
    symbol, files = order.symbol, order.files
    check_files(files, symbol)
    meter = _Meter(files, progress)
    latest_ms = int((order.now + _SLOW_CLOCK).timestamp() * 1000)
    with spool() as rows:
        found = scan(files, symbol, rows, latest_ms=latest_ms, advance=meter.read)
        holes = Holes(found.id_gaps, order.max_unpublished)
        run = run_name(symbol, found.digests, order.max_unpublished)
        claim(storage)
        chunks = list(meter.written(write_chunks(storage, symbol, run, rows, holes), found.rows))
    spans = _spans(chunks)
    dates = _dates(chunks, covered_spans(spans, found.spans))
    _write_journals(storage, order, run, dates, found)
    duplicates = sum(chunk.duplicates for chunk in chunks)
    return _report(symbol, run, dates, duplicates, found, holes)


def _write_journals(
    storage: Storage, order: Order, run: str, dates: Sequence[ImportedDate], found: Scan
) -> None:
    """Write the journal of each date; that of the date that the file is named after comes last."""
    sources: tuple[Imported, ...] = ()
    if order.source:
        sources = (Imported(order.source, order.max_unpublished, found.first, found.last),)
    promised = {span.promised.start_ms for span in found.spans if span.promised}
    for day in sorted(dates, key=lambda day: day_start_ms(day.date) in promised):
        said = Statement(order.symbol, day.date, day.covered, day.last_ms, order.version, sources)
        write_journal(storage, run, said)


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
        chunks[-1].last_ms,
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
        found.first,
        found.last,
    )
