"""Rows on their way to the lake: one log on disk for a run, a segment for each receive minute.

    outbox = Outbox(storage, clock, workers)
    settings = SpoolSettings(folder, limit_bytes, fsync_s)       # of collector.spool.capacity
    spool = Spool(settings, new_run(clock.wall_ns()), outbox, clock)
    leftovers = recover(spool)                                   # see collector.spool.recover
    diary = Diary(spool, recording)                              # see collector.spool.diary
    spool.start()
    ...
    spool.append(Stream.TRADES, "BTCUSDT", received_ns, line)    # very often
    spool.flush()                                                # every second, or more often
    spool.seal(before_ns)                                        # each tick
    ...
    spool.seal_all(); diary.stop(); left = spool.stop(deadline_s)

What is appended is written by `flush`, synced every few seconds by a thread, and sealed when every
reader has passed its minute. Another thread makes compressed chunks of a sealed minute and hands
them to the outbox.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

from collector.clock import Clock
from collector.errors import CollectorError
from collector.spool.capacity import Capacity, SpoolSettings
from collector.spool.claims import Claims
from collector.spool.closer import Closer
from collector.spool.news import Lost, News
from collector.spool.outbox import Outbox
from collector.spool.runfolder import RunFolder
from collector.spool.segment import Rows, Segment
from collector.spool.spoolnames import MINUTE_NS, LogName
from collector.spool.syncer import Syncer
from collector.spool.trouble import Trouble
from collector.view.status import Pressure, SpoolStatus
from lake.layout import Stream

_TRADES = Stream.TRADES
_MINUTE_MS = 60_000
_SLOW_S = 1.0
"""A write that holds up the recorder for longer is told."""
_log = logging.getLogger("collector")


class Spool:
    """Takes the rows of one process. The recorder's thread calls it, and no other.

    Nothing here waits for a bucket, or for an fsync.
    """

    def __init__(self, settings: SpoolSettings, run: str, outbox: Outbox, clock: Clock) -> None:
        """Raise `CollectorError` if the folder cannot be written."""
        self.settings, self.clock, self.outbox = settings, clock, outbox
        self.run_folder = RunFolder.create(settings.folder, run)
        self.closer, self.syncer = Closer(outbox, clock), Syncer(clock, settings.fsync_s)
        self.claims = Claims()
        self._trouble = Trouble("cannot write the spool")
        self._folders: list[RunFolder] = []
        self._capacity = Capacity(settings, outbox.usage)
        self._begin_run()
        self._capacity.measure()

    def _begin_run(self) -> None:
        self._open: dict[int, Segment] = {}
        self._named: set[int] = set()
        self._segments = self._sealed_minute = self._passed_ns = 0
        self._unwritten_bytes = self._newest_ns = self._written_ns = 0
        self._leave_segment()

    def _leave_segment(self) -> None:
        """Let the next row look for its segment."""
        self._from_ns = self._until_ns = 0
        self._trades: Rows = defaultdict(list)
        self._depth: Rows = defaultdict(list)

    @property
    def run(self) -> str:
        """The name of the run."""
        return self.run_folder.run

    @property
    def written_ns(self) -> int:
        """Receive time of the last row that is in the log, with all that came before it."""
        return self._written_ns

    def start(self) -> None:
        """Start the threads that sync, compress and upload."""
        for part in (self.syncer, self.closer, self.outbox):
            part.start()

    def append(self, stream: Stream, symbol: str, received_ns: int, line: bytes) -> None:
        """Take a row, of the chunk of its receive minute. No I/O."""
        if not self._from_ns <= received_ns < self._until_ns:
            self._enter(received_ns // MINUTE_NS)
        if stream is _TRADES:
            self._trades[symbol].append(line)
        else:
            self._depth[symbol].append(line)
        self._newest_ns = received_ns
        self._unwritten_bytes += len(line)

    def append_late(self, symbol: str, time_ms: int, line: bytes) -> None:
        """Take a trade received more than 5 minutes after its exchange time. No I/O."""
        segment = max(self._open.values(), key=lambda each: each.name.number, default=None)
        if segment is None:
            segment = self._segment(max(time_ms // _MINUTE_MS, self._sealed_minute))
        segment.late[symbol, time_ms // _MINUTE_MS].append(line)
        self._unwritten_bytes += len(line)

    def _enter(self, minute: int) -> None:
        """Let the rows of this minute go to its segment."""
        segment = self._segment(minute)
        self._trades, self._depth = segment.trades, segment.depth
        self._from_ns, self._until_ns = minute * MINUTE_NS, (minute + 1) * MINUTE_NS

    def _segment(self, minute: int) -> Segment:
        if minute not in self._open:
            again = minute < self._sealed_minute or minute in self._named
            self._named.add(minute)
            self._segments += 1
            # Of a minute that is over already, one segment gathers the rows of another minute.
            due_ns = max((minute + 1) * MINUTE_NS, self._passed_ns + MINUTE_NS if again else 0)
            self._open[minute] = Segment(LogName(self._segments, minute, again), due_ns)
        return self._open[minute]

    def flush(self) -> None:
        """Write to the log what was appended; it never raises, see `status().error`."""
        began_s = time.monotonic()
        for segment in list(self._open.values()):
            self._write(segment)
        if not self._unwritten_bytes:
            self._written_ns = self._newest_ns
            self.claims.flushed()
            self._trouble.end()
        self._capacity.measure(self._unwritten_bytes)
        if self._unwritten_bytes > self.settings.memory_bytes:
            self._shed()
        took_s = time.monotonic() - began_s
        if took_s > _SLOW_S:
            fields = {"seconds": round(took_s, 1)}
            _log.warning("the spool's disk is slow: %.1f s", took_s, extra={"fields": fields})

    def _write(self, segment: Segment) -> None:
        is_new, end = segment.log is None, segment.log.end if segment.log else 0
        try:
            self._unwritten_bytes -= segment.write(self.run_folder.path, self._newest_ns)
        except OSError as error:
            self._trouble.begin(error.strerror or str(error))
        if segment.log:
            self.outbox.usage.add(logs=segment.log.end - end)
            if is_new:
                self.syncer.watch(segment.log)

    def _shed(self) -> None:
        """Give up rows that cannot be written, so that memory stays bounded: depth first."""
        for stream in (Stream.DEPTH20, Stream.TRADES):
            if self._unwritten_bytes > self.settings.memory_bytes:
                self._lose(stream)
        # Nobody knows which of them vouch for what is lost now.
        self.claims.clear()

    def _lose(self, stream: Stream) -> None:
        segments, cause = self._open.values(), self._trouble.error or "the run ended"
        rows = sum(segment.drop(stream) for segment in segments)
        self._unwritten_bytes = sum(segment.unwritten_bytes() for segment in segments)
        if rows:
            lost = Lost(self.run, stream, None, self._written_ns, self._newest_ns, rows, cause)
            self.outbox.news.append(lost)
            _log.error("%d rows of %s are lost: %s", rows, stream, cause)

    def seal(self, before_ns: int) -> None:
        """Close the minutes that end at or before this receive time, which every reader passed."""
        self._passed_ns = before_ns
        due = [segment for segment in self._open.values() if segment.due_ns <= before_ns]
        self._sealed_minute = max(self._sealed_minute, before_ns // MINUTE_NS)
        if due:
            self._close(due)
            self._named = {minute for minute in self._named if minute >= self._sealed_minute}

    def seal_all(self) -> None:
        """Flush, and close all minutes, whole or not, since the run is over: now it is urgent."""
        self.outbox.duty.urgent.set()
        self._seal_all()

    def _seal_all(self) -> None:
        self.flush()
        self._close(list(self._open.values()))

    def _close(self, segments: Sequence[Segment]) -> None:
        """Hand segments over to be compressed; one that cannot be written yet stays open."""
        self._leave_segment()
        for segment in sorted(segments, key=lambda each: each.name.number):
            self._write(segment)
            if not segment.unwritten_bytes():
                del self._open[segment.name.minute]
                sealed = segment.sealed(self.run)
                if sealed:
                    self.closer.minute(self.run_folder, sealed)

    def rename(self, run: str) -> bool:
        """Go on under another run name, since the wall clock stepped; False if the disk refuses."""
        try:
            folder = RunFolder.create(self.settings.folder, run)
        except CollectorError as error:
            self._trouble.begin(str(error))
            return False
        self._finish_run()
        self.run_folder = folder
        self._begin_run()
        return True

    def _finish_run(self) -> None:
        self._seal_all()
        for stream in Stream:
            self._lose(stream)
        self._folders.append(self.run_folder)

    def adopt(self, folder: RunFolder) -> None:
        """Take care of the folder of a dead run, until all of it is uploaded."""
        self._folders.append(folder)

    def pressure(self) -> Pressure:
        """Return what has to be left out for want of room, as of the last flush."""
        return self._capacity.pressure

    def status(self) -> SpoolStatus:
        """Return what is on the disk, and what is wrong with it."""
        return SpoolStatus(
            used_bytes=self.outbox.usage.total_bytes,
            limit_bytes=self.settings.limit_bytes,
            free_bytes=self._capacity.free_bytes,
            pressure=self._capacity.pressure,
            error=self._trouble.error or self.closer.error or self.syncer.error,
        )

    def news(self) -> list[News]:
        """Return what happened since the last call: uploads, losses, refusals."""
        news = list[News]()
        with suppress(IndexError):
            while True:
                news.append(self.outbox.news.popleft())
        return news

    def stop(self, deadline_s: float) -> int:
        """Compress and upload what fits into the time; return how many objects stay behind.

        They stay on the disk: the next start uploads them.
        """
        until_s = time.monotonic() + deadline_s
        self.outbox.duty.urgent.set()
        self._finish_run()
        self.syncer.stop()
        waiting = self.closer.stop(until_s - time.monotonic())
        left = waiting + self.outbox.stop(until_s - time.monotonic())
        for folder in self._folders:
            folder.over()
            folder.tidy()
        if not left:
            self.release()
        return left

    def release(self) -> None:
        """Give up the locks: what is left on the disk is the next start's, as after an exit."""
        for folder in (self.run_folder, *self._folders):
            folder.release()
