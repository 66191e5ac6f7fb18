"""What a client may ask for on a connection, and what the exchange answers. No clock, no socket."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.exchange.limits import STREAMS_PER_CONNECTION


@dataclass
class Subscriptions:
    """What one connection has asked for; every name is taken, known or not."""

    combined: bool = True
    streams: dict[str, None] = field(default_factory=dict)

    def forget(self, streams: tuple[str, ...]) -> None:
        """Remove streams."""
        for stream in streams:
            self.streams.pop(stream, None)


@dataclass(frozen=True)
class Reply:
    """What to answer; `gone_too_far` if the connection is closed after it."""

    text: bytes
    method: str = ""
    streams: tuple[str, ...] = ()
    gone_too_far: bool = False


class _Wrong(Exception):
    """A request that is answered with an error."""


def reply(text: bytes, subscriptions: Subscriptions) -> Reply:
    """Answer one message and change the subscriptions accordingly."""
    try:
        request = json.loads(text)
    except ValueError as error:
        return Reply(_error(3, f"Invalid JSON: {error}"))
    number = request.get("id") if isinstance(request, dict) else None
    try:
        return _obey(_checked(request), subscriptions)
    except _Wrong as error:
        return Reply(_error(2, str(error), number))


def too_many(streams: int) -> bool:
    """Tell whether that is more than a connection may carry."""
    return streams > STREAMS_PER_CONNECTION


TOO_MANY = b'{"error":{"code":4,"msg":"Too many subscriptions"}}'


def _checked(request: Any) -> dict[str, Any]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise _Wrong("Invalid request: missing field `method`")
    if type(request.get("id")) not in (int, str):
        raise _Wrong("Invalid request: request ID must be an unsigned integer")
    return request


def _obey(request: dict[str, Any], has: Subscriptions) -> Reply:
    number, method = request["id"], request["method"]
    match method:
        case "SUBSCRIBE":
            names = _names(request)
            has.streams.update(dict.fromkeys(names))
            if too_many(len(has.streams)):
                return Reply(TOO_MANY, method, names, gone_too_far=True)
            return Reply(_result(None, number), method, names)
        case "UNSUBSCRIBE":
            names = _names(request)
            has.forget(names)
            return Reply(_result(None, number), method, names)
        case "LIST_SUBSCRIPTIONS":
            return Reply(_result(list(has.streams), number), method)
        case "SET_PROPERTY" | "GET_PROPERTY":
            return Reply(_result(_property(request, has), number), method)
    raise _Wrong(f"Invalid request: unknown variant `{method}`")


def _names(request: dict[str, Any]) -> tuple[str, ...]:
    names = request.get("params")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _Wrong("Invalid request: params must be an array of strings")
    return tuple(names)


def _property(request: dict[str, Any], has: Subscriptions) -> bool | None:
    match request["method"], request.get("params"):
        case "SET_PROPERTY", ["combined", bool(value)]:
            has.combined = value
            return None
        case "GET_PROPERTY", ["combined"]:
            return has.combined
    raise _Wrong("Invalid request: unknown property")


def _result(result: object, number: int | str) -> bytes:
    return json.dumps(
        {"result": result, "id": number}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _error(code: int, message: str, number: object = None) -> bytes:
    answer: dict[str, object] = {"error": {"code": code, "msg": message}}
    if number is not None:
        answer["id"] = number
    return json.dumps(answer, separators=(",", ":")).encode()
