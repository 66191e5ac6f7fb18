"""Carries out what the fleet wants: makes connections, subscribes, closes them."""

from collections.abc import Iterable, Sequence

from collector.clock import Clock
from collector.feed.connection import Connection, Pace
from collector.feed.inbox import Inbox
from collector.feed.reports import Closed, Passed
from collector.fleet.channel import Channel
from collector.fleet.orders import Close, Open, Subscribe, Unsubscribe

_PATH = "/public/stream"


class Crew:
    """The connections that live, and up to which receive time each of them has read."""

    def __init__(self, ws_url: str, inbox: Inbox, clock: Clock, pace: Pace) -> None:
        self._url = ws_url.rstrip("/") + _PATH
        self._inbox, self._clock, self._pace = inbox, clock, pace
        self._connections: dict[int, Connection] = {}
        self._passed_ns: dict[int, int] = {}

    def obey(self, order: Open | Subscribe | Unsubscribe | Close) -> None:
        """Do what is wanted; one that is gone by now needs nothing."""
        if isinstance(order, Open):
            self._open(order)
            return
        connection = self._connections.get(order.connection_id)
        if connection is None:
            return
        if isinstance(order, Close):
            connection.close()
        elif isinstance(order, Subscribe):
            connection.subscribe(_names(order.channels))
        else:
            connection.unsubscribe(_names(order.channels))

    def _open(self, order: Open) -> None:
        number = order.connection_id
        self._passed_ns[number] = self._clock.wall_ns()
        connection = Connection(
            number, self._url, _names(order.channels), self._inbox, self._clock, self._pace
        )
        self._connections[number] = connection
        connection.start()

    def passed(self, mark: Passed) -> None:
        """Take note that nothing older comes from a connection."""
        if mark.connection_id in self._passed_ns:
            self._passed_ns[mark.connection_id] = mark.received_ns

    def gone(self, closed: Closed) -> None:
        """Take note that nothing comes from a connection any more."""
        self._connections.pop(closed.connection_id, None)
        self._passed_ns.pop(closed.connection_id, None)

    def stepped(self) -> None:
        """Forget marks of a clock that has stepped."""
        now_ns = self._clock.wall_ns()
        self._passed_ns = dict.fromkeys(self._passed_ns, now_ns)

    def all_passed_ns(self) -> int:
        """Return the receive time that every reader has passed."""
        return min([self._clock.wall_ns(), *self._passed_ns.values()])

    @property
    def size(self) -> int:
        """Return how many connections live."""
        return len(self._connections)

    def dismiss(self, within_s: float) -> None:
        """Close all connections, and wait for them."""
        until_s = self._clock.monotonic() + within_s * self._clock.speed
        for connection in self._connections.values():
            connection.close()
        for connection in [*self._connections.values()]:
            left_s = (until_s - self._clock.monotonic()) / self._clock.speed
            connection.join(max(0.0, left_s))


def _names(channels: Iterable[Channel]) -> Sequence[str]:
    return [channel.name for channel in channels]
