"""Turns what is complete into packs for the outbox, in the order in which it was completed."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_when_event_set,
    wait_exponential_jitter,
)

from collector.clock import Clock
from collector.spool.batches import Group
from collector.spool.checkpoint import checkpoint_path
from collector.spool.chunks import Chunk, chunks_of
from collector.spool.logfile import LogFile, sync_folder
from collector.spool.news import lost_minute
from collector.spool.outbox import Outbox
from collector.spool.pack import Object, Pack, write_pack
from collector.spool.runfolder import RunFolder
from collector.spool.segment import Sealed
from collector.spool.spoolnames import HourName
from collector.spool.trouble import Trouble

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_NO_ROWS = 0
"""Of data, in an object of the journal."""
_log = logging.getLogger("collector")
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Minute:
    """A segment that becomes chunks."""

    folder: RunFolder
    sealed: Sealed


@dataclass(frozen=True)
class _Hours:
    """Objects of the journal, and the files that they make superfluous.

    If they are the last of the run, its checkpoint is superfluous too.
    """

    folder: RunFolder
    minute: int
    objects: Sequence[tuple[HourName, bytes]]
    sources: Sequence[LogFile]
    is_last: bool


class Closer:
    """A thread that compresses sealed minutes and closed hours, one after another.

    It goes on trying while the disk is full: nothing is given up.
    """

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox, self._clock = outbox, clock
        self._jobs: SimpleQueue[_Minute | _Hours | None] = SimpleQueue()
        self._left, self._lock = 0, Lock()
        self._ending = Event()
        self._trouble = Trouble("cannot close a minute in the spool")
        self._thread = Thread(target=self._run, name="close", daemon=True)

    @property
    def error(self) -> str | None:
        """What goes wrong at the moment."""
        return self._trouble.error

    def start(self) -> None:
        """Start to work."""
        self._thread.start()

    def minute(self, folder: RunFolder, sealed: Sealed) -> None:
        """Turn a segment into chunks."""
        self._put(_Minute(folder, sealed))

    def hours(
        self, folder: RunFolder, minute: int, objects: Sequence[tuple[HourName, bytes]],
        sources: Sequence[LogFile], *, is_last: bool,
    ) -> None:  # fmt: skip
        """Turn lines of the journal into objects; `sources` are removed then.

        `is_last`: nothing more comes from this run.
        """
        self._put(_Hours(folder, minute, objects, sources, is_last))

    def _put(self, job: _Minute | _Hours) -> None:
        with self._lock:
            self._left += 1
        self._jobs.put(job)

    def stop(self, deadline_s: float) -> int:
        """Finish what was handed in, as far as the time allows; return how much is left.

        From now on it waits for no disk: what cannot be written at once stays as it is.
        """
        self._ending.set()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline_s))
        return self._left

    def _run(self) -> None:
        unfinished = set[str]()
        while job := self._jobs.get():
            # A journal vouches for chunks: without them it stays, as they do, for the next start.
            if isinstance(job, _Hours) and job.folder.run in unfinished:
                continue
            try:
                self._close(job)
            except OSError:  # said already
                unfinished.add(job.folder.run)

    def _close(self, job: _Minute | _Hours) -> None:
        if isinstance(job, _Minute):
            self._close_minute(job.folder, job.sealed)
        else:
            self._close_hours(job)
        with self._lock:
            self._left -= 1

    def _close_minute(self, folder: RunFolder, sealed: Sealed) -> None:
        pack, unreadable = self._insist(lambda: self._pack_of(folder, sealed))
        # The log goes before the first upload: what is in the lake is never cut a second time.
        self._insist(lambda: _remove_log(sealed.log.path, keep=bool(unreadable)))
        sealed.log.close()
        self._outbox.usage.add(logs=-sealed.log.end)
        self._hand_on(pack)
        self._outbox.news.extend(
            lost_minute(
                sealed.run, group.stream, group.symbol, sealed.name.minute, sealed.index.rows[group]
            )
            for group in unreadable
        )

    def _pack_of(self, folder: RunFolder, sealed: Sealed) -> tuple[Pack, list[Group]]:
        """Return the pack of a segment, and of what the log could not be read back."""
        unreadable = list[Group]()
        objects = self._objects(sealed, unreadable)
        return write_pack(folder, str(sealed.name), sealed.name.minute, objects), unreadable

    def _objects(self, sealed: Sealed, unreadable: list[Group]) -> Iterator[Object]:
        chunks = chunks_of(sealed)
        while True:
            with self._outbox.duty.work():
                chunk = next(chunks, None)
            if chunk is None:
                return
            if isinstance(chunk, Chunk):
                yield str(chunk.key), chunk.data, chunk.rows
            else:
                unreadable.append(chunk)

    def _close_hours(self, job: _Hours) -> None:
        packs = self._insist(lambda: _packs_of(job))
        self._insist(lambda: _remove_sources(job))
        for log in job.sources:
            log.close()
        if job.is_last:
            job.folder.over()
        for pack in packs:
            self._hand_on(pack)
        with suppress(OSError):  # the next start finds an empty folder
            job.folder.tidy()

    def _insist(self, act: Callable[[], _T]) -> _T:
        """Do what the disk may refuse, again and again; once only when it is time to end."""
        again = Retrying(
            retry=retry_if_exception_type(OSError), stop=stop_when_event_set(self._ending),
            wait=wait_exponential_jitter(_FIRST_PAUSE_S, _LONGEST_PAUSE_S), sleep=self._pause,
            after=self._note, reraise=True,
        )  # fmt: skip
        done = again(act)
        self._trouble.end()
        return done

    def _pause(self, pause_s: float) -> None:
        self._clock.wait(self._ending, pause_s)

    def _note(self, state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        if isinstance(error, OSError):
            self._trouble.begin(error.strerror or str(error))

    def _hand_on(self, pack: Pack) -> None:
        self._outbox.usage.add(packs=pack.size)
        self._outbox.add(pack)


def _packs_of(job: _Hours) -> list[Pack]:
    run = job.folder.run
    return [
        write_pack(
            job.folder, str(name), job.minute, [(str(name.key(run)), text, _NO_ROWS)],
            journal=True,
        )
        for name, text in job.objects
    ]  # fmt: skip


def _remove_log(path: Path, *, keep: bool) -> None:
    damaged = path.with_suffix(".damaged")
    if keep and path.exists():
        path.rename(damaged)
        _log.error("cannot read back all of %s: it is kept as %s", path, damaged)
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _remove_sources(job: _Hours) -> None:
    for log in job.sources:
        log.path.unlink(missing_ok=True)
    if job.is_last:
        checkpoint_path(job.folder).unlink(missing_ok=True)
    sync_folder(job.folder.path)
