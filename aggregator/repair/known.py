"""Looks at what the lake has of a day's trades: which ids, and whether any can be missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from aggregator.builder import Builder
from aggregator.decide import Action, Standing
from aggregator.inputs import Inputs
from aggregator.load import Loader
from aggregator.manifest import Manifest, is_pending
from aggregator.quality import Holes, trades_seen
from aggregator.repair.statement import repair_run
from aggregator.settings import BuildSettings
from aggregator.stretches import IdStretches
from aggregator.unit import Unit
from aggregator.utc import DAY_MS, day_start_ms
from lake.layout import JournalKey, Stream, journal_prefix
from lake.storage import Storage


@dataclass(frozen=True)
class Known:
    """The ids of the rows read, the holes of the day, and the repairs that came to their end.

    `needs` tells whether trades may be missing; if it is not known, `why_not` says why.
    """

    stretches: IdStretches
    holes: Holes
    needs: bool
    finished: frozenset[str] = frozenset()
    why_not: str = ""


def look(storage: Storage, unit: Unit, settings: BuildSettings, now: datetime) -> Known:
    """Say what the lake has of a day; change nothing."""
    standing, decision = Builder(storage, settings, lambda: now).survey(unit)
    why_not = _why_not(unit, standing, decision.action, settings, now)
    if why_not:
        return replace(_NOTHING, why_not=why_not)
    finished = _finished(storage, unit)
    is_known = decision.action is Action.UP_TO_DATE and _all_finished(standing.inputs, finished)
    if is_known and standing.published and _whole(standing.published):
        return _NOTHING
    return _read(storage, unit, settings, _of_finished(standing.inputs, finished), finished)


def _why_not(
    unit: Unit, standing: Standing, action: Action, settings: BuildSettings, now: datetime
) -> str:
    if is_pending(unit.day, settings.margin_minutes, now):
        return "the day and its margin are not over yet"
    if action in (Action.KEPT, Action.REFUSED):
        return "raw chunks of it have expired, so nobody can tell what it lacks"
    if not standing.inputs.has_chunk_of(unit.day):
        return "the lake has no chunk of it; fetch brings whole days"
    return ""


def _whole(published: Manifest) -> bool:
    bars = published.whole["bars"][min(published.resolutions).label]
    return not published.whole["trades"]["hole_count"] and bars.keys() <= {"ok"}


def _finished(storage: Storage, unit: Unit) -> frozenset[str]:
    """Return the repairs of the days around that have a journal: it is written last."""
    found = set()
    for number in range(-1, 3):
        day = unit.day + timedelta(days=number)
        for stat in storage.list(journal_prefix(day), end=str(JournalKey(day, 1, ""))):
            key = JournalKey.parse(stat.key)
            found |= {key.run} if key and repair_run(key.run) else set()
    return frozenset(found)


def _all_finished(inputs: Inputs, finished: frozenset[str]) -> bool:
    """Tell whether no killed repair has left chunks: it has not said yet where they came from."""
    return {repair_run(chunk.key.run) for chunk in inputs.trades} <= {None, *finished}


def _of_finished(inputs: Inputs, finished: frozenset[str]) -> Inputs:
    """Return the trades without what killed repairs have left.

    So a repair that goes on where another was killed comes to the same result.
    """
    runs = ((chunk, repair_run(chunk.key.run)) for chunk in inputs.trades)
    trades = tuple(chunk for chunk, run in runs if run is None or run in finished)
    return replace(inputs, trades=trades, depth20=())


def _read(
    storage: Storage, unit: Unit, settings: BuildSettings, inputs: Inputs, finished: frozenset[str]
) -> Known:
    loader = Loader(storage, unit.symbol, unit.day, settings.margin_minutes, settings.threads)
    trades = loader.load(inputs).trades
    if trades.counts.without_id:
        return replace(_NOTHING, why_not="its trades have no ids, so nobody can tell what it lacks")
    said = inputs.testimony
    if not len(trades.stretches.first_id) and Stream.TRADES not in said.recorded:
        return replace(_NOTHING, why_not="no trades were recorded; fetch brings whole days")
    start, ids = day_start_ms(unit.day), trades.stretches
    holes = ids.holes()
    seen = trades_seen(holes, ids.seen(), said.covered[Stream.TRADES]).whole_seconds(start)
    of_day = holes.overlapping(start, start + DAY_MS)
    needs = bool(len(of_day.before)) or not bool(seen.all())
    return Known(ids, of_day, needs, finished)


def _no_ids() -> Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return [np.empty(0, np.int64)] * 4


_NOTHING = Known(IdStretches(*_no_ids()), Holes(*_no_ids()), needs=False)
