"""What the inputs prove: holes in the ids, the time that each stream was seen, quality of bars.

No clock, no disk. Times are ms since 1970 UTC; spans are `[from, to)`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SECONDS_PER_DAY = 86_400
DEPTH_PAUSE_MS = 2_000
"""Snapshots that follow each other within this prove that the stream was live between them."""

OK, PARTIAL, GAP = "ok", "partial", "gap"


@dataclass(frozen=True)
class Spans:
    """Times, as pairs of start and end: sorted, apart from each other, none of them empty."""

    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, starts: Ints, ends: Ints) -> "Spans":
        """Return the union of any spans, joined where they touch."""
        order = np.argsort(starts, kind="stable")
        order = order[ends[order] > starts[order]]
        starts, ends = starts[order], ends[order]
        if not len(starts):
            return cls(starts, ends)
        reach = np.maximum.accumulate(ends)
        opens = np.concatenate(([True], starts[1:] > reach[:-1]))
        closes = np.concatenate((opens[1:], [True]))
        return cls(starts[opens], reach[closes])

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[int, int]]) -> "Spans":
        """Return the union of any pairs of start and end."""
        table = np.array([*pairs], dtype=np.int64).reshape(-1, 2)
        return cls.of(table[:, 0], table[:, 1])

    def pairs(self) -> list[tuple[int, int]]:
        """Return the spans as pairs of start and end."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    def union(self, other: "Spans") -> "Spans":
        """Return the time that lies in either."""
        return Spans.of(
            np.concatenate((self.starts, other.starts)), np.concatenate((self.ends, other.ends))
        )

    def without(self, other: "Spans") -> "Spans":
        """Return the time that lies in these spans and not in the others."""
        inside = self._inside_at(edges := np.unique(np.concatenate(
            (self.starts, self.ends, other.starts, other.ends)
        )))  # fmt: skip
        keep = (inside & ~other._inside_at(edges))[:-1]
        return Spans.of(edges[:-1][keep], edges[1:][keep])

    def _inside_at(self, times: Ints) -> NDArray[np.bool_]:
        place = np.searchsorted(self.starts, times, side="right") - 1
        inside = place >= 0
        inside[inside] = times[inside] < self.ends[place[inside]]
        return inside

    def clipped(self, start: int, end: int) -> "Spans":
        """Return the time that lies between start and end."""
        return Spans.of(np.maximum(self.starts, start), np.minimum(self.ends, end))

    def holds(self, other: "Spans") -> bool:
        """Tell whether all of the other's time lies in these spans."""
        return not len(other.without(self).starts)

    def whole_seconds(self, day_start: int) -> NDArray[np.bool_]:
        """Tell for each second of a day whether all of it lies in one span."""
        first = np.clip(-((day_start - self.starts) // 1000), 0, SECONDS_PER_DAY)
        last = np.clip((self.ends - day_start) // 1000, 0, SECONDS_PER_DAY)
        filled = last > first
        steps = np.zeros(SECONDS_PER_DAY + 1, dtype=np.int64)
        np.add.at(steps, first[filled], 1)
        np.add.at(steps, last[filled], -1)
        return np.cumsum(steps)[:-1] > 0


NEVER = Spans(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Holes:
    """Ids that the rows lack: the first and last of each hole, and the trades on both sides.

    `before` and `after` are the timestamps of these trades.
    """

    first_id: Ints
    last_id: Ints
    before: Ints
    after: Ints

    def overlapping(self, start: int, end: int) -> "Holes":
        """Return the holes whose time overlaps `[start, end)`."""
        keep = (self.before < end) & (self.after >= start)
        return Holes(self.first_id[keep], self.last_id[keep], self.before[keep], self.after[keep])

    def spans(self) -> Spans:
        """Return the time in which a missing trade may have happened."""
        return Spans.of(self.before, self.after + 1)

    def missing_by_second(self, day_start: int) -> NDArray[np.uint64]:
        """Return for each second of a day how many ids lack before its trades.

        Ids may be as far apart as 64 bits allow, but all that lack are fewer than 2⁶⁴.
        """
        second = (self.after - day_start) // 1000
        inside = (second >= 0) & (second < SECONDS_PER_DAY)
        missing = np.zeros(SECONDS_PER_DAY, dtype=np.uint64)
        lacking = (self.last_id - self.first_id + 1).view(np.uint64)
        np.add.at(missing, second[inside], lacking[inside])
        return missing


def trades_seen(holes: Holes, stretches: Spans, covered: Spans) -> Spans:
    """Return the time in which no trade can be missing: covered time never hides a hole."""
    return stretches.union(covered).without(holes.spans())


def quality(
    seen: Sequence[NDArray[np.bool_]], has_data: NDArray[np.bool_], seconds: int
) -> list[str]:
    """Return the quality of each bar of so many seconds.

    `seen` has an array for each expected stream, `has_data` tells in which seconds there is a
    counted trade or a used snapshot; both are by second of the day.
    """
    if not seen:
        return [""] * (SECONDS_PER_DAY // seconds)
    inside = np.array([each.reshape(-1, seconds).all(axis=1) for each in seen])
    filled = has_data.reshape(-1, seconds).any(axis=1)
    codes = np.where(inside.all(axis=0), 0, np.where(inside.any(axis=0) | filled, 1, 2))
    return [(OK, PARTIAL, GAP)[code] for code in codes.tolist()]
