"""Says the same thing once in a while only. No clock, no socket, no disk."""

from collections import Counter

_EVERY_S = 60.0


class LogLimit:
    """Counts what is kept back, so that the next line can say how often it happened."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._said_s: dict[str, float] = {}
        self._kept: Counter[str] = Counter()

    def times(self, what: str, now_s: float) -> int:
        """Return how often it happened since it was said last; 0 if it is too early to say it."""
        self._kept[what] += 1
        if now_s - self._said_s.get(what, float("-inf")) < self._every_s:
            return 0
        self._said_s[what] = now_s
        return self._kept.pop(what)
