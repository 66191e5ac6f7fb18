"""One connection of the local archive: files, ranges of files, and faults."""

import hashlib
import re
import socket
import struct
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Protocol

from tests.archive_site.faults import Body, Cut, Fault, NoRange, Reset, Slow, Status

if TYPE_CHECKING:
    from tests.archive_site.site import ArchiveSite

_RANGE = re.compile(r"bytes=(\d+)-")


class _Serving(Protocol):
    site: "ArchiveSite"


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Serving  # type: ignore[assignment]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer with a file or a part of it."""
        site = self.server.site
        path, fault = site.meet(self.command, self.path, dict(self.headers))
        site.begin()
        try:
            self._answer(site, path, fault)
        finally:
            site.end()

    do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

    def _answer(self, site: "ArchiveSite", path: str, fault: Fault | None) -> None:
        place = site.place(path)
        if isinstance(fault, Status):
            self._say(fault.code, b"no", fault.headers)
        elif isinstance(fault, Body):
            self._say(200, fault.data, {})
        elif isinstance(fault, Reset) and not fault.part:
            self._reset()
        elif not place.is_file():
            self._say(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
        else:
            self._file(place.read_bytes(), fault)

    def _file(self, data: bytes, fault: Fault | None) -> None:
        tag = f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
        start = 0 if isinstance(fault, NoRange) else self._start(tag)
        headers = {"ETag": tag, "Accept-Ranges": "bytes"}
        if start is None or start == 0:
            self._say(200, data, headers, fault)
        elif start >= len(data):
            self._say(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        else:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self._say(206, data[start:], headers, fault)

    def _start(self, tag: str) -> int | None:
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        return int(match[1]) if match and self.headers.get("If-Range", tag) == tag else None

    def _say(
        self, code: int, data: bytes, headers: Mapping[str, str], fault: Fault | None = None
    ) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        part = fault.part if isinstance(fault, Cut | Reset) else 1.0
        self._send(data[: int(len(data) * part)], fault)
        if isinstance(fault, Reset):
            self._reset()
        self.close_connection |= isinstance(fault, Cut)

    def _send(self, data: bytes, fault: Fault | None) -> None:
        pause_s, piece = (
            (fault.pause_s, fault.piece) if isinstance(fault, Slow) else (0.0, len(data) or 1)
        )
        for start in range(0, len(data), piece):
            self.wfile.write(data[start : start + piece])
            self.wfile.flush()
            time.sleep(pause_s)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        raise ConnectionResetError
