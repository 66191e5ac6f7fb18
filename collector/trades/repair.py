"""What is missing is asked for, and what cannot be had is a gap. No clock, no socket, no disk."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from collector.feed.frames import Trade
from collector.fleet.channel import Channel
from collector.fleet.fleet import Fleet
from collector.fleet.legs import NEVER
from collector.fleet.orders import Tell
from collector.record.chronicle import Chronicle
from collector.record.intake import Intake
from collector.record.tape import Tape
from collector.record.testimony import gap_of_trades
from collector.spool.rows import Unpublished
from collector.trades.evidence import TradeList
from collector.trades.holes import Hole, Holes
from collector.trades.ids import IdChain, Reset
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.trades.proofs import Finding, Proofs
from lake.layout import Stream

_UNDERWAY_MS = 1_000
"""A trade may take so long to arrive on its stream."""
_FOREVER_MS = 1 << 62
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
        self._inherited: dict[str, Holes] = {}
        self._waiting: set[Hole] = set()
        self._fresh: deque[tuple[float, str, list[Trade]]] = deque()
        self._until_ms: int | None = None

    def tick(self, now_s: float, received_ns: int) -> None:
        """Ask for the holes that have been seen since the last call."""
        self._write_late(now_s, received_ns)
        self._look_at_all()
        for symbol in self._proofs.overdue(now_s):
            self._say(symbol, Finding.DEAD)

    def _look_at_all(self) -> None:
        for tape in self._intake.tapes.values():
            self._look_at(tape)

    def _look_at(self, tape: Tape) -> None:
        chain = tape.chain
        reset = chain.take_reset()
        if reset:
            self._began_anew(reset)
        # What is refilled takes room, too: while there is none, holes wait.
        if self._intake.writes_trades:
            self.ask(chain.take_opened())
        overflow = chain.take_overflow()
        if overflow:
            self._give_up((hole, _TOO_MANY) for hole in overflow)

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
            self._inherited_of(hole.symbol).cut(hole.first_id, hole.last_id)
            track = self._fleet.tracks.get(Channel(hole.symbol, Stream.TRADES))
            if track:
                track.lose(hole.from_ms, hole.to_ms + 1)
            events.append(gap_of_trades(hole, cause))
        if events:
            self._chronicle.gaps_of(events)

    def _missing(self, lost: Unfillable) -> list[tuple[Hole, str]]:
        """Return what still lacks of ids that cannot be had: a stream may have brought some."""
        hole, chain = lost.hole, self._chain(lost.hole.symbol)
        if chain.last is None or self._is_inherited(hole):
            return [(hole, lost.cause)]
        parts = [part for each in chain.holes if (part := _common(each, hole))]
        if hole.last_id > chain.last:
            first_id = max(hole.first_id, chain.last + 1)
            parts.append(replace(hole, first_id=first_id))
        return [(part, lost.cause) for part in parts]

    def inherit(self, holes: Iterable[Hole]) -> None:
        """Want the holes closed that an earlier run left open: no chain of ours knows of them.

        A chain that does not know yet where it continues would take their trades for its beginning;
        so its holes wait until `ends_are_known`.
        """
        self._waiting = set(holes)
        for hole in self._waiting:
            self._inherited_of(hole.symbol).add(hole)
        seeded = {hole for hole in self._waiting if self._chain(hole.symbol).is_seeded}
        self._waiting -= seeded
        self.ask(seeded)

    def ends_are_known(self) -> None:
        """Go on: every chain knows now where it continues, if anybody does."""
        waiting, self._waiting = self._waiting, set()
        self.ask(waiting)

    def _inherited_of(self, symbol: str) -> Holes:
        """Return what is still open of the holes that earlier runs left."""
        return self._inherited.setdefault(symbol, Holes())

    def _is_inherited(self, hole: Hole) -> bool:
        return any(_holds(each, hole) for each in self._inherited_of(hole.symbol))

    def unfinished(self) -> list[Hole]:
        """Return the holes that whoever comes after a crash of ours has to ask for.

        An answer that nobody has taken yet closes none of them.
        """
        return [*self.open(), *(hole for holes in self._inherited.values() for hole in holes)]

    def _chain(self, symbol: str) -> IdChain:
        return self._intake.tape(symbol).chain

    def listed(self, listed: TradeList, received_ns: int, now_s: float) -> None:
        """Take from a list what the stream should have brought by now, and soon the rest.

        Who asked for it may have had other holes in mind, and a later list may have it no more.
        """
        lacking = self._wanted(self._intake.lacking(listed))
        before_ms = self._due_before_ms(listed.symbol)
        self._write(
            listed.symbol, (each for each in lacking if each.time_ms < before_ms), received_ns
        )
        fresh = [each for each in lacking if each.time_ms >= before_ms]
        if fresh:
            self._fresh.append((now_s + _UNDERWAY_MS / 1000, listed.symbol, fresh))

    def _due_before_ms(self, symbol: str) -> int:
        """Return before which time of the exchange nothing is on its way on a stream any more."""
        event_ms = self._proofs.event_ms(symbol)
        listens = event_ms != NEVER and self._until_ms is None
        return event_ms - _UNDERWAY_MS if listens else _FOREVER_MS

    def _wanted(self, trades: list[Trade]) -> list[Trade]:
        """Leave out what happened after the end of the run."""
        until_ms = _FOREVER_MS if self._until_ms is None else self._until_ms
        return [each for each in trades if each.time_ms <= until_ms]

    def conclude(self, until_ms: int, received_ns: int) -> None:
        """Wait for no stream any more, and want nothing that happened after this time."""
        self._until_ms = until_ms
        self._write_late(_FOREVER_MS, received_ns)
        self._look_at_all()

    def _write_late(self, now_s: float, received_ns: int) -> None:
        while self._fresh and self._fresh[0][0] <= now_s:
            _, symbol, trades = self._fresh.popleft()
            self._write(symbol, self._wanted(trades), received_ns)

    def _write(self, symbol: str, trades: Iterable[Trade], received_ns: int) -> None:
        written = self._intake.write(symbol, trades, received_ns)
        if written:
            self._chronicle.refill(symbol, written, 0)

    def take(self, outcome: Outcome, received_ns: int, now_s: float) -> None:
        """Take what the exchange said."""
        match outcome:
            case Refilled():
                self._refilled(outcome, received_ns, now_s)
            case Unfillable():
                self._give_up(self._missing(outcome))
            case Unproved():
                self._proofs.failed(outcome.symbol, now_s)

    def _refilled(self, refilled: Refilled, received_ns: int, now_s: float) -> None:
        trades, absent = self._intake.refill(refilled, received_ns)
        rows: Iterable[Trade | Unpublished] = (*refilled.trades, *refilled.unpublished)
        for row in rows:
            self._inherited_of(refilled.symbol).fill(row.trade_id, row.time_ms)
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
        """Ask about silent streams; return how many answers are awaited.

        While trades are not written nobody can tell a silent stream from what was left out.
        """
        if not self._intake.writes_trades:
            return 0
        for symbol in self._proofs.due(now_s, now_ns, edge_ms, ending=ending):
            self._asks.prove(symbol)
        return self._proofs.pending

    def open(self) -> list[Hole]:
        """Return the holes that are open."""
        return [hole for tape in self._intake.tapes.values() for hole in tape.chain.holes]

    def end(self, left: Iterable[Unfillable], received_ns: int) -> None:
        """Record as gaps what was still asked for."""
        self._write_late(float("inf"), received_ns)
        self._give_up([lost for each in left for lost in self._missing(each)])
        self._give_up([(hole, _ENDED) for hole in self.unfinished()])


def _common(open_hole: Hole, hole: Hole) -> Hole | None:
    """Return the ids that are in both."""
    first_id = max(open_hole.first_id, hole.first_id)
    last_id = min(open_hole.last_id, hole.last_id)
    return replace(open_hole, first_id=first_id, last_id=last_id) if first_id <= last_id else None


def _holds(outer: Hole, inner: Hole) -> bool:
    inside = outer.first_id <= inner.first_id and inner.last_id <= outer.last_id
    return inside and outer.symbol == inner.symbol
