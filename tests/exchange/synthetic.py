"""A made-up market of one symbol, the same for the same seed. No clock, no socket.

Trades come in orders of one or more fills, at random times around a rate; books come at a fixed
pace. Ids rise by one; some are spent without a trade (`NA` frames), some without a word.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from zlib import crc32

from tests.exchange.books import Ladder
from tests.exchange.events import (
    ADL,
    INSURANCE_FUND,
    MARKET,
    NA,
    NEVER,
    RPI,
    Event,
    Snapshot,
    Trade,
)

_SECOND_MS = 1000.0


@dataclass(frozen=True)
class Mix:
    """Which share of the ids is spent on what; the rest are market trades."""

    never: float = 0.0005
    na: float = 0.01
    rpi: float = 0.02
    insurance_fund: float = 0.0005
    adl: float = 0.0005

    def draw(self, random: Random) -> str:
        """Return the type of the next id."""
        drawn = random.random()
        for kind, share in (
            (NA, self.na), (RPI, self.rpi), (NEVER, self.never),
            (INSURANCE_FUND, self.insurance_fund), (ADL, self.adl),
        ):  # fmt: skip
            drawn -= share
            if drawn < 0:
                return kind
        return MARKET


@dataclass(frozen=True)
class Pace:
    """How busy a symbol is; a rate of 0 is a market in which nobody trades."""

    trades_per_s: float = 5.0
    depth_every_ms: float = 100.0
    fills_per_order: float = 1.6


@dataclass
class SyntheticMarket:
    """Yields what happens, in the order of event time."""

    symbol: str
    seed: int
    start_ms: float
    pace: Pace = Pace()
    mix: Mix = Mix()
    kinds: list[str] = field(default_factory=list)
    """Types that the next ids get, before it is left to chance again."""

    def __post_init__(self) -> None:
        self._random = Random(f"{self.seed}/{self.symbol}")
        self.ladder = Ladder(self.symbol, self.seed)
        number = crc32(f"{self.seed}/{self.symbol}".encode())
        self._next_id = 1_000_000_000 + number % 1_000_000_000
        self._update_id = 9_000_000_000_000 + number * 100
        self._last_ms = int(self.start_ms)
        self._next_depth_ms = self.start_ms + number % 100
        self._next_order_ms = self.start_ms + self._pause_ms()

    def next_ms(self) -> float:
        """Return when something happens next."""
        return min(self._next_order_ms, self._next_depth_ms)

    def set_pace(self, pace: Pace, now_ms: float) -> None:
        """Go on at another pace from now on."""
        self.pace = pace
        self._next_order_ms = now_ms + self._pause_ms()
        self._next_depth_ms = min(self._next_depth_ms, now_ms + pace.depth_every_ms)

    def happen(self) -> Iterator[Event]:
        """Yield what happens next: an order's fills, or a book."""
        if self._next_depth_ms <= self._next_order_ms:
            at_ms, self._next_depth_ms = self._next_depth_ms, self._after_depth()
            yield self._book(int(at_ms))
        else:
            at_ms, self._next_order_ms = self._next_order_ms, self._after_order()
            yield from self._order(int(at_ms))

    def _after_depth(self) -> float:
        return self._next_depth_ms + self.pace.depth_every_ms

    def _after_order(self) -> float:
        return self._next_order_ms + self._pause_ms()

    def _pause_ms(self) -> float:
        orders_per_s = self.pace.trades_per_s / self.pace.fills_per_order
        return self._random.expovariate(orders_per_s) * _SECOND_MS if orders_per_s else math.inf

    def _book(self, event_ms: int) -> Snapshot:
        previous = self._update_id
        self._update_id += self._random.randrange(1, 400)
        bids, asks = self.ladder.sides()
        time_ms = event_ms - self._random.randrange(0, 8)
        before = (previous + 1, previous)
        return Snapshot(self.symbol, self._update_id, time_ms, event_ms, bids, asks, before)

    def _order(self, event_ms: int) -> Iterator[Trade]:
        random = self._random
        buys = random.random() < 0.5
        # A trade is never older than the one before it.
        self._last_ms = time_ms = max(self._last_ms, event_ms - random.randrange(0, 3))
        more = 1 - 1 / self.pace.fills_per_order
        yield self._fill(time_ms, event_ms, buys, 0)
        eaten = 1
        while random.random() < more:
            yield self._fill(time_ms, event_ms, buys, eaten // 4)
            eaten += 1
        self.ladder.move(buys, eaten)

    def _fill(self, time_ms: int, event_ms: int, buys: bool, level: int) -> Trade:
        kind = self.kinds.pop(0) if self.kinds else self.mix.draw(self._random)
        self._next_id += 1
        price, quantity = self.ladder.fill(buys, level, self._random)
        if kind in (NA, NEVER):
            price = quantity = "0"
        return Trade(
            self.symbol, self._next_id, time_ms, event_ms, price, quantity, not buys, kind
        )  # fmt: skip
