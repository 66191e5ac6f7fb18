"""What a run tells: a person at a terminal, or a log collector, which reads JSON lines."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from aggregator.unit import Outcome, Status, Unit
from lake.logs import log

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


def say(message: str, **fields: Any) -> None:
    """Tell on standard output what was done: a person in words, a log collector in JSON."""
    if sys.stdout.isatty():
        print(message)
    else:
        log(sys.stdout, "INFO", message, **fields)


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
            self._file, "WARNING" if outcome.warned else SEVERITIES[outcome.status],
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
    """Progress bars while it runs, and a table at the end.

    `bars`: one for all units, and one for the chunks of each unit in work.
    """

    def __init__(self, units: int) -> None:
        self._console = Console()
        self.bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), console=self._console, transient=True,
        )  # fmt: skip
        self._all = self.bars.add_task("days", total=units)
        self._chunks: dict[Unit, Task] = {}

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.bars.stop()

    def advance(self, unit: Unit, done: int, total: int) -> None:
        """Move the bar of the unit's chunks."""
        bar = self._chunks.get(unit) or self._begin(unit, total)
        # The carry, and whoever lost a race, read chunks that nobody had counted.
        completed = bar.completed + done
        self.bars.update(bar.id, completed=completed, total=max(total, completed))

    def _begin(self, unit: Unit, total: int) -> Task:
        number = self.bars.add_task(f"chunks of {unit}", total=total)
        bar = self._chunks[unit] = next(each for each in self.bars.tasks if each.id == number)
        return bar

    def outcome(self, outcome: Outcome) -> None:
        """Move the bar of the units; say at once what failed."""
        self.bars.advance(self._all)
        bar = self._chunks.pop(outcome.unit, None)
        if bar:
            self.bars.remove_task(bar.id)
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
                str(each.unit.day), Text(each.unit.symbol),
                Text(each.status, style=_STYLES[each.status]),
                Text(each.condition, style=CONDITION_STYLES.get(each.condition, "red")),
                Text("" if each.status is Status.FAILED else each.detail),
            )  # fmt: skip
        self._console.print(table)
        self._console.print(_sentence(outcomes))


def _counts(outcomes: Sequence[Outcome]) -> Counter[Status]:
    return Counter(outcome.status for outcome in outcomes)


def _sentence(outcomes: Sequence[Outcome]) -> str:
    counts = _counts(outcomes)
    said = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{len(outcomes)} days: {said or 'nothing to do'}"
