"""How an archive can misbehave on one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Status:
    """Answer with this status instead, such as `Status(429, {"Retry-After": "1"})`."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Promise all of the answer, send this part of it, then close."""

    part: float = 0.5


@dataclass(frozen=True)
class Reset:
    """Reset the connection after this part of the answer; 0 is before any byte."""

    part: float = 0.0


@dataclass(frozen=True)
class Slow:
    """Send the answer in pieces of so many bytes with pauses between them."""

    pause_s: float
    piece: int = 1024


@dataclass(frozen=True)
class NoRange:
    """Answer a request for a part with the whole file."""


@dataclass(frozen=True)
class Body:
    """Answer well, with these bytes."""

    data: bytes


Fault = Status | Cut | Reset | Slow | NoRange | Body
