"""What the journal says of one run, summed up. No clock, no disk, no bucket.

What is read of each event:

    recording    run, by, version, symbols, streams; the lines after it belong to this run
    covered      stream, symbol, from, to
    gap          first_id, last_id, where the gap has ids
    refilled     rows, unpublished
    uploaded     objects, rows, bytes; of_run, if they are another's; nothing if `journal` is true
    stopped      cause
    recovered    last_received; it is written by a later run, in the name of one that died
    connected, reconnected, handed_over, stalled: that they are there
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_Span = tuple[int, int]
_SUMMED = {"refilled": ("rows", "unpublished"), "uploaded": ("objects", "rows", "bytes")}
"""Fields of an event that are numbers to be added up."""


@dataclass(frozen=True)
class Session:
    """One run. Times are ms since 1970 UTC; `covered` is a share of symbols × streams × span.

    `stopped`: why it ended; None: no line says that it did. `recovered`: a later run with the
    same spool has finished what this one left.
    """

    run: str
    by: str
    version: str
    from_ms: int
    to_ms: int
    symbols: tuple[str, ...]
    streams: tuple[str, ...]
    objects: int
    rows: int
    bytes: int
    reconnects: int
    hand_overs: int
    stalls: int
    gaps: int
    missing_ids: int
    refilled: int
    unpublished: int
    covered: float
    stopped: str | None
    recovered: bool
    unreadable_lines: int

    @property
    def condition(self) -> str:
        """Return `complete` of a run that was stopped; `degraded` by a gap; `empty` without rows.

        Else `died` if another has found it dead; and `open` if it records still, or nobody has.
        """
        if self.stopped is None:
            return "died" if self.recovered else "open"
        if not self.rows:
            return "empty"
        return "degraded" if self.gaps else "complete"


class Sessions:
    """Takes the journal objects in the order of their days; memory holds the covered time of one.

    Covered time of one stream may be said twice, and is united: within a day, since the objects of
    a day say nothing of another.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}

    def add(self, run: str, text: bytes) -> None:
        """Take one journal object; `run` is that of its key, should its lines not say it."""
        tally = self._tally(run)
        for line in text.splitlines():
            try:
                event = _event(line)
                if event["event"] == "recording":
                    tally = self._tally(str(event.get("run", run)))
                (self._owner(event) or tally).take(event)
            except (ValueError, KeyError, TypeError, RecursionError):
                tally.counts["unreadable"] += bool(line.strip())

    def _owner(self, event: dict[str, Any]) -> "_Tally | None":
        """Return whose upload it is, if it is what a dead run left."""
        is_others = event["event"] == "uploaded" and "of_run" in event
        return self._tally(str(event["of_run"])) if is_others else None

    def _tally(self, run: str) -> "_Tally":
        return self._tallies.setdefault(run, _Tally(run))

    def end_day(self) -> None:
        """Sum up the covered time of a day whose objects have all been taken."""
        for tally in self._tallies.values():
            tally.sum_covered()

    def all(self) -> list[Session]:
        """Return the runs of collectors, in the order of their starts."""
        self.end_day()
        found = (tally.session() for tally in self._tallies.values() if tally.by == "collector")
        return sorted(found, key=lambda session: (session.from_ms, session.run))


class _Tally:
    """The sums of one run so far."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.by = self.version = ""
        self.counts: Counter[str] = Counter()
        self._times: list[int] = []
        self._symbols: set[str] = set()
        self._streams: set[str] = set()
        self._covered: defaultdict[tuple[str, str], list[_Span]] = defaultdict(list)
        self._covered_ms = 0
        self._stopped: str | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Add one line."""
        time = _time_of(event)
        self._times = _extremes([*self._times, time]) if time else self._times
        match event["event"]:
            case "recording":
                self._begin(event)
            case "covered":
                place = (str(event["symbol"]), str(event["stream"]))
                self._covered[place].append((int(event["from"]), int(event["to"])))
            case "stopped":
                self._stopped = str(event.get("cause", ""))
        self._count(event)

    def _begin(self, event: dict[str, Any]) -> None:
        self.by, self.version = str(event.get("by", "")), str(event.get("version", ""))
        self._symbols.update(map(str, event["symbols"]))
        self._streams.update(map(str, event["streams"]))

    def _count(self, event: dict[str, Any]) -> None:
        kind = str(event["event"])
        self.counts[kind] += 1
        for name in () if event.get("journal") is True else _SUMMED.get(kind, ()):
            self.counts[f"{kind} {name}"] += int(event.get(name, 0))
        if kind == "gap" and "first_id" in event:
            self.counts["missing"] += int(event["last_id"]) - int(event["first_id"]) + 1

    def sum_covered(self) -> None:
        """Add the covered time that has been said since the last call, each moment once."""
        self._covered_ms += sum(map(_united_ms, self._covered.values()))
        self._covered.clear()

    def session(self) -> Session:
        """Return what has been added."""
        counts = self.counts
        first_ms, last_ms = self._times or [0, 0]
        return Session(
            run=self.run, by=self.by, version=self.version, from_ms=first_ms, to_ms=last_ms,
            symbols=tuple(sorted(self._symbols)), streams=tuple(sorted(self._streams)),
            objects=counts["uploaded objects"], rows=counts["uploaded rows"],
            bytes=counts["uploaded bytes"], reconnects=counts["reconnected"],
            hand_overs=counts["handed_over"], stalls=counts["stalled"], gaps=counts["gap"],
            missing_ids=counts["missing"], refilled=counts["refilled rows"],
            unpublished=counts["refilled unpublished"], covered=self._share(last_ms - first_ms),
            stopped=self._stopped, recovered=bool(counts["recovered"]),
            unreadable_lines=counts["unreadable"],
        )  # fmt: skip

    def _share(self, span_ms: int) -> float:
        whole_ms = span_ms * len(self._symbols) * len(self._streams)
        return min(1.0, self._covered_ms / whole_ms) if whole_ms else 0.0


def _event(line: bytes) -> dict[str, Any]:
    event = json.loads(line)
    if not isinstance(event, dict):
        raise TypeError("a line is one object")
    return event


def _time_of(event: dict[str, Any]) -> int | None:
    """Return when the run was alive, according to a line; None if the line is another's."""
    if event["event"] == "recovered":
        last = event.get("last_received")
        return time_ms(last) if last else None
    return None if "of_run" in event else time_ms(event["at"])


def time_ms(text: str) -> int:
    """Read `at`: ISO 8601 with ms."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _extremes(times: list[int]) -> list[int]:
    return [min(times), max(times)]


def _united_ms(spans: Iterable[_Span]) -> int:
    """Return the length of a union of spans."""
    total, end = 0, 0
    for start, stop in sorted(spans):
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total
