"""What a connection was sent lately: the frames that are in doubt when it ends. No socket."""

from collections import deque
from dataclasses import dataclass, field

from tests.exchange.columns import Ref

REMEMBERED_S = 3.0


@dataclass
class Delivery:
    """The frames of the last seconds, by the byte at which each batch of them ends."""

    written: int = 0
    _recent: deque[tuple[float, int, list[Ref]]] = field(default_factory=deque)

    def add(self, real_s: float, size: int, refs: list[Ref]) -> None:
        """Note a batch that was handed to the socket."""
        self.written += size
        self._recent.append((real_s, self.written, refs))

    def forget(self, real_s: float, underway: int) -> None:
        """Forget old batches that have left, all but `underway` bytes have."""
        gone = self.written - underway
        while self._recent and self._recent[0][0] < real_s - REMEMBERED_S:
            if self._recent[0][1] > gone:
                return
            self._recent.popleft()

    def doubtful(self, since_s: float, underway: int) -> list[Ref]:
        """Return the frames that were sent since then, or of which bytes never left."""
        gone = self.written - underway
        return [
            ref for at_s, end, refs in self._recent if at_s >= since_s or end > gone for ref in refs
        ]
