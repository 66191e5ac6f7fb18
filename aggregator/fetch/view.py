"""What a fetch tells: a person at a terminal, or a log collector, which reads JSON lines."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from aggregator.fetch.days import Fate, Outcome, Wanted
from lake.logs import log

_SEVERITIES = {
    Fate.IMPORTED: "INFO",
    Fate.THERE: "INFO",
    Fate.ABSENT: "WARNING",
    Fate.FAILED: "ERROR",
}
_STYLES = {Fate.ABSENT: "yellow", Fate.FAILED: "red"}


class Reporter(AbstractContextManager["Reporter"], Protocol):
    """Told of a fetch as it goes, by several threads."""

    def received(self, count: int) -> None:
        """Note bytes that came."""

    def advance(self, wanted: Wanted, part: float) -> None:
        """Note which part of a day's import is done."""

    def told(self, message: str) -> None:
        """Tell something on the way, such as that the archive is asked again."""

    def outcome(self, outcome: Outcome) -> None:
        """Note what became of a day."""


def reporter(days: int) -> Reporter:
    """Return the reporter for where standard output goes."""
    return TerminalReporter(days) if sys.stdout.isatty() else JsonReporter(sys.stdout, days)


class Pace:
    """How many days and bytes are done, and how long the rest takes at that pace."""

    def __init__(self, days: int) -> None:
        self._days, self._began_s = days, time.monotonic()
        self._done, self._worked, self._bytes = 0, 0, 0
        self._lock = threading.Lock()

    def received(self, count: int) -> None:
        """Note bytes that came."""
        with self._lock:
            self._bytes += count

    def done(self, fate: Fate) -> dict[str, float | int | None]:
        """Note a day; return figures for a log line. Days that cost nothing are no measure."""
        with self._lock:
            self._done += 1
            self._worked += fate is Fate.IMPORTED
            elapsed_s = max(1e-9, time.monotonic() - self._began_s)
            left = self._days - self._done
            left_s = round(left * elapsed_s / self._worked) if self._worked else None
            return {
                "days_done": self._done, "days_left": left, "seconds_left": left_s,
                "megabytes_per_second": round(self._bytes / 1e6 / elapsed_s, 3),
            }  # fmt: skip


class JsonReporter:
    """One JSON object a line: one for each day."""

    def __init__(self, file: TextIO, days: int) -> None:
        self._file, self._pace = file, Pace(days)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        pass

    def received(self, count: int) -> None:
        """Note bytes that came."""
        self._pace.received(count)

    def advance(self, wanted: Wanted, part: float) -> None:
        """Say nothing of parts of a day."""

    def told(self, message: str) -> None:
        """Log a remark."""
        log(self._file, "NOTICE", message, event="archive")

    def outcome(self, outcome: Outcome) -> None:
        """Log what became of a day."""
        severity = _SEVERITIES[outcome.fate]
        log(
            self._file, "WARNING" if outcome.remarks and severity == "INFO" else severity,
            str(outcome), event="fetch", symbol=outcome.symbol, date=str(outcome.day),
            fate=outcome.fate, rows=outcome.rows, bytes=outcome.bytes,
            unpublished=outcome.unpublished, **self._pace.done(outcome.fate),
        )  # fmt: skip


class TerminalReporter:
    """A bar of days while it runs, with rate and time left; what is unusual as it happens."""

    def __init__(self, days: int) -> None:
        self._console = Console()
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(),
            TextColumn("{task.fields[said]}", markup=False), TimeRemainingColumn(),
            console=self._console, transient=True, speed_estimate_period=120,
        )  # fmt: skip
        self._days = days
        self._all = self._bars.add_task("fetch", total=days, said="")
        self._bytes = self._bars.add_task("bytes", total=None, visible=False, said="")
        self._lock = threading.Lock()
        self._done = 0
        self._parts: dict[Wanted, float] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._bars.stop()

    def received(self, count: int) -> None:
        """Move the figures of bytes."""
        self._bars.advance(self._bytes, count)
        self._show()

    def advance(self, wanted: Wanted, part: float) -> None:
        """Move the bar by a part of a day."""
        with self._lock:
            self._parts[wanted] = part
        self._show()

    def told(self, message: str) -> None:
        """Print a remark."""
        self._console.print(message, style="yellow", markup=False, highlight=False)

    def outcome(self, outcome: Outcome) -> None:
        """Move the bar; say at once what is unusual."""
        with self._lock:
            self._done += 1
            key = (outcome.symbol, outcome.day)
            self._parts = {
                wanted: part
                for wanted, part in self._parts.items()
                if (wanted.symbol, wanted.day) != key
            }
        self._show()
        if outcome.remarks:
            style = _STYLES.get(outcome.fate, "yellow")
            self._console.print(str(outcome), style=style, markup=False, highlight=False)

    def _show(self) -> None:
        bytes_ = next(task for task in self._bars.tasks if task.id == self._bytes)
        rate = (bytes_.speed or 0.0) / 1e6
        said = f"{self._done}/{self._days} days, {bytes_.completed / 1e6:.1f} MB, {rate:.1f} MB/s"
        with self._lock:
            done = self._done + sum(self._parts.values())
        self._bars.update(self._all, completed=done, said=said)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Say in one line how it ended."""
    counts = Counter(outcome.fate for outcome in outcomes)
    said = ", ".join(f"{counts[fate]} {fate}" for fate in Fate if counts[fate])
    rows, size = sum(each.rows for each in outcomes), sum(each.bytes for each in outcomes)
    return f"{len(outcomes)} days: {said}; {rows:,} trades, {size / 1e6:,.1f} MB"
