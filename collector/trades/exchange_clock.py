"""What time it is at the exchange, at least. No clock of its own, no socket, no disk."""

_DRIFT = 2e-4
"""Our oscillator may be this much faster than theirs; what is claimed stays true nevertheless."""


class ExchangeClock:
    """Told of the exchange's time now and then, says a lower bound of it at any later moment."""

    def __init__(self) -> None:
        self._noted: tuple[int, float] | None = None

    def note(self, time_ms: int, received_s: float) -> None:
        """Take the time that an answer told, and our monotonic time when it had arrived."""
        self._noted = time_ms, received_s

    def at_least_ms(self, now_s: float) -> int | None:
        """Return a time that has passed at the exchange; None before the first note."""
        if self._noted is None:
            return None
        time_ms, received_s = self._noted
        return time_ms + int((now_s - received_s) * 1000 * (1 - _DRIFT))

    def age_s(self, now_s: float) -> float:
        """Return how long ago the exchange told its time."""
        return float("inf") if self._noted is None else now_s - self._noted[1]

    def minute_left_s(self, now_s: float) -> float:
        """Return in how many seconds, at most, the exchange begins a new minute."""
        now_ms = self.at_least_ms(now_s)
        return 60.0 if now_ms is None else 60.0 - now_ms % 60_000 / 1_000
