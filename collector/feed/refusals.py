"""What a refused handshake or REST call means, and how long to wait. No clock, no socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

_LONGEST_WAIT_S = 3 * 86_400.0
"""No ban of the exchange lasts longer."""


class RefusalKind(StrEnum):
    """Why the exchange does not serve us."""

    TOO_MANY = "too many requests"
    BANNED = "banned"
    LOCATION = "location refused"
    FIREWALL = "blocked by the firewall"
    TRANSIENT = "out of service"
    OTHER = "refused"


@dataclass(frozen=True)
class Refusal:
    """A refusal; `wait_s` is None if nothing says how long to wait: then back off as usual."""

    kind: RefusalKind
    wait_s: float | None
    message: str
    status: int


@dataclass(frozen=True)
class _Meaning:
    kind: RefusalKind
    wait_s: float | None
    text: str


_MEANINGS = {
    429: _Meaning(RefusalKind.TOO_MANY, 60.0, "too many requests from this address"),
    418: _Meaning(
        RefusalKind.BANNED, 120.0,
        "this address is banned for a while, since it went on after being told to stop; "
        "every program behind it is banned too",
    ),
    451: _Meaning(
        RefusalKind.LOCATION, 600.0,
        "the exchange does not serve this location; run the collector in a region that it serves, "
        "such as asia-northeast1 (Tokyo), and in none of the United States",
    ),
    403: _Meaning(
        RefusalKind.FIREWALL, 60.0,
        "the exchange's web application firewall blocks this address; ask less often, or run the "
        "collector behind another address",
    ),
}  # fmt: skip
_OUT_OF_SERVICE = _Meaning(RefusalKind.TRANSIENT, None, "the exchange is out of service")
_OTHER = _Meaning(RefusalKind.OTHER, None, "the exchange refuses; check the address that was asked")


def refusal(status: int, headers: Mapping[str, str], now_s: float | None = None) -> Refusal:
    """Return what a status means that is no success; names of headers may have any case.

    A `Retry-After` is obeyed with every status. One that is a date counts from the answer's own
    `Date`, else from `now_s` (since 1970).
    """
    meaning = _MEANINGS.get(status) or (_OUT_OF_SERVICE if status >= 500 else _OTHER)
    asked_s = _retry_after_s({name.lower(): text for name, text in headers.items()}, now_s)
    wait_s = meaning.wait_s if asked_s is None else asked_s
    until = "" if wait_s is None else f"; next attempt in {wait_s:.0f} s or later"
    return Refusal(meaning.kind, wait_s, f"HTTP {status}: {meaning.text}{until}", status)


def _retry_after_s(headers: Mapping[str, str], now_s: float | None) -> float | None:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # Cut first: there may be more digits than Python reads as a number.
        return min(float(text[:18]), _LONGEST_WAIT_S)
    until_s, from_s = _date_s(text), _date_s(headers.get("date", ""))
    from_s = now_s if from_s is None else from_s
    if until_s is None or from_s is None:
        return None
    return min(max(0.0, until_s - from_s), _LONGEST_WAIT_S)


def _date_s(text: str) -> float | None:
    """Read an HTTP date as seconds since 1970."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
