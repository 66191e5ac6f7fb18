"""What kind of exchange it is. No clock, no socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.exchange.listings import Listing
from tests.exchange.synthetic import Mix, Pace


@dataclass(frozen=True)
class Settings:
    """Symbols and their paces, the clock's speed, ports, and where recorded frames are.

    `recordings` are files of frames (a line each: receive time in ns, a space, the frame), which
    take the place of made-up markets; `rebase` moves their times so that they start now.
    """

    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
    seed: int = 1
    pace: Pace = Pace()
    paces: Mapping[str, Pace] = field(default_factory=dict)
    mix: Mix = Mix()
    others: tuple[Listing, ...] = ()
    """Listed besides, and silent: dated contracts, symbols that are settled."""
    speed: float = 1.0
    ws_port: int = 0
    rest_port: int = 0
    tls: bool = False
    api_key: str = ""
    recordings: tuple[Path, ...] = ()
    rebase: bool = True
    fresh_books_per_s: float = 400.0
    """How many books a second are drawn anew; the others are repeated."""

    def pace_of(self, symbol: str) -> Pace:
        """Return how busy a symbol is."""
        return self.paces.get(symbol, self.pace)
