"""All parts of the exchange together, and what happens as time passes."""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from tests.exchange.clock import Clock
from tests.exchange.endpoints import Endpoints
from tests.exchange.events import trade_stream
from tests.exchange.hub import Hub
from tests.exchange.ledger import Forgotten, Ledger
from tests.exchange.listings import Listing
from tests.exchange.market import Market, Markets
from tests.exchange.recordings import replays
from tests.exchange.rest import Trouble
from tests.exchange.settings import Settings
from tests.exchange.synthetic import SyntheticMarket

_HOUSEKEEPING_S = 0.03
_STALL_S = 1.0


@dataclass
class World:
    """The exchange without its sockets; everything happens in the thread of its loop."""

    settings: Settings
    clock: Clock
    ledger: Ledger
    hub: Hub
    endpoints: Endpoints
    markets: Markets
    rest_troubles: list[Trouble] = field(default_factory=list)
    _later: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _planned: int = 0
    _since_housekeeping_s: float = 0.0

    def tick(self, passed_s: float) -> None:
        """Let everything happen that is due; `passed_s` of the host's time since the last tick."""
        now_ms = self.clock.now_ms()
        if passed_s > _STALL_S:
            self.ledger.stalls_s.append(passed_s)
        while self._later and self._later[0][0] <= now_ms:
            heapq.heappop(self._later)[2]()
        self._grant_books(passed_s)
        for event in self.markets.until(now_ms):
            self.hub.publish(event)
        self._since_housekeeping_s += passed_s
        if self._since_housekeeping_s >= _HOUSEKEEPING_S:
            self._since_housekeeping_s = 0.0
            self.hub.keep_house()
        self.hub.flush()

    def at(self, at_ms: float, do: Callable[[], None]) -> None:
        """Plan something for a time of the exchange."""
        self._planned += 1
        heapq.heappush(self._later, (at_ms, self._planned, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Plan something for so many seconds of the exchange from now."""
        self.at(self.clock.now_ms() + seconds * 1000, do)

    def until_ms(self, for_s: float) -> float:
        """Return the end of a time that begins now; 0 is until further notice."""
        return self.clock.now_ms() + for_s * 1000 if for_s else math.inf

    def random(self) -> Random:
        """Return chances that are the same for the same seed and number of calls."""
        self._planned += 1
        return Random(f"{self.settings.seed}/{self._planned}")

    def forget(self, streams: str) -> None:
        """Let the REST lists of the symbols of some streams begin after what happens just now."""
        for symbol, trades in self.ledger.trades.items():
            if fnmatchcase(trade_stream(symbol), streams):
                last_id = trades.first_id + len(trades)
                self.endpoints.lists.floors[symbol] = last_id + 1
                self.ledger.forgotten.append(Forgotten(int(self.clock.now_ms()), symbol, last_id))

    def list_symbol(self, listing: Listing) -> None:
        """List a symbol or change how it is listed; one that trades has a market from now on."""
        self.endpoints.listings[listing.symbol] = listing
        if not listing.trades:
            self.markets.remove(listing.symbol)
        elif listing.symbol not in self.markets.by_symbol:
            self.markets.add(_synthetic(self.settings, listing.symbol, self.clock.now_ms()))

    def _grant_books(self, passed_s: float) -> None:
        """Share out how many books are drawn anew, so that a whole market costs no more."""
        markets = [
            one for one in self.markets.by_symbol.values() if isinstance(one, SyntheticMarket)
        ]
        share = self.settings.fresh_books_per_s * passed_s / max(1, len(markets))
        for market in markets:
            market.ladder.grant(share)


def make_world(settings: Settings, clock: Clock) -> World:
    """Return an exchange at its opening."""
    ledger, markets = Ledger(started_ms=int(clock.now_ms())), _markets(settings, clock)
    listings = {market.symbol: Listing(market.symbol) for market in markets}
    listings |= {listing.symbol: listing for listing in settings.others}
    endpoints = Endpoints(ledger, listings, settings.api_key)
    return World(settings, clock, ledger, Hub(clock, ledger), endpoints, Markets(markets))


def _markets(settings: Settings, clock: Clock) -> list[Market]:
    now_ms = clock.now_ms()
    if settings.recordings:
        return [*replays(settings.recordings, now_ms if settings.rebase else None)]
    return [_synthetic(settings, symbol, now_ms) for symbol in settings.symbols]


def _synthetic(settings: Settings, symbol: str, start_ms: float) -> SyntheticMarket:
    pace = settings.pace_of(symbol)
    return SyntheticMarket(symbol, settings.seed, start_ms, pace, settings.mix)
