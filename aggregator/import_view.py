"""Imports archive files and tells how it goes: a progress bar for people, JSON lines for logs."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from aggregator.archive.importer import ImportReport, LongHole, import_files
from aggregator.utc import iso
from lake.logs import log
from lake.storage import Storage


def run_import(storage: Storage, symbol: str, files: Sequence[Path], max_unpublished: int) -> None:
    """Import the files into the lake and print what became of them."""
    console = Console()
    with Progress(console=console, transient=True, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task(f"import {escape(symbol)}", total=None)
        report = import_files(
            storage, symbol, files,
            max_unpublished=max_unpublished,
            now=datetime.now(UTC),
            version=version("flowlake"),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )  # fmt: skip
    if sys.stdout.isatty():
        for line in _lines(report):
            console.print(line, highlight=False, markup=False)
    else:
        _log(report)


def _lines(report: ImportReport) -> list[str]:
    written = sum(day.chunks_written for day in report.dates)
    there = sum(day.chunks_already_there for day in report.dates)
    return [
        f"{report.symbol}: {report.rows_read:,} trades of {len(report.dates)} days as run "
        f"{report.run}: {written} chunks written, {there} were there already",
        f"  {report.duplicates:,} rows were there twice, {report.out_of_order:,} out of order, "
        f"{report.unpublished:,} ids were never published",
        *(f"  {_hole(hole)}" for hole in report.long_holes),
        *_unnamed(report),
    ]


def _hole(hole: LongHole) -> str:
    count = hole.last_id - hole.first_id + 1
    return (
        f"the files lack {count:,} ids, {hole.first_id} to {hole.last_id}, "
        f"between {iso(hole.from_ms)} and {iso(hole.to_ms)}"
    )


def _unnamed(report: ImportReport) -> list[str]:
    rest = report.long_hole_count - len(report.long_holes)
    return [f"  and {rest:,} more holes"] if rest else []


def _log(report: ImportReport) -> None:
    for hole in report.long_holes:
        log(sys.stdout, "WARNING", _hole(hole), event="hole", symbol=report.symbol)
    log(
        sys.stdout, "INFO", _lines(report)[0], event="import", symbol=report.symbol,
        run=report.run, rows=report.rows_read, duplicates=report.duplicates,
        out_of_order=report.out_of_order, unpublished=report.unpublished,
        dates=[str(day.date) for day in report.dates], long_holes=report.long_hole_count,
    )  # fmt: skip
