"""Leaves the processor to the recorder: what is not urgent takes a share of one core at most."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

_SHARE = 0.25
"""A whole market's minute takes about 4 s of processor time to compress and upload."""
_BURST_S = 0.05
"""Processor time that may be spent at once, so that little work is done without a pause."""


class Duty:
    """What threads spend together; each rests after its work for as long as that was too much.

    Once it is `urgent`, nobody rests.
    """

    def __init__(self, share: float = _SHARE) -> None:
        self._share = share
        self.urgent = Event()
        self._lock = Lock()
        self._paid_until_s = 0.0

    @contextmanager
    def work(self) -> Iterator[None]:
        """Do something; then wait until it is within the share."""
        began_s = time.thread_time()
        yield
        pause_s = self._pause_s(time.thread_time() - began_s)
        if pause_s > 0:
            self.urgent.wait(pause_s)

    def _pause_s(self, spent_s: float) -> float:
        now_s = time.monotonic()
        with self._lock:
            self._paid_until_s = max(self._paid_until_s, now_s) + spent_s / self._share
            return self._paid_until_s - now_s - _BURST_S / self._share
