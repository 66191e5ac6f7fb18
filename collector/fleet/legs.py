"""What one channel brought on one connection. No clock, no socket, no disk."""

from collections.abc import Callable

from collector.fleet.channel import Channel
from lake.layout import Stream

NEVER = -(1 << 62)
"""Before any exchange time."""
DEPTH_PAUSE_MS = 2_000
"""A pause between snapshots that a line of covered time does not span, unless it is usual: of a
channel that mostly speaks twice as often it never is."""
_ANY_PAUSE_MS = 1 << 61

Claim = Callable[[int, int], None]
"""Told of time that is proved."""
Began = Callable[[int], None]
"""Told of the first event time of a stretch, before the leg counts it."""


class Leg:
    """Counts a channel's frames on one connection, and follows the exchange time they prove.

    Frames prove `[from_ms, previous_ms)` of books: the newest is left out, since its neighbour may
    still be on its way behind it. Of trades the ids prove more than times do, and `time_ms` is that
    of the newest trade. `claim` is told of each stretch that a pause ends.
    """

    __slots__ = (
        "began", "channel", "claim", "connection_id", "counted", "event_ms", "frames", "from_ms",
        "heard_ns", "listening", "pause_ms", "previous_ms", "time_ms",
    )  # fmt: skip

    def __init__(
        self, channel: Channel, connection_id: int, claim: Claim, began: Began
    ) -> None:  # fmt: skip
        self.channel = channel
        self.connection_id = connection_id
        self.claim = claim
        self.began = began
        self.pause_ms = _ANY_PAUSE_MS if channel.stream is Stream.TRADES else DEPTH_PAUSE_MS
        self.frames = self.counted = 0
        self.heard_ns = 0
        self.listening = False
        self.from_ms = self.event_ms = self.previous_ms = self.time_ms = NEVER

    def hear(self, event_ms: int, time_ms: int, received_ns: int) -> None:
        """Take note of a frame."""
        self.frames += 1
        self.heard_ns = received_ns
        if event_ms - self.event_ms > self.pause_ms:
            self._begin(event_ms, time_ms)
        elif event_ms > self.event_ms:
            self.previous_ms = self.event_ms
            self.event_ms = event_ms
        if time_ms > self.time_ms:
            self.time_ms = time_ms

    def overhear(self, received_ns: int) -> None:
        """Take note of a frame that is not written: it proves that the channel lives, no more."""
        self.frames += 1
        self.heard_ns = received_ns

    def _begin(self, event_ms: int, time_ms: int) -> None:
        """Start a stretch: what came in the very ms of its first frame may have been missed."""
        self.began(event_ms)
        self.forget()
        self.from_ms = self.previous_ms = max(event_ms, time_ms) + 1
        self.event_ms = event_ms

    def forget(self) -> None:
        """End the stretch where it is proved; the next frame begins another."""
        if self.from_ms < self.previous_ms:
            self.claim(self.from_ms, self.previous_ms)
        self.from_ms = self.event_ms = self.previous_ms = self.time_ms = NEVER

    def settle(self) -> None:
        """Claim what is proved so far of the stretch that goes on."""
        if self.from_ms < self.previous_ms:
            self.claim(self.from_ms, self.previous_ms)

    @property
    def spoke(self) -> bool:
        """Tell whether it has brought any frame since it was asked to speak."""
        return self.frames > 0
