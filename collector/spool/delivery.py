"""Brings the objects of a pack to the lake, by a few threads at once."""

import logging
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from threading import Lock, Thread

from collector.spool.duty import Duty
from collector.spool.news import News, Refused, Uploaded, lost_minute
from collector.spool.pack import Damaged, Entry, Pack
from lake.errors import AlreadyExists, LakeError
from lake.layout import ChunkKey
from lake.storage import Storage, crc32c_of

_log = logging.getLogger("collector")


class Fate(Enum):
    """What became of an object.

    `ARRIVED`: it is in the lake. `REFUSED`: something else is there under its key. `DAMAGED`: the
    disk did not give it back. What did not arrive is kept on the disk.
    """

    ARRIVED = "arrived"
    REFUSED = "refused"
    DAMAGED = "damaged"


class Delivery:
    """One pack on its way: the fate of its objects so far.

    `duty` bounds how much of the processor that takes.
    """

    def __init__(self, storage: Storage, pack: Pack, duty: Duty) -> None:
        self.pack = pack
        self.fates: dict[Entry, Fate] = {}
        self.failures = 0
        self._errors: dict[Entry, str] = {}
        self._storage, self._duty, self._lock = storage, duty, Lock()

    def pending(self) -> Sequence[Entry]:
        """Return what has no fate yet."""
        with self._lock:
            return [entry for entry in self.pack.contents.entries if entry not in self.fates]

    def pending_count(self) -> int:
        """Return how many objects have no fate yet."""
        return len(self.pack.contents.entries) - len(self.fates)

    def error(self) -> str | None:
        """Return why the first of the pending objects did not get through."""
        pending = self.pending()
        with self._lock:
            return next((self._errors[entry] for entry in pending if entry in self._errors), None)

    def having(self, fate: Fate) -> Sequence[Entry]:
        """Return the objects that had this fate."""
        with self._lock:
            return [entry for entry, had in self.fates.items() if had is fate]

    def attempt(self, workers: int) -> bool:
        """Try everything that is pending, once; tell whether anything got through.

        If as many as there are threads fail one after another, the lake is away: the rest waits.
        """
        pending = self.pending()
        tries = _Tries(pending, workers)
        threads = [
            Thread(target=self._work, args=(tries,), name=f"upload-{number}", daemon=True)
            for number in range(min(workers, len(pending)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return not pending or len(self.pending()) < len(pending)

    def _work(self, tries: "_Tries") -> None:
        for entry in tries:
            with self._duty.work():
                self._try(tries, entry)

    def _try(self, tries: "_Tries", entry: Entry) -> None:
        try:
            fate = self._deliver(entry)
        except (LakeError, OSError) as error:
            self._fail(tries, entry, str(error))
        except Exception as error:  # noqa: BLE001 (a client's bug must not end all uploads)
            self._fail(tries, entry, f"cannot upload {entry.key}: {error!r}")
        else:
            tries.succeed()
            with self._lock:
                self.fates[entry] = fate

    def _fail(self, tries: "_Tries", entry: Entry, error: str) -> None:
        tries.fail()
        with self._lock:
            self._errors[entry] = error
            self.failures += 1

    def _deliver(self, entry: Entry) -> Fate:
        try:
            data = self.pack.read(entry)
        except Damaged as error:
            _log.error("cannot upload: %s; the pack is kept", error)
            return Fate.DAMAGED
        try:
            self._storage.write(entry.key, data)
        except AlreadyExists:
            if not self._is_there(entry):
                return self._set_aside(entry, data)
        fields = {"key": entry.key, "rows": entry.rows, "bytes": entry.length}
        _log.info("uploaded %s", entry.key, extra={"fields": fields})
        return Fate.ARRIVED

    def _is_there(self, entry: Entry) -> bool:
        """Tell whether the lake has exactly this; an attempt whose answer was lost wrote it."""
        listed = self._storage.list(entry.key)
        found = next((stat for stat in listed if stat.key == entry.key), None)
        if found is None:
            raise LakeError(
                f"cannot create {self._storage.url}/{entry.key}: it exists, and is not listed; "
                "it is tried again"
            )
        return found.size == entry.length and crc32c_of(self._storage, found) == entry.crc32c

    def _set_aside(self, entry: Entry, data: bytes) -> Fate:
        path = refused_path(self.pack, entry)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _log.error(
            "cannot create %s/%s: something else is there; ours is kept at %s: compare them",
            self._storage.url, entry.key, path, extra={"fields": {"key": entry.key}},
        )  # fmt: skip
        return Fate.REFUSED


def refused_path(pack: Pack, entry: Entry) -> Path:
    """Return where an object is kept whose key in the lake holds something else."""
    return pack.folder.path / "refused" / entry.key


def news_of(delivery: Delivery, took_s: float) -> Iterator[News]:
    """Yield what the recorder is to know of a pack of which every object had its fate."""
    pack, arrived = delivery.pack, delivery.having(Fate.ARRIVED)
    run, minute = pack.folder.run, pack.contents.minute
    if arrived:
        rows, size = sum(entry.rows for entry in arrived), sum(entry.length for entry in arrived)
        yield Uploaded(run, minute, len(arrived), rows, size, took_s, pack.contents.journal)
    for entry in delivery.having(Fate.REFUSED):
        yield Refused(run, entry.key, str(refused_path(pack, entry)))
    for entry in delivery.having(Fate.DAMAGED):
        chunk = ChunkKey.parse(entry.key)
        if chunk:
            yield lost_minute(run, chunk.stream, chunk.symbol, minute, entry.rows)


class _Tries:
    """Hands out entries to threads, until too many failed one after another."""

    def __init__(self, entries: Sequence[Entry], most_failures: int) -> None:
        self._entries, self._most = iter(entries), most_failures
        self._in_a_row, self._lock = 0, Lock()

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        with self._lock:
            if self._in_a_row >= self._most:
                raise StopIteration
            return next(self._entries)

    def succeed(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def fail(self) -> None:
        with self._lock:
            self._in_a_row += 1
