"""The chain of a symbol's trade ids: what is new, what is missing. No clock, no socket, no disk.

A trade is new once, by whichever connection, list or run it comes. What lies between two ids and
did not come is a hole, until it comes or is given up.
"""

from dataclasses import dataclass

from collector.earlier import Earlier
from collector.trades.holes import Hole, Holes

__all__ = ["Hole", "IdChain", "Reset", "Room"]

_LEAP_IDS, _LEAP_IDS_PER_MS = 1_000_000, 50
"""A step of more ids than this, and than this for each ms between two trades, is no pause."""
_LATER_MS = 1_000
"""Ids rise with time. One that came already comes from a new count, if it is newer than that."""
_WITNESSES = 3
"""Trades in a row that it takes to believe in a new count; one may be garbage."""
_MOST_GIVEN_UP = 100


@dataclass(frozen=True)
class Reset:
    """The exchange began its ids anew: no hole says what was lost between these two trades.

    `abandoned` are the holes that were open in the old ids.
    """

    symbol: str
    before_id: int
    before_ms: int
    after_id: int
    after_ms: int
    abandoned: tuple[Hole, ...]


class Room:
    """How many open holes the chains of all symbols may have together."""

    def __init__(self, most: int = 50_000) -> None:
        self.most, self.used = most, 0


@dataclass(frozen=True, slots=True)
class _Seen:
    trade_id: int
    time_ms: int


class IdChain:
    """The ids of one symbol, fed in any order, from any source, as often as they come.

    `last` is the greatest id of the chain and `last_ms` the time of that trade. All of its memory
    is holes: what lies between its first id and its last, and in no hole, has come.
    """

    def __init__(self, symbol: str, room: Room | None = None) -> None:
        self.symbol = symbol
        self.last: int | None = None
        self.last_ms = 0
        self._next: int | None = None  # `last` + 1, which nearly every trade is
        self._first = _Seen(0, 0)
        self._is_seeded = False
        self._fresh, self._asked, self._given_up = Holes(), Holes(), Holes()
        self._earlier = Earlier()
        self._doubts: list[_Seen] = []
        self._doubted_at: int | None = None
        self._room, self._counted = room or Room(), 0
        self._overflow: list[Hole] = []
        self._reset: Reset | None = None

    def seed(self, last_id: int, last_ms: int) -> None:
        """Continue from the last trade of an earlier run, also when trades have come since."""
        if self.last is None:
            self._begin(last_id, last_ms)
        elif last_id < self._first.trade_id:
            self._extend_down(last_id, last_ms)
        self._is_seeded = True

    def start_after(self, last_id: int, last_ms: int) -> None:
        """Begin after a trade of the past that nobody has written; should it come, it is new."""
        if self.last is None:
            self._begin(last_id, last_ms)
            self._first, self._is_seeded = _Seen(last_id + 1, last_ms), True

    @property
    def is_seeded(self) -> bool:
        """Tell whether the chain continues an earlier one."""
        return self._is_seeded

    def see(self, trade_id: int, time_ms: int) -> bool:
        """Take an id (of a frame, a refill or an UNPUBLISHED row); tell whether to write it."""
        if trade_id == self._next:
            self._advance(trade_id, time_ms)
            return True
        return self._see_unexpected(trade_id, time_ms)

    def expect(self, trade_id: int, time_ms: int) -> None:
        """Take note of a trade that a list has and that did not come: it is missing, too."""
        if self.last is not None and trade_id > self.last:
            self._open(Hole(self.symbol, self.last + 1, trade_id, self.last_ms, time_ms))
            self._advance(trade_id, time_ms)

    def miss(self, trade_id: int, time_ms: int) -> None:
        """Take note of a trade that came and cannot be written: that one is missing, too."""
        if self.last is None:
            self._begin(trade_id - 1, time_ms)
        elif self._is_doubtful(trade_id, time_ms):
            return
        if self.last is not None and trade_id > self.last:
            if self._fresh.stretch(self.last, trade_id, time_ms):
                self._advance(trade_id, time_ms)
            else:
                self.expect(trade_id, time_ms)

    def _see_unexpected(self, trade_id: int, time_ms: int) -> bool:
        if self.last is None:
            self._begin(trade_id, time_ms)
            return True
        if self._is_doubtful(trade_id, time_ms):
            return self._doubt(_Seen(trade_id, time_ms))
        if trade_id > self.last:
            self._open(Hole(self.symbol, self.last + 1, trade_id - 1, self.last_ms, time_ms))
            self._advance(trade_id, time_ms)
            return True
        if trade_id < self._first.trade_id:
            return self._see_earlier(trade_id, time_ms)
        return self._fill(trade_id, time_ms)

    def _begin(self, trade_id: int, time_ms: int) -> None:
        self._first = _Seen(trade_id, time_ms)
        self._advance(trade_id, time_ms)

    def _advance(self, trade_id: int, time_ms: int) -> None:
        self.last, self.last_ms, self._next = trade_id, time_ms, trade_id + 1

    def _fill(self, trade_id: int, time_ms: int) -> bool:
        sets = (self._fresh, self._asked, self._given_up)
        is_new = any(holes.fill(trade_id, time_ms) for holes in sets)
        self._count()
        return is_new

    # Below the first id

    def _see_earlier(self, trade_id: int, time_ms: int) -> bool:
        """Take an id from before the chain: of an earlier run, nobody knows what it wrote."""
        if self._is_seeded or self._first.trade_id - trade_id > _LEAP_IDS:
            return self._earlier.add(trade_id)
        self._extend_down(trade_id, time_ms)
        return True

    def _extend_down(self, trade_id: int, time_ms: int) -> None:
        first, self._first = self._first, _Seen(trade_id, time_ms)
        self._open(Hole(self.symbol, trade_id + 1, first.trade_id - 1, time_ms, first.time_ms))
        for came in self._earlier.ranges:
            self._fresh.cut(*came)

    # A new count of the exchange, or garbage

    def _is_doubtful(self, trade_id: int, time_ms: int) -> bool:
        assert self.last is not None
        elapsed_ms = time_ms - self.last_ms
        if trade_id > self.last:
            return trade_id - self.last > _LEAP_IDS + _LEAP_IDS_PER_MS * max(0, elapsed_ms)
        return elapsed_ms > _LATER_MS and not self._is_missing(trade_id)

    def _is_missing(self, trade_id: int) -> bool:
        return any(trade_id in holes for holes in (self._fresh, self._asked, self._given_up))

    def _doubt(self, seen: _Seen) -> bool:
        """Write a trade whose id makes no sense yet, but let only some in a row move the chain."""
        if self._doubted_at != self.last or not _are_neighbours(self._doubts, seen):
            self._doubts, self._doubted_at = [], self.last
        if seen in self._doubts:
            return False
        self._doubts.append(seen)
        if len(self._doubts) == _WITNESSES:
            self._believe(sorted(self._doubts, key=lambda doubt: doubt.trade_id))
        return True

    def _believe(self, witnesses: list[_Seen]) -> None:
        self._doubts = []
        first = witnesses[0]
        assert self.last is not None
        if first.trade_id < self.last or self._is_single():
            self._start_anew(first)
        for seen in witnesses:
            self._step_to(seen)

    def _is_single(self) -> bool:
        """Tell whether the chain is one trade, which may have been the garbage itself."""
        return self._first.trade_id == self.last and not self._is_seeded

    def _start_anew(self, first: _Seen) -> None:
        assert self.last is not None
        abandoned = (*self._fresh.clear(), *self._asked.clear())
        self._reset = Reset(
            self.symbol, self.last, self.last_ms, first.trade_id, first.time_ms,
            tuple(sorted(abandoned, key=lambda hole: hole.first_id)),
        )  # fmt: skip
        self._given_up.clear()
        self._earlier, self._is_seeded = Earlier(), False
        self._count()
        self._begin(first.trade_id, first.time_ms)

    def _step_to(self, seen: _Seen) -> None:
        assert self.last is not None
        if seen.trade_id > self.last:
            self._open(
                Hole(self.symbol, self.last + 1, seen.trade_id - 1, self.last_ms, seen.time_ms)
            )
            self._advance(seen.trade_id, seen.time_ms)

    # Holes

    def _open(self, hole: Hole) -> None:
        if hole.size > 0:
            self._fresh.add(hole)
            self._count()

    def _count(self) -> None:
        """Keep within the room of all chains; what is too much is given up, the oldest first."""
        count = len(self._fresh) + len(self._asked)
        self._room.used += count - self._counted
        self._counted = count
        while self._counted and self._room.used > self._room.most:
            oldest = (self._asked if len(self._asked) else self._fresh).pop_lowest()
            self._overflow.append(oldest)
            self._forget(oldest)
            self._counted -= 1
            self._room.used -= 1

    def _forget(self, hole: Hole) -> None:
        """Keep given-up ids in mind, in case they come; of too many, the oldest are let go."""
        self._given_up.add(hole)
        while len(self._given_up) > _MOST_GIVEN_UP:
            self._given_up.pop_lowest()

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Return the open holes, ascending."""
        return tuple(sorted((*self._asked, *self._fresh), key=lambda hole: hole.first_id))

    def take_opened(self) -> tuple[Hole, ...]:
        """Return what is open of the holes that opened since the last call: to be refilled."""
        if not len(self._fresh):
            return ()
        opened = self._fresh.clear()
        for hole in opened:
            self._asked.add(hole)
        return opened

    def lacks(self, trade_id: int) -> bool:
        """Tell whether an id is newer than all, or in an open hole."""
        if self.last is None or trade_id > self.last:
            return True
        return trade_id in self._fresh or trade_id in self._asked

    def take_overflow(self) -> tuple[Hole, ...]:
        """Return holes that are followed no more, since there were too many: gaps to record."""
        overflow, self._overflow = self._overflow, []
        return tuple(overflow)

    def take_reset(self) -> Reset | None:
        """Return what happened if the ids began anew since the last call."""
        reset, self._reset = self._reset, None
        return reset

    def give_up(self, hole: Hole) -> None:
        """Follow these ids no more (their gap is recorded); should they come, they are new."""
        self.expect(hole.last_id, hole.to_ms)
        for holes in (self._asked, self._fresh):
            for part in holes.cut(hole.first_id, hole.last_id):
                self._forget(part)
        self._count()


def _are_neighbours(doubts: list[_Seen], seen: _Seen) -> bool:
    """Tell whether a trade can follow the doubtful ones in one count."""
    if not doubts:
        return True
    distance = abs(seen.trade_id - doubts[-1].trade_id)
    return distance <= _LEAP_IDS + _LEAP_IDS_PER_MS * abs(seen.time_ms - doubts[-1].time_ms)
