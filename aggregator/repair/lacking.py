"""Which ids a lake lacks, and which of them the exchange never published. No clock, no disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aggregator.archive.sources import IdAt
from aggregator.quality import Holes
from aggregator.stretches import IdStretches

MINUTE_MS = 60_000


class Why(StrEnum):
    """Why ids stay missing."""

    LONG = "the archive lacks more ids in a row than --max-unpublished"
    CONTRADICTED = "the klines count a volume that the archive's trades have not"
    OUTSIDE = "the archive's file of the day does not reach them"


@dataclass(frozen=True)
class Lack:
    """Ids that neither the lake nor the archive has, and the trades on both sides of them."""

    ids: range
    from_ms: int
    to_ms: int
    why: Why


@dataclass(frozen=True)
class Gap:
    """Two neighbouring ids of the archive's list, between which there are others."""

    before: IdAt
    after: IdAt


@dataclass(frozen=True)
class Volumes:
    """What the archive's trades and the klines say of minutes, by their start in ms."""

    trades: Mapping[int, Decimal] = field(default_factory=dict)
    klines: Mapping[int, Decimal] = field(default_factory=dict)

    def contradict(self, gap: Gap) -> bool:
        """Tell whether a kline around the gap has another volume than the trades of its minute."""
        first, last = (at.ms // MINUTE_MS * MINUTE_MS for at in (gap.before, gap.after))
        return any(map(self._differ, range(first, last + 1, MINUTE_MS)))

    def _differ(self, minute_ms: int) -> bool:
        kline = self.klines.get(minute_ms)
        # The archive has klines of nothing where the exchange's own list has a volume.
        return bool(kline) and kline != self.trades.get(minute_ms, 0)


@dataclass(frozen=True)
class Verdict:
    """Of ids that the archive's list lacks: what was never published, and what stays missing.

    `unpublished` are ids by the time of the trade before them.
    """

    unpublished: tuple[tuple[int, range], ...]
    lacks: tuple[Lack, ...]


def is_lacking(ids: NDArray[np.int64], known: IdStretches) -> NDArray[np.bool_]:
    """Tell which ids are not known."""
    place = np.searchsorted(known.first_id, ids, side="right") - 1
    lacking = place < 0
    lacking[~lacking] = ids[~lacking] > known.last_id[place[~lacking]]
    return lacking


def unknown(ids: range, known: IdStretches) -> Iterator[range]:
    """Yield the stretches of some ids that are not known."""
    first = ids.start
    place = int(np.searchsorted(known.last_id, first))
    while place < len(known.first_id) and known.first_id[place] < ids.stop:
        if first < known.first_id[place]:
            yield range(first, int(known.first_id[place]))
        first = int(known.last_id[place]) + 1
        place += 1
    if first < ids.stop:
        yield range(first, ids.stop)


def judged(gaps: list[Gap], known: IdStretches, volumes: Volumes, max_unpublished: int) -> Verdict:
    """Judge the ids between neighbours of the archive's list that are not known either."""
    unpublished: list[tuple[int, range]] = []
    lacks: list[Lack] = []
    for gap in gaps:
        lacked = range(gap.before.id + 1, gap.after.id)
        # What the lake has of a long hole shows that the archive lost it, and not that it is short.
        why = Why.LONG if len(lacked) > max_unpublished else None
        if not why and volumes.contradict(gap):
            why = Why.CONTRADICTED
        for ids in unknown(lacked, known):
            if why:
                lacks.append(Lack(ids, gap.before.ms, gap.after.ms, why))
            else:
                unpublished.append((gap.before.ms, ids))
    return Verdict(tuple(unpublished), tuple(lacks))


def outside(holes: Holes, first: IdAt, last: IdAt) -> Iterator[Lack]:
    """Yield what of the holes lies before the first or after the last id of the archive's list."""
    columns = (holes.first_id, holes.last_id, holes.before, holes.after)
    for low, high, from_ms, to_ms in zip(*(column.tolist() for column in columns), strict=True):
        if low < first.id:
            ids = range(low, min(high + 1, first.id))
            yield Lack(ids, from_ms, min(to_ms, first.ms), Why.OUTSIDE)
        if high > last.id:
            ids = range(max(low, last.id + 1), high + 1)
            yield Lack(ids, max(from_ms, last.ms), to_ms, Why.OUTSIDE)
