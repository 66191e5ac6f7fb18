"""The one place where time is read; everything else is handed numbers."""

import time
from threading import Event


class Clock:
    """The collector's clock, whose `speed` makes a day pass in minutes.

    At speed 1 `wall_ns` is the system's clock, steps and all. At any other speed it runs on from
    `anchor_ns`, the system's time at which both agree (by default: now), so that two processes
    that share speed and anchor share the time.
    """

    def __init__(self, speed: float = 1.0, anchor_ns: int | None = None) -> None:
        self.speed = speed
        self._anchor_ns = time.time_ns() if anchor_ns is None else anchor_ns
        if speed == 1.0:
            # Called for every read of a socket: nothing stands between.
            self.wall_ns = time.time_ns  # type: ignore[method-assign]

    def wall_ns(self) -> int:
        """Return the time of day, ns since 1970 UTC. It may step."""
        return self._anchor_ns + int((time.time_ns() - self._anchor_ns) * self.speed)

    def monotonic(self) -> float:
        """Return seconds that never step."""
        return time.monotonic() * self.speed

    def sleep(self, duration_s: float) -> None:
        """Wait so many seconds of this clock."""
        time.sleep(max(0.0, duration_s) / self.speed)

    def wait(self, event: Event, duration_s: float) -> bool:
        """Wait for the event, at most so many seconds of this clock; tell whether it is set."""
        return event.wait(max(0.0, duration_s) / self.speed)
