"""What happens is told twice: to the journal in the lake, and to the log for who looks now.

No clock, no socket, no disk.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from collector.fleet.orders import Tell
from collector.record.testimony import Event
from collector.view.status import Counters
from collector.view.words import count
from lake.layout import Stream

Log = Callable[[str, str, Mapping[str, object]], None]
"""Takes a severity, a message for people, and fields for machines."""
_NAMED = 20


class Notes(Protocol):
    """Where the lines of the journal go; see `Diary`."""

    def note(self, event: Mapping[str, Any], time_ms: int | None = None) -> None:
        """Write a line into the object of an hour of exchange time."""


class Chronicle:
    """Tells and counts events."""

    def __init__(self, notes: Notes, log: Log) -> None:
        self._notes, self._log = notes, log
        self.counts: Counter[str] = Counter()
        self.gaps: Counter[Stream] = Counter()
        self.missing_ids = self.refilled = self.unpublished = 0

    def tell(self, told: Tell) -> None:
        """Write an event into the journal and the log."""
        self.counts[told.event] += 1
        self._notes.note({"event": told.event, **_known(told.fields)})
        self.say(told.message, told.severity, event=told.event, **told.fields)

    def say(self, message: str, severity: str = "INFO", **fields: object) -> None:
        """Write into the log alone."""
        self._log(severity, message, _known(fields))

    def covered(self, events: Iterable[Event]) -> None:
        """Write covered time into the journal, each line into the object of its hour."""
        for event in events:
            self._notes.note(event, event["from"])

    def gaps_of(self, events: list[Event]) -> None:
        """Write gaps into the journal, and of one cause one line into the log."""
        by_cause: dict[tuple[str, str], list[Event]] = {}
        for event in events:
            self._count_gap(event)
            self._notes.note(event, event["from"])
            by_cause.setdefault((event["stream"], event["cause"]), []).append(event)
        for (stream, cause), group in by_cause.items():
            self._say_gaps(stream, cause, group)

    def _count_gap(self, event: Event) -> None:
        self.gaps[Stream(event["stream"])] += 1
        if "first_id" in event:
            self.missing_ids += event["last_id"] - event["first_id"] + 1

    def _say_gaps(self, stream: str, cause: str, group: list[Event]) -> None:
        symbols = sorted({event["symbol"] for event in group})
        ids = sum(
            event["last_id"] - event["first_id"] + 1 for event in group if "first_id" in event
        )
        what = count(ids, "trade") if ids else stream
        self.say(
            f"{what} lost of {', '.join(symbols[:5])}{' ...' if len(symbols) > 5 else ''}: {cause}",
            "WARNING", event="gap", stream=stream, symbols=symbols[:_NAMED], ids=ids or None,
            gaps=len(group), cause=cause,
        )  # fmt: skip

    def refill(self, symbol: str, trades: int, absent: int) -> None:
        """Tell what a list of trades brought back."""
        self.refilled += trades
        self.unpublished += absent
        fields = {"symbol": symbol, "rows": trades, "unpublished": absent}
        back = f"{count(trades, 'lost trade')} refilled" if trades else ""
        never = f"{count(absent, 'id')} never published" if absent else ""
        said = f"{symbol}: {', '.join(filter(None, (back, never)))}"
        self.tell(Tell("refilled", said, fields))

    def counters(self) -> Counters:
        """Return what this has counted."""
        return Counters(
            reconnects=self.counts["reconnected"], handed_over=self.counts["handed_over"],
            stalled=self.counts["stalled"], gaps=dict(self.gaps), missing_ids=self.missing_ids,
            refilled=self.refilled, unpublished=self.unpublished,
        )  # fmt: skip


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that an event has."""
    return {name: value for name, value in fields.items() if value is not None}
