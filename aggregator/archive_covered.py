"""Of which time of a date an import says that the stream was live. No clock, no disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aggregator.archive_names import Period
from aggregator.archive_runs import Gaps
from aggregator.utc import DAY_MS, day_start_ms

SILENCE_MS = 60_000
"""A shorter silence is no reason to doubt the end of a file that the archive calls whole."""


@dataclass(frozen=True)
class FileSpan:
    """What a file's name promises, and how its rows lie in time.

    `longest_silence_ms` is that between two of its rows in the order of time, at least a minute.
    """

    promised: Period | None
    first_ms: int
    last_ms: int
    longest_silence_ms: int


@dataclass(frozen=True)
class Row:
    """Where a row lies."""

    time_ms: int
    trade_id: int


@dataclass(frozen=True)
class DateRows:
    """The first and the last row of a date, in the order of time."""

    date: date
    first: Row
    last: Row


def covered_spans(
    dates: Sequence[DateRows], files: Sequence[FileSpan], long_holes: Gaps
) -> dict[date, tuple[int, int]]:
    """Return `[from, to)` of each date, in ms: as far as the files prove that nothing is absent.

    A date is covered whole between rows of other dates. A long hole in the ids over its midnight
    makes that end an outer one, as if each side had been imported alone: the rows beyond may lie
    too far away for whoever reads the date to see the hole.
    """
    follows = [
        not long_holes.any_between(one.last.trade_id, other.first.trade_id)
        for one, other in zip(dates, dates[1:], strict=False)
    ]
    return {
        rows.date: (
            day_start_ms(rows.date) if before else _outer_start(rows, files),
            day_start_ms(rows.date) + DAY_MS if after else _outer_end(rows, files),
        )
        for rows, before, after in zip(dates, [False, *follows], [*follows, False], strict=True)
    }


def _outer_start(rows: DateRows, files: Sequence[FileSpan]) -> int:
    whole = any(
        file.promised
        and file.first_ms == rows.first.time_ms
        and 0 <= file.first_ms - file.promised.start_ms <= file.longest_silence_ms
        for file in files
    )
    return day_start_ms(rows.date) if whole else rows.first.time_ms


def _outer_end(rows: DateRows, files: Sequence[FileSpan]) -> int:
    whole = any(
        file.promised
        and file.last_ms == rows.last.time_ms
        and 0 < file.promised.end_ms - file.last_ms <= file.longest_silence_ms
        for file in files
    )
    return day_start_ms(rows.date) + DAY_MS if whole else rows.last.time_ms
