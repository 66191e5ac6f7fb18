"""An open WebSocket, by `websocket-client`, read as much at a time as has come.

A line belongs to the thread that dialled: a TLS socket may not be read by one thread while another
writes.
"""

import select
import socket
import ssl

import websocket

from collector.feed.refusals import Refusal, refusal

_SEND_TIMEOUT_S = 5.0
_CHUNK = 1 << 16
_MOST_CHUNKS = 16
"""In one read, so that a flood does not keep the thread from its other duties."""
_RECEIVE_BUFFER = 4 << 20
_LONGEST_TEXT = 200


class LineError(Exception):
    """A line could not be opened, or broke; in one line why."""


class HandshakeRefused(LineError):
    """The exchange answered the handshake with an HTTP status."""

    def __init__(self, url: str, refusal: Refusal) -> None:
        super().__init__(f"cannot connect to {url}: {refusal.message}")
        self.refusal = refusal


class Line:
    """An open WebSocket whose incoming bytes are read as they are."""

    def __init__(self, web_socket: websocket.WebSocket, sock: socket.socket) -> None:
        self._web_socket, self._socket = web_socket, sock
        self._is_tls = isinstance(sock, ssl.SSLSocket)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._is_drained = True
        self._failure: LineError | None = None
        sock.settimeout(0)

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to read; tell whether there is."""
        if not self._is_drained or self._failure:
            return True
        return bool(self._poll.poll(max(1, round(timeout_s * 1_000))))

    def read(self) -> bytes:
        """Return all that has come; raise `LineError` at the end, after what came before it."""
        if self._failure:
            raise self._failure
        parts: list[bytes] = []
        self._is_drained = False
        try:
            while not self._is_drained and len(parts) < _MOST_CHUNKS:
                parts.append(self._read_part())
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._is_drained = True
        except OSError as error:
            self._failure = LineError(said(error))
        if self._failure and not parts:
            raise self._failure
        return b"".join(parts)

    def _read_part(self) -> bytes:
        part = self._socket.recv(_CHUNK)
        if not part:
            self._failure = LineError("the connection ended without a word")
            self._is_drained = True
        elif len(part) < _CHUNK and not self._is_tls:
            # A TLS record ends where it will; more of them may lie decrypted already.
            self._is_drained = True
        return part

    def send(self, text: bytes) -> None:
        """Send a text."""
        self._send(text, websocket.ABNF.OPCODE_TEXT)

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._send(payload, websocket.ABNF.OPCODE_PING)

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        self._send(payload, websocket.ABNF.OPCODE_PONG)

    def hang_up(self, code: int) -> None:
        """Say goodbye, if the other end still listens, and close the socket."""
        try:
            self._send(code.to_bytes(2), websocket.ABNF.OPCODE_CLOSE)
        except LineError:
            pass  # whoever hangs up no longer needs an answer
        finally:
            self._web_socket.shutdown()  # type: ignore[no-untyped-call]

    def _send(self, payload: bytes, kind: int) -> None:
        try:
            self._socket.settimeout(_SEND_TIMEOUT_S)
            self._web_socket.send(payload, kind)
            self._socket.settimeout(0)
        except (OSError, websocket.WebSocketException) as error:
            raise LineError(said(error)) from error


def dial(url: str, timeout_s: float, now_s: float) -> Line:
    """Open a line; raise `HandshakeRefused` or `LineError`. `now_s` is since 1970."""
    web_socket = websocket.WebSocket(
        sockopt=_socket_options(), sslopt=_tls_options(url), enable_multithread=False
    )
    web_socket.settimeout(timeout_s)
    try:
        web_socket.connect(  # type: ignore[no-untyped-call]
            url, suppress_origin=True, redirect_limit=0
        )
    except websocket.WebSocketBadStatusException as error:
        refused = refusal(error.status_code, error.resp_headers or {}, now_s)
        raise HandshakeRefused(url, refused) from error
    except (OSError, ValueError, websocket.WebSocketException) as error:
        raise LineError(f"cannot connect to {url}: {said(error)}") from error
    if not web_socket.sock:
        raise LineError(f"cannot connect to {url}: there is no socket")
    return Line(web_socket, web_socket.sock)


def said(error: Exception) -> str:
    """Return what an error says, in one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _tls_options(url: str) -> dict[str, ssl.SSLContext]:
    """Check certificates by the default trust store, or `SSL_CERT_FILE`."""
    return {"context": ssl.create_default_context()} if url.startswith("wss:") else {}


def _socket_options() -> list[tuple[int, int, int]]:
    """Return the options beside those that the library sets: no delay, keep-alive after 30 s."""
    wanted = (socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    with socket.socket() as trial:
        trial.setsockopt(*wanted)
        granted = trial.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # Less than asked for would be less than the kernel comes to by itself, and for ever.
    return [wanted] if granted >= _RECEIVE_BUFFER else []
