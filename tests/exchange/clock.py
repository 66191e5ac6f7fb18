"""The exchange's clock: runs at any speed, from any moment."""

import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """Tell the exchange's time: the host's at `anchor_ns`, and on from there at `speed`.

    Whoever is given the same numbers tells the same time, in another process too. `shift_ms` is
    added to it: an exchange of another day, or one whose clock is wrong.
    """

    speed: float = 1.0
    anchor_ns: int = field(default_factory=time.time_ns)
    shift_ms: float = 0.0

    @classmethod
    def starting_at(cls, start_ms: float, speed: float) -> "Clock":
        """Return a clock that says a certain time now; what has no speed is shifted."""
        now_ns = time.time_ns()
        ahead_ns = int(start_ms * 1e6) - now_ns
        if speed == 1:
            return cls(shift_ms=ahead_ns / 1e6)
        return cls(speed, now_ns - int(ahead_ns / (speed - 1)))

    def now_ms(self) -> float:
        """Return the exchange's time, ms since 1970 UTC."""
        passed_ns = (time.time_ns() - self.anchor_ns) * self.speed
        return (self.anchor_ns + passed_ns) / 1e6 + self.shift_ms

    def real_s(self, exchange_s: float) -> float:
        """Return how long a time of the exchange lasts on the host's clock."""
        return exchange_s / self.speed
