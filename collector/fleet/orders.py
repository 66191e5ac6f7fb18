"""What the fleet wants done, and what it wants told. No clock, no socket, no disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.fleet.channel import Channel

Channels = tuple[Channel, ...]


@dataclass(frozen=True)
class Open:
    """Make a connection and subscribe."""

    connection_id: int
    channels: Channels


@dataclass(frozen=True)
class Subscribe:
    """Ask for more on a connection."""

    connection_id: int
    channels: Channels


@dataclass(frozen=True)
class Unsubscribe:
    """Ask for some no more."""

    connection_id: int
    channels: Channels


@dataclass(frozen=True)
class Close:
    """End a connection."""

    connection_id: int


@dataclass(frozen=True)
class Tell:
    """Write an event into the journal, and a message about it into the log."""

    event: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)
    severity: str = "INFO"


@dataclass(frozen=True)
class GiveUp:
    """End the run: nothing can be recorded."""

    message: str


Order = Open | Subscribe | Unsubscribe | Close | Tell | GiveUp
