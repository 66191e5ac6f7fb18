"""A day of a symbol on its way from the archive into the lake, and what becomes of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from aggregator.archive.holes import LongHole
from aggregator.archive.report import ImportReport
from aggregator.archive.sources import Imported
from aggregator.utc import DAY_MS, day_start_ms, iso


class Fate(StrEnum):
    """What became of a day."""

    IMPORTED = "imported"
    THERE = "there already"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True)
class Wanted:
    """A day of a symbol, and the files of it that are in the lake."""

    day: date
    symbol: str
    files: tuple[Imported, ...] = ()

    def __str__(self) -> str:
        return f"{self.symbol} {self.day}"


@dataclass(frozen=True)
class Outcome:
    """What became of a day, and in words whatever is unusual about it."""

    symbol: str
    day: date
    fate: Fate
    remarks: tuple[str, ...] = ()
    rows: int = 0
    bytes: int = 0
    unpublished: int = 0

    def __str__(self) -> str:
        said = f"{self.symbol} {self.day} {self.fate}"
        return f"{said}: {'; '.join(self.remarks)}" if self.remarks else said


def outcome_of(wanted: Wanted, report: ImportReport, size: int, *, replaces: bool) -> Outcome:
    """Return what an import has made of a day."""
    return Outcome(
        wanted.symbol, wanted.day, Fate.IMPORTED,
        tuple(_remarks(wanted, report, replaces=replaces)), report.rows_read, size,
        report.unpublished,
    )  # fmt: skip


def _remarks(wanted: Wanted, report: ImportReport, *, replaces: bool) -> list[str]:
    said = ["the archive has replaced the file: both are in the lake"] if replaces else []
    if report.duplicates:
        said.append(f"{report.duplicates:,} rows were there twice")
    if report.out_of_order:
        said.append(f"{report.out_of_order:,} rows were out of order")
    said += [hole_words(hole) for hole in report.long_holes[:3]]
    if report.long_hole_count > 3:
        said.append(f"{report.long_hole_count - 3:,} more holes")
    return said + _ends(wanted, report)


def hole_words(hole: LongHole) -> str:
    """Say which ids are lost."""
    count = hole.last_id - hole.first_id + 1
    return (
        f"the archive lacks {count:,} ids, {hole.first_id} to {hole.last_id}, "
        f"between {iso(hole.from_ms)} and {iso(hole.to_ms)}"
    )


def _ends(wanted: Wanted, report: ImportReport) -> list[str]:
    """Say how far the file proves its day."""
    start = day_start_ms(wanted.day)
    here = next((each for each in report.dates if each.date == wanted.day), None)
    if not here:
        return ["no row of the file is of this day"]
    if not here.covered:
        return ["a single row proves no time"]
    began = [f"it begins only at {iso(here.covered[0])}"] if here.covered[0] > start else []
    ended = here.covered[1] < start + DAY_MS
    return began + ([f"it ends already at {iso(here.covered[1])}"] if ended else [])
