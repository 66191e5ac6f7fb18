"""What requests cost, and whether we can afford one. No clock, no socket, no disk.

The exchange counts the weight of all requests of one address, other processes' included, and tells
the sum with each answer.
"""

from collections import deque

LIMIT = 2_400
"""Weight that an address may use in a minute."""
MINUTE_S = 60.0
_CEILING = 0.95 * LIMIT
"""Of all processes together; what other ones do between two of our answers is not known."""


class Weights:
    """The weight of the last minute; `share` of the limit is ours."""

    def __init__(self, share: float) -> None:
        self.most = int(share * LIMIT)
        self._spent: deque[tuple[float, int]] = deque()
        self._told_s, self._told = float("-inf"), 0
        self._forgotten_s = float("-inf")

    def spend(self, weight: int, now_s: float) -> None:
        """Note a request that is about to be made; refused ones cost the same."""
        self._spent.append((now_s, weight))

    def note(self, used: int, now_s: float, left_s: float = MINUTE_S) -> None:
        """Take what an answer told of the address' weight in a minute of which so much is left."""
        self._told_s, self._told, self._forgotten_s = now_s, used, now_s + left_s

    def ours(self, now_s: float) -> int:
        """Return what we used in the last minute."""
        while self._spent and self._spent[0][0] <= now_s - MINUTE_S:
            self._spent.popleft()
        return sum(weight for _, weight in self._spent)

    def all(self, now_s: float) -> int:
        """Return what the address used, as far as we know: what we were told, and spent since."""
        if now_s >= self._forgotten_s:
            return self.ours(now_s)
        return max(self.ours(now_s), self._told + self._since(self._told_s))

    def _since(self, moment_s: float) -> int:
        return sum(weight for spent_s, weight in self._spent if spent_s > moment_s)

    def wait_s(self, weight: int, now_s: float) -> float:
        """Return how long to wait until so much may be spent: 0 if now."""
        return max(self._wait_for_share_s(weight, now_s), self._wait_for_others_s(weight, now_s))

    def _wait_for_share_s(self, weight: int, now_s: float) -> float:
        over = self.ours(now_s) + weight - self.most
        if over <= 0:
            return 0.0
        for spent_s, freed in self._spent:
            over -= freed
            if over <= 0:
                return spent_s + MINUTE_S - now_s
        return MINUTE_S

    def _wait_for_others_s(self, weight: int, now_s: float) -> float:
        if self.all(now_s) + weight <= _CEILING:
            return 0.0
        return max(0.0, self._forgotten_s - now_s)
