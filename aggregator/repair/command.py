"""`aggregator repair`: what days lack comes from the archive, and it is told how it goes."""

import sys
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import compress

from aggregator.archive.scratch import scratch_folder
from aggregator.builder import Builder
from aggregator.console import say
from aggregator.decide import Action
from aggregator.fetch.names import ARCHIVE_URL
from aggregator.fetch.patience import FetchError, Patience
from aggregator.fetch.site import Site
from aggregator.plan import published_days
from aggregator.repair.files import Files
from aggregator.repair.mender import Mender, Terms
from aggregator.repair.outcome import Fate, Outcome, sentence
from aggregator.settings import BuildSettings
from aggregator.unit import Unit
from lake.logs import log
from lake.storage import Storage

SCRATCH = "flowlake-repair-"
_ONE = timedelta(days=1)
_SEVERITIES = {Fate.FAILED: "ERROR", Fate.ABSENT: "WARNING", Fate.SKIPPED: "NOTICE"}


@dataclass(frozen=True)
class RepairSettings:
    """Where missing trades come from, and what is believed of the archive."""

    build: BuildSettings
    archive_url: str = ARCHIVE_URL
    max_unpublished: int = 100
    patience: Patience = Patience()


@dataclass(frozen=True)
class Repaired:
    """What became of the days, and the units that have to be built after that."""

    outcomes: tuple[Outcome, ...]
    units: tuple[Unit, ...]

    def failure(self, *, absent_fails: bool) -> str | None:
        """Say in one line what failed; None if nothing did."""
        failed = [each for each in self.outcomes if each.fate is Fate.FAILED]
        if failed:
            count = f"{len(failed)} of {len(self.outcomes)} days could not be repaired"
            return f"{count}: {failed[0].unit}: {failed[0].remarks[0]}"
        asked = [each for each in self.outcomes if each.fate not in (Fate.WHOLE, Fate.SKIPPED)]
        if absent_fails and asked and all(each.fate is Fate.ABSENT for each in asked):
            return (
                f"the archive has none of the {len(asked)} days that have to be repaired, such as "
                f"{asked[0].unit}; it publishes a day on the day after: run again later"
            )
        return None


def repair(storage: Storage, units: Iterable[Unit], settings: RepairSettings) -> Repaired:
    """Write what the days lack; a day is repaired too that a hole over midnight reaches into."""
    terms = Terms(
        replace(settings.build, force=False), settings.max_unpublished, datetime.now(UTC),
        version("flowlake"),
    )  # fmt: skip
    asked = sorted(units, key=lambda unit: (unit.symbol, unit.day))
    with (
        scratch_folder(SCRATCH) as folder,
        Site(settings.archive_url, folder, patience=settings.patience, told=_note) as site,
    ):
        outcomes = _mended(Mender(storage, Files(site), terms), asked)
    _tell(outcomes)
    return Repaired(tuple(outcomes), tuple(_to_build(storage, asked, outcomes, terms)))


def raise_failure(repaired: Repaired) -> None:
    """Raise `FetchError` if a day could not be repaired, or if the archive has none of them."""
    why = repaired.failure(absent_fails=True)
    if why:
        raise FetchError(why)


def _mended(mender: Mender, asked: Sequence[Unit]) -> list[Outcome]:
    waiting, met = deque(asked), {(unit.symbol, unit.day) for unit in asked}
    outcomes = []
    while waiting:
        unit = waiting.popleft()
        outcome = mender.mend(unit)
        _say(outcome)
        outcomes.append(outcome)
        # Where the neighbour's own holes reach is not asked.
        for day in outcome.reaches if unit in asked else ():
            if (unit.symbol, day) not in met:
                met.add((unit.symbol, day))
                waiting.appendleft(Unit(day, unit.symbol))
    return outcomes


def _to_build(
    storage: Storage, asked: Sequence[Unit], outcomes: Sequence[Outcome], terms: Terms
) -> list[Unit]:
    """Return the units that were asked for, and the published ones that are out of date now."""
    days = {(unit.symbol, unit.day) for unit in asked}
    mended = (each.unit for each in outcomes if each.fate is Fate.REPAIRED or each.reaches)
    touched = {(unit.symbol, unit.day) for unit in mended}
    around = {(symbol, day + n * _ONE) for symbol, day in touched for n in (-1, 0, 1)} - days
    builder = Builder(storage, terms.settings, lambda: terms.now)
    published = (any(published_days(storage, day, day, [symbol])) for symbol, day in around)
    others = (Unit(day, symbol) for symbol, day in compress(around, published))
    stale = [unit for unit in others if builder.survey(unit)[1].action is Action.BUILD]
    return sorted([*asked, *stale])


def _note(message: str) -> None:
    say(message, event="archive")


def _say(outcome: Outcome) -> None:
    if outcome.fate is Fate.WHOLE:
        return
    if sys.stdout.isatty():
        print(outcome)
        return
    severity = _SEVERITIES.get(outcome.fate, "WARNING" if outcome.lacking else "INFO")
    log(
        sys.stdout, severity, str(outcome), event="repair", symbol=outcome.unit.symbol,
        date=str(outcome.unit.day), fate=outcome.fate, rows=outcome.rows,
        unpublished=outcome.unpublished, lacking=outcome.lacking,
    )  # fmt: skip


def _tell(outcomes: list[Outcome]) -> None:
    counts = {fate.replace(" ", "_"): 0 for fate in Fate}
    for outcome in outcomes:
        counts[outcome.fate.replace(" ", "_")] += 1
    rows = sum(outcome.rows for outcome in outcomes)
    say(sentence(outcomes), event="repairs", **counts, rows=rows)
