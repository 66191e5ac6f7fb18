"""What a run tells: a person at a terminal, or a log collector, which reads JSON lines."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from aggregator.unit import Outcome, Status, Unit

SEVERITIES = {
    Status.BUILT: "INFO",
    Status.UP_TO_DATE: "INFO",
    Status.KEPT: "NOTICE",
    Status.EMPTY: "NOTICE",
    Status.FAILED: "ERROR",
}
_STYLES = {
    Status.BUILT: "green",
    Status.UP_TO_DATE: "dim",
    Status.KEPT: "cyan",
    Status.EMPTY: "yellow",
    Status.FAILED: "bold red",
}
CONDITION_STYLES = {"complete": "green", "degraded": "yellow", "pending": "cyan"}


class Reporter(AbstractContextManager["Reporter"], Protocol):
    """Told of a run as it goes."""

    def advance(self, unit: Unit, done: int, total: int) -> None:
        """Note that some more of a unit's chunks are done."""

    def outcome(self, outcome: Outcome) -> None:
        """Note what became of a unit."""

    def note(self, message: str, **fields: Any) -> None:
        """Tell something that is neither."""

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Tell how it ended."""


def reporter(units: int) -> Reporter:
    """Return the reporter for where standard output goes."""
    return TerminalReporter(units) if sys.stdout.isatty() else JsonReporter(sys.stdout)


def log(file: TextIO, severity: str, message: str, **fields: Any) -> None:
    """Write one log line as Cloud Logging reads it."""
    line = {"severity": severity, "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False), file=file, flush=True)


class JsonReporter:
    """One JSON object a line: one for each unit, and one at the end."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        pass

    def advance(self, unit: Unit, done: int, total: int) -> None:
        """Say nothing of single chunks."""

    def outcome(self, outcome: Outcome) -> None:
        """Log what became of a unit."""
        message = f"{outcome.unit} {outcome.status}"
        log(
            self._file, SEVERITIES[outcome.status],
            f"{message}: {outcome.detail}" if outcome.detail else message,
            event="unit", symbol=outcome.unit.symbol, date=str(outcome.unit.day),
            status=outcome.status, condition=outcome.condition, chunks=outcome.chunks,
            bytes_written=outcome.bytes_written,
        )  # fmt: skip

    def note(self, message: str, **fields: Any) -> None:
        """Log a remark."""
        log(self._file, "NOTICE", message, **fields)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Log how many units ended how."""
        counts = {str(status): count for status, count in _counts(outcomes).items()}
        log(self._file, "INFO", _sentence(outcomes), event="summary", **counts)


class TerminalReporter:
    """A progress bar while it runs, and a table at the end."""

    def __init__(self, units: int) -> None:
        self._console = Console()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), console=self._console, transient=True,
        )  # fmt: skip
        self._units = self._progress.add_task("days", total=units)
        self._chunks = self._progress.add_task("chunks", total=None, visible=False)
        self._unit: Unit | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._progress.stop()

    def advance(self, unit: Unit, done: int, total: int) -> None:
        """Move the bar of the unit's chunks."""
        if unit != self._unit:
            self._unit = unit
            self._progress.reset(
                self._chunks, total=total, visible=True, description=f"chunks of {unit}"
            )
        self._progress.advance(self._chunks, done)

    def outcome(self, outcome: Outcome) -> None:
        """Move the bar of the units; say at once what failed."""
        self._progress.advance(self._units)
        if outcome.status is Status.FAILED:
            self._console.print(outcome.detail, style="red", markup=False, highlight=False)

    def note(self, message: str, **fields: Any) -> None:
        """Print a remark."""
        del fields  # they are for machines
        self._console.print(message, style="yellow", markup=False, highlight=False)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Print what became of the units."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("day", "symbol", "status", "condition", "remarks"):
            table.add_column(name, no_wrap=name != "remarks")
        for each in sorted(outcomes, key=lambda outcome: outcome.unit):
            table.add_row(
                str(each.unit.day), each.unit.symbol,
                f"[{_STYLES[each.status]}]{each.status}[/]",
                f"[{CONDITION_STYLES.get(each.condition, 'red')}]{each.condition}[/]",
                "" if each.status is Status.FAILED else each.detail,
            )  # fmt: skip
        self._console.print(table)
        self._console.print(_sentence(outcomes))


def _counts(outcomes: Sequence[Outcome]) -> Counter[Status]:
    return Counter(outcome.status for outcome in outcomes)


def _sentence(outcomes: Sequence[Outcome]) -> str:
    counts = _counts(outcomes)
    said = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{len(outcomes)} days: {said or 'nothing to do'}"
