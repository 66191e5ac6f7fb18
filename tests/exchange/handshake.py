"""How the exchange answers a handshake. No clock, no socket."""

from dataclasses import dataclass
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response

HANG, RESET = "hang", "reset"


@dataclass(frozen=True)
class Refusal:
    """How a handshake is refused: a status, or `hang` or `reset`."""

    how: str
    retry_after: str = ""


_BODIES = {
    "418": b'{"code":-1003,"msg":"Way too much request weight used; IP banned."}',
    "429": b'{"code":-1003,"msg":"Too many requests."}',
    "451": b'{"code":0,"msg":"Service unavailable from a restricted location."}',
    "403": b"<html><head><title>403 Forbidden</title></head></html>",
}


def refusal_response(refusal: Refusal) -> Response:
    """Return the answer to a client that is not let in."""
    status = HTTPStatus(int(refusal.how))
    body = _BODIES.get(refusal.how, status.phrase.encode())
    headers = Headers([("Connection", "close"), ("Content-Length", str(len(body)))])
    if refusal.retry_after:
        headers["Retry-After"] = refusal.retry_after
    return Response(status.value, status.phrase, headers, body)
