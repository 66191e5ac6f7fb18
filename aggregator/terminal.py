"""What a run tells a person at a terminal: progress bars, and a table at the end."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

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

from aggregator.console import sentence
from aggregator.unit import Outcome, Status, Unit

_STYLES = {
    Status.BUILT: "green",
    Status.UP_TO_DATE: "dim",
    Status.KEPT: "cyan",
    Status.EMPTY: "yellow",
    Status.FAILED: "bold red",
}
CONDITION_STYLES = {"complete": "green", "degraded": "yellow", "pending": "cyan"}


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
        self._console.print(sentence(outcomes))
