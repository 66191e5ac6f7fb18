"""Which runs a lake's journals tell of. It reads journals only."""

from collections.abc import Iterator, Sequence
from datetime import date

from collector.view.session import Session, Sessions
from lake.errors import NoSuchObject, VersionConflict
from lake.layout import JournalKey, journal_prefix, journal_root, last_part, parse_date
from lake.storage import Stat, Storage


def journal_days(storage: Storage) -> list[date]:
    """Return the days that have a journal, in order."""
    found = (parse_date(last_part(folder)) for folder in storage.folders(journal_root()))
    return sorted(day for day in found if day)


def sessions(storage: Storage, days: Sequence[date]) -> list[Session]:
    """Return the runs of these days, which are in order, as far as these days tell of them."""
    found = Sessions()
    for day in days:
        for key, text in _objects(storage, day):
            found.add(key.run, text)
        found.end_day()
    return found.all()


def _objects(storage: Storage, day: date) -> Iterator[tuple[JournalKey, bytes]]:
    """Yield the journal objects of a day; one that a lifecycle rule took meanwhile is left out."""
    listed = [(key, stat) for key, stat in _listed(storage, day) if key]
    while listed:
        try:
            for text in storage.read_many([stat for _, stat in listed]):
                yield listed.pop(0)[0], text
        except (NoSuchObject, VersionConflict):
            listed.pop(0)


def _listed(storage: Storage, day: date) -> Iterator[tuple[JournalKey | None, Stat]]:
    for stat in storage.list(journal_prefix(day)):
        yield JournalKey.parse(stat.key), stat
