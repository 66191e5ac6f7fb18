"""Missing trade ids, as ranges that never overlap. No clock, no socket, no disk."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter

from collector.trades.greatest import LastTrade

_first_id = attrgetter("first_id")
_last_id = attrgetter("last_id")


@dataclass(frozen=True, slots=True)
class Hole:
    """Ids that did not come, between trades of `from_ms` and `to_ms` that did."""

    symbol: str
    first_id: int
    last_id: int
    from_ms: int
    to_ms: int

    @property
    def size(self) -> int:
        """Return how many ids are missing."""
        return self.last_id - self.first_id + 1


class Holes:
    """The holes of one symbol, ascending."""

    def __init__(self, holes: Iterable[Hole] = ()) -> None:
        self._holes: list[Hole] = []
        for hole in holes:
            self.add(hole)

    def __iter__(self) -> Iterator[Hole]:
        return iter(self._holes)

    def __len__(self) -> int:
        return len(self._holes)

    def __contains__(self, trade_id: int) -> bool:
        at = self._at(trade_id)
        return at < len(self._holes) and self._holes[at].first_id <= trade_id

    def _at(self, trade_id: int) -> int:
        """Return the place of the first hole that ends at this id or later."""
        holes = self._holes
        # Nearly every hole is newer than those before it.
        if not holes or holes[-1].last_id < trade_id:
            return len(holes)
        return bisect_left(holes, trade_id, key=_last_id)

    def add(self, hole: Hole) -> None:
        """Add a hole. What of it is in here already stays as it is."""
        for part in _without(hole, self._overlapping(hole.first_id, hole.last_id)):
            self._holes.insert(self._at(part.first_id), part)

    def _overlapping(self, first_id: int, last_id: int) -> list[Hole]:
        start = self._at(first_id)
        return self._holes[start : bisect_right(self._holes, last_id, lo=start, key=_first_id)]

    def fill(self, trade_id: int, time_ms: int) -> bool:
        """Take out one id, a trade of this time; tell whether it was missing."""
        at = self._at(trade_id)
        if at == len(self._holes) or self._holes[at].first_id > trade_id:
            return False
        hole = self._holes[at]
        before = replace(hole, last_id=trade_id - 1, to_ms=time_ms)
        after = replace(hole, first_id=trade_id + 1, from_ms=time_ms)
        self._holes[at : at + 1] = [part for part in (before, after) if part.size]
        return True

    def cut(self, first_id: int, last_id: int) -> list[Hole]:
        """Take out all ids of a range, and return what of them was missing."""
        start = self._at(first_id)
        touched = self._overlapping(first_id, last_id)
        outside = [
            part
            for hole in touched
            for part in (
                replace(hole, last_id=min(hole.last_id, first_id - 1)),
                replace(hole, first_id=max(hole.first_id, last_id + 1)),
            )
            if part.size > 0
        ]
        self._holes[start : start + len(touched)] = outside
        return [_clipped(hole, first_id, last_id) for hole in touched]

    def stretch(self, end_id: int, last_id: int, to_ms: int) -> bool:
        """Let the hole of the highest ids reach further; False if it does not end at `end_id`."""
        if not self._holes or self._holes[-1].last_id != end_id:
            return False
        self._holes[-1] = replace(self._holes[-1], last_id=last_id, to_ms=to_ms)
        return True

    def pop_lowest(self) -> Hole:
        """Take out the hole of the lowest ids."""
        return self._holes.pop(0)

    def clear(self) -> tuple[Hole, ...]:
        """Take out all, and return them."""
        holes, self._holes = self._holes, []
        return tuple(holes)


def still_open(holes: Iterable[Hole], came: Mapping[str, Iterable[LastTrade]]) -> list[Hole]:
    """Return what is left of holes after trades, by symbol, that came later."""
    left: dict[str, Holes] = {}
    for hole in holes:
        left.setdefault(hole.symbol, Holes()).add(hole)
    for symbol, open_holes in left.items():
        for trade in came.get(symbol, ()):
            open_holes.fill(trade.trade_id, trade.time_ms)
    return [hole for open_holes in left.values() for hole in open_holes]


def _clipped(hole: Hole, first_id: int, last_id: int) -> Hole:
    return replace(hole, first_id=max(hole.first_id, first_id), last_id=min(hole.last_id, last_id))


def _without(hole: Hole, others: Iterable[Hole]) -> list[Hole]:
    """Return what of a hole lies outside of others, which are ascending."""
    parts, first_id = list[Hole](), hole.first_id
    for other in others:
        parts.append(replace(hole, first_id=first_id, last_id=other.first_id - 1))
        first_id = other.last_id + 1
    parts.append(replace(hole, first_id=first_id))
    return [part for part in parts if part.size > 0]
