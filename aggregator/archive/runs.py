"""Which numbers a file holds, as runs, and the gaps between them. No clock, no disk.

Ids with a reach of 1 tell the holes in the ids; times with a reach of a minute tell the silences
that are longer. Both are exact in whatever order the rows come, and need memory for the runs
alone, not for the rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

_UNSETTLED_RUNS = 65_536


@dataclass(frozen=True)
class Gaps:
    """Gap `i` lies between the numbers `before[i]` and `after[i]`, both of them present."""

    before: Int64s
    after: Int64s

    def __len__(self) -> int:
        return len(self.before)

    @property
    def missing(self) -> Int64s:
        """How many numbers each gap lacks."""
        return self.after - self.before - 1

    def where(self, chosen: NDArray[np.bool_]) -> "Gaps":
        """Return the chosen ones."""
        return Gaps(self.before[chosen], self.after[chosen])


class Runs:
    """A growing set of numbers; neighbours at most `reach` apart belong to one run."""

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._starts: Int64s = np.empty(0, np.int64)
        self._ends: Int64s = np.empty(0, np.int64)
        self._unsettled: list[tuple[Int64s, Int64s]] = []
        self._unsettled_runs = 0

    def add(self, numbers: Int64s) -> None:
        """Add numbers in any order, repeated or not."""
        if not len(numbers):
            return
        self._hold(*_split(numbers, self._reach))
        # Joining as often as the set doubles keeps the whole work near that of one sort.
        if self._unsettled_runs > max(_UNSETTLED_RUNS, len(self._starts)):
            self._settle()

    def _hold(self, starts: Int64s, ends: Int64s) -> None:
        self._unsettled.append((starts, ends))
        self._unsettled_runs += len(starts)

    def _settle(self) -> None:
        parts = [(self._starts, self._ends), *self._unsettled]
        starts = np.concatenate([part[0] for part in parts])
        ends = np.concatenate([part[1] for part in parts])
        self._starts, self._ends = _join(starts, ends, self._reach)
        self._unsettled, self._unsettled_runs = [], 0

    def span(self) -> tuple[int, int]:
        """Return the least and the greatest number; there must be one."""
        self._settle()
        return int(self._starts[0]), int(self._ends[-1])

    def gaps(self) -> Gaps:
        """Return the gaps between the runs, in ascending order."""
        self._settle()
        return Gaps(self._ends[:-1], self._starts[1:])


def _split(numbers: Int64s, reach: int) -> tuple[Int64s, Int64s]:
    """Return the runs of numbers in any order; as a rule they come in theirs."""
    steps = np.diff(numbers)
    if np.any(steps < 0):
        numbers = np.sort(numbers)
        steps = np.diff(numbers)
    opens = np.flatnonzero(steps > reach) + 1
    return (
        numbers[np.concatenate([[0], opens])],
        numbers[np.concatenate([opens - 1, [len(numbers) - 1]])],
    )


def _join(starts: Int64s, ends: Int64s, reach: int) -> tuple[Int64s, Int64s]:
    """Join runs that overlap or lie within reach of each other."""
    if not len(starts):
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, reached = starts[order], np.maximum.accumulate(ends[order])
    opens = np.flatnonzero(starts[1:] - reached[:-1] > reach) + 1
    return (
        starts[np.concatenate([[0], opens])],
        reached[np.concatenate([opens - 1, [len(starts) - 1]])],
    )
