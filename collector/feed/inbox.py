"""Hands frames from the reader threads over to the recorder: bounded, and it says who waited.

There is one lock for each socket read, not for each frame.
"""

import threading
from collections import deque
from dataclasses import dataclass

from collector.clock import Clock
from collector.feed.reports import Batch

MOST_FRAMES = 200_000
MOST_BYTES = 64 << 20
_PAUSE_S = 0.005


@dataclass(frozen=True)
class Backlog:
    """What lies in the inbox; and since the start: its most, and how long readers waited for room.

    A reader that waits reads no socket: what the exchange sends meanwhile waits in the kernel, and
    if that goes on the exchange ends the connection.
    """

    frames: int
    bytes: int
    most_bytes: int
    waits: int
    waited_s: float


class Inbox:
    """A queue of many writers and one reader, the recorder.

    `post` waits while the inbox is full. Reports are never held up: they are few.
    """

    def __init__(
        self, clock: Clock, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES
    ) -> None:
        self._clock = clock
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._queue: deque[object] = deque()
        self._lock = threading.Lock()
        self._frames = self._bytes = self._peak_bytes = 0
        self._waits, self._waited_s = 0, 0.0
        self._is_closed = False

    def post(self, connection_id: int, received_ns: int, frames: list[bytes]) -> None:
        """Put in what one socket read brought; wait while the inbox is full."""
        if self.is_full():
            self._wait()
        if self._is_closed:
            return
        size = sum(map(len, frames))
        with self._lock:
            self._frames += len(frames)
            self._bytes += size
            self._peak_bytes = max(self._peak_bytes, self._bytes)
            self._queue.append(Batch(connection_id, received_ns, frames))

    def signal(self, report: object) -> None:
        """Put in a report, behind what the same thread has posted before."""
        self._queue.append(report)

    def drain(self, limit: int = 10_000) -> list[object]:
        """Take out batches and reports in their order, until they hold `limit` frames or more."""
        taken: list[object] = []
        frames = size = 0
        while self._queue and frames < limit:
            item = self._queue.popleft()
            taken.append(item)
            if type(item) is Batch:
                frames += len(item.frames)
                size += sum(map(len, item.frames))
        with self._lock:
            self._frames -= frames
            self._bytes -= size
        return taken

    def close(self) -> None:
        """Let nobody wait any more: nobody will drain it. What is posted from now on is gone."""
        self._is_closed = True

    def is_full(self) -> bool:
        """Tell whether a reader would have to wait now."""
        return self._frames >= self._most_frames or self._bytes >= self._most_bytes

    def backlog(self) -> Backlog:
        """Return how full it is, and how full it has been."""
        with self._lock:
            return Backlog(
                self._frames, self._bytes, self._peak_bytes, self._waits, self._waited_s
            )  # fmt: skip

    def _wait(self) -> None:
        start_s = self._clock.monotonic()
        with self._lock:
            self._waits += 1
        while self.is_full() and not self._is_closed:
            self._clock.sleep(_PAUSE_S)
        with self._lock:
            self._waited_s += self._clock.monotonic() - start_s
