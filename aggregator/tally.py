"""Chunks that are done in several processes, counted where all of them see it. No clock, no disk.

There is no lock: each unit has one writer, and one that is killed keeps nobody waiting.
"""

from collections.abc import Callable, MutableSequence, Sequence

from aggregator.unit import Unit

SLOTS = 2
"""Numbers kept of each unit: chunks that are done, and of how many."""


class Tally:
    """Counts in `shared`, which has `SLOTS` numbers for each unit."""

    def __init__(self, units: Sequence[Unit], shared: MutableSequence[int]) -> None:
        self._slots = {unit: SLOTS * place for place, unit in enumerate(units)}
        self._shared = shared
        self._told = dict.fromkeys(units, 0)

    def add(self, unit: Unit, done: int, total: int) -> None:
        """Count chunks of a unit: how many more are done, of how many."""
        slot = self._slots[unit]
        self._shared[slot + 1] = total
        self._shared[slot] += done

    def tell(self, advance: Callable[[Unit, int, int], None]) -> None:
        """Tell of what has been done since it was told of the last time."""
        for unit, slot in self._slots.items():
            done, total = self._shared[slot], self._shared[slot + 1]
            if done > self._told[unit]:
                advance(unit, done - self._told[unit], total)
                self._told[unit] = done
