"""What is missing is asked for, and what cannot be had is a gap. No clock, no socket, no disk."""

from collections.abc import Callable, Iterable
from typing import Protocol

from collector.channel import Channel
from collector.chronicle import Chronicle
from collector.evidence import TradeList
from collector.fleet import Fleet
from collector.holes import Hole
from collector.ids import IdChain, Reset
from collector.intake import Intake
from collector.orders import Tell
from collector.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.proofs import Finding, Proofs
from collector.tape import Tape
from collector.testimony import gap_of_trades
from lake.layout import Stream

_UNDERWAY_MS = 1_000
"""A trade may take so long to arrive on its stream."""
_TOO_MANY = "too many holes at once"
_ENDED = "the run ended before they could be refilled"
_NEW_COUNT = "the exchange began its trade ids anew"


class Asks(Protocol):
    """Who asks the exchange; see `Refiller`."""

    def ask(self, hole: Hole, rate_per_s: float | None = None) -> bool:
        """Want a hole closed; False if there are too many already."""

    def prove(self, symbol: str) -> None:
        """Want to know the symbol's newest trade."""


class Repair:
    """Follows every hole from its discovery to its end: filled, or a gap in the journal."""

    def __init__(
        self, fleet: Fleet, intake: Intake, asks: Asks, chronicle: Chronicle, proofs: Proofs,
        rate_of: Callable[[Channel], float],
    ) -> None:  # fmt: skip
        self._fleet, self._intake, self._asks = fleet, intake, asks
        self._chronicle, self._proofs, self._rate_of = chronicle, proofs, rate_of

    def tick(self, now_s: float) -> None:
        """Ask for the holes that have been seen since the last call."""
        for tape in self._intake.tapes.values():
            self._look_at(tape)
        for symbol in self._proofs.overdue(now_s):
            self._say(symbol, Finding.DEAD)

    def _look_at(self, tape: Tape) -> None:
        chain = tape.chain
        reset = chain.take_reset()
        if reset:
            self._began_anew(reset)
        self.ask(chain.take_opened())
        overflow = chain.take_overflow()
        if overflow:
            self._give_up(((hole, _TOO_MANY) for hole in overflow))

    def ask(self, holes: Iterable[Hole]) -> None:
        """Want holes closed."""
        refused = []
        for hole in holes:
            rate = self._rate_of(Channel(hole.symbol, Stream.TRADES))
            if not self._asks.ask(hole, rate or None):
                refused.append((hole, _TOO_MANY))
        self._give_up(refused)

    def _began_anew(self, reset: Reset) -> None:
        fields = {
            "symbol": reset.symbol, "before_id": reset.before_id, "after_id": reset.after_id,
            "from": reset.before_ms, "to": reset.after_ms,
        }  # fmt: skip
        said = f"trade ids of {reset.symbol} went from {reset.before_id} to {reset.after_id}"
        self._chronicle.tell(Tell("ids_reset", said, fields, "WARNING"))
        track = self._fleet.tracks.get(Channel(reset.symbol, Stream.TRADES))
        if track:
            track.lose(reset.before_ms, reset.after_ms + 1)
        self._give_up((hole, _NEW_COUNT) for hole in reset.abandoned)

    def _give_up(self, lost: Iterable[tuple[Hole, str]]) -> None:
        """Record gaps, and never claim their time."""
        events = []
        for hole, cause in lost:
            self._chain(hole.symbol).give_up(hole)
            track = self._fleet.tracks.get(Channel(hole.symbol, Stream.TRADES))
            if track:
                track.lose(hole.from_ms, hole.to_ms + 1)
            events.append(gap_of_trades(hole, cause))
        if events:
            self._chronicle.gaps_of(events)

    def _chain(self, symbol: str) -> IdChain:
        return self._intake.tape(symbol).chain

    def listed(self, listed: TradeList, received_ns: int) -> None:
        """Take from a list what the streams should have brought by now."""
        before_ms = self._proofs.event_ms(listed.symbol) - _UNDERWAY_MS
        trades = self._intake.spill(listed, before_ms, received_ns)
        if trades:
            self._chronicle.refill(listed.symbol, trades, 0)

    def take(self, outcome: Outcome, received_ns: int, now_s: float) -> None:
        """Take what the exchange said."""
        match outcome:
            case Refilled():
                self._refilled(outcome, received_ns, now_s)
            case Unfillable():
                self._give_up([(outcome.hole, outcome.cause)])
            case Unproved():
                self._proofs.failed(outcome.symbol, now_s)

    def _refilled(self, refilled: Refilled, received_ns: int, now_s: float) -> None:
        trades, absent = self._intake.refill(refilled, received_ns)
        if trades or absent:
            self._chronicle.refill(refilled.symbol, trades, absent)
        if refilled.proof:
            chain = self._chain(refilled.symbol)
            self._say(refilled.symbol, self._proofs.answered(refilled, chain, now_s))

    def _say(self, symbol: str, finding: Finding | None) -> None:
        if finding is Finding.DEAD:
            self._chronicle.say(
                f"{symbol} was traded, and its stream said nothing", "WARNING",
                event="silent", symbol=symbol,
            )  # fmt: skip

    def question(self, now_s: float, now_ns: int, edge_ms: int, *, ending: bool = False) -> int:
        """Ask about silent streams; return how many answers are awaited."""
        for symbol in self._proofs.due(now_s, now_ns, edge_ms, ending=ending):
            self._asks.prove(symbol)
        return self._proofs.pending

    def open(self) -> list[Hole]:
        """Return the holes that are open."""
        return [hole for tape in self._intake.tapes.values() for hole in tape.chain.holes]

    def end(self, left: Iterable[Unfillable]) -> None:
        """Record as gaps what was still asked for."""
        self._give_up((each.hole, each.cause) for each in left)
        self._give_up((hole, _ENDED) for hole in self.open())
