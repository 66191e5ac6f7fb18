"""Whether the other end of a connection still lives. No clock, no socket, no disk.

A peer that is gone without a word leaves an open socket on which nothing comes. Only a ping that
nobody answers tells it from a quiet one.
"""


class Heartbeat:
    """Says when to ping, and when nothing has come for too long. Times are monotonic."""

    def __init__(self, ping_every_s: float, dead_after_s: float, now_s: float) -> None:
        self._ping_every_s, self._dead_after_s = ping_every_s, dead_after_s
        self._heard_s = self._pinged_s = now_s

    def heard(self, now_s: float) -> None:
        """Take note that bytes came, of whatever kind."""
        self._heard_s = now_s

    def ping_is_due(self, now_s: float) -> bool:
        """Tell, once, that it is time for a ping."""
        if now_s - self._pinged_s < self._ping_every_s:
            return False
        self._pinged_s = now_s
        return True

    def is_dead(self, now_s: float) -> bool:
        """Tell whether nothing came for so long that nobody is there.

        Ask only after a look at the socket that found nothing: this process may have been stopped
        for longer than that, with an answer waiting all the while.
        """
        return now_s - self._heard_s >= self._dead_after_s
