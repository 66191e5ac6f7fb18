"""The other end of a connection, moved by a test: it says what it is told, when it is told."""

import contextlib
import json
import socket
import ssl
import struct
from collections import deque
from collections.abc import Iterator
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

TIMEOUT_S = 10.0


class Peer:
    """An accepted socket. Nothing is said by itself: no handshake, no pong, no goodbye."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._protocol = ServerProtocol()
        self._events: deque[object] = deque()

    def hear(self) -> object:
        """Wait for the client's request or next frame; raise `EOFError` where it ended."""
        while not self._events:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self._protocol.receive_data(data)
            self._events.extend(self._protocol.events_received())
        return self._events.popleft()

    def frame(self, kind: Opcode) -> bytes:
        """Wait for the next frame and return its content; it must be of this kind."""
        frame = self.hear()
        assert isinstance(frame, Frame)
        assert kind is frame.opcode, frame
        return bytes(frame.data)

    def request(self) -> Any:
        """Wait for a SUBSCRIBE or such."""
        return json.loads(self.frame(Opcode.TEXT))

    def shake_hands(self) -> Request:
        """Accept the handshake; return what was asked."""
        request = self.hear()
        assert isinstance(request, Request)
        self._protocol.send_response(self._protocol.accept(request))
        self._flush()
        return request

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        """Refuse the handshake."""
        assert isinstance(self.hear(), Request)
        lines = [f"HTTP/1.1 {status} Refused", *(f"{name}: {headers[name]}" for name in headers)]
        self.say("\r\n".join([*lines, "", ""]).encode())
        self.socket.close()

    def _flush(self) -> None:
        self.say(b"".join(self._protocol.data_to_send()))

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def text(self, *texts: bytes) -> None:
        """Send texts, a frame each, at once."""
        self.say(b"".join(frame(text) for text in texts))

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self.say(frame(payload, Opcode.PING))

    def goodbye(self, code: int, reason: str) -> None:
        """Send a close frame."""
        self.say(frame(code.to_bytes(2) + reason.encode(), Opcode.CLOSE))

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def frame(payload: bytes, kind: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """Return a frame as a server sends it."""
    return Frame(kind, payload, fin).serialize(mask=False)


class Listener:
    """A port on which a test waits for connections."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(TIMEOUT_S)
        self._accepted = contextlib.ExitStack()
        scheme = "wss" if tls else "ws"
        self.url = f"{scheme}://localhost:{self._listening.getsockname()[1]}/public/stream"

    def accept(self) -> Peer:
        """Wait for a connection, and say nothing yet."""
        sock, _ = self._listening.accept()
        sock.settimeout(TIMEOUT_S)
        if self._tls:
            # From here on `sock` is an empty shell; a failed handshake closes the new one.
            sock = self._tls.wrap_socket(sock, server_side=True)
        self._accepted.callback(sock.close)
        return Peer(sock)

    def meet(self) -> Peer:
        """Wait for a connection, and accept its handshake."""
        peer = self.accept()
        peer.shake_hands()
        return peer

    def close(self) -> None:
        """Close everything."""
        self._accepted.close()
        self._listening.close()


@contextlib.contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Listen for as long as the test lasts."""
    listener = Listener(tls)
    try:
        yield listener
    finally:
        listener.close()
