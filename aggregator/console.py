"""What a run tells: a person at a terminal, or a log collector, which reads JSON lines."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from aggregator.unit import BarCounts, Outcome, Status, Unit
from lake.logs import log

SEVERITIES = {
    Status.BUILT: "INFO",
    Status.UP_TO_DATE: "INFO",
    Status.KEPT: "NOTICE",
    Status.EMPTY: "NOTICE",
    Status.FAILED: "ERROR",
}


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
    if not sys.stdout.isatty():
        return JsonReporter(sys.stdout)
    # Imported here: no scheduled job waits for what only a person sees.
    from aggregator.terminal import TerminalReporter

    return TerminalReporter(units)


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
            bytes_written=outcome.bytes_written, **_bars(outcome.counts),
        )  # fmt: skip

    def note(self, message: str, **fields: Any) -> None:
        """Log a remark."""
        log(self._file, "NOTICE", message, **{"event": "note", **fields})

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """Log how many units ended how."""
        counts = {str(status): count for status, count in _counts(outcomes).items()}
        log(self._file, "INFO", sentence(outcomes), event="summary", **counts)


def _bars(counts: BarCounts | None) -> dict[str, Any]:
    """Return the numbers of a day's bars; an alert cannot divide, so the share is one of them."""
    if counts is None:
        return {}
    return {
        "resolution": counts.resolution,
        "bars": counts.bars,
        "gap_bars": counts.gap,
        "partial_bars": counts.partial,
        "not_ok_percent": counts.not_ok_percent,
    }


def _counts(outcomes: Sequence[Outcome]) -> Counter[Status]:
    return Counter(outcome.status for outcome in outcomes)


def sentence(outcomes: Sequence[Outcome]) -> str:
    """Say how many units ended how."""
    counts = _counts(outcomes)
    said = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{len(outcomes)} days: {said or 'nothing to do'}"
