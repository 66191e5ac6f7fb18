"""What an answer of the archive means: here it is, there is none, later, or never. No clock."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus

_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.IM_A_TEAPOT,  # the exchange's word for a ban after too many requests
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_PAUSING = {
    HTTPStatus.IM_A_TEAPOT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE,
}  # fmt: skip
_SERVER_FAULTS = range(500, 600)
_WHOLE, _PART = HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT


class Meaning(Enum):
    """What to do about an answer."""

    WHOLE = auto()
    PART = auto()
    ABSENT = auto()
    NO_SUCH_RANGE = auto()
    LATER = auto()
    NEVER = auto()


def meaning(status: int) -> Meaning:
    """Tell what a status means.

    Transient are 408, 418, 425, 429 and all of 5xx. A 404 is an answer, not a failure; whatever
    else is not a file is final.
    """
    if status in _LATER or status in _SERVER_FAULTS:
        return Meaning.LATER
    known = {
        _WHOLE: Meaning.WHOLE,
        _PART: Meaning.PART,
        HTTPStatus.NOT_FOUND: Meaning.ABSENT,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: Meaning.NO_SUCH_RANGE,
    }
    return known.get(HTTPStatus(status), Meaning.NEVER) if status in _STATUSES else Meaning.NEVER


_STATUSES = frozenset(HTTPStatus)


def holds_for_all(status: int) -> bool:
    """Tell whether the archive means this address, and not one request."""
    return status in _PAUSING


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how long the archive asks us to wait: seconds or a date; None if it does not."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
