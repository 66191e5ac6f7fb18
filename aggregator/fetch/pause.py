"""A pause that the archive asked for holds for all requests of this process."""

import threading
import time

from lake.stopping import ENDING


class Pause:
    """Lets requests through, unless the archive has asked for quiet; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until_s = float("-inf")

    def extend(self, wait_s: float) -> None:
        """Let nothing through for so long from now on."""
        with self._lock:
            self._until_s = max(self._until_s, time.monotonic() + wait_s)

    def wait(self) -> None:
        """Return when a request may be made, or when this process is to end."""
        while (left_s := self.left_s()) > 0 and not ENDING.wait(left_s):
            pass

    def left_s(self) -> float:
        """Return for how long nothing is let through."""
        with self._lock:
            return max(0.0, self._until_s - time.monotonic())
