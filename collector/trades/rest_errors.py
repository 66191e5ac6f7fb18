"""The errors of the REST interface. No clock, no socket, no disk.

RestError           what was asked, why it failed; asked again later, it may do better
├── Paused          not asked: the exchange told us to wait, or our share of the weight is used up
└── Rejected        the exchange will not answer this, however often it is asked
    └── KeyRefused  it wants an API key, or another one
"""

from collector.errors import CollectorError


class RestError(CollectorError):
    """A request failed; `wait_s` is how long to leave the exchange alone."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Paused(RestError):
    """The request was not made, and need not be before `wait_s`."""


class Rejected(RestError):
    """The exchange refused this very question."""


class KeyRefused(Rejected):
    """The question needs an API key, or another one."""
