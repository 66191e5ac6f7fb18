"""What the image's health check makes of the collector's answers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

HEALTHY = Path(__file__).parent.parent.parent / "images" / "healthy.py"


@contextmanager
def answering(status: int, text: str) -> Iterator[int]:
    """Serve one answer at /healthz, and nothing elsewhere; give the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def ask(port: object, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", HEALTHY],
        env={"METRICS_PORT": str(port), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_it_is_as_well_as_the_collector_says_and_says_why(status: int, code: int) -> None:
    with answering(status, "BTCUSDT depth20: silent for 12 s\n") as port:
        assert (code, "BTCUSDT depth20: silent for 12 s\n") == ask(port)


def test_no_proxy_is_asked() -> None:
    with answering(200, "ok\n") as port:
        assert (0, "ok\n") == ask(port, http_proxy="http://127.0.0.1:9", HTTP_PROXY="127.0.0.1:9")


def test_nobody_there_is_not_well() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, said = ask(taken.getsockname()[1])

    assert 1 == code
    assert 1 == said.count("\n")
    assert "/healthz" in said


@pytest.mark.parametrize("port", ["", "no"])
def test_without_a_port_it_says_what_to_set(port: str) -> None:
    code, said = ask(port)

    assert 1 == code
    assert 1 == said.count("\n")
    assert "METRICS_PORT" in said
