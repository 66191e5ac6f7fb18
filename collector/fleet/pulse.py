"""The watchdog of one channel: fresh, never spoke, silent, late. No clock, no socket, no disk.

It is asked by a timer, since a dead stream calls nobody. Times are seconds of a clock that stands
still while the recorder itself does: our own pause is nobody's silence.
"""

import math
from dataclasses import dataclass

from collector.view.status import StreamState

_SETTLED = 8
"""Frames after which the pace of a channel is known."""
_USUAL_PAUSES = 5.0
"""A channel may be silent for so many of its usual pauses, whatever the deadline."""
_NEWEST_PART = 0.1
"""The weight of the newest pause in the usual one."""
_LONGEST_S = 120.0
_STALL_S = 10.0
_PAUSE_S = 2.0
_NEW_PACE = 3
"""So many long pauses in a row are a new pace; fewer are stalls, from which nothing is learned."""
_TROUBLE = (StreamState.NEVER_SPOKE, StreamState.SILENT, StreamState.LAGGING)


@dataclass(frozen=True)
class Patience:
    """Seconds until a channel that says nothing is in trouble.

    `first_s`: from the subscription to its first frame. `silence_s`: between two frames, unless
    that is its usual pace. `late_ms` is how late its frames may be, `late_s` for how long.
    `again_s`: from one attempt to help it to the next.
    """

    first_s: float = 10.0
    silence_s: float = 10.0
    late_ms: float = 3_000.0
    late_s: float = 30.0
    again_s: float = 10.0


class Rhythm:
    """The usual pause between the frames of a channel."""

    def __init__(self) -> None:
        self.frames = 0
        self.pause_s = 0.0
        self._stalls = 0

    def take(self, frames: int, over_s: float) -> None:
        """Learn from so many frames that came since the one before."""
        self._stalls = self._stalls + 1 if over_s > self.longest_s(_PAUSE_S) else 0
        if self.known and 0 < self._stalls < _NEW_PACE:
            return
        for _ in range(min(frames, _SETTLED)):
            self.frames += 1
            part = max(_NEWEST_PART, 1 / self.frames)
            self.pause_s += part * (over_s / frames - self.pause_s)

    @property
    def known(self) -> bool:
        """Tell whether enough frames came to speak of a rhythm."""
        return self.frames >= _SETTLED

    def longest_s(self, least_s: float) -> float:
        """Return how long a pause may be before it says something."""
        if not self.known:
            return least_s
        return max(least_s, min(_LONGEST_S, _USUAL_PAUSES * self.pause_s))


class Pulse:
    """What the watchdog knows of one channel, whichever connections carry it.

    Of books silence alone is trouble. Trades are silent for as long as nobody trades: their pulse
    has deadlines without end, gets suspicious by the channel's pace, and is told by who asks the
    exchange whether the silence is one.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.rhythm = Rhythm()
        self.listening_s: float | None = None
        self.heard_s: float | None = None
        self.lag_ms: float | None = None
        self._frame_s: float | None = None
        self._late_since_s: float | None = None
        self._acted_s = -math.inf
        self._accused = False

    def listen(self, now_s: float) -> None:
        """Begin to wait for a first frame: a connection carries the channel again."""
        self.listening_s = now_s
        self.heard_s = self._frame_s = self._late_since_s = None
        self._accused = False

    def lose(self) -> None:
        """Stop waiting: no connection carries the channel."""
        self.listening_s = self._late_since_s = None
        self._accused = False

    def beat(self, frames: int, lag_ms: float | None, now_s: float) -> None:
        """Take note of the frames since the last call, and how late the newest one was."""
        if self._frame_s is not None:
            over_s = min(now_s - self._frame_s, 2 * self.rhythm.longest_s(_STALL_S))
            self.rhythm.take(frames, over_s)
        self.heard_s = self._frame_s = now_s
        self._accused = False
        self.lag_ms = lag_ms
        if lag_ms is None or lag_ms < self._patience.late_ms:
            self._late_since_s = None
        elif self._late_since_s is None:
            self._late_since_s = now_s

    def vouch(self, now_s: float) -> None:
        """Take note that the channel had nothing to say until now."""
        self.heard_s = now_s
        self._accused = False

    def accuse(self) -> None:
        """Take note that the channel should have said something."""
        self._accused = True

    def acted(self, now_s: float) -> None:
        """Wait once more for the whole deadline: something is being done about it."""
        self._acted_s = now_s

    def state(self, now_s: float) -> StreamState:
        """Say how the channel is."""
        if self.listening_s is None:
            return StreamState.DISCONNECTED
        if self.heard_s is None:
            late = self._accused or now_s - self.listening_s >= self._patience.first_s
            return StreamState.NEVER_SPOKE if late else StreamState.STARTING
        if self._accused or now_s - self.heard_s >= self.longest_s:
            return StreamState.SILENT
        if self._late_since_s is not None and now_s - self._late_since_s >= self._patience.late_s:
            return StreamState.LAGGING
        return StreamState.FRESH

    def wants_help(self, now_s: float) -> StreamState | None:
        """Return what is wrong, unless something was done about it only now."""
        state = self.state(now_s)
        wait_s = self._patience.late_s if state is StreamState.LAGGING else self._patience.again_s
        return state if state in _TROUBLE and now_s - self._acted_s >= wait_s else None

    @property
    def longest_s(self) -> float:
        """Return how long the channel may be silent."""
        return self.rhythm.longest_s(self._patience.silence_s)

    def silent_s(self, now_s: float) -> float:
        """Return for how long nothing has been heard."""
        since_s = self.listening_s if self.heard_s is None else self.heard_s
        return 0.0 if since_s is None else now_s - since_s
