"""Uploads what the spool holds: in order, create-only, for as long as it takes.

A storage repeats a request for as long as it was opened to. Beyond that the object stays in its
pack and is tried again after ever longer pauses, for ever. Nothing leaves the disk before the lake
has it.
"""

import logging
from collections import Counter, deque
from dataclasses import dataclass
from threading import Condition, Event, Thread

from tenacity import Retrying, retry_if_result, wait_exponential_jitter

from collector.clock import Clock
from collector.spool.delivery import Delivery, Fate, news_of
from collector.spool.duty import Duty
from collector.spool.news import News, Refused, Uploaded
from collector.spool.pack import Pack
from collector.spool.spoolnames import MINUTE_NS
from collector.spool.trouble import Trouble
from collector.spool.unpacked import Unpacked
from collector.spool.usage import Usage
from collector.view.status import UploadStatus
from lake.storage import Storage

_LONGEST_PAUSE_S, _PAUSE_AT_END_S = 60.0, 0.2
_MOST_NEWS = 100_000
_MOST_MISSES = 3
"""Packs in a row of which nothing gets through: the lake is away."""
_log = logging.getLogger("collector")


@dataclass(frozen=True)
class Totals:
    """Counted from the start of this process."""

    objects: int = 0
    bytes: int = 0
    failures: int = 0
    refused: int = 0


@dataclass(eq=False)
class _Waiting:
    """A pack in the outbox; `is_stuck`: others get through, and some of this does not.

    `since_s`: when it came; `rows_s`: when the minute of its rows began.
    """

    delivery: Delivery
    since_s: float
    rows_s: float
    is_stuck: bool = False

    @property
    def pack(self) -> Pack:
        return self.delivery.pack


class Outbox:
    """Packs that wait for the lake, and the thread that brings them there, the oldest first.

    If nothing of some packs in a row gets through, the lake is away, and the rest waits. An object
    that fails while others get through does not hold up later minutes, but it holds up the journal
    of its run: that vouches for the chunks before.
    """

    def __init__(self, storage: Storage, clock: Clock, workers: int = 16) -> None:
        self.usage, self.duty = Usage(), Duty()
        self.news: deque[News] = deque(maxlen=_MOST_NEWS)
        self._storage, self._clock, self._workers = storage, clock, workers
        self._changed = Condition()
        self._waiting: list[_Waiting] = []
        self._totals: Counter[str] = Counter()
        self._last_s: float | None = None
        self._unpacked = Unpacked(clock.monotonic())
        self._trouble = Trouble("cannot upload", "upload_failed")
        self._is_away = False
        self._wake, self._ending, self._ended = Event(), Event(), Event()
        self._thread = Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Start to upload."""
        self._thread.start()

    def add(self, pack: Pack) -> None:
        """Let a pack wait behind all others."""
        with self._changed:
            delivery = Delivery(self._storage, pack, self.duty)
            now_s, rows_s = self._clock.monotonic(), self._began_s(pack.contents.minute)
            self._waiting.append(_Waiting(delivery, now_s, min(now_s, rows_s)))
            if not pack.contents.journal:
                self._unpacked.packed(rows_s)
            self._changed.notify_all()
        self._wake.set()

    def _began_s(self, minute: int) -> float:
        """Return when a minute since 1970 began, on the clock that never steps."""
        return self._clock.monotonic() - (self._clock.wall_ns() - minute * MINUTE_NS) / 1e9

    def status(self) -> UploadStatus:
        """Return what waits, and why."""
        now_s = self._clock.monotonic()
        with self._changed:
            oldest_s = min((each.since_s for each in self._waiting), default=now_s)
            rows_s = min((each.rows_s for each in self._waiting), default=now_s)
            unpacked_s = self._unpacked.age_s(self.usage.log_bytes, now_s)
            return UploadStatus(
                pending=self._pending(),
                pending_bytes=sum(each.pack.size for each in self._waiting),
                oldest_age_s=now_s - oldest_s if self._waiting else None,
                last_age_s=None if self._last_s is None else now_s - self._last_s,
                error=self._trouble.error,
                oldest_row_age_s=max(now_s - rows_s, unpacked_s),
            )

    def _pending(self) -> int:
        return sum(each.delivery.pending_count() for each in self._waiting)

    def totals(self) -> Totals:
        """Return what happened since the start."""
        with self._changed:
            return Totals(**self._totals)

    def stop(self, deadline_s: float) -> int:
        """Upload what fits into the time; return how many objects stay on the disk."""
        self._ending.set()
        self.duty.urgent.set()
        self._wake.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting, max(0.0, deadline_s))
            self._ended.set()
            self._changed.notify_all()
            return self._pending()

    def _run(self) -> None:
        while self._has_work():
            again = Retrying(
                retry=retry_if_result(lambda all_arrived: not all_arrived),
                wait=wait_exponential_jitter(1, _LONGEST_PAUSE_S), sleep=self._pause,
                stop=lambda _: self._ended.is_set(), retry_error_callback=lambda _: None,
            )  # fmt: skip
            again(self._round)

    def _has_work(self) -> bool:
        """Wait for a pack; False when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended.is_set())
            return not self._ended.is_set()

    def _pause(self, pause_s: float) -> None:
        """Wait before the next round; hardly so when it is time to end.

        A new pack is tried at once, unless the lake is away.
        """
        self._clock.wait(self._ending if self._is_away else self._wake, pause_s)
        self._wake.clear()
        if self._ending.is_set():
            self._ended.wait(_PAUSE_AT_END_S)

    def _round(self) -> bool:
        """Try every pack once, the oldest first; tell whether all arrived."""
        failed, misses = list[_Waiting](), 0
        for each in self._in_order():
            if self._ended.is_set() or misses == _MOST_MISSES:
                break
            if each.pack.contents.journal and self._has_older(each):
                continue
            got_through = self._try(each)
            if got_through and failed and self._is_away:
                # It is back: what failed a moment ago is older than what would come next.
                self._is_away = False
                self._wake.set()
                return False
            misses = 0 if got_through else misses + 1
            for other in failed:
                other.is_stuck |= got_through
            if each.delivery.pending_count():
                failed.append(each)
        self._is_away = misses > 0
        if failed:
            self._trouble.begin(failed[0].delivery.error() or "an upload ended without a word")
        else:
            self._trouble.end()
        return not failed

    def _in_order(self) -> list[_Waiting]:
        """Return the packs, the oldest first, those that are stuck last."""
        with self._changed:
            return sorted(self._waiting, key=lambda each: each.is_stuck)

    def _has_older(self, journal: _Waiting) -> bool:
        """Tell whether chunks of the same run, or an older part of its journal, still wait."""
        with self._changed:
            older = self._waiting[: self._waiting.index(journal)]
        return any(each.pack.folder.run == journal.pack.folder.run for each in older)

    def _try(self, waiting: _Waiting) -> bool:
        """Try what is left of a pack; tell whether anything got through."""
        delivery, started_s = waiting.delivery, self._clock.monotonic()
        failures = delivery.failures
        got_through = delivery.attempt(self._workers)
        with self._changed:
            self._totals["failures"] += delivery.failures - failures
        if not delivery.pending_count():
            self._finish(waiting, self._clock.monotonic() - started_s)
        return got_through

    def _finish(self, waiting: _Waiting, took_s: float) -> None:
        """Remove a pack of which nothing is left to do."""
        delivery = waiting.delivery
        self._tell(delivery, took_s)
        try:
            _remove(delivery)
        except OSError as error:
            # The next start finds it, and that the lake has it.
            fields = {"event": "pack_not_removed"}
            _log.warning(
                "cannot remove %s: %s", delivery.pack.path, error.strerror,
                extra={"fields": fields},
            )  # fmt: skip
        self.usage.add(packs=-delivery.pack.size)
        with self._changed:
            self._waiting.remove(waiting)
            self._changed.notify_all()

    def _tell(self, delivery: Delivery, took_s: float) -> None:
        """Tell the recorder what became of a pack, and count it."""
        news = list(news_of(delivery, took_s))
        self.news.extend(news)
        with self._changed:
            for each in news:
                if isinstance(each, Uploaded):
                    self._last_s = self._clock.monotonic()
                    self._totals["objects"] += each.objects
                    self._totals["bytes"] += each.bytes
                elif isinstance(each, Refused):
                    self._totals["refused"] += 1


def _remove(delivery: Delivery) -> None:
    pack = delivery.pack
    if delivery.having(Fate.DAMAGED):
        pack.path.rename(pack.path.with_suffix(".damaged"))
    else:
        pack.path.unlink(missing_ok=True)
    pack.folder.tidy()
