"""All that is known of one channel: who carries it, how it is, and what time of it is proved.

No clock, no socket, no disk.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from collector.fleet.channel import Channel
from collector.fleet.legs import DEPTH_PAUSE_MS, NEVER, Leg
from collector.fleet.pulse import Patience, Pulse
from collector.record.cover import Attention, Cover, Span
from collector.view.status import StreamState
from lake.layout import Stream

_MISSED_PAUSES = 2.5
"""Between the last book before an interruption and the first after it, if some were missed."""


@dataclass(frozen=True)
class BookGap:
    """Books were missed between two that came."""

    symbol: str
    from_ms: int
    to_ms: int
    cause: str


class Track:
    """One channel over all its connections.

    `cause` is set by whoever interrupts it, until the next frame: what was missed is a gap then.
    """

    def __init__(self, channel: Channel, patience: Patience) -> None:
        self.channel = channel
        self.pulse = Pulse(patience)
        self.cover = Cover()
        self.attention = Attention(self.cover)
        self.legs: dict[int, Leg] = {}
        self.frames = 0
        self.lost: list[Span] = []
        self.cause = ""
        self._newest_ms = NEVER
        self._gaps: list[BookGap] = []

    def attach(self, connection_id: int) -> Leg:
        """Carry the channel on one more connection; it does not listen yet."""
        claim = self.cover.add if self._is_book else _claim_nothing
        leg = Leg(self.channel, connection_id, claim, self._began)
        self.legs[connection_id] = leg
        return leg

    @property
    def _is_book(self) -> bool:
        return self.channel.stream is Stream.DEPTH20

    def listen(self, connection_id: int, now_s: float) -> None:
        """Take note that a connection's subscription was acknowledged."""
        self.legs[connection_id].listening = True
        if self.pulse.state(now_s) is StreamState.DISCONNECTED:
            self.pulse.listen(now_s)

    def detach(self, connection_id: int) -> None:
        """Carry the channel on this connection no more; what it proved stays."""
        self.settle()
        self._forget(self.legs.pop(connection_id))
        if not any(leg.listening for leg in self.legs.values()):
            self.pulse.lose()
            self.attention.broken()

    def beat(self, now_s: float, ahead_ms: float) -> None:
        """Count what came since the last call; our clock is so far ahead of the exchange's."""
        spoke = [leg for leg in self.legs.values() if leg.frames != leg.counted]
        if not spoke:
            return
        for leg in spoke:
            if not leg.listening:  # its acknowledgement is late, or was garbled
                self.listen(leg.connection_id, now_s)
        frames = sum(leg.frames - leg.counted for leg in spoke)
        for leg in spoke:
            leg.counted = leg.frames
        lags = [lag for lag in (_lag_ms(leg, ahead_ms) for leg in spoke) if lag is not None]
        self.pulse.beat(frames, min(lags, default=None), now_s)
        self.frames += frames
        if self._is_book:
            self._allow_its_pauses()

    def _allow_its_pauses(self) -> None:
        rhythm, least_s = self.pulse.rhythm, DEPTH_PAUSE_MS / 1000
        slow = rhythm.known and rhythm.pause_s >= least_s / 2
        pause_ms = int(1000 * rhythm.longest_s(least_s)) if slow else DEPTH_PAUSE_MS
        for leg in self.legs.values():
            leg.pause_ms = pause_ms

    def settle(self) -> None:
        """Count what has been proved so far as covered."""
        for leg in self.legs.values():
            if self._is_book:
                leg.settle()
            elif leg.from_ms != NEVER:
                self.attention.proved(leg.from_ms, leg.time_ms)

    def interrupt(self, cause: str) -> None:
        """End the covered time where it is proved: the channel is dead, or is not written."""
        self.settle()
        self.cause = cause
        for leg in self.legs.values():
            self._forget(leg)
        self.attention.broken()

    def _forget(self, leg: Leg) -> None:
        self._newest_ms = max(self._newest_ms, leg.event_ms)
        leg.forget()

    def _began(self, event_ms: int) -> None:
        """Note a gap if the channel was interrupted, and speaks again on any connection."""
        newest_ms = max([self._newest_ms, *(leg.event_ms for leg in self.legs.values())])
        cause, self.cause = self.cause, ""
        missed = event_ms - newest_ms > self._least_gap_ms
        if cause and missed and self._is_book and newest_ms != NEVER:
            self._gaps.append(BookGap(self.channel.symbol, newest_ms, event_ms, cause))

    @property
    def _least_gap_ms(self) -> float:
        rhythm = self.pulse.rhythm
        return 1000 * _MISSED_PAUSES * rhythm.pause_s if rhythm.known else DEPTH_PAUSE_MS

    def take_gaps(self) -> list[BookGap]:
        """Return the gaps since the last call."""
        gaps, self._gaps = self._gaps, []
        return gaps

    def end(self, now_ms: int) -> None:
        """Note the gap that is still open when the run ends."""
        if self.cause:
            self._began(now_ms)

    def missed_since(self, last_ms: int, cause: str) -> None:
        """Take note that an earlier run heard the channel last at this time."""
        if self._newest_ms == NEVER:
            self._newest_ms, self.cause = last_ms, cause

    def lose(self, from_ms: int, to_ms: int) -> None:
        """Never claim this time: something of it is lost."""
        self.lost.append((from_ms, to_ms))

    def forget_before(self, time_ms: int) -> None:
        """Forget what is too old to be told."""
        self.cover.forget_before(time_ms)
        self.lost = [span for span in self.lost if span[1] > time_ms - 2 * 3_600_000]

    def speaking(self) -> Iterator[Leg]:
        """Yield the connections' parts that brought frames."""
        return (leg for leg in self.legs.values() if leg.frames)


def _lag_ms(leg: Leg, ahead_ms: float) -> float | None:
    return None if leg.event_ms == NEVER else leg.heard_ns / 1e6 - ahead_ms - leg.event_ms


def _claim_nothing(_from_ms: int, _to_ms: int) -> None:
    """Claim nothing by the frames of one connection: of trades the ids prove more."""
