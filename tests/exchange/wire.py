"""Frames as the exchange writes them. No clock, no socket."""

import struct

from tests.exchange.events import Event, Snapshot, Trade

TEXT, BINARY, CONTINUATION = 0x1, 0x2, 0x0

_FINAL = 0x80


def framed(payload: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """Return the WebSocket frame of a payload, as a server sends it: unmasked."""
    first = opcode | (_FINAL if final else 0)
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def in_pieces(payload: bytes, pieces: int) -> bytes:
    """Return one message in several frames."""
    step = max(1, -(-len(payload) // pieces))
    parts = [payload[at : at + step] for at in range(0, len(payload), step)]
    return b"".join(
        framed(part, CONTINUATION if at else TEXT, final=at == len(parts) - 1)
        for at, part in enumerate(parts)
    )


def wrapped(stream: bytes, payload: bytes) -> bytes:
    """Return a payload as combined connections carry it."""
    return b'{"stream":"%b","data":%b}' % (stream, payload)


def payload_of(event: Event) -> bytes:
    """Return what a frame says of an event, in the key order of the exchange."""
    if event.sent_as:
        return event.sent_as
    return (_trade(event) if isinstance(event, Trade) else _snapshot(event)).encode()


def _trade(trade: Trade) -> str:
    return (
        f'{{"e":"trade","E":{trade.event_ms},"T":{trade.time_ms},"s":"{trade.symbol}",'
        f'"t":{trade.trade_id},"p":"{trade.price}","q":"{trade.quantity}",'
        f'"X":"{trade.trade_type}","m":{"true" if trade.is_buyer_maker else "false"},"st":1}}'
    )


def _snapshot(book: Snapshot) -> str:
    first, previous = book.before
    return (
        f'{{"e":"depthUpdate","E":{book.event_ms},"T":{book.time_ms},"s":"{book.symbol}",'
        f'"ps":"{book.symbol}","U":{first},"u":{book.update_id},"pu":{previous},'
        f'"b":{book.bids},"a":{book.asks},"st":1}}'
    )
