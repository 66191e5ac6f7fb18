"""Unbroken stretches of a stream, found part by part and joined. No clock, no disk.

Of millions of rows only the ends of each stretch are kept: that is enough to say which ids lack,
and when the stream was seen. Times are ms since 1970 UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from aggregator.quality import DEPTH_PAUSE_MS, Holes, Ints, Spans


@dataclass(frozen=True)
class IdStretches:
    """Stretches of consecutive trade ids, in the order of the ids: their first and last trades."""

    first_id: Ints
    last_id: Ints
    first_ms: Ints
    last_ms: Ints

    @classmethod
    def of(cls, ids: Ints, timestamps: Ints) -> "IdStretches":
        """Return the stretches of trades, one row per id, in any order."""
        if not (ids[1:] > ids[:-1]).all():
            order = np.argsort(ids, kind="stable")
            ids, timestamps = ids[order], timestamps[order]
        return cls(ids, ids, timestamps, timestamps)._closed()

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> "IdStretches":
        """Return the stretches of parts, at least one, each of which has the greater ids."""
        return cls(
            np.concatenate([part.first_id for part in parts]),
            np.concatenate([part.last_id for part in parts]),
            np.concatenate([part.first_ms for part in parts]),
            np.concatenate([part.last_ms for part in parts]),
        )._closed()

    def _closed(self) -> "IdStretches":
        """Return the stretches with those made one that follow each other without a hole."""
        # Not by difference: ids may be as far apart as 64 bits allow.
        breaks = np.flatnonzero(self.first_id[1:] > self.last_id[:-1] + 1)
        firsts, lasts = _ends(breaks, len(self.first_id))
        return IdStretches(
            self.first_id[firsts], self.last_id[lasts], self.first_ms[firsts], self.last_ms[lasts]
        )

    def holes(self) -> Holes:
        """Return the ids that lack between the stretches."""
        return Holes(
            self.last_id[:-1] + 1, self.first_id[1:] - 1, self.last_ms[:-1], self.first_ms[1:]
        )

    def seen(self) -> Spans:
        """Return the time of the stretches.

        Each is seen from 1 ms after the timestamp of its first trade, since others of that ms may
        have come before, to that of its last.
        """
        return Spans.of(self.first_ms + 1, self.last_ms)


@dataclass(frozen=True)
class BookStretches:
    """Stretches of used snapshots that follow each other closely: their first and last times."""

    first_ms: Ints
    last_ms: Ints

    @classmethod
    def of(cls, timestamps: Ints) -> "BookStretches":
        """Return the stretches of snapshots in order."""
        return cls(timestamps, timestamps)._closed()

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> "BookStretches":
        """Return the stretches of parts, at least one, in order."""
        return cls(
            np.concatenate([part.first_ms for part in parts]),
            np.concatenate([part.last_ms for part in parts]),
        )._closed()

    def _closed(self) -> "BookStretches":
        breaks = np.flatnonzero(self.first_ms[1:] - self.last_ms[:-1] > DEPTH_PAUSE_MS)
        firsts, lasts = _ends(breaks, len(self.first_ms))
        return BookStretches(self.first_ms[firsts], self.last_ms[lasts])

    def seen(self) -> Spans:
        """Return the time from the first to the last snapshot of each."""
        return Spans.of(self.first_ms, self.last_ms)


def _ends(breaks: Ints, count: int) -> tuple[Ints, Ints]:
    """Return where the stretches between the breaks begin, and where they end."""
    if not count:
        return breaks, breaks
    return np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [count - 1]))
