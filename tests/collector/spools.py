"""Spools for tests: rows that can be counted, a lake in a folder, a clock that stands still."""

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isal import igzip

from collector.clock import Clock
from collector.spool.capacity import SpoolSettings
from collector.spool.outbox import Outbox
from collector.spool.runfolder import RunFolder
from collector.spool.spool import Spool
from lake.layout import ChunkKey, Stream
from lake.storage import LocalFolder, Storage

TRADES, DEPTH = Stream.TRADES, Stream.DEPTH20
SYMBOL, OTHER = "BTCUSDT", "币安人生USDT"
SECOND_NS, MINUTE_NS = 10**9, 60 * 10**9
START_NS = 1765440000 * SECOND_NS
"""2025-12-11T08:00:00Z."""
PATIENCE_S = 20


class HandClock(Clock):
    """A clock whose time of day is set by hand; waiting takes real time."""

    def __init__(self, now_ns: int = START_NS) -> None:
        super().__init__()
        self.now_ns = now_ns
        self.wall_ns = lambda: self.now_ns  # type: ignore[method-assign]


def trade(trade_id: int, received_ns: int, pad: int = 0) -> bytes:
    """Return a row with this id; `pad` more bytes make it longer."""
    ms = received_ns // 10**6
    price = "1" + "0" * pad
    return f"{ms},{price},0.5,true,{trade_id},MARKET,{ms},{received_ns}\n".encode()


def book(update_id: int, received_ns: int) -> bytes:
    """Return a row of a book with this id."""
    ms = received_ns // 10**6
    return f'{ms},"[[""1"",""2""]]","[[""3"",""4""]]",{update_id},{ms},{received_ns}\n'.encode()


@dataclass(frozen=True)
class Place:
    """A spool's folder and a lake in a folder beside it."""

    root: Path

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def lake(self) -> LocalFolder:
        return LocalFolder(self.root / "lake", durable=False)

    def open(
        self, run: str = "a", *, clock: Clock | None = None, storage: Storage | None = None,
        **settings: Any,
    ) -> Spool:  # fmt: skip
        """Open a spool that waits to be started."""
        clock = clock or HandClock()
        outbox = Outbox(storage or self.lake, clock, workers=4)
        return Spool(SpoolSettings(self.spool, **settings), run, outbox, clock)

    def started(self, run: str = "a", **options: Any) -> Spool:
        spool = self.open(run, **options)
        spool.start()
        return spool


def chunks(storage: Storage) -> dict[str, bytes]:
    """Return the text of each chunk in a lake."""
    return {stat.key: igzip.decompress(storage.read(stat.key)[0]) for stat in storage.list("raw/")}


def rows(storage: Storage, stream: Stream = TRADES, symbol: str = SYMBOL) -> list[bytes]:
    """Return all rows of a stream in a lake, chunk after chunk, without headers."""
    return [
        line
        for key, text in chunks(storage).items()
        if (parsed := ChunkKey.parse(key)) and (parsed.stream, parsed.symbol) == (stream, symbol)
        for line in text.splitlines()[1:]
    ]


def ids(storage: Storage, symbol: str = SYMBOL) -> list[int]:
    """Return the ids of all trades in a lake, chunk after chunk."""
    return [int(row.split(b",")[4]) for row in rows(storage, TRADES, symbol)]


def journals(storage: Storage) -> Mapping[str, list[bytes]]:
    """Return the lines of each journal object in a lake."""
    found = storage.list("journal/")
    return {stat.key: storage.read(stat.key)[0].splitlines() for stat in found}


def wait_until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait for something that other threads or processes do."""
    give_up = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.005)


def killed(spool: Spool) -> None:
    """Let go of a spool as a process does that is killed: nothing is finished."""
    spool.syncer.stop()
    spool.release()


def run_folder(place: Place, run: str = "a") -> RunFolder:
    return RunFolder.create(place.spool, run)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the system refuse to make any file longer than this, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
