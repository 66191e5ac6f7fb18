"""Where rows begin and end, in time and in ids: what can be reduced apart. No clock, no disk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator import kernels
from aggregator.columns import RawRows


@dataclass(frozen=True)
class Edges:
    """Where rows begin and end: whether two parts of a stream can be reduced apart.

    `first_id`, `last_id` are None if no row has an id; `all_ids` tells whether every row has one.
    """

    first_ms: int
    last_ms: int
    first_id: int | None
    last_id: int | None
    all_ids: bool

    @classmethod
    def of(cls, rows: RawRows) -> "Edges | None":
        """Return the edges of rows; None without any."""
        if not len(rows):
            return None
        with_id = rows.flags & kernels.HAS_ID != 0
        ids = rows.ident if with_id.all() else rows.ident[with_id]
        return cls(
            int(rows.timestamp.min()), int(rows.timestamp.max()),
            int(ids.min()) if len(ids) else None, int(ids.max()) if len(ids) else None,
            all_ids=len(ids) == len(rows),
        )  # fmt: skip

    def lie_before(self, later: "Edges") -> bool:
        """Tell whether every row stands before those of a later part, and is none of them."""
        together = self.all_ids and later.all_ids
        in_time = self.last_ms < later.first_ms or (together and self.last_ms == later.first_ms)
        if self.last_id is None or later.first_id is None:
            return in_time
        return in_time and self.last_id < later.first_id

    def stand_after(self, rows: RawRows) -> NDArray[np.bool_]:
        """Tell which of some rows surely stand before all of these, and are none of them."""
        earlier: NDArray[np.bool_] = rows.timestamp < self.first_ms
        if self.first_id is None:
            return earlier
        earlier &= (rows.ident < self.first_id) | (rows.flags & kernels.HAS_ID == 0)
        return earlier


def overlapping(edges: Sequence[Edges | None]) -> list[range]:
    """Return the parts that must be reduced together, as ranges of places, in order.

    `edges` are those of the parts, at least one, in the order of their chunks; None of a part
    without rows.
    """
    groups: list[tuple[int, Edges | None]] = []
    so_far: Edges | None = None
    for place, part in enumerate(edges):
        start = place
        while groups and not _apart(groups[-1][1], part):
            start = groups.pop()[0]
        so_far = both(so_far, part)
        groups.append((start, so_far))
    starts = [start for start, _ in groups]
    return [range(a, b) for a, b in zip(starts, [*starts[1:], len(edges)], strict=True)]


def _apart(earlier: Edges | None, later: Edges | None) -> bool:
    return earlier is None or later is None or earlier.lie_before(later)


def both(one: Edges | None, other: Edges | None) -> Edges | None:
    """Return the edges of the rows of both."""
    if one is None or other is None:
        return one or other
    first_ids = [edges.first_id for edges in (one, other) if edges.first_id is not None]
    last_ids = [edges.last_id for edges in (one, other) if edges.last_id is not None]
    return Edges(
        min(one.first_ms, other.first_ms), max(one.last_ms, other.last_ms),
        min(first_ids, default=None), max(last_ids, default=None),
        all_ids=one.all_ids and other.all_ids,
    )  # fmt: skip
