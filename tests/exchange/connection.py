"""One WebSocket connection as the exchange serves it: handshake, requests, pings, its end."""

import asyncio
import logging
import math
import socket
import struct
import time
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.exchange.columns import Ref
from tests.exchange.delivery import Delivery
from tests.exchange.handshake import HANG, RESET, Refusal, refusal_response
from tests.exchange.limits import Messages
from tests.exchange.paths import Place, place_of
from tests.exchange.requests import TOO_MANY, Subscriptions, reply, too_many
from tests.exchange.weather import Parcel, Weather
from tests.exchange.wire import framed, wrapped

_CLIENT_CLOSED_S = 0.5
"""What a client may have left unread that says goodbye: it stops reading before it speaks."""

_CLIENT_VANISHED_S = 1.5
"""And one that says nothing, such as a process that was killed."""

_ENCRYPTED_S = 0.5
"""With TLS nobody can say which frames the bytes that never left belong to."""

_GOODBYE_S = 1.0
_QUIET = logging.getLogger("tests.exchange.websockets")
_QUIET.disabled = True


class Host(Protocol):
    """What a connection tells, and asks, the exchange."""

    def now_ms(self) -> float:
        """Return the exchange's time."""

    def knock(self, path: str) -> Refusal | None:
        """Return how a handshake is refused, if it is."""

    def opened(self, connection: "Connection", path: str) -> None:
        """Take note of a new connection, and number it."""

    def asked(self, connection: "Connection", method: str, streams: tuple[str, ...]) -> None:
        """Take note of a request that was obeyed."""

    def answer(self, usual: bytes) -> bytes | None:
        """Return what is said to a request that would be answered as usual."""

    def ended(self, connection: "Connection", end: str) -> None:
        """Take note of the end of a connection."""

    def sent(self, connection: "Connection", ref: Ref) -> None:
        """Take note that an event was sent."""

    def doubt(self, connection: "Connection", refs: list[Ref]) -> None:
        """Take back that these events surely reached the client."""


class Connection(asyncio.Protocol):
    """Serves one client; frames are queued in `out`, their events in `refs`, until `flush`."""

    def __init__(self, host: Host) -> None:
        self.host, self.number = host, 0
        self.place = Place(public=False, combined=True)
        self.subscriptions = Subscriptions()
        self.weather: Weather | None = None
        self.open = False
        self.opened_ms = 0.0
        self.lifetime_s: float | None = None
        self.out: list[bytes] = []
        self.refs: list[Ref] = []
        self.unanswered: dict[bytes, float] = {}
        self.last_ping_ms = 0.0
        self._protocol = ServerProtocol(logger=_QUIET)
        self._messages = Messages()
        self._delivery = Delivery()
        self._text: list[bytes] = []
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; it may hold as much as it likes."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=1 << 30)

    def data_received(self, data: bytes) -> None:
        """Read the handshake, or what the client has to say."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            elif isinstance(event, Frame) and self.open:
                self._hear(event)
        self._write_pending()

    def eof_received(self) -> bool:
        """Take note that the client went without a word."""
        self._gone("client vanished", _CLIENT_VANISHED_S)
        return False

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Take note that the socket is gone."""
        self._gone("client vanished", _CLIENT_VANISHED_S)

    def deliver(self, parcel: Parcel) -> None:
        """Queue a parcel for the next flush."""
        if not self.open:
            return
        dressed = parcel.raw or framed(self.dressed(parcel.stream, parcel.payload))
        self.out.append(dressed)
        if parcel.ref:
            self.refs.append(parcel.ref)
            self.host.sent(self, parcel.ref)

    def dressed(self, stream: str, payload: bytes) -> bytes:
        """Return a payload as this connection carries it."""
        return wrapped(stream.encode(), payload) if self.subscriptions.combined else payload

    def flush(self) -> None:
        """Write what is queued."""
        if not self.out:
            return
        data = b"".join(self.out)
        self.out.clear()
        self._transport.write(data)
        real_s = time.monotonic()
        self._delivery.add(real_s, len(data), self.refs)
        self.refs = []
        self._delivery.forget(real_s, self.underway())

    def underway(self) -> int:
        """Return how many bytes have not reached the client's machine."""
        if self._transport.is_closing():
            return 0
        waiting = ioctl(self._socket().fileno(), TIOCOUTQ, bytes(4))
        return self._transport.get_write_buffer_size() + int(struct.unpack("i", waiting)[0])

    def ping(self, now_ms: float) -> None:
        """Ping the client, which has to answer with the same payload."""
        payload = str(int(now_ms)).encode()
        self.unanswered[payload] = self.last_ping_ms = now_ms
        self.flush()
        self._protocol.send_ping(payload)
        self._write_pending()

    def close(self, code: int, reason: str = "") -> None:
        """End the connection with a close frame, which the client may answer."""
        if not self.open:
            return
        self.flush()
        self._protocol.send_close(code, reason)
        self._write_pending()
        asyncio.get_running_loop().call_later(_GOODBYE_S, self._transport.abort)
        self._over(f"close {code}", self._never_left())

    def cut(self) -> None:
        """End the connection without a close frame."""
        self.flush()
        lost = self._never_left()
        self._transport.close()
        self._over("cut", lost)

    def reset(self) -> None:
        """End the connection by a reset; what has reached the client's machine can be read."""
        lost = self._never_left()
        linger = struct.pack("ii", 1, 0)
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()
        self._over("reset", lost)

    def freeze(self) -> None:
        """Leave the socket as it is, and never speak or listen on it again."""
        self.flush()
        self._transport.pause_reading()
        self._over("half-open", [])

    def hang_up(self) -> None:
        """Give up the socket, whatever its state: the exchange is closed."""
        if self.open:
            self.reset()
        elif not self._transport.is_closing():
            self._transport.abort()

    def _shake_hands(self, request: Request) -> None:
        place, refusal = place_of(request.path), self.host.knock(request.path)
        if refusal is None and place is None:
            refusal = Refusal("404")
        if refusal is None and place is not None:
            self._protocol.send_response(self._protocol.accept(request))
            self._write_pending()
            self._let_in(request.path, place)
        elif refusal and refusal.how == RESET:
            self.reset()
        elif refusal and refusal.how != HANG:
            self._protocol.send_response(refusal_response(refusal))

    def _let_in(self, path: str, place: Place) -> None:
        self.place, self.open = place, True
        self.subscriptions.combined = place.combined
        self.subscriptions.streams.update(dict.fromkeys(place.streams))
        self.opened_ms = self.last_ping_ms = self.host.now_ms()
        self.host.opened(self, path)
        if too_many(len(place.streams)):
            self._say(TOO_MANY)
            self.close(1008, "Invalid request")
        else:
            self.host.asked(self, "SUBSCRIBE", place.streams)

    def _hear(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._gone("client closed", _CLIENT_CLOSED_S)
        elif not self._messages.allow(self.host.now_ms()):
            self.close(1008, "Too many requests")
        elif frame.opcode is Opcode.PONG:
            self.unanswered.pop(bytes(frame.data), None)
        elif frame.opcode is not Opcode.PING:
            self._text.append(bytes(frame.data))
            if frame.fin:
                message, self._text = b"".join(self._text), []
                self._obey(message)

    def _obey(self, message: bytes) -> None:
        done = reply(message, self.subscriptions)
        answer = self.host.answer(done.text)
        if answer:
            self._say(answer)
        if done.gone_too_far:
            self.close(1008, "Invalid request")
        elif answer in (None, done.text):
            self.host.asked(self, done.method, done.streams)
        elif done.method == "SUBSCRIBE":
            self.subscriptions.forget(done.streams)

    def _say(self, text: bytes) -> None:
        self.flush()
        self._protocol.send_text(text)
        self._write_pending()

    def _write_pending(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._delivery.add(time.monotonic(), len(data), [])
                self._transport.write(data)
            else:
                self._transport.close()

    def _gone(self, end: str, unread_s: float) -> None:
        """Take note that the client ended the connection, with frames that it never read."""
        if self.open:
            doubtful = self._delivery.doubtful(time.monotonic() - unread_s, self.underway())
            self._over(end, doubtful + self.refs)

    def _never_left(self) -> list[Ref]:
        underway = self.underway()
        encrypted = underway and self._transport.get_extra_info("ssl_object")
        since_s = time.monotonic() - _ENCRYPTED_S if encrypted else math.inf
        return self._delivery.doubtful(since_s, underway) + self.refs

    def _over(self, end: str, doubtful: list[Ref]) -> None:
        if self.open:
            self.open = False
            self.out.clear()
            self.host.doubt(self, doubtful)
            self.host.ended(self, end)

    def _socket(self) -> socket.socket:
        found: socket.socket = self._transport.get_extra_info("socket")
        return found
