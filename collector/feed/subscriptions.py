"""Which streams a connection still asks for, and what was answered. No clock, no socket."""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from collector.feed.frames import Answer


class Method(StrEnum):
    """What is asked of the exchange."""

    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"


@dataclass(frozen=True)
class Asked:
    """A request that was sent."""

    request_id: int
    method: Method
    streams: tuple[str, ...]
    sent_s: float


class Subscriptions:
    """Cuts what is wanted into requests, at most one each `every_s`, and follows their answers.

    `ask` may be called by any thread, the rest by one.
    """

    def __init__(self, streams_per_request: int, every_s: float) -> None:
        self._per_request = streams_per_request
        self._every_s = every_s
        self._wanted: deque[tuple[Method, tuple[str, ...]]] = deque()
        self._next_s = float("-inf")
        self._ids = itertools.count(1)
        self._waiting: dict[int, Asked] = {}

    def ask(self, method: Method, streams: Sequence[str]) -> None:
        """Want these streams, or want them no more."""
        for start in range(0, len(streams), self._per_request):
            self._wanted.append((method, tuple(streams[start : start + self._per_request])))

    def next_request(self, now_s: float) -> bytes | None:
        """Return the text of a request to send now, or None while none is due."""
        if not self._wanted or now_s < self._next_s:
            return None
        method, streams = self._wanted.popleft()
        asked = Asked(next(self._ids), method, streams, now_s)
        self._next_s = now_s + self._every_s
        self._waiting[asked.request_id] = asked
        return msgspec.json.encode({"method": method, "params": streams, "id": asked.request_id})

    @property
    def is_waiting(self) -> bool:
        """Tell whether an answer is due."""
        return bool(self._waiting)

    def answered(self, answer: Answer) -> Asked | None:
        """Return the request that this answers; an error that names none answers the oldest."""
        if answer.request_id is None and answer.code is not None:
            return self._waiting.pop(next(iter(self._waiting), 0), None)
        return self._waiting.pop(answer.request_id or 0, None)

    def overdue(self, sent_before_s: float) -> list[Asked]:
        """Return, once, the requests that were sent before and never answered."""
        found = [asked for asked in self._waiting.values() if asked.sent_s < sent_before_s]
        for asked in found:
            del self._waiting[asked.request_id]
        return found
