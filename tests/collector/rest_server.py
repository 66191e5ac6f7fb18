"""A small REST side of an exchange over HTTP, which answers what it is told to.

with RestServer() as server:
    server.publish("BTCUSDT", {7: 1_000, 8: 1_010})
    server.faults.append(Status(429, {"Retry-After": "3"}))
"""

import gzip
import json
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from collector.clock import Clock

MAX_TRADES, MAX_PAGE = 1_000, 500
_WEIGHTS = {"/fapi/v1/trades": 5, "/fapi/v1/historicalTrades": 200}


@dataclass(frozen=True)
class Status:
    """Answer with this status instead."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Cut:
    """Send half of the answer, then close."""


@dataclass(frozen=True)
class Reset:
    """Close the connection before any answer."""


@dataclass(frozen=True)
class Slow:
    """Send the answer in ten pieces with pauses."""

    pause_s: float


@dataclass(frozen=True)
class Body:
    """Answer well, with these bytes."""

    data: bytes


Fault = Status | Cut | Reset | Slow | Body


@dataclass(frozen=True)
class Asked:
    """A request that came. `at_s` is monotonic."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    at_s: float


class RestServer(ThreadingHTTPServer):
    """Answers as the exchange does, from what was published.

    Faults are met first: those of a path in `always` each time, others once, in their order.

    Trades reach the lists `delay_ms` after they happened, and those of the future when they happen.
    """

    daemon_threads = True

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.contracts: list[dict[str, str]] = []
        self.faults: deque[Fault] = deque()
        self.always: dict[str, Fault] = {}
        self.asked: list[Asked] = []
        self.used_weight = 0
        self.ahead_ms = 0
        self.delay_ms = 0
        self._clock = clock or Clock()
        self._trades: dict[str, dict[int, int]] = {}

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; they may."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def now_ms(self) -> int:
        """Return the exchange's time."""
        return self._clock.wall_ns() // 1_000_000 + self.ahead_ms

    def publish(self, symbol: str, times_ms: Mapping[int, int]) -> None:
        """Let trades happen: their ids and times."""
        self._trades[symbol] = self._trades.get(symbol, {}) | dict(times_ms)

    def paths(self) -> list[str]:
        """Return what was asked for, without the time."""
        return [each.path for each in self.asked if not each.path.endswith("/time")]

    def answer(self, asked: Asked) -> Any:
        """Return what the exchange says, as JSON would have it."""
        match asked.path:
            case "/fapi/v1/time":
                return {"serverTime": self.now_ms()}
            case "/fapi/v1/exchangeInfo":
                return {"symbols": self.contracts}
            case "/fapi/v1/trades":
                return self._rows(asked.params["symbol"])[-MAX_TRADES:]
            case "/fapi/v1/historicalTrades":
                from_id = int(asked.params["fromId"])
                rows = self._rows(asked.params["symbol"])
                return [row for row in rows if row["id"] >= from_id][:MAX_PAGE]
        return None

    def _rows(self, symbol: str) -> list[dict[str, Any]]:
        shown_ms = self.now_ms() - self.delay_ms
        trades = sorted(self._trades.get(symbol, {}).items())
        return [_row(id_, time_ms) for id_, time_ms in trades if time_ms <= shown_ms]

    def meet(self, asked: Asked) -> Fault | None:
        """Note a request; return the fault that it meets."""
        self.asked.append(asked)
        self.used_weight += _WEIGHTS.get(asked.path, 1)
        if asked.path in self.always or asked.path.endswith("/time"):
            return self.always.get(asked.path)
        return self.faults.popleft() if self.faults else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RestServer

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        params = {name: values[0] for name, values in parse_qs(url.query).items()}
        asked = Asked(url.path, params, dict(self.headers), time.monotonic())
        fault = self.server.meet(asked)
        data = json.dumps(self.server.answer(asked), ensure_ascii=False).encode()
        match fault:
            case Status():
                self._send(fault.body, code=fault.code, headers=fault.headers)
            case Reset():
                self._reset()
            case Cut():
                self._send(data, half=True)
            case Slow():
                self._send(data, pause_s=fault.pause_s)
            case Body():
                self._send(fault.data)
            case None:
                self._send(data)

    def _send(
        self, data: bytes, *, code: int = 200, headers: Mapping[str, str] | None = None,
        half: bool = False, pause_s: float = 0.0,
    ) -> None:  # fmt: skip
        packed = gzip.compress(data, 1)
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("x-mbx-used-weight-1m", str(self.server.used_weight))
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        if half:
            packed, self.close_connection = packed[: len(packed) // 2], True
        step = max(1, len(packed) // 10) if pause_s else len(packed) or 1
        for start in range(0, len(packed), step):
            self.wfile.write(packed[start : start + step])
            self.wfile.flush()
            time.sleep(pause_s)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError


def _row(id_: int, time_ms: int) -> dict[str, Any]:
    return {
        "id": id_, "price": "63113.20", "qty": "0.010", "quoteQty": "631.13", "time": time_ms,
        "isBuyerMaker": id_ % 2 == 0, "isRPITrade": id_ % 7 == 0,
    }  # fmt: skip
