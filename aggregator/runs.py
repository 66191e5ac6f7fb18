"""Rows in order of their second, reduced run by run of equal seconds. No clock, no disk.

A second has a handful of rows, so what a query pays for each group would cost more than all sums:
here a column is one call of NumPy, whatever the number of seconds. Sums are of 64-bit integers,
exact as long as they fit, which is the caller's to see to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator.exact import Limbs

Column = NDArray[Any]


@dataclass(frozen=True)
class Runs:
    """The runs of equal seconds: which second each is, where it starts, how many rows it has."""

    bars: NDArray[np.int32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of_seconds(cls, timestamp: NDArray[np.int64], day_start: int) -> "Runs":
        """Return the runs of rows in order of time."""
        seconds = (timestamp - day_start) // 1000
        starts = np.flatnonzero(np.diff(seconds, prepend=seconds[:1] - 1))
        lengths = np.diff(starts, append=len(seconds))
        return cls(seconds[starts].astype(np.int32), starts, lengths)

    def first(self, column: Column) -> Column:
        """Return the value of the first row of each run."""
        return np.take(column, self.starts)

    def last(self, column: Column) -> Column:
        """Return the value of the last row of each run."""
        return np.take(column, self.starts + self.lengths - 1)

    def sums(self, column: Column) -> Column:
        """Return the sum over each run."""
        return self._reduced(np.add, column)

    def _reduced(self, how: np.ufunc, column: Column) -> Column:
        reduced: Column = how.reduceat(column, self.starts) if len(self.starts) else column[:0]
        return reduced

    def extreme(
        self, rows: pl.DataFrame, limbs: Limbs, column: str, alias: str, *, highest: bool
    ) -> dict[str, Column]:
        """Return the greatest or least decimals of each run, under another name, with the rank."""
        rank = rows[limbs.rank(column)].to_numpy()
        most = self._reduced(np.maximum if highest else np.minimum, rank)
        if limbs.narrow:
            return {alias: most}
        # Where a run has its extreme: decimals of one rank are the same ones.
        places = np.flatnonzero(rank == np.repeat(most, self.lengths))
        found = places[np.searchsorted(places, self.starts)]
        return {
            renamed: rows[name].to_numpy()[found] for name, renamed in _named(limbs, column, alias)
        }

    def pick(
        self, rows: pl.DataFrame, limbs: Limbs, column: str, alias: str, *, first: bool
    ) -> dict[str, Column]:
        """Return the decimals of the first or last row of each run, with the rank."""
        row = self.first if first else self.last
        return {
            renamed: row(rows[name].to_numpy()) for name, renamed in _named(limbs, column, alias)
        }


def _named(limbs: Limbs, column: str, alias: str) -> list[tuple[str, str]]:
    """Return the columns of ranked decimals, and what they are called under another name."""
    names = [*zip(limbs.names(column), limbs.names(alias), strict=True)]
    return names if limbs.narrow else [*names, (limbs.rank(column), limbs.rank(alias))]
