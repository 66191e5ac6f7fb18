"""What becomes of what a refiller is asked for. No clock, no socket, no disk."""

from dataclasses import dataclass

from collector.feed.frames import Trade
from collector.spool.rows import Unpublished
from collector.trades.holes import Hole


@dataclass(frozen=True)
class Refilled:
    """What one list brought; also the answer to `prove`.

    `trades` and `unpublished` are ids of holes that were asked for, ascending; `asked_ns` and
    `received_ns` are our clock before and after the request. The list was asked for at `asked_ms`
    of the exchange's time, or later (None: not known), and its newest trade is `newest_id` (None:
    the symbol never had one). `proof`: it answers a `prove`.
    """

    symbol: str
    trades: tuple[Trade, ...]
    unpublished: tuple[Unpublished, ...]
    asked_ns: int
    received_ns: int
    asked_ms: int | None
    newest_id: int | None
    newest_ms: int | None
    proof: bool


@dataclass(frozen=True)
class Unfillable:
    """Exactly these ids cannot be had any more: a gap. `cause` is for the journal."""

    hole: Hole
    cause: str


@dataclass(frozen=True)
class Unproved:
    """The list that `prove` asked for could not be had; `cause` is for people."""

    symbol: str
    cause: str


Outcome = Refilled | Unfillable | Unproved
