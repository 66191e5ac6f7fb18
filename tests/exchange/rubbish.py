"""Frames that are wrong, and frames that are right in unusual ways. No clock, no socket.

Rubbish is made of a proper frame: `data` is its payload by key, each value as it was written.
"""

import json
from collections.abc import Callable
from random import Random

import msgspec

from tests.exchange.wire import BINARY, TEXT, framed, in_pieces

_HUGE = 2 << 20
_Data = dict[str, bytes]


def _without(*keys: str) -> Callable[[_Data], _Data]:
    return lambda data: {key: value for key, value in data.items() if key not in keys}


def _with(value: bytes, *keys: str) -> Callable[[_Data], _Data]:
    return lambda data: data | {key: value for key in keys if key in data}


WRONG_DATA: dict[str, Callable[[_Data], _Data]] = {
    "no-id": _without("t", "u"),
    "no-time": _without("T"),
    "no-symbol": _without("s"),
    "no-price": _without("p", "b"),
    "text-id": _with(b'"one"', "t", "u"),
    "float-id": _with(b"1.5", "t", "u"),
    "huge-id": _with(b"99999999999999999999999", "t", "u"),
    "null-time": _with(b"null", "T", "E"),
    "number-symbol": _with(b"7", "s"),
    "other-symbol": _with(b'"NOSUCHUSDT"', "s"),
    "path-symbol": _with(b'"../../BTCUSDT"', "s"),
    "text-side": _with(b'"yes"', "m"),
    "list-price": _with(b"[1]", "p"),
    "word-price": _with(b'"abc"', "p"),
    "comma-price": _with(b'"1,5"', "p", "q"),
    "line-price": _with(b'"1\\n2"', "p", "q"),
    "object-book": _with(b'{"x":1}', "b"),
    "text-book": _with(b'"full"', "a"),
    "flat-book": _with(b'["1","2"]', "b"),
    "word-book": _with(b'[["abc","def"]]', "b"),
    "quoted-book": _with(b'[["1\\"2","3"]]', "a"),
    "utf8-book": _with(b'[["\xff\xfe","1"]]', "b"),
    "utf8-type": _with(b'"\xc3\x28"', "X"),
}
"""Objects with wrong values; the names say in what."""

WRONG_TEXT: dict[str, Callable[[bytes], bytes]] = {
    "json": lambda dressed: dressed[: len(dressed) // 2],
    "utf8": lambda dressed: dressed.replace(b'"s":"', b'"s":"\xff\xfe\xc3'),
    "number": lambda _: b"42",
    "text": lambda _: b'"btcusdt@trade"',
    "list": lambda dressed: b"[" + dressed + b"]",
    "null": lambda _: b"null",
    "empty": lambda _: b"",
    "object": lambda _: b"{}",
    "no-data": lambda _: b'{"stream":"btcusdt@trade","data":null}',
    "html": lambda _: b"<html><body>502 Bad Gateway</body></html>",
    "zeros": lambda _: b"\0" * 100,
    "deep": lambda _: b'{"stream":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "huge": lambda _: b'{"stream":"x","data":{"e":"x","y":"' + b"y" * _HUGE + b'"}}',
}
"""Texts in place of a frame of a combined connection."""

RUBBISH = (*WRONG_DATA, *WRONG_TEXT, "binary")


def rubbish(kind: str, payload: bytes, dress: Callable[[bytes], bytes], random: Random) -> bytes:
    """Return the WebSocket bytes of a wrong frame; `any` kind is drawn."""
    chosen = random.choice(RUBBISH) if kind == "any" else kind
    if chosen == "binary":
        return framed(random.randbytes(200), BINARY)
    if chosen in WRONG_TEXT:
        return framed(WRONG_TEXT[chosen](dress(payload)), TEXT)
    return framed(dress(_joined([*WRONG_DATA[chosen](_parts(payload)).items()])), TEXT)


def unusual(payload: bytes, dress: Callable[[bytes], bytes], random: Random) -> bytes:
    """Return the WebSocket bytes of a frame that is right: other order, unknown keys, pieces."""
    parts = [*_parts(payload).items(), ("zz", b'{"deep":[1,{"e":"trade"}]}'), ("i", b"null")]
    random.shuffle(parts)
    dressed = dress(_joined(parts, b", " if random.random() < 0.5 else b","))
    if dressed.startswith(b'{"stream":') and random.random() < 0.5:
        dressed = _data_first(dressed)
    pieces = random.choice((1, 1, 2, 3))
    return in_pieces(dressed, pieces)


def _parts(payload: bytes) -> _Data:
    read = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    return {key: bytes(value) for key, value in read.items()}


def _joined(parts: list[tuple[str, bytes]], comma: bytes = b",") -> bytes:
    return b"{%b}" % comma.join(json.dumps(key).encode() + b":" + value for key, value in parts)


def _data_first(dressed: bytes) -> bytes:
    """Return a wrapped frame whose `stream` comes last."""
    stream = dressed[len(b'{"stream":') : dressed.index(b',"data":')]
    data = dressed[dressed.index(b',"data":') + len(b',"data":') : -1]
    return b'{"data":%b,"more":true,"stream":%b}' % (data, stream)
