"""What happens on the exchange. No clock, no socket."""

from functools import cache
from typing import NamedTuple

NEVER = ""
"""The type of an id that was spent without a word: neither frame nor list ever has it."""

MARKET, RPI, NA, INSURANCE_FUND, ADL = "MARKET", "RPI", "NA", "INSURANCE_FUND", "ADL"

LISTED = frozenset({MARKET, RPI})
"""Types of the trades that the REST lists have."""


class Trade(NamedTuple):
    """A trade id and what became of it; price and quantity as they are sent."""

    symbol: str
    trade_id: int
    time_ms: int
    event_ms: int
    price: str
    quantity: str
    is_buyer_maker: bool
    trade_type: str
    sent_as: bytes = b""
    """The payload, if a recorded one is sent as it was."""

    @property
    def is_listed(self) -> bool:
        """Tell whether the REST lists have it."""
        return self.trade_type in LISTED

    @property
    def has_frame(self) -> bool:
        """Tell whether the stream says anything of this id."""
        return self.trade_type != NEVER


class Snapshot(NamedTuple):
    """A book of 20 levels a side; the sides are JSON as they are sent."""

    symbol: str
    update_id: int
    time_ms: int
    event_ms: int
    bids: str
    asks: str
    before: tuple[int, int] = (0, 0)
    """`U` and `pu`, which nobody keeps."""
    sent_as: bytes = b""

    @property
    def has_frame(self) -> bool:
        """Tell that the stream says it."""
        return True


Event = Trade | Snapshot


@cache
def trade_stream(symbol: str) -> str:
    """Return the name of a symbol's stream of trades."""
    return f"{symbol.lower()}@trade"


@cache
def depth_stream(symbol: str) -> str:
    """Return the name of a symbol's stream of books."""
    return f"{symbol.lower()}@depth20@100ms"
