"""What a backfill would do, without doing it: how much work it is, how long, and at what price."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator import costs
from aggregator.builder import Builder
from aggregator.costs import Operations
from aggregator.decide import Action, Reason
from aggregator.parallel import in_parallel
from aggregator.settings import BuildSettings
from aggregator.unit import Status, Unit
from lake.logs import log
from lake.storage import LocalFolder, Storage


@dataclass(frozen=True)
class PlannedUnit:
    """What would be done about a unit, and what it would read."""

    symbol: str
    date: str
    action: str
    reason: str
    chunks: int
    bytes: int


@dataclass(frozen=True)
class Total:
    """What all units take. `class_a` and `class_b` are a bucket's requests, 0 for a folder."""

    days: int
    chunks: int
    bytes: int
    seconds_estimated: float
    cores: int
    class_a: int
    class_b: int
    usd: float

    def sentences(self, planned_days: int) -> tuple[str, str, str]:
        """Say it: the work, the time, the price."""
        cores = f"{self.cores} cores" if self.cores > 1 else "1 core"
        charged = (
            f"about {self.class_b:,} reads (class B) and {self.class_a:,} writes and listings "
            f"(class A) of the bucket: {costs.dollars(self.usd)} at the list prices of "
            f"{costs.PRICES_OF}"
        )
        return (
            f"{self.days} of {planned_days} days would be built, "
            f"from {self.chunks:,} chunks of {self.bytes / 1e6:,.1f} MB",
            f"about {costs.about(self.seconds_estimated)} on {cores}, "
            f"estimated from days measured in {costs.MEASURED}",
            charged if self.class_a else "no charge for a local folder",
        )


def planned(builder: Builder, unit: Unit) -> PlannedUnit:
    """Say what would be done about a unit; read nothing but listings, journals and manifest."""
    standing, decision = builder.survey(unit)
    chunks = (*standing.inputs.trades, *standing.inputs.depth20)
    size = sum(chunk.stat.size for chunk in chunks)
    empty = decision.action is Action.BUILD and not standing.inputs.has_chunk_of(unit.day)
    action, reason = (Status.EMPTY, None) if empty else (decision.action, decision.reason)
    return PlannedUnit(unit.symbol, str(unit.day), action, reason or "", len(chunks), size)


def total(plans: Sequence[PlannedUnit], settings: BuildSettings, *, charged: bool) -> Total:
    """Sum up what the units take."""
    to_build = [plan for plan in plans if plan.action == Action.BUILD]
    chunks, size = sum(plan.chunks for plan in to_build), sum(plan.bytes for plan in to_build)
    asked = _operations(plans, to_build, settings) if charged else Operations()
    return Total(
        len(to_build), chunks, size,
        round(costs.seconds(len(to_build), size, settings.threads), 1), settings.threads,
        asked.class_a, asked.class_b, round(asked.usd, 6),
    )  # fmt: skip


def _operations(
    plans: Sequence[PlannedUnit], to_build: Sequence[PlannedUnit], settings: BuildSettings
) -> Operations:
    outputs = len(settings.resolutions) * (2 if settings.parquet else 1)
    asked = [costs.reading_the_journal() for _ in {plan.date for plan in plans}]
    asked += [costs.looking(plan.chunks) for plan in plans]
    asked += [
        costs.building(plan.chunks, outputs, replaces=plan.reason != Reason.NEW)
        for plan in to_build
    ]
    return sum(asked, Operations())


def print_plan(storage: Storage, units: Sequence[Unit], settings: BuildSettings) -> None:
    """Print what would be done about each unit, and the sum of it."""
    builder = Builder(storage, settings, lambda: datetime.now(UTC))
    plans = in_parallel(lambda unit: planned(builder, unit), units)
    summed = total(plans, settings, charged=not isinstance(storage, LocalFolder))
    said = summed.sentences(len(plans))
    if sys.stdout.isatty():
        _print_table(plans, said)
        return
    for each in plans:
        log(sys.stdout, "INFO", f"{each.symbol} {each.date}: {each.action}", **asdict(each))
    log(
        sys.stdout, "INFO", "; ".join(said), event="plan", **asdict(summed),
        prices_of=costs.PRICES_OF,
    )  # fmt: skip


def _print_table(plans: Sequence[PlannedUnit], said: Sequence[str]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("day", "symbol", "action", "reason"):
        table.add_column(name, no_wrap=True)
    for name in ("chunks", "MB"):
        table.add_column(name, justify="right")
    for each in plans:
        table.add_row(
            each.date, Text(each.symbol), each.action, each.reason,
            f"{each.chunks:,}", f"{each.bytes / 1e6:,.1f}",
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(table)
    for sentence in said:
        console.print(sentence)
