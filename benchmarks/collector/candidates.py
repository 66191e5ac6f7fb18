"""Who records the same streams: we, and the peers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.collector.exchange import Exchange

COLLECTOR = str(Path(sys.executable).with_name("collector"))
LAKE, PROBE = "lake", "probe.json"

Command = Callable[[Exchange, Path], list[str]]


@dataclass(frozen=True)
class Candidate:
    """A program that records an exchange into a lake below a folder, until SIGTERM.

    `how` says what a reader must know of it, `needs` is a library that may be missing.
    """

    name: str
    command: Command
    how: str
    needs: str = ""

    def is_installed(self) -> bool:
        """Tell whether the library that it needs is there."""
        return not self.needs or find_spec(self.needs) is not None


def _arguments(exchange: Exchange, folder: Path) -> list[str]:
    return [
        "run", "--symbols", "all", "--lake", str(folder / LAKE), "--spool", str(folder / "spool"),
        "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url,
    ]  # fmt: skip


def _collector(exchange: Exchange, folder: Path) -> list[str]:
    return [COLLECTOR, *_arguments(exchange, folder)]


def _probed(exchange: Exchange, folder: Path) -> list[str]:
    module = [sys.executable, "-m", "benchmarks.collector.probe", str(folder / PROBE)]
    return [*module, *_arguments(exchange, folder)]


def _peer(module: str, *options: str) -> Command:
    def command(exchange: Exchange, folder: Path) -> list[str]:
        name = f"benchmarks.collector.peers.{module}"
        urls = [exchange.ws_url, exchange.rest_url]
        return [sys.executable, "-m", name, *urls, str(folder / LAKE), *options]

    return command


_LOOP = "websockets_loop"
US = Candidate("flowlake", _collector, "`collector run`, as it is installed, everything on")
PROBED = Candidate(
    "flowlake, probed",
    _probed,
    "the same program in the same process, with a stop-watch around the taking of a batch",
)
LOOP = Candidate(
    "websockets, json, plain files",
    _peer(_LOOP),
    "an `async for` over each connection, `json.loads`, a row as text to an open file for each "
    "stream and symbol; no file is compressed, nothing is checked, synced or uploaded",
)
LOOP_GZIP = Candidate(
    "websockets, json, gzip chunks",
    _peer(_LOOP, "--gzip"),
    "the same, with the minute's rows compressed by zlib (level 6): what our lake holds",
)
LOOP_MSGSPEC = Candidate(
    "websockets, msgspec, plain files",
    _peer(_LOOP, "--msgspec"),
    "the first, with typed decoding by `msgspec` in place of `json`, books kept as raw text",
)
CRYPTOFEED = Candidate(
    "cryptofeed, plain files",
    _peer("cryptofeed_loop"),
    "a subclass of its Binance futures that asks for these two streams in place of aggregated "
    "trades and changes of books; decimals, its types, a callback that writes the row",
    "cryptofeed",
)
PEERS = (LOOP, LOOP_GZIP, LOOP_MSGSPEC, CRYPTOFEED)
