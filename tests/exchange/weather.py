"""What can happen to frames between the exchange and one connection. No clock, no socket.

An effect takes each parcel on its way and says what comes out: nothing, the same, or others.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import NamedTuple, Protocol

from tests.exchange.columns import Ref


class Parcel(NamedTuple):
    """A payload on its way; `ref` is the event it tells of, None if it tells of none.

    `raw` are WebSocket bytes to be written as they are, in place of the payload.
    """

    stream: str
    payload: bytes
    ref: Ref | None = None
    raw: bytes = b""


Change = Callable[[Parcel], list[Parcel]]


class Effect(Protocol):
    """A fault that lasts for a while."""

    until_ms: float

    def touch(self, parcel: Parcel, now_ms: float) -> Iterable[Parcel]:
        """Return what becomes of a parcel."""

    def release(self, now_ms: float) -> Iterable[Parcel]:
        """Return what was held back and goes on now; at the end of the effect, all of it."""


@dataclass
class Weather:
    """The effects on one connection, in the order in which they came."""

    effects: list[Effect] = field(default_factory=list)

    def through(self, parcel: Parcel, now_ms: float) -> list[Parcel]:
        """Return what the connection gets of a parcel."""
        return self._from(0, [parcel], now_ms)

    def pass_on(self, now_ms: float) -> list[Parcel]:
        """Return what the effects release now, and forget those that are over."""
        freed: list[Parcel] = []
        for at, effect in enumerate(self.effects):
            freed += self._from(at + 1, list(effect.release(now_ms)), now_ms)
        self.effects = [effect for effect in self.effects if effect.until_ms > now_ms]
        return freed

    def _from(self, at: int, parcels: list[Parcel], now_ms: float) -> list[Parcel]:
        for effect in self.effects[at:]:
            parcels = [out for parcel in parcels for out in effect.touch(parcel, now_ms)]
        return parcels


@dataclass
class Silent:
    """Streams that say nothing."""

    streams: str
    until_ms: float = math.inf

    def touch(self, parcel: Parcel, now_ms: float) -> Iterable[Parcel]:
        """Swallow what belongs to the streams."""
        over = now_ms >= self.until_ms or not fnmatchcase(parcel.stream, self.streams)
        return [parcel] if over else []

    def release(self, now_ms: float) -> Iterable[Parcel]:  # noqa: ARG002
        """Return nothing: what was swallowed is gone."""
        return []


@dataclass
class Some:
    """Does something to a share of the parcels, at most `left` of them."""

    change: Change
    streams: str
    share: float
    random: Random
    until_ms: float = math.inf
    left: float = math.inf

    def touch(self, parcel: Parcel, now_ms: float) -> Iterable[Parcel]:
        """Change a parcel if its turn has come; parcels that are raw were changed already."""
        if parcel.raw or now_ms >= self.until_ms or not fnmatchcase(parcel.stream, self.streams):
            return [parcel]
        if self.random.random() >= self.share:
            return [parcel]
        self.left -= 1
        if self.left <= 0:
            self.until_ms = now_ms
        return self.change(parcel)

    def release(self, now_ms: float) -> Iterable[Parcel]:  # noqa: ARG002
        """Return nothing: nothing is held back."""
        return []


@dataclass
class Shuffled:
    """Lets each parcel of the streams wait for up to `within` others."""

    streams: str
    within: int
    random: Random
    until_ms: float = math.inf
    _held: list[Parcel] = field(default_factory=list)

    def touch(self, parcel: Parcel, now_ms: float) -> Iterable[Parcel]:
        """Take a parcel, and give out one that was taken before, perhaps."""
        if now_ms >= self.until_ms or not fnmatchcase(parcel.stream, self.streams):
            return [parcel]
        self._held.append(parcel)
        if len(self._held) <= self.within:
            return []
        return [self._held.pop(self.random.randrange(len(self._held)))]

    def release(self, now_ms: float) -> Iterable[Parcel]:
        """Return what is held back once it is over, in an order of its own."""
        if now_ms < self.until_ms:
            return []
        held, self._held = self._held, []
        self.random.shuffle(held)
        return held


@dataclass
class Late:
    """Delivers everything later: each parcel by the same time, or many at once in bursts."""

    by_ms: float
    until_ms: float
    bursts: bool = False
    _held: deque[tuple[float, Parcel]] = field(default_factory=deque)
    _next_burst_ms: float = 0

    def touch(self, parcel: Parcel, now_ms: float) -> Iterable[Parcel]:
        """Hold a parcel back; behind held ones later ones wait too."""
        if now_ms >= self.until_ms and not self._held:
            return [parcel]
        self._held.append((now_ms + self.by_ms, parcel))
        return []

    def release(self, now_ms: float) -> Iterable[Parcel]:
        """Return what has waited long enough."""
        if self.bursts and now_ms < min(self._next_burst_ms, self.until_ms):
            return
        self._next_burst_ms = now_ms + self.by_ms
        everything = self.bursts or now_ms >= self.until_ms
        while self._held and (everything or self._held[0][0] <= now_ms):
            yield self._held.popleft()[1]
