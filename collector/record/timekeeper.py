"""What time it is for us and for the exchange, whatever the clocks do. No clock, no socket."""

from collections.abc import Callable

STEP_S = 0.2
"""A wall clock that moves so much against the monotonic one has stepped, it does not drift."""
AHEAD_S = 30.0
"""So far ahead is a step after which minutes that are to come would be named twice."""


class Timekeeper:
    """Told both clocks now and then.

    `now_s` runs as the monotonic clock, but never more than `longest_s` between two calls: while
    this process was held up nobody could be heard, and nobody was silent.
    """

    def __init__(self, monotonic_s: float, wall_ns: int, longest_s: float = 1.0) -> None:
        self.now_s = monotonic_s
        self.held_up_s = 0.0
        self._longest_s = longest_s
        self._monotonic_s = monotonic_s
        self._offset_s = wall_ns / 1e9 - monotonic_s

    def tick(self, monotonic_s: float, wall_ns: int) -> float:
        """Go on to now; return by how much the wall clock has stepped, 0 if it has not."""
        passed_s = monotonic_s - self._monotonic_s
        self.now_s += min(passed_s, self._longest_s)
        self.held_up_s = max(0.0, passed_s - self._longest_s)
        self._monotonic_s = monotonic_s
        offset_s = wall_ns / 1e9 - monotonic_s
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        return step_s if abs(step_s) >= STEP_S else 0.0


def needs_new_name(step_s: float) -> bool:
    """Tell whether minutes could be named twice after a step of the wall clock."""
    return step_s < 0 or step_s > AHEAD_S


class ExchangeTime:
    """The exchange's time, as far as its events tell it; without any, our clock's."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._newest_ms = 0
        self._at_s = 0.0

    def now_ms(self, newest_ms: int, now_s: float, ahead_ms: int) -> int:
        """Return the time; `newest_ms` is the newest event's, `ahead_ms` our clock's offset."""
        if newest_ms > self._newest_ms:
            self._newest_ms, self._at_s = newest_ms, now_s
        if not self._newest_ms:
            return self._wall_ms() - ahead_ms
        return self._newest_ms + int((now_s - self._at_s) * 1000)
