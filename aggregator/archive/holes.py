"""Ids that the rows of an import lack: short holes are filled, long ones named. No clock, no disk.

The rows come by once more in the order of time, and only then tell when each hole was.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregator.archive.runs import Gaps, Int64s
from lake.schemas import TradeType

MAX_NAMED_HOLES = 1000
_UNPUBLISHED = {
    "timestamp": pl.Int64, "trade_id": pl.Int64, "price": pl.String, "quantity": pl.String,
    "is_buyer_maker": pl.Boolean, "trade_type": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class LongHole:
    """Ids that stay missing, between the first rows of the ids before and after them."""

    first_id: int
    last_id: int
    from_ms: int
    to_ms: int


class Holes:
    """The gaps in the ids of all rows; those of at most `max_unpublished` ids are short."""

    def __init__(self, gaps: Gaps, max_unpublished: int) -> None:
        is_long = gaps.missing > max_unpublished
        short = gaps.where(~is_long)
        self.long = gaps.where(is_long)
        self._short_missing = short.missing
        self._short_times = _FirstTimes(short.before)
        self._named = Gaps(self.long.before[:MAX_NAMED_HOLES], self.long.after[:MAX_NAMED_HOLES])
        self._named_times = _FirstTimes(np.union1d(self._named.before, self._named.after))

    def fill(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the short holes behind these rows, which come in the order of time.

        Each has the time of the next lower id, by the first row that has this id.
        """
        ids, first = np.unique(rows["trade_id"].to_numpy(), return_index=True)
        times = rows["timestamp"].to_numpy()[first]
        self._named_times.note(ids, times)
        found = self._short_times.note(ids, times)
        counts = self._short_missing[found]
        return _unpublished(
            np.repeat(self._short_times.times[found], counts),
            np.repeat(self._short_times.ids[found], counts) + _steps(counts),
        )

    def named(self) -> tuple[LongHole, ...]:
        """Return the first of the long holes, when all rows have come by."""
        before, after = self._named.before, self._named.after
        bounds = (before + 1, after - 1, self._named_times.of(before), self._named_times.of(after))
        return tuple(LongHole(*map(int, hole)) for hole in zip(*bounds, strict=True))


class _FirstTimes:
    """The time of the first row of each of some ids, as rows come by in the order of time."""

    def __init__(self, ids: Int64s) -> None:
        """Take the ids to look for, ascending."""
        self.ids = ids
        self.times: Int64s = np.zeros(len(ids), np.int64)
        self._seen: NDArray[np.bool_] = np.zeros(len(ids), np.bool_)

    def note(self, ids: Int64s, times: Int64s) -> Int64s:
        """Look at rows (ids ascending, each once); return which of ours were new, as positions."""
        low, high = np.searchsorted(self.ids, [ids[0], ids[-1] + 1])
        wanted = self.ids[low:high]
        place = np.searchsorted(ids, wanted)
        new: Int64s = low + np.flatnonzero((ids[place] == wanted) & ~self._seen[low:high])
        self._seen[new] = True
        self.times[new] = times[place[new - low]]
        return new

    def of(self, ids: Int64s) -> Int64s:
        """Return the times of ids that have been seen."""
        return self.times[np.searchsorted(self.ids, ids)]


def _steps(counts: Int64s) -> Int64s:
    """Count 1, 2, … anew for each of the counts."""
    ends = np.cumsum(counts)
    return np.arange(1, counts.sum() + 1, dtype=np.int64) - np.repeat(ends - counts, counts)


def _unpublished(times: Int64s, ids: Int64s) -> pl.DataFrame:
    count = len(ids)
    return pl.DataFrame(
        {
            "timestamp": times,
            "trade_id": ids,
            "price": ["0"] * count,
            "quantity": ["0"] * count,
            "is_buyer_maker": [False] * count,
            "trade_type": [str(TradeType.UNPUBLISHED)] * count,
        },
        schema=_UNPUBLISHED,
    )
