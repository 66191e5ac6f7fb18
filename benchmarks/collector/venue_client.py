"""One client of the exchange under load: handshake, requests, and frames on their way to it."""

import asyncio
import logging
import struct
from fcntl import ioctl
from termios import TIOCOUTQ

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.collector.market import Market
from tests.exchange.paths import place_of
from tests.exchange.requests import Reply, Subscriptions, reply

_ROOM = 1 << 30
_QUIET = logging.getLogger("benchmarks.websockets")
_QUIET.disabled = True


class Clients:
    """Those who are connected."""

    def __init__(self) -> None:
        self.made = 0
        self._open: list[Client] = []

    def add(self, client: "Client") -> None:
        """Take note of a new one."""
        self.made += 1
        self._open.append(client)

    def remove(self, client: "Client") -> None:
        """Forget one."""
        self._open = [other for other in self._open if other is not client]

    def flush(self) -> None:
        """Send everybody what is queued."""
        for client in self._open:
            client.flush()

    def waiting_bytes(self) -> int:
        """Return what has not reached the clients' sockets."""
        return sum(client.waiting_bytes() for client in self._open)


class Client(asyncio.Protocol):
    """Serves one connection; it may fall behind as far as it likes."""

    def __init__(self, market: Market, clients: Clients) -> None:
        self._market, self._clients = market, clients
        self._protocol = ServerProtocol(logger=_QUIET)
        self._subscriptions = Subscriptions()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_ROOM)
        self._clients.add(self)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002
        """Forget everything."""
        self._clients.remove(self)
        self._leave(tuple(self._subscriptions.streams))

    def data_received(self, data: bytes) -> None:
        """Read the handshake, or what the client has to say."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._let_in(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._hear(bytes(event.data))
        self._write_pending()

    def _let_in(self, request: Request) -> None:
        self._protocol.send_response(self._protocol.accept(request))
        place = place_of(request.path)
        if place:
            self._subscriptions.streams.update(dict.fromkeys(place.streams))
            self._join(place.streams)

    def _hear(self, message: bytes) -> None:
        done: Reply = reply(message, self._subscriptions)
        self._protocol.send_text(done.text)
        if done.method == "SUBSCRIBE":
            self._join(done.streams)
        elif done.method == "UNSUBSCRIBE":
            self._leave(done.streams)

    def _join(self, streams: tuple[str, ...]) -> None:
        for stream in streams:
            if stall := self._market.stalls.get(stream):
                stall.join(self)

    def _leave(self, streams: tuple[str, ...]) -> None:
        for stream in streams:
            if stall := self._market.stalls.get(stream):
                stall.leave(self)

    def hand(self, frame: bytes) -> None:
        """Queue a frame for the next flush."""
        self._out.append(frame)

    def flush(self) -> None:
        """Send what is queued."""
        if self._out:
            # One TLS record each, as of a server that writes each frame when it comes.
            self._transport.writelines(self._out)
            self._out.clear()

    def _write_pending(self) -> None:
        self.flush()
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    def waiting_bytes(self) -> int:
        """Return what has not reached the client's socket."""
        if self._transport.is_closing():
            return 0
        descriptor = self._transport.get_extra_info("socket").fileno()
        queued = struct.unpack("i", ioctl(descriptor, TIOCOUTQ, bytes(4)))[0]
        return self._transport.get_write_buffer_size() + int(queued)
