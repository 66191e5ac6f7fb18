"""The journal of a run: its lines by the hour of exchange time, one object for each hour.

A line is on the disk when `note` returns. A `covered` line reaches it a little later: not before
the rows that it vouches for have survived a possible power cut.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from collector.spool.checkpoint import write_checkpoint
from collector.spool.claims import Pending
from collector.spool.hours import Hour
from collector.spool.runfolder import RunFolder
from collector.spool.spool import Spool
from collector.spool.spoolnames import MINUTE_NS, HourName
from collector.spool.trouble import Trouble
from lake.journal import write_event

CLOSE_AFTER_MS = 90_000
"""After the end of an hour its object is closed: its lines have come, two minutes are not over."""
_EXTRA_OPEN_MS = 60_000
"""As long as an additional object of an hour gathers lines."""

Event = Mapping[str, Any]
"""Fields of a line: `event`, and those that the contract names; `at` is added."""


class Diary:
    """Takes the lines of one run. The recorder's thread calls it, and no other.

    `recording` is the event that every object begins with.
    """

    def __init__(self, spool: Spool, recording: Event) -> None:
        self._spool = spool
        self._trouble = Trouble("cannot write the journal to the spool")
        self._saving = Lock()
        self._begin(recording)
        spool.syncer.vouch(self._vouch)

    def _begin(self, recording: Event) -> None:
        self._folder: RunFolder | None = self._spool.run_folder
        self._recording = recording
        self._hours: dict[HourName, Hour] = {}
        self._extras = 0
        self._closed_ms = self._passed_ms = HourName.of(self._now_ms()).start_ms
        self._hour_of(self._now_ms())

    @property
    def error(self) -> str | None:
        """Why lines cannot be written to the disk at the moment."""
        return self._trouble.error

    def record(self, recording: Event) -> None:
        """Begin later objects with this event, and note it in that of the hour that is now."""
        self._recording = recording
        self.note(recording)

    def note(self, event: Event, time_ms: int | None = None) -> None:
        """Write a line into the object of this hour of exchange time (None: of now).

        If that object is closed already, into the next one of its day that is open, else into an
        additional one `{HH}-{run}R{n}` of its hour. For a `covered` line give its `from`.
        """
        hour = self._hour_of(self._now_ms() if time_ms is None else time_ms)
        line = self._line(event)
        if event["event"] == "covered":
            hour.add_claim(line)
            self._spool.claims.claim((hour.name, line))
        else:
            hour.add(line)
            self._save(hour)

    def checkpoint(self, claims: Iterable[Event]) -> None:
        """Replace what recovery is to claim if this process dies: covered time still open.

        It reaches the disk only after the rows that it vouches for.
        """
        lines = [self._line(self._recording), *map(self._line, claims)]
        self._spool.claims.checkpoint(lines)

    def save(self) -> None:
        """Write what could not be written before; it never raises, see `error`."""
        for hour in self._hours.values():
            self._save(hour)

    def close_hour(self, before_ms: int) -> None:
        """Close the objects of all hours that end at or before this exchange time."""
        self._passed_ms = before_ms
        due = [hour for hour in self._hours.values() if hour.due_ms <= before_ms]
        if due:
            self._closed_ms = max(self._closed_ms, HourName.of(before_ms).start_ms)
            self._close(due)
            self._hour_of(before_ms)

    def rename(self, recording: Event) -> None:
        """Close everything and go on as the journal of another run, after `Spool.rename`."""
        with self._saving:
            self._close_all()
            self._begin(recording)

    def stop(self) -> None:
        """Close everything; `Spool.stop` uploads it after the chunks."""
        with self._saving:
            self._close_all()

    def _close_all(self) -> None:
        self._close(list(self._hours.values()), is_last=True)
        self._spool.claims.clear()
        self._folder = None

    def _close(self, hours: Sequence[Hour], *, is_last: bool = False) -> None:
        if self._folder is None:
            return
        for hour in hours:
            hour.close()
            del self._hours[hour.name]
        self._spool.closer.hours(
            self._folder, self._spool.clock.wall_ns() // MINUTE_NS,
            [(hour.name, hour.text()) for hour in sorted(hours, key=lambda each: each.name)],
            [hour.log for hour in hours if hour.log], is_last=is_last,
        )  # fmt: skip

    def _hour_of(self, time_ms: int) -> Hour:
        """Return the open object that takes the lines of this time."""
        name, next_open = HourName.of(time_ms), HourName.of(self._closed_ms)
        if name.start_ms >= self._closed_ms:
            return self._hour(name)
        return self._hour(next_open) if next_open.date == name.date else self._extra(name)

    def _hour(self, name: HourName) -> Hour:
        return self._hours.get(name) or self._open(name, name.end_ms)

    def _extra(self, name: HourName) -> Hour:
        """Return the additional object of an hour whose own one is closed."""
        for each in self._hours.values():
            if each.name.extra is not None and each.name.start_ms == name.start_ms:
                return each
        self._extras += 1
        extra = HourName(name.date, name.hour, self._extras)
        return self._open(extra, self._passed_ms + _EXTRA_OPEN_MS)

    def _open(self, name: HourName, due_ms: int) -> Hour:
        if self._folder is None:
            raise ValueError("the journal of this run is closed")
        hour = self._hours[name] = Hour(name, self._folder.path, due_ms)
        hour.add(self._line(self._recording))
        self._save(hour)
        return hour

    def _save(self, hour: Hour) -> None:
        try:
            hour.save()
        except OSError as error:
            self._trouble.begin(error.strerror or str(error))
        else:
            self._trouble.end()
        if hour.log:
            self._spool.syncer.watch(hour.log)

    def _vouch(self) -> Callable[[], None]:
        """Take what is claimed of rows in the log; return how to save it once they are synced."""
        folder, pending = self._folder, self._spool.claims.take()

        def save() -> None:
            with self._saving:
                if folder and folder is self._folder:
                    self._save_claims(folder, pending)

        return save

    def _save_claims(self, folder: RunFolder, pending: Pending) -> None:
        by_hour = defaultdict[HourName, list[bytes]](list)
        for name, line in pending.lines:
            by_hour[name].append(line)
        try:
            for name, lines in by_hour.items():
                self._save_claims_of(name, lines)
            if pending.checkpoint is not None:
                write_checkpoint(folder, pending.checkpoint)
        except OSError:
            self._spool.claims.give_back(pending)
            raise

    def _save_claims_of(self, name: HourName, lines: list[bytes]) -> None:
        hour = self._hours.get(name)
        if hour:
            hour.save_claims(lines)
            if hour.log:
                hour.log.sync()

    def _line(self, event: Event) -> bytes:
        fields = {name: value for name, value in event.items() if name not in ("event", "at")}
        return write_event(event["event"], at(self._spool.clock.wall_ns()), **fields)

    def _now_ms(self) -> int:
        return self._spool.clock.wall_ns() // 1_000_000


def at(now_ns: int) -> str:
    """Write a time of our clock as the journal does: ISO 8601 with ms."""
    whole = datetime.fromtimestamp(now_ns // 10**9, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{now_ns // 1_000_000 % 1000:03d}Z"
