"""What the clients of Google Cloud Storage raise: whether to ask again, and how to say it."""

import http.client
import json
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests
import urllib3
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    Unauthorized,
    from_http_status,
)
from google.api_core.retry import Retry
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

from lake.stopping import ENDING

_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT,
}  # fmt: skip
_log = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_MOST_WORDS = 200
"""Characters of what a server says that go into an error."""


class Damaged(Exception):
    """What arrived is not what was stored: cut short, or changed on its way."""


_BROKEN = (
    Damaged, OSError, TransportError, http.client.HTTPException, requests.RequestException,
    urllib3.exceptions.HTTPError,
)  # fmt: skip
FAILURES: tuple[type[Exception], ...] = (*_BROKEN, GoogleAPICallError, GoogleAuthError, RetryError)
"""What a request can end in; anything else is a bug."""


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may do better a moment later.

    408, 429, 500, 502, 503 and 504; connections that cannot be made, break or time out; bodies that
    are cut short or do not match their checksum; what Google's login calls so. All else is fatal.
    """
    status = _status(error)
    if status:
        return status in _PASSING
    return isinstance(error, _BROKEN) or (isinstance(error, GoogleAuthError) and error.retryable)


def policy(
    patience_s: float,
    noted: Callable[[Exception], object] = lambda _: None,
    unless: Callable[[], bool] = lambda: False,
) -> Retry:
    """Return how a request is repeated: after ever longer pauses, for so many seconds.

    `noted` is told of each failure that is followed by another attempt; `unless` ends them, as
    does the end of the program.
    """

    def note(error: Exception) -> None:
        _log.info("asking Google Cloud Storage again: %s", said(error))
        noted(error)

    return Retry(
        lambda error: is_transient(error) and not unless() and not ENDING.is_set(),
        initial=_FIRST_PAUSE_S, maximum=_LONGEST_PAUSE_S, multiplier=2,
        timeout=patience_s, on_error=note,
    )  # fmt: skip


def of_obstore(error: Exception) -> Exception:
    """Return what Google's own client would have raised: a status, or a broken connection."""
    text = str(error).partition("\n\nDebug source")[0]
    status = re.search(r"status code: (\d{3})[^:]*:?\s*(.*)", text, re.DOTALL)
    if isinstance(error, FileNotFoundError):
        return NotFound("no such object")  # type: ignore[no-untyped-call]
    if not status:
        return ConnectionError(text)
    refused: Exception = from_http_status(int(status[1]), status[2])  # type: ignore[no-untyped-call]
    return refused


def said(error: BaseException | None) -> str:
    """Return in one line what went wrong, in the server's words where it has any."""
    if isinstance(error, RetryError):
        waited = error.message.removeprefix("Timeout of ").removesuffix(" exceeded")
        return f"no success in {waited}, at last: {said(error.cause)}"
    status, words = _status(error), _one_line(_words(error))
    if not status:
        return words or type(error).__name__
    phrase = f"{int(status)} {HTTPStatus(status).phrase}"
    return f"{phrase}, {words}" if words else phrase


def advice(error: Exception, permission: str = "") -> str:
    """Return what a person can do about it; `permission` is what the request needs."""
    if isinstance(error, DefaultCredentialsError):
        return "run gcloud auth application-default login, or run as a service account"
    if isinstance(error, Unauthorized) or (
        isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)
    ):
        return "log in again with gcloud auth application-default login"
    if isinstance(error, Forbidden):
        return f"grant {permission} to this account and run again"
    if isinstance(error, GoogleAPICallError):
        return "check the lake's address and run again"
    return "check the network and the bucket, and run again"


def _status(error: BaseException | None) -> int | None:
    """Return the status of an answer; None if there was none."""
    if isinstance(error, GoogleAPICallError):
        return error.code
    answer = getattr(error, "response", None)
    status: int | None = getattr(answer, "status_code", None)
    return status


def _words(error: BaseException | None) -> str:
    """Return what the server said, without what the client wrapped it in."""
    answer: Any = getattr(error, "response", None)
    if answer is not None:
        return _message(str(answer.text))
    if isinstance(error, GoogleAPICallError):
        return _message(str(error.message))
    return str(error)


def _message(text: str) -> str:
    """Return the message in an answer of either API: JSON, XML or text."""
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return re.sub(r"<[^>]*>", " ", text)


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(". ")
    return line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]}…"
