"""When to ask the exchange whether a silence of trades is one. No clock, no socket, no disk.

A quiet symbol and a dead stream look alike. The exchange's own list of trades tells them apart: if
its newest trade is one that we have, nobody traded since; if not, the stream should have said it.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from collector.fleet.channel import Channel
from collector.fleet.fleet import Fleet
from collector.fleet.legs import NEVER
from collector.fleet.links import Link
from collector.fleet.pulse import Rhythm
from collector.fleet.tracks import Track
from collector.record.cover import HOUR_MS
from collector.trades.ids import IdChain
from collector.trades.outcomes import Refilled
from lake.layout import Stream

LIST_LAG_MS = 3_000
"""A list may lack the trades of so short a time before it was asked for."""
_USUAL_PAUSES = 20.0
"""Trades come in bursts: only a pause so much longer than usual is suspicious."""
_LONGEST_S = 600.0
_SOON_S = 5.0
"""After the subscription; by then busy symbols have spoken for themselves."""
_PER_SECOND = 3
_AT_ONCE = 64
_AGAIN_S = 5.0
_UNDERWAY_S = 3.0
"""A trade in a list may take so long to arrive on its stream."""
_UNANSWERED_S = 30.0


class Finding(Enum):
    """What a list says of a stream."""

    QUIET = auto()
    UNDERWAY = auto()
    MISSED = auto()
    DEAD = auto()


@dataclass
class _Question:
    """An open question: the exchange time that was known when it was asked."""

    asked_s: float
    asked_ns: int
    event_ms: int


@dataclass(frozen=True)
class _Newest:
    """When the newest trade of a list happened; perhaps it is on its way."""

    time_ms: int
    due_s: float


class Proofs:
    """Knows which symbols to ask about, and what the answers mean."""

    def __init__(self, fleet: Fleet, *, first_s: float, silence_s: float) -> None:
        self._fleet = fleet
        self._first_s, self._silence_s = first_s, silence_s
        self._open: dict[str, _Question] = {}
        self._expected: dict[str, _Newest] = {}
        self._not_before_s: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._recent: deque[float] = deque(maxlen=_PER_SECOND)

    def due(self, now_s: float, now_ns: int, edge_ms: int, *, ending: bool = False) -> list[str]:
        """Return the symbols to ask about now, few at a time.

        Those first whose time up to `edge_ms`, the last full hour, is not proved yet.
        """
        self._forget_unanswered(now_s)
        wanted = sorted(self._wanted(now_s, edge_ms, ending=ending))
        symbols = []
        for _, symbol in wanted:
            if not ending and not self._has_room(now_s):
                break
            self._recent.append(now_s)
            self._open[symbol] = _Question(now_s, now_ns, self.event_ms(symbol))
            symbols.append(symbol)
        return symbols

    def _has_room(self, now_s: float) -> bool:
        recent = self._recent
        paced = len(recent) < _PER_SECOND or recent[0] <= now_s - 1
        return paced and len(self._open) < _AT_ONCE

    def _forget_unanswered(self, now_s: float) -> None:
        late = [symbol for symbol, question in self._open.items()
                if now_s - question.asked_s > _UNANSWERED_S]  # fmt: skip
        for symbol in late:
            del self._open[symbol]

    def _wanted(self, now_s: float, edge_ms: int, *, ending: bool) -> Iterator[tuple[int, str]]:
        for (symbol, stream), track in self._fleet.tracks.items():
            listens = ending or track.pulse.listening_s is not None
            if stream is not Stream.TRADES or not listens:
                continue
            idle = symbol not in self._open and symbol not in self._expected
            if idle and now_s >= self._not_before_s.get(symbol, 0.0):
                urgency = self._urgency(track, now_s, edge_ms, ending=ending)
                if urgency is not None:
                    yield urgency, symbol

    def _urgency(self, track: Track, now_s: float, edge_ms: int, *, ending: bool) -> int | None:
        """Return how urgent a question is, 0 first; None if there is none."""
        pulse, attention = track.pulse, track.attention
        known_ms = self.event_ms(track.channel.symbol) - LIST_LAG_MS
        if ending:
            return 0 if attention.to_ms < known_ms or pulse.listening_s is None else None
        if attention.from_ms == NEVER and pulse.heard_s is None:
            return 2 if pulse.silent_s(now_s) >= _SOON_S else None
        if NEVER < attention.from_ms < edge_ms <= known_ms and attention.to_ms < edge_ms:
            return 1
        return 3 if pulse.silent_s(now_s) >= self._patience_s(pulse.rhythm) else None

    def _patience_s(self, rhythm: Rhythm) -> float:
        if not rhythm.frames:
            return self._first_s
        return min(_LONGEST_S, max(self._silence_s, _USUAL_PAUSES * rhythm.pause_s))

    def event_ms(self, symbol: str) -> int:
        """Return the newest event time of the connections that carry the symbol's trades."""
        return max((link.event_ms for link in self._links(symbol)), default=NEVER)

    def _links(self, symbol: str) -> Iterator[Link]:
        track = self._fleet.tracks.get(Channel(symbol, Stream.TRADES))
        for leg in track.legs.values() if track else ():
            if leg.listening and leg.connection_id in self._fleet.links:
                yield self._fleet.links[leg.connection_id]

    # Answers

    def answered(self, refilled: Refilled, chain: IdChain, now_s: float) -> Finding | None:
        """Take a list; return what it says of the stream, None if it was not asked for that."""
        question = self._open.get(refilled.symbol)
        if question is None or refilled.asked_ns < question.asked_ns:
            return None
        del self._open[refilled.symbol]
        self._failures.pop(refilled.symbol, None)
        track = self._fleet.tracks.get(Channel(refilled.symbol, Stream.TRADES))
        if track is None:
            return None
        newest_id, newest_ms = refilled.newest_id, refilled.newest_ms
        if newest_id is None or newest_ms is None:
            return self._empty(track, chain, now_s)
        if chain.last is None:
            chain.start_after(newest_id, newest_ms)
        if self._should_have_brought(track, newest_ms):
            newest = _Newest(newest_ms, now_s + _UNDERWAY_S)
            return self._doubt(track, newest)
        if newest_id > (chain.last or 0):
            return Finding.MISSED
        return self._prove(track, question, newest_ms, now_s)

    def _empty(self, track: Track, chain: IdChain, now_s: float) -> Finding | None:
        """Take a list without a trade: it proves nothing, and is wrong if we have one."""
        if chain.last is not None:
            self.failed(track.channel.symbol, now_s)
            return None
        track.pulse.vouch(now_s)
        return Finding.QUIET

    def _prove(
        self, track: Track, question: _Question, newest_ms: int, now_s: float
    ) -> Finding:  # fmt: skip
        """Nothing is missing up to a moment that was over when the list was asked for.

        A first claim begins after the newest trade, which may be older than all that we have.
        """
        if question.event_ms != NEVER:
            proved_ms = question.event_ms - LIST_LAG_MS
            track.attention.proved(max(proved_ms, newest_ms + 1), proved_ms)
        track.pulse.vouch(now_s)
        return Finding.QUIET

    def _doubt(self, track: Track, newest: _Newest) -> Finding:
        symbol = track.channel.symbol
        if newest.time_ms > self.event_ms(symbol) - LIST_LAG_MS:
            self._expected[symbol] = newest
            return Finding.UNDERWAY
        track.pulse.accuse()
        return Finding.DEAD

    def _should_have_brought(self, track: Track, time_ms: int) -> bool:
        """Tell whether there was a stream when the trade happened, and it did not say so."""
        brought = any(leg.time_ms >= time_ms for leg in track.legs.values())
        return not brought and time_ms > self._heard_from_ms(track) + LIST_LAG_MS

    def _heard_from_ms(self, track: Track) -> int:
        """Return the exchange time from which on every connection should have brought trades."""
        symbol = track.channel.symbol
        times = []
        for link in self._links(symbol):
            book = link.books.get(symbol)
            times.append(max(link.acknowledged_ms.get(track.channel, NEVER),
                             book.from_ms if book else NEVER))  # fmt: skip
        known = [time_ms for time_ms in times if time_ms != NEVER]
        return max(known, default=1 << 62)

    def overdue(self, now_s: float) -> list[str]:
        """Return the symbols whose streams have not brought what lists had: they are dead."""
        late = {symbol: each for symbol, each in self._expected.items() if now_s >= each.due_s}
        dead = []
        for symbol, newest in late.items():
            del self._expected[symbol]
            track = self._fleet.tracks.get(Channel(symbol, Stream.TRADES))
            if track and self._should_have_brought(track, newest.time_ms):
                track.pulse.accuse()
                dead.append(symbol)
        return dead

    def failed(self, symbol: str, now_s: float) -> bool:
        """Take note that a list could not be had; tell whether the silence speaks for itself."""
        self._open.pop(symbol, None)
        failures = self._failures[symbol] = self._failures.get(symbol, 0) + 1
        self._not_before_s[symbol] = now_s + min(60.0, _AGAIN_S * 2 ** min(failures, 4))
        track = self._fleet.tracks.get(Channel(symbol, Stream.TRADES))
        if track is None or not track.pulse.rhythm.known:
            return False
        dead = track.pulse.silent_s(now_s) >= 3 * self._patience_s(track.pulse.rhythm)
        if dead:
            track.pulse.accuse()
        return dead

    @property
    def pending(self) -> int:
        """Return how many questions are open."""
        return len(self._open)


def last_hour_ms(event_ms: int) -> int:
    """Return the end of the last full hour of exchange time."""
    return event_ms // HOUR_MS * HOUR_MS
