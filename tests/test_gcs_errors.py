"""What clients raise: whether to ask again, and what a person reads of it."""

import http.client
from typing import Any

import pytest
import requests
import urllib3
from google.api_core import exceptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth import exceptions as auth_exceptions

from lake.gcs_errors import Damaged, advice, is_transient, of_obstore, policy, said

# Their constructors have no types.
api: Any = exceptions
auth: Any = auth_exceptions

PASSING = [408, 429, 500, 502, 503, 504]
LASTING = [400, 401, 403, 404, 409, 412, 416, 501]


def refused(status: int, message: str = "") -> GoogleAPICallError:
    error: GoogleAPICallError = api.from_http_status(status, message)
    return error


class UploadRefused(Exception):
    """What Google's client raises inside an upload: not an error of its API, but with an answer."""

    def __init__(self, status: int) -> None:
        super().__init__("Request failed with status code", status)
        self.response = requests.Response()
        self.response.status_code = status
        self.response._content = b'{"error": {"code": 1, "message": "in its words."}}'


@pytest.mark.parametrize("status", PASSING)
def test_what_a_server_says_of_the_moment_passes(status: int) -> None:
    assert is_transient(refused(status))
    assert is_transient(UploadRefused(status))


@pytest.mark.parametrize("status", LASTING)
def test_what_a_server_says_of_the_request_does_not_pass(status: int) -> None:
    assert not is_transient(refused(status))
    assert not is_transient(UploadRefused(status))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset"),
        TimeoutError(),
        requests.ConnectionError("reset"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.Timeout("slow"),
        http.client.IncompleteRead(b""),
        urllib3.exceptions.ProtocolError("cut"),
        auth.TransportError("no metadata server"),
        auth.RefreshError("later", retryable=True),
        Damaged("changed on its way"),
    ],
    ids=repr,
)
def test_a_connection_that_breaks_may_not_break_again(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        auth.RefreshError("revoked"),
        auth.DefaultCredentialsError("none"),
        ValueError("a bug"),
        KeyError("a bug"),
    ],
    ids=repr,
)
def test_nothing_else_is_tried_again(error: Exception) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize("status", PASSING + LASTING)
def test_obstore_hides_the_status_in_its_text(status: int) -> None:
    text = (
        "Generic GCS error: Error performing GET http://x/y in 2ms - Server returned non-2xx "
        f"status code: {status} Some Reason: <?xml version='1.0'?><Error><Code>C</Code>"
        "<Details>who lacks what: here</Details></Error>\n\nDebug source:\nGeneric { ... }"
    )
    error = of_obstore(Exception(text))

    assert isinstance(error, GoogleAPICallError)
    assert status == error.code
    assert said(error).endswith(", C who lacks what: here")


def test_obstore_without_a_status_is_a_broken_connection() -> None:
    error = of_obstore(Exception("HTTP error: error sending request\n\nDebug source:\nmuch more"))

    assert isinstance(error, ConnectionError)
    assert "HTTP error: error sending request" == said(error)
    assert 404 == refused_status(of_obstore(FileNotFoundError("any")))


def refused_status(error: Exception) -> int | None:
    assert isinstance(error, GoogleAPICallError)
    return error.code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(503), "503 Service Unavailable"),
        (refused(403, "a@b lacks\nobjects.get."), "403 Forbidden, a@b lacks objects.get"),
        (UploadRefused(429), "429 Too Many Requests, in its words"),
        (ConnectionResetError(104, "Connection reset"), "[Errno 104] Connection reset"),
        (TimeoutError(), "TimeoutError"),
        (
            api.RetryError("Timeout of 120.0s exceeded", refused(503, "overloaded")),
            "no success in 120.0s, at last: 503 Service Unavailable, overloaded",
        ),
    ],
)  # fmt: skip
def test_a_failure_is_said_in_one_line(error: Exception, expected: str) -> None:
    assert expected == said(error)


def test_of_a_long_answer_only_the_beginning_is_said() -> None:
    assert len(said(refused(500, "x" * 5000))) < 250


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(403), "grant storage.objects.list to this account"),
        (refused(401), "log in again"),
        (auth.RefreshError("revoked"), "log in again"),
        (
            auth.DefaultCredentialsError("none"),
            "application-default login, or run as a service account",
        ),
        (refused(400), "check the lake's address"),
        (api.RetryError("Timeout", refused(503)), "check the network and the bucket"),
        (auth.TransportError("no network"), "check the network and the bucket"),
    ],
)
def test_a_failure_comes_with_what_to_do(error: Exception, expected: str) -> None:
    assert expected in advice(error, "storage.objects.list")


@pytest.mark.usefixtures("quick")
def test_a_request_is_repeated_until_it_succeeds_and_each_failure_is_told() -> None:
    failures = [refused(503), ConnectionResetError(), refused(429)]
    left, told = failures.copy(), list[Exception]()

    def request() -> str:
        if left:
            raise left.pop(0)
        return "done"

    assert "done" == policy(60, told.append)(request)()
    assert failures == told


@pytest.mark.usefixtures("quick")
def test_nothing_is_repeated_when_nobody_waits_any_more() -> None:
    def request() -> None:
        raise refused(503)

    with pytest.raises(GoogleAPICallError):
        policy(3600, unless=lambda: True)(request)()
