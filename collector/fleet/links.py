"""Connections, as the fleet sees them, and the berths that they lie in. No clock, no socket."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from collector.fleet.channel import Channel
from collector.fleet.legs import NEVER, Leg
from lake.layout import Stream


class Reason(StrEnum):
    """Why a connection is made."""

    START = "start"
    LOST = "connection lost"
    ROTATION = "rotation"
    LAG = "lag"
    SILENCE = "silence"
    SHUTDOWN = "server shutdown"
    ALONE = "stalled stream"


@dataclass(eq=False)
class Link:
    """One connection: what it carries, and how far its events have come.

    `event_ms` is the newest event time that any of its streams has brought.
    """

    connection_id: int
    reason: Reason
    asked_s: float
    opened_s: float | None = None
    event_ms: int = NEVER
    books: dict[str, Leg] = field(default_factory=dict)
    trades: dict[str, Leg] = field(default_factory=dict)
    acknowledged_ms: dict[Channel, int] = field(default_factory=dict)
    spoke: bool = False

    @property
    def legs(self) -> Iterator[Leg]:
        """Yield what it carries."""
        yield from self.books.values()
        yield from self.trades.values()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Return the channels it carries, sorted."""
        return tuple(sorted(leg.channel for leg in self.legs))

    def add(self, leg: Leg) -> None:
        """Carry a channel."""
        self._of(leg.channel)[leg.channel.symbol] = leg

    def remove(self, channel: Channel) -> bool:
        """Carry a channel no more; tell whether it was carried."""
        self.acknowledged_ms.pop(channel, None)
        return self._of(channel).pop(channel.symbol, None) is not None

    def leg(self, channel: Channel) -> Leg | None:
        """Return what carries a channel."""
        return self._of(channel).get(channel.symbol)

    def _of(self, channel: Channel) -> dict[str, Leg]:
        return self.trades if channel.stream is Stream.TRADES else self.books

    def has_spoken(self) -> bool:
        """Tell whether data has flowed on it."""
        if not self.spoke:
            self.spoke = any(leg.frames for leg in self.legs)
        return self.spoke


@dataclass(eq=False)
class Berth:
    """A place for one connection; while it is handed over, for two.

    `alone`: for streams that fell silent on another berth's connection, `home`, whose `guests` they
    are until that is replaced. `wanted` is why its connection should be replaced now.
    """

    number: int
    channels: set[Channel]
    home: "Berth | None" = None
    link: Link | None = None
    successor: Link | None = None
    wanted: Reason | None = None
    connected: bool = False
    failures: int = 0
    not_before_s: float = 0.0
    calm_until_s: float = 0.0
    lags: int = 0
    away: set[Channel] = field(default_factory=set)

    @property
    def alone(self) -> bool:
        """Tell whether its streams were moved here from another connection."""
        return self.home is not None

    @property
    def links(self) -> tuple[Link, ...]:
        """Return its connections."""
        return tuple(link for link in (self.link, self.successor) if link)
