"""What a backfill would do, without doing it."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from aggregator.builder import Builder
from aggregator.console import log
from aggregator.settings import BuildSettings
from aggregator.unit import Unit
from lake.storage import Storage


@dataclass(frozen=True)
class PlannedUnit:
    """What would be done about a unit, and what it would read."""

    symbol: str
    date: str
    action: str
    reason: str
    chunks: int
    bytes: int


def planned(builder: Builder, unit: Unit) -> PlannedUnit:
    """Say what would be done about a unit; read nothing but listings, journals and manifest."""
    standing, decision = builder.survey(unit)
    chunks = (*standing.inputs.trades, *standing.inputs.depth20)
    size = sum(chunk.stat.size for chunk in chunks)
    return PlannedUnit(
        unit.symbol, str(unit.day), decision.action, decision.reason or "", len(chunks), size
    )


def print_plan(storage: Storage, units: Sequence[Unit], settings: BuildSettings) -> None:
    """Print what would be done about each unit, and the sum of it."""
    builder = Builder(storage, settings, lambda: datetime.now(UTC))
    plans = [planned(builder, unit) for unit in units]
    to_build = [plan for plan in plans if plan.action == "build"]
    chunks, size = sum(each.chunks for each in to_build), sum(each.bytes for each in to_build)
    said = (
        f"{len(to_build)} of {len(plans)} days would be built, "
        f"from {chunks:,} chunks of {size / 1e6:,.1f} MB"
    )
    if not sys.stdout.isatty():
        for each in plans:
            log(sys.stdout, "INFO", f"{each.symbol} {each.date}: {each.action}", **asdict(each))
        log(sys.stdout, "INFO", said, event="plan", days=len(to_build), chunks=chunks, bytes=size)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "action", "reason"):
        table.add_column(name, no_wrap=True)
    for name in ("chunks", "MB"):
        table.add_column(name, justify="right")
    for each in plans:
        table.add_row(
            each.date, each.symbol, each.action, each.reason,
            f"{each.chunks:,}", f"{each.bytes / 1e6:,.1f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(said)
