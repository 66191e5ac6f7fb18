"""What a frame of the exchange says. No clock, no socket, no disk.

Frames are read by key: in any order, unknown keys ignored, numbers kept as the text that came.
The socket is read without a look at the text, so its validity is checked here, once for every
frame: all of it is UTF-8 and JSON, every number of a price or size is plain decimal digits, and a
book is pairs of such numbers. What is not so is `Strange` and never reaches a chunk. The levels
are checked as text: one pass of a pattern costs half of what decoding them would.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, field

_LONGEST_DETAIL = 120
_LONGEST_TYPE = 64
_MOST_DIGITS = 18

# Thirteen digits: from 2001 to 2286. A change of the unit is no time at all.
_Ms = Annotated[int, Meta(ge=10**12, lt=10**13)]
_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Trade(Struct, frozen=True, gc=False, tag_field="e", tag="trade"):
    """One trade id of a symbol; `price` and `quantity` are the text that came.

    It comes from a frame or, without `event_ms`, from a list of the REST interface.
    """

    symbol: str = field(name="s")
    trade_id: _Id = field(name="t")
    time_ms: _Ms = field(name="T")
    event_ms: _Ms | None = field(name="E")
    price: str = field(name="p")
    quantity: str = field(name="q")
    is_buyer_maker: bool = field(name="m")
    trade_type: str = field(name="X", default="")


class Snapshot(Struct, frozen=True, gc=False):
    """The best levels of a book at one moment; `bids` and `asks` are the JSON text that came."""

    symbol: str
    update_id: int
    time_ms: int
    event_ms: int
    bids: bytes
    asks: bytes


@dataclass(frozen=True)
class Answer:
    """What the exchange answered to a request of ours; `code` is None if it accepted."""

    request_id: int | None
    code: int | None = None
    message: str = ""


@dataclass(frozen=True)
class Shutdown:
    """The server says that it will soon close its connections."""


class Why(StrEnum):
    """What is strange about a frame: few words, so that they can name a counter."""

    UTF8 = "utf-8"
    JSON = "json"
    EVENT = "event"
    FIELD = "field"
    NUMBER = "number"
    LEVELS = "levels"
    STREAM = "stream"


@dataclass(frozen=True)
class Strange:
    """A frame that is set aside: why, and in one line what was found."""

    why: Why
    detail: str


Frame = Trade | Snapshot | Answer | Shutdown | Strange


class _Depth(Struct, frozen=True, gc=False, tag_field="e", tag="depthUpdate"):
    symbol: str = field(name="s")
    update_id: _Id = field(name="u")
    time_ms: _Ms = field(name="T")
    event_ms: _Ms = field(name="E")
    bids: Raw = field(name="b")
    asks: Raw = field(name="a")


class _Wrapped(Struct, gc=False):
    stream: str
    data: Trade | _Depth


_KNOWN_EVENTS = ("trade", "depthUpdate")
_decode_wrapped = msgspec.json.Decoder(_Wrapped).decode
_decode_bare = msgspec.json.Decoder(Trade | _Depth).decode
_decode_any = msgspec.json.Decoder().decode

# Possessive: a side that does not match fails at once. As many digits as a reader takes at most.
_NUMERAL = rb"\d{1,10}+(?:\.\d{1,8}+)?+"
_LEVEL = rb'\["%b","%b"\]' % (_NUMERAL, _NUMERAL)
_is_side = re.compile(rb"\[(?:%b(?:,%b)*+)?+\]" % (_LEVEL, _LEVEL)).fullmatch
_is_usual_number = re.compile(_NUMERAL.decode(), re.ASCII).fullmatch

# The same with room between the tokens, numbers without quotes, and signs.
_ANY_NUMERAL = rb"-?+\d++(?:\.\d++)?+"
_ANY_VALUE = rb'\s*+(?:"%b"|%b)\s*+' % (_ANY_NUMERAL, _ANY_NUMERAL)
_ANY_LEVEL = rb"\s*+\[%b,%b\]\s*+" % (_ANY_VALUE, _ANY_VALUE)
_is_any_side = re.compile(rb"\[(?:%b(?:,%b)*+)?+\s*+\]" % (_ANY_LEVEL, _ANY_LEVEL)).fullmatch
_numerals = re.compile(_ANY_NUMERAL).findall
_is_any_number = re.compile(_ANY_NUMERAL.decode(), re.ASCII).fullmatch


def read_frame(data: bytes) -> Frame:
    """Return what a frame says, wrapped or bare; whatever the bytes are, nothing is raised."""
    try:
        if not data.isascii():
            data.decode()
        wrapped = _decode_wrapped(data)
    except msgspec.ValidationError as error:
        return _read_other(data, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _unreadable(error)
    content, stream = wrapped.data, wrapped.stream
    if not stream.startswith(content.symbol.lower()):
        return Strange(Why.STREAM, _cut(f"{content.symbol!r} in a frame of {stream!r}"))
    return _checked(content) if isinstance(content, Trade) else _partial_book(content, stream)


def is_number(text: str) -> bool:
    """Tell whether a text is a number that a chunk may hold: plain digits, not too many."""
    if _is_usual_number(text):
        return True
    return bool(_is_any_number(text)) and _digits(text) <= _MOST_DIGITS


def _checked(trade: Trade) -> Trade | Strange:
    if not (is_number(trade.price) and is_number(trade.quantity)):
        return Strange(Why.NUMBER, _cut(f"price {trade.price!r}, quantity {trade.quantity!r}"))
    kind = trade.trade_type
    if not kind.isprintable() or len(kind) > _LONGEST_TYPE or trade.event_ms is None:
        return Strange(Why.FIELD, _cut(f"X {kind!r}, E {trade.event_ms}"))
    return trade


def _partial_book(depth: _Depth, stream: str) -> Snapshot | Strange:
    """Read the event of a partial book: that of the changes of a book has the same name."""
    if "@depth20" not in stream:
        return Strange(Why.STREAM, _cut(f"a depthUpdate in a frame of {stream!r}"))
    return _snapshot(depth)


def _snapshot(depth: _Depth) -> Snapshot | Strange:
    bids, asks = bytes(depth.bids), bytes(depth.asks)
    if not (_is_side(bids) and _is_side(asks)):
        bids, asks = _unusual_side(bids), _unusual_side(asks)
        if not (bids and asks):
            return Strange(Why.LEVELS, f"levels of {_cut(depth.symbol)} are no pairs of numbers")
    return Snapshot(depth.symbol, depth.update_id, depth.time_ms, depth.event_ms, bids, asks)


def _unusual_side(text: bytes) -> bytes:
    """Return a side without room between its tokens, since a row is one line; empty if it is none.

    Digits are as sent, and so are their quotes.
    """
    if not _is_any_side(text):
        return b""
    if any(_digits(numeral.decode()) > _MOST_DIGITS for numeral in _numerals(text)):
        return b""
    return text.translate(None, b" \t\r\n")


def _digits(numeral: str) -> int:
    return len(numeral.removeprefix("-").replace(".", "").lstrip("0"))


def _read_other(data: bytes, error: msgspec.ValidationError) -> Frame:
    """Read what is no wrapped trade or snapshot; `error` says why it is none."""
    try:
        content = _decode_any(data)
    except (msgspec.DecodeError, RecursionError) as worse:
        return _unreadable(worse)
    if not isinstance(content, dict):
        return Strange(Why.EVENT, _cut(f"no object: {data[:_LONGEST_DETAIL]!r}"))
    event = _inner(content)
    if event is content and event.get("e") in _KNOWN_EVENTS:
        return _read_bare(data)
    if event.get("e") == "serverShutdown":
        return Shutdown()
    return _answer(content) or _strange(event, error)


def _unreadable(error: Exception) -> Strange:
    why = Why.UTF8 if isinstance(error, UnicodeDecodeError) else Why.JSON
    return Strange(why, _cut(str(error)))


def _inner(content: dict[str, Any]) -> dict[str, Any]:
    """Return the event inside a wrapper, or what is no wrapper as it is."""
    found = content.get("data", content.get("event"))
    return found if isinstance(found, dict) else content


def _read_bare(data: bytes) -> Frame:
    try:
        content = _decode_bare(data)
    except msgspec.ValidationError as error:
        return Strange(Why.FIELD, _cut(str(error)))
    return _checked(content) if isinstance(content, Trade) else _snapshot(content)


def _answer(content: dict[str, Any]) -> Answer | None:
    """Read `{"result":null,"id":1}`, `{"error":{"code":2,"msg":"…"},"id":2}` or the bare error."""
    number = content.get("id")
    request_id = number if type(number) is int else None
    error = content.get("error", content)
    if isinstance(error, dict) and type(error.get("code")) is int:
        return Answer(request_id, error["code"], _cut(str(error.get("msg", ""))))
    return Answer(request_id) if "result" in content and "error" not in content else None


def _strange(event: dict[str, Any], error: msgspec.ValidationError) -> Strange:
    if event.get("e") in _KNOWN_EVENTS:
        return Strange(Why.FIELD, _cut(str(error)))
    return Strange(Why.EVENT, _cut(f"event {event.get('e')!r} with keys {list(event)!r}"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + "…"
