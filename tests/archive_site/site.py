"""The files of an archive in a folder, and the server that gives them out."""

import hashlib
import io
import time
import zipfile
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from tests.archive_site.faults import Fault
from tests.archive_site.handler import Handler

DAILY = "/data/futures/um/daily"
TRADES_HEADER = "id,price,qty,quote_qty,time,is_buyer_maker"
KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


def trades_path(symbol: str, day: date) -> str:
    """Return the path of a day's trades; that of its checksum has `.CHECKSUM` behind it."""
    return f"{DAILY}/trades/{symbol}/{symbol}-trades-{day}.zip"


def klines_path(symbol: str, day: date, interval: str = "1m") -> str:
    """Return the path of a day's klines."""
    return f"{DAILY}/klines/{symbol}/{interval}/{symbol}-{interval}-{day}.zip"


@dataclass(frozen=True)
class Asked:
    """A request that came. `at_s` is monotonic, `path` without quoting."""

    method: str
    path: str
    headers: Mapping[str, str]
    at_s: float


class ArchiveSite:
    """Serves a folder as the exchange serves its archive; `with ArchiveSite(folder) as site`.

    Faults of a path are met in their order, one a request, before it is answered as it should be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._lock = Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._server.shutdown()
        self._server.server_close()

    # What is published

    def publish_trades(
        self, symbol: str, day: date, rows: Iterable[str], *, header: bool = True
    ) -> str:
        """Publish lines such as `1,100.1,0.5,50.05,1765411200000,true`; return the path."""
        lines = [TRADES_HEADER, *rows] if header else [*rows]
        return self.publish_csv(trades_path(symbol, day), lines)

    def publish_klines(
        self, symbol: str, day: date, lines: Iterable[str], *, interval: str = "1m",
        header: bool = True,
    ) -> str:  # fmt: skip
        """Publish klines in the columns of the archive; return the path."""
        all_lines = [KLINES_HEADER, *lines] if header else [*lines]
        return self.publish_csv(klines_path(symbol, day, interval), all_lines)

    def publish_csv(self, path: str, lines: Iterable[str]) -> str:
        """Publish one table as a zip with its checksum."""
        table = Path(path).with_suffix(".csv").name
        return self.publish(path, zipped(table, "".join(f"{line}\n" for line in lines).encode()))

    def publish(self, path: str, data: bytes, *, checksum: bytes | None = None) -> str:
        """Publish any bytes, with their own checksum or a text that claims to be one."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        said = f"{hashlib.sha256(data).hexdigest()}  {place.name}\n".encode()
        place.with_name(f"{place.name}.CHECKSUM").write_bytes(
            said if checksum is None else checksum
        )
        return path

    def withdraw(self, path: str) -> None:
        """Let a file be absent."""
        self.place(path).unlink()

    def place(self, path: str) -> Path:
        """Return where the file of a path lies."""
        return self.folder / path.lstrip("/")

    # How it misbehaves

    def fail(self, path: str, *how: Fault) -> None:
        """Let the next requests for a path meet these, one each."""
        with self._lock:
            self._faults[path].extend(how)

    def fail_always(self, path: str, how: Fault) -> None:
        """Let every request for a path meet this."""
        self._always[path] = how

    def mend(self) -> None:
        """Misbehave no more."""
        with self._lock:
            self._faults.clear()
            self._always.clear()

    # What was asked

    def paths(self, ending: str = "") -> list[str]:
        """Return the paths that were asked for, in order, of those that end so."""
        return [asked.path for asked in self.asked if asked.path.endswith(ending)]

    def meet(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[str, Fault | None]:
        """Note a request; return its path and the fault that it meets."""
        path = unquote(urlsplit(url).path)
        with self._lock:
            self.asked.append(Asked(method, path, dict(headers), time.monotonic()))
            faults = self._faults[path]
            return path, faults.popleft() if faults else self._always.get(path)

    def begin(self) -> None:
        """Count an answer that is being given."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def end(self) -> None:
        """Count it no more."""
        with self._lock:
            self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, site: ArchiveSite) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; they may."""


def zipped(name: str, data: bytes) -> bytes:
    """Return a zip of one file, always the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()
