"""What the lake says of files that were imported, and what is written between them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from aggregator.archive.objects import Statement, write_chunk, write_journal
from aggregator.archive.sources import Imported, imported_files
from aggregator.fetch.names import trades_name
from aggregator.fetch.seams import Seam, seam, seam_chunk
from aggregator.parallel import in_parallel
from lake.layout import JournalKey, journal_prefix
from lake.storage import Storage

Files = Mapping[str, Sequence[Imported]]
"""By symbol, the files of one day that are in the lake whole."""


def files_of(storage: Storage, day: date, symbols: Sequence[str]) -> Files:
    """Return the files of a day that the journal names: each was imported to its end."""
    # Imports speak at hour 00.
    listed = storage.list(journal_prefix(day), end=str(JournalKey(day, 1, "")))
    found: defaultdict[str, list[Imported]] = defaultdict(list)
    for journal in storage.read_many([*listed]):
        for symbol, file in imported_files(journal):
            if symbol in symbols and file.source.file == trades_name(symbol, day).name:
                found[symbol].append(file)
    return found


def close_seams(
    storage: Storage, symbols: Sequence[str], days: Sequence[date], version: str
) -> Iterator[Seam]:
    """Write down what neighbouring days prove together; yield all that they do.

    The days before and after take part too. Repeating it changes nothing.
    """
    around = [days[0] - timedelta(days=1), *days, days[-1] + timedelta(days=1)]
    found = in_parallel(lambda day: files_of(storage, day, symbols), around)
    for (day, ones), (_, others) in pairwise(zip(around, found, strict=True)):
        for symbol in symbols:
            for each in _seams(symbol, day, ones.get(symbol, ()), others.get(symbol, ())):
                _write(storage, each, version)
                yield each


def _seams(
    symbol: str, day: date, ones: Sequence[Imported], others: Sequence[Imported]
) -> Iterator[Seam]:
    """Yield the seams of each file of a day with each of the next: a day may have been replaced.

    A file that another one of its day goes on from is no neighbour of the next day.
    """
    pairs = (
        (one, other)
        for one in ones
        for other in others
        if not any(one.last.id < each.last.id < other.first.id for each in ones)
        and not any(one.last.id < each.first.id < other.first.id for each in others)
    )
    yield from (found for one, other in pairs if (found := seam(symbol, day, one, other)))


def _write(storage: Storage, found: Seam, version: str) -> None:
    """Write the rows, then what the journal says of them."""
    spans: dict[date, tuple[int, int] | None] = dict(found.covered)
    if found.unpublished:
        key, text = seam_chunk(found)
        write_chunk(storage, key, text)
        spans.setdefault(key.date, None)
    for day, covered in spans.items():
        said = Statement(found.symbol, day, covered, found.last_ms, version, found.sources)
        write_journal(storage, found.run, said)
