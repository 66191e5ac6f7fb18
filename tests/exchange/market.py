"""Lets everything happen when its time has come: many markets in one order. No socket."""

from collections.abc import Iterator
from heapq import heapify, heapreplace
from typing import Protocol

from tests.exchange.events import Event


class Market(Protocol):
    """One symbol's happenings, in the order of event time."""

    symbol: str

    def next_ms(self) -> float:
        """Return when something happens next; infinity if nothing does."""

    def happen(self) -> Iterator[Event]:
        """Yield what happens next."""


class Markets:
    """All markets of an exchange."""

    def __init__(self, markets: list[Market]) -> None:
        self.by_symbol = {market.symbol: market for market in markets}
        self._heap: list[tuple[float, str]] = []
        self.reschedule()

    def add(self, market: Market) -> None:
        """Let a market begin."""
        self.by_symbol[market.symbol] = market
        self.reschedule()

    def remove(self, symbol: str) -> None:
        """Let a market end."""
        self.by_symbol.pop(symbol, None)
        self.reschedule()

    def reschedule(self) -> None:
        """Ask every market again when it is its turn; call this when a pace has changed."""
        self._heap = [(one.next_ms(), symbol) for symbol, one in self.by_symbol.items()]
        heapify(self._heap)

    def until(self, now_ms: float) -> Iterator[Event]:
        """Yield what has happened until now and was not yielded yet."""
        while self._heap and self._heap[0][0] <= now_ms:
            market = self.by_symbol[self._heap[0][1]]
            yield from market.happen()
            heapreplace(self._heap, (market.next_ms(), market.symbol))
