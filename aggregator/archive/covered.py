"""Of which time of a date an import says that the stream was live. No clock, no disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from aggregator.archive.names import Period
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
class DateRows:
    """Where the first and the last row of a date lie."""

    date: date
    first_ms: int
    last_ms: int


def covered_spans(
    dates: Sequence[DateRows], files: Sequence[FileSpan]
) -> dict[date, tuple[int, int]]:
    """Return `[from, to)` of each date, in ms: as far as the files prove that nothing is absent.

    A date is covered whole between rows of other dates; a hole in the ids takes its own time out
    again where the bars are built. The outer ends are judged by the files.
    """
    covered = {day.date: [day_start_ms(day.date), day_start_ms(day.date) + DAY_MS] for day in dates}
    if dates:
        covered[dates[0].date][0] = _outer_start(dates[0], files)
        covered[dates[-1].date][1] = _outer_end(dates[-1], files)
    for one, other in pairwise(dates):
        is_near = (other.date - one.date).days == 1
        # A row of a distant date that no file is named after is out of place, and proves no time.
        if not is_near and not (_promised(one, files) and _promised(other, files)):
            covered[one.date][1], covered[other.date][0] = one.last_ms, other.first_ms
    return {day: (start, end) for day, (start, end) in covered.items()}


def _promised(rows: DateRows, files: Sequence[FileSpan]) -> bool:
    start = day_start_ms(rows.date)
    return any(
        file.promised and file.promised.start_ms <= start < file.promised.end_ms for file in files
    )


def _outer_start(rows: DateRows, files: Sequence[FileSpan]) -> int:
    whole = any(
        file.promised
        and file.first_ms == rows.first_ms
        and 0 <= file.first_ms - file.promised.start_ms <= file.longest_silence_ms
        for file in files
    )
    return day_start_ms(rows.date) if whole else rows.first_ms


def _outer_end(rows: DateRows, files: Sequence[FileSpan]) -> int:
    whole = any(
        file.promised
        and file.last_ms == rows.last_ms
        and 0 < file.promised.end_ms - file.last_ms <= file.longest_silence_ms
        for file in files
    )
    return day_start_ms(rows.date) + DAY_MS if whole else rows.last_ms
