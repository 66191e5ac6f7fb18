"""Brings days from the archive into the lake, each once."""

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from aggregator.archive.importer import Order, carry_out
from aggregator.archive.rows import ArchiveError
from aggregator.archive.sources import Source
from aggregator.fetch.days import Fate, Outcome, Wanted, outcome_of
from aggregator.fetch.ledger import files_of
from aggregator.fetch.names import trades_name
from aggregator.fetch.patience import FetchError, Unanswered
from aggregator.fetch.pipeline import Pipeline, Threads
from aggregator.fetch.site import Absent, Found, Published, Site
from lake.errors import LakeError
from lake.stopping import ENDING
from lake.storage import Storage

_SILENCES = 3
"""So many days in a row without an answer, and the others are not asked for."""

_T = TypeVar("_T")

Advance = Callable[[Wanted, float], None]
"""Hears which part of a day's import is done, 0 to 1."""


class Ended(LakeError):
    """The program is to end."""


@dataclass(frozen=True)
class Terms:
    """How days are fetched."""

    max_unpublished: int
    now: datetime
    version: str


class Fetcher:
    """Fetches days into one lake; each day's failure is its own."""

    def __init__(
        self, storage: Storage, site: Site, terms: Terms,
        advance: Advance = lambda _wanted, _part: None,
    ) -> None:  # fmt: skip
        self._storage, self._site, self._terms, self._advance = storage, site, terms, advance
        self._lock, self._silences = threading.Lock(), 0
        self._over = False

    def run(
        self, symbols: Sequence[str], days: Sequence[date], threads: Threads
    ) -> Iterator[Outcome]:
        """Yield what became of each day of each symbol."""
        try:
            yield from Pipeline(threads, self._begin).run(self._wanted(symbols, days))
        finally:
            self._over = True

    def _wanted(self, symbols: Sequence[str], days: Sequence[date]) -> Iterator[Wanted]:
        for day in days:
            files = files_of(self._storage, day, symbols)
            for symbol in symbols:
                yield Wanted(day, symbol, tuple(files.get(symbol, ())))

    def _begin(self, wanted: Wanted) -> Callable[[], Outcome]:
        """Bring the file; return what is left to do."""
        brought = _guarded(wanted, lambda: self._brought(wanted))
        if isinstance(brought, Outcome):
            return lambda: brought
        return lambda: _guarded(wanted, lambda: self._imported(wanted, brought))

    def _brought(self, wanted: Wanted) -> Found | Outcome:
        self._check_silences()
        with self._counted_silences():
            file = trades_name(wanted.symbol, wanted.day)
            published = self._site.published(file)
            if isinstance(published, Absent):
                return self._absent(wanted)
            if self._is_there(wanted, published):
                return Outcome(wanted.symbol, wanted.day, Fate.THERE)
            found = self._site.bring(file, published)
            return self._absent(wanted) if isinstance(found, Absent) else found

    def _is_there(self, wanted: Wanted, published: Published) -> bool:
        return any(
            file.source.sha256 == published.sha256
            and file.max_unpublished == self._terms.max_unpublished
            for file in wanted.files
        )

    def _absent(self, wanted: Wanted) -> Outcome:
        if wanted.files:
            said = "the archive has withdrawn it since"
            return Outcome(wanted.symbol, wanted.day, Fate.THERE, (said,))
        is_new = wanted.day >= self._terms.now.date() - timedelta(days=1)
        said = "it is not published yet" if is_new else "the archive does not have it"
        return Outcome(wanted.symbol, wanted.day, Fate.ABSENT, (said,))

    def _imported(self, wanted: Wanted, found: Found) -> Outcome:
        def progress(done: int, total: int) -> None:
            if self._over or ENDING.is_set():
                raise Ended(f"{wanted}: stopped while it was imported; run again for the rest")
            self._advance(wanted, done / total if total else 1.0)

        terms, size = self._terms, found.path.stat().st_size
        source = Source(found.path.name, found.sha256, found.url)
        order = Order(
            wanted.symbol, (found.path,), terms.max_unpublished, terms.now, terms.version, source
        )
        try:
            report = carry_out(self._storage, order, progress)
        except ArchiveError as error:
            raise FetchError(str(error).replace(str(found.path), found.url)) from error
        finally:
            found.path.unlink(missing_ok=True)
        is_other = any(file.source.sha256 != found.sha256 for file in wanted.files)
        return outcome_of(wanted, report, size, replaces=is_other)

    # An archive that does not answer

    def _check_silences(self) -> None:
        with self._lock:
            if self._silences >= _SILENCES:
                raise FetchError(
                    f"not asked for: the archive did not answer {self._silences} times in a row; "
                    "run again later"
                )

    @contextmanager
    def _counted_silences(self) -> Iterator[None]:
        try:
            yield
        except Unanswered:
            with self._lock:
                self._silences += 1
            raise
        with self._lock:
            self._silences = 0


def _guarded(wanted: Wanted, work: Callable[[], _T]) -> _T | Outcome:
    """Return what the work returns; any failure is the day's own, so that the others go on."""
    try:
        return work()
    except LakeError as error:
        return _failed(wanted, str(error))
    except Exception:  # noqa: BLE001 - the outermost loop: a bug in one day must not cost the others
        return _failed(wanted, f"cannot fetch {wanted}: {traceback.format_exc()}")


def _failed(wanted: Wanted, why: str) -> Outcome:
    return Outcome(wanted.symbol, wanted.day, Fate.FAILED, (why,))
