"""The small HTTP server behind `--metrics-port`: `/healthz` and `/metrics`.

`/healthz` answers 200 only while every stream is fresh and uploads are current, else 503 with one
line for each thing that is wrong. It answers in JSON to whoever accepts that, else in plain text.
"""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.process_collector import ProcessCollector

from collector.errors import CollectorError
from collector.view.board import Board
from collector.view.condition import Condition, condition
from collector.view.metrics import StatusMetrics
from collector.view.status import RunStatus, StreamState

_LOGGER = logging.getLogger("collector.view.health")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_INDEX = "/healthz  whether all is well\n/metrics  numbers for Prometheus\n"


@contextmanager
def serving(
    board: Board, host: str, port: int, monotonic: Callable[[], float]
) -> Iterator[tuple[str, int]]:
    """Serve the run's health; yield the address, whose port the system chose if it was 0."""
    server = _bound(board, host, port, monotonic)
    thread = Thread(target=server.serve_forever, args=(0.1,), name="health", daemon=True)
    thread.start()
    address = f"{host}:{server.server_port}"
    _LOGGER.info(
        "serving /healthz and /metrics on %s", address,
        extra={"fields": {"event": "serving", "host": host, "port": server.server_port}},
    )  # fmt: skip
    try:
        yield host, server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bound(board: Board, host: str, port: int, monotonic: Callable[[], float]) -> "_Server":
    try:
        return _Server(board, host, port, monotonic)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CollectorError(
            f"cannot serve /healthz on {host}:{port}: {why}; choose another --metrics-port"
        ) from error


class _Server(ThreadingHTTPServer):
    """Holds what its handlers answer from."""

    daemon_threads = True
    # A client that does not read must not hold up the end of the program.
    block_on_close = False

    def __init__(self, board: Board, host: str, port: int, monotonic: Callable[[], float]) -> None:
        self.board, self.monotonic = board, monotonic
        self.registry = CollectorRegistry()
        self.registry.register(StatusMetrics(lambda: board.latest, monotonic))
        ProcessCollector(registry=self.registry)
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say that an answer failed: most often the client went away."""
        del request
        _LOGGER.debug("no answer to %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    server_version = "flowlake"
    sys_version = ""
    timeout = 10.0

    def do_GET(self) -> None:
        """Answer with what the path names."""
        path = self.path.partition("?")[0]
        if path == "/healthz":
            self._answer(*self._health())
        elif path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
        elif path == "/":
            self._answer(HTTPStatus.OK, _TEXT, _INDEX.encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, _TEXT, f"no {path} here\n{_INDEX}".encode())

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.do_GET()

    def _health(self) -> tuple[HTTPStatus, str, bytes]:
        status = self.server.board.latest
        found = condition(status, self.server.monotonic())
        code = HTTPStatus.OK if found.well else HTTPStatus.SERVICE_UNAVAILABLE
        if _JSON in self.headers.get("Accept", ""):
            return code, _JSON, json.dumps(report(status, found), ensure_ascii=False).encode()
        return code, _TEXT, text(found).encode()

    def _answer(self, code: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of single requests: probes come every few seconds."""


def text(found: Condition) -> str:
    """Return the condition as lines: what is wrong, or `ok`; then the notes."""
    notes = (f"note: {note}" for note in found.notes)
    return "".join(f"{line}\n" for line in (*(found.wrong or ("ok",)), *notes))


def report(status: RunStatus | None, found: Condition) -> dict[str, Any]:
    """Return the condition and the numbers behind it."""
    said = {"status": "ok" if found.well else "failing", "wrong": found.wrong, "notes": found.notes}
    return said | _numbers(status) if status else said


def _numbers(status: RunStatus) -> dict[str, Any]:
    states = [stream.state for stream in status.streams]
    return {
        "run": status.run,
        "uptime_s": round(status.uptime_s, 1),
        "streams": {state: states.count(state) for state in StreamState if state in states},
        "connections": status.open_connections,
        "spool": asdict(status.spool) | {"pressure": status.spool.pressure.name.lower()},
        "uploads": asdict(status.uploads),
        "left_out": {each.symbol: each.why for each in status.left_out},
    }
