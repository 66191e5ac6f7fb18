"""A client that believes everything: for tests of the exchange itself."""

import json
import struct
import time
from collections.abc import Callable
from typing import Any, Self

import websocket

_PATIENCE_S = 10.0


class Ended(Exception):
    """The exchange ended the connection; `code` is that of its close frame, or 1006.

    `heard` is what came before, since listening began.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason
        self.heard: list[bytes] = []


class Listener:
    """Connects, subscribes and hands out what it hears, as bytes or as JSON."""

    def __init__(self, ws_url: str, *streams: str, path: str = "/public/stream", **options: Any):
        self.socket = websocket.create_connection(
            ws_url + path, timeout=_PATIENCE_S, skip_utf8_validation=True, **options
        )
        self.socket.settimeout(0.01)
        if streams:
            self.ask("SUBSCRIBE", list(streams))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close(timeout=0)
        if self.socket.sock:
            self.socket.sock.close()

    def ask(self, method: str, params: list[Any] | None = None, number: int = 1) -> None:
        """Send a request."""
        request: dict[str, Any] = {"method": method, "id": number}
        self.socket.send(json.dumps(request | ({"params": params} if params else {})))

    def hear(self, real_s: float) -> list[bytes]:
        """Return what comes in some time."""
        heard: list[bytes] = []
        until = time.monotonic() + real_s
        while time.monotonic() < until:
            try:
                data = self._next()
            except Ended as ended:
                ended.heard = heard
                raise
            if data is not None:
                heard.append(data)
        return heard

    def wait(self, wanted: Callable[[Any], bool]) -> Any:
        """Return the first JSON frame that is wanted."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            if (data := self._next()) is not None and wanted(said := json.loads(data)):
                return said
        raise TimeoutError("nothing of the sort came")

    def answer(self, number: int = 1) -> Any:
        """Return the answer to a request."""
        return self.wait(lambda said: "stream" not in said and said.get("id") == number)

    def data(self, stream: str) -> Any:
        """Return the payload of the next frame of a stream."""
        return self.wait(lambda said: said.get("stream") == stream)["data"]

    def end(self) -> Ended:
        """Listen until the connection ends and return how."""
        try:
            self.hear(_PATIENCE_S)
        except Ended as ended:
            return ended
        raise TimeoutError("the connection did not end")

    def _next(self) -> bytes | None:
        try:
            opcode, data = self.socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketConnectionClosedException, OSError) as error:
            raise Ended(1006, str(error)) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Ended(struct.unpack("!H", data[:2])[0], data[2:].decode())
        return bytes(data)
