"""What a connection tells the recorder. No clock, no socket, no disk."""

from dataclasses import dataclass
from typing import NamedTuple

from collector.feed.refusals import Refusal


class Batch(NamedTuple):
    """Frames that one socket read brought, in their order. `received_ns`: right after that read."""

    connection_id: int
    received_ns: int
    frames: list[bytes]


@dataclass(frozen=True)
class Opened:
    """The handshake is done; SUBSCRIBE requests follow."""

    connection_id: int
    received_ns: int


@dataclass(frozen=True)
class Acknowledged:
    """The exchange accepted the names, which proves nothing: only a first frame does."""

    connection_id: int
    received_ns: int
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """The exchange refused a request for these streams, or (`code` None) never answered it."""

    connection_id: int
    received_ns: int
    streams: tuple[str, ...]
    code: int | None
    message: str


@dataclass(frozen=True)
class Passed:
    """Every frame that the connection reports from now on is received at `received_ns` or later.

    `heard_ns` is when the last byte came, of whatever kind.
    """

    connection_id: int
    received_ns: int
    heard_ns: int


@dataclass(frozen=True)
class Oversized:
    """A message longer than any real one was skipped."""

    connection_id: int
    received_ns: int
    length: int


ABNORMAL = 1006
"""What the protocol calls an end without a close code."""


@dataclass(frozen=True)
class Cause:
    """Why a connection ended, in one line.

    `code` is the exchange's close code, or `ABNORMAL`; None if it never opened or we ended it.
    """

    code: int | None
    text: str


CLOSED_BY_US = Cause(None, "closed by us")


@dataclass(frozen=True)
class Closed:
    """The connection is gone: nothing more comes from it. `refusal`: of its handshake."""

    connection_id: int
    received_ns: int
    cause: Cause
    refusal: Refusal | None = None


Report = Opened | Acknowledged | Refused | Passed | Oversized | Closed
