"""How often connections may be made: never a storm. No clock, no socket, no disk."""

from collections import deque

LIMITS = ((10.0, 30), (300.0, 200))
"""Attempts that are allowed within so many seconds; the exchange bans who makes many more."""


class Pacer:
    """Counts the attempts of the last minutes."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque(maxlen=max(most for _, most in LIMITS))

    def took(self, now_s: float) -> None:
        """Count an attempt."""
        self._taken.append(now_s)

    def allows(self, now_s: float) -> bool:
        """Tell whether one more may be made now."""
        return all(
            sum(at_s > now_s - within_s for at_s in self._taken) < most for within_s, most in LIMITS
        )
