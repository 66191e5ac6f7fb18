"""What the exchange allows: incoming messages, request weight. Time comes in as numbers."""

from dataclasses import dataclass, field

MESSAGES_PER_S = 10
MESSAGES_AT_ONCE = 15
STREAMS_PER_CONNECTION = 1024
WEIGHT_PER_MINUTE = 2400

_MINUTE_MS = 60_000
_REFUSALS_UNTIL_BAN = 5
_BAN_MS = 120_000


@dataclass
class Messages:
    """Counts a connection's incoming messages: ten a second, fifteen at once."""

    left: float = MESSAGES_AT_ONCE
    at_ms: float = 0

    def allow(self, now_ms: float) -> bool:
        """Count one message; False if it is one too many."""
        gained = max(0.0, now_ms - self.at_ms) * MESSAGES_PER_S / 1000
        self.left, self.at_ms = min(MESSAGES_AT_ONCE, self.left + gained), now_ms
        self.left -= 1
        return self.left >= 0


@dataclass
class Weights:
    """The request weight of the one address that everybody here shares, by UTC minute."""

    limit: int = WEIGHT_PER_MINUTE
    used: int = 0
    banned_until_ms: float = 0
    _minute: int = -1
    _refusals: int = field(default=0)

    def spend(self, weight: int, now_ms: float) -> int:
        """Count a request and return its fate: 200, 429 or 418. A refused one costs as well."""
        self._roll(now_ms)
        if now_ms < self.banned_until_ms:
            return 418
        self.used += weight
        if self.used <= self.limit:
            return 200
        self._refusals += 1
        if self._refusals > _REFUSALS_UNTIL_BAN:
            self.banned_until_ms = now_ms + _BAN_MS
            return 418
        return 429

    def retry_after_s(self, now_ms: float) -> int:
        """Return after how many seconds a refused client may come again."""
        until = max(self.banned_until_ms, (now_ms // _MINUTE_MS + 1) * _MINUTE_MS)
        if now_ms < self.banned_until_ms:
            until = self.banned_until_ms
        return max(1, int(-(-(until - now_ms) // 1000)))

    def _roll(self, now_ms: float) -> None:
        if self._minute != (minute := int(now_ms // _MINUTE_MS)):
            self._minute, self.used, self._refusals = minute, 0, 0
