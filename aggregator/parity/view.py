"""What a verification tells: a table for people, JSON lines for logs."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from aggregator.parity.candles import clock
from aggregator.parity.compare import Verdict
from aggregator.parity.verifier import Fate, Verified
from lake.logs import log

_SEVERITIES = {
    Fate.EQUAL: "INFO",
    Fate.DIFFERENT: "WARNING",
    Fate.NOT_COMPARABLE: "NOTICE",
    Fate.NO_KLINES: "NOTICE",
    Fate.FAILED: "ERROR",
}
_STYLES = {
    Fate.EQUAL: "green",
    Fate.DIFFERENT: "bold red",
    Fate.NOT_COMPARABLE: "cyan",
    Fate.NO_KLINES: "cyan",
    Fate.FAILED: "bold red",
}
_MOST_SHOWN = 20
"""Minutes of a day that are told one by one; the lake has the others too."""


class Reporter(AbstractContextManager["Reporter"], Protocol):
    """Told of a verification as it goes."""

    def note(self, message: str) -> None:
        """Tell something on the way, such as that a source is asked again."""

    def outcome(self, outcome: Verified) -> None:
        """Note what became of a day."""

    def summary(self, outcomes: Sequence[Verified], tolerance: int) -> None:
        """Tell how it ended."""


def reporter(days: int, *, silent: bool = False) -> Reporter:
    """Return the reporter for where standard output goes; a silent one lets others write there."""
    if silent or not sys.stdout.isatty():
        return JsonReporter(sys.stderr if silent else sys.stdout, silent=silent)
    return TerminalReporter(days)


def as_json(outcome: Verified) -> dict[str, Any]:
    """Return the comparison of a day as it is in the lake, or why there is none."""
    if outcome.parity:
        return outcome.parity.as_json()
    return {
        "symbol": outcome.unit.symbol, "date": str(outcome.unit.day), "verdict": outcome.fate,
        "detail": outcome.detail,
    }  # fmt: skip


def sentence(outcomes: Sequence[Verified], tolerance: int) -> str:
    """Say how many days ended how."""
    counts = Counter(outcome.fate for outcome in outcomes)
    said = ", ".join(f"{counts[fate]} {fate}" for fate in Fate if counts[fate])
    return (
        f"{len(outcomes)} days: {said or 'nothing to do'}; tolerated: {tolerance} minutes a day "
        "that differ and no hole explains"
    )


def differences(outcome: Verified) -> list[dict[str, Any]]:
    """Return the first minutes that differ, as they are told."""
    if not outcome.parity:
        return []
    found = sorted(outcome.parity.findings.items())[:_MOST_SHOWN]
    columns = {each.minute: each.different for each in outcome.parity.minutes}
    return [
        {
            "minute": clock(minute), "columns": [*columns[minute]], "cause": finding.cause,
            "excused": finding.excused, "explanation": finding.text,
        }
        for minute, finding in found
    ]  # fmt: skip


class JsonReporter:
    """One JSON object a line: one for each day, and for the first minutes that differ."""

    def __init__(self, file: TextIO, *, silent: bool = False) -> None:
        self._file, self._silent = file, silent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        pass

    def note(self, message: str) -> None:
        """Log a remark."""
        log(self._file, "NOTICE", message, event="again")

    def outcome(self, outcome: Verified) -> None:
        """Log what became of a day."""
        if self._silent:
            return
        unit = {"symbol": outcome.unit.symbol, "date": str(outcome.unit.day)}
        message = f"{outcome.unit} {outcome.fate}: {outcome.detail}"
        minutes = _minutes(outcome)
        severity = _SEVERITIES[outcome.fate]
        log(self._file, severity, message, event="parity", **unit, verdict=outcome.fate, **minutes)
        for each in differences(outcome):
            said = f"{outcome.unit} {each['minute']}: {each['explanation']}"
            weight = "NOTICE" if each["excused"] else "WARNING"
            log(self._file, weight, said, event="difference", **unit, **each)

    def summary(self, outcomes: Sequence[Verified], tolerance: int) -> None:
        """Log how many days ended how."""
        counts = Counter(outcome.fate.replace(" ", "_") for outcome in outcomes)
        said = sentence(outcomes, tolerance)
        log(self._file, "INFO", said, event="summary", tolerance=tolerance, **counts)


def _minutes(outcome: Verified) -> dict[str, int]:
    if not outcome.parity:
        return {}
    counts = {each.replace(" ", "_"): outcome.parity.count(each) for each in Verdict}
    return {**counts, "different_though_ok": outcome.parity.unexcused}


class TerminalReporter:
    """A progress bar while it runs, and tables at the end."""

    def __init__(self, days: int) -> None:
        self._console = Console()
        self._bar = Progress(
            TextColumn("verify"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        self._days = self._bar.add_task("days", total=days)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._bar.stop()

    def note(self, message: str) -> None:
        """Print a remark."""
        self._console.print(message, style="yellow", markup=False, highlight=False)

    def outcome(self, outcome: Verified) -> None:
        """Move the bar; say at once what failed."""
        self._bar.advance(self._days)
        if outcome.fate is Fate.FAILED:
            self._console.print(outcome.detail, style="red", markup=False, highlight=False)

    def summary(self, outcomes: Sequence[Verified], tolerance: int) -> None:
        """Print the days, and the first minutes of each that differ."""
        self._console.print(_days(outcomes))
        for outcome in outcomes:
            shown = differences(outcome)
            if shown and outcome.parity:
                all_of_them = len(outcome.parity.findings)
                title = f"{outcome.unit}: the first {len(shown)} of {all_of_them:,} minutes"
                self._console.print(title, highlight=False, markup=False)
                self._console.print(_table(shown))
        self._console.print(sentence(outcomes, tolerance), highlight=False)


def _days(outcomes: Sequence[Verified]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "parity", "remarks"):
        table.add_column(name, no_wrap=name != "remarks")
    for each in outcomes:
        table.add_row(
            str(each.unit.day), Text(each.unit.symbol), Text(each.fate, style=_STYLES[each.fate]),
            Text("" if each.fate is Fate.FAILED else each.detail),
        )  # fmt: skip
    return table


def _table(shown: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("minute", "cause", "explanation"):
        table.add_column(name, no_wrap=name == "minute")
    for each in shown:
        style = "yellow" if each["excused"] else "red"
        table.add_row(each["minute"], Text(each["cause"], style=style), Text(each["explanation"]))
    return table
