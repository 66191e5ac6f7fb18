"""Small lakes with known days, and the aggregator run on them as a person runs it."""

import gzip
import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aggregator.builder import Builder
from aggregator.cli import main
from aggregator.unit import Outcome, Unit
from lake.journal import write_event
from lake.layout import (
    ChunkKey,
    Format,
    JournalKey,
    Stream,
    bars_key,
    changes_bound,
    manifest_key,
)
from lake.storage import LocalFolder, Stat, Storage, crc32c
from tests.product import LONG_AFTER, settings

ROOT = Path(__file__).parent.parent
COMMAND = Path(sys.executable).with_name("aggregator")
DAY = date(2025, 12, 11)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
SYMBOL, OTHER = "BTCUSDT", "币安人生USDT"
HOURLY = ("1h",)
"""The least that a build can write, for tests that are not about bars."""

TRADES_A_MINUTE = 4


# A lake


@dataclass(frozen=True)
class Lake:
    """A folder, and short words for what tests do to it."""

    path: Path

    @property
    def storage(self) -> LocalFolder:
        return LocalFolder(self.path, durable=False)

    def record(
        self, day: date = DAY, minutes: Iterable[int] = (0, 1), symbol: str = SYMBOL, run: str = "a"
    ) -> list[str]:
        """Write a chunk of trades for each minute; return their keys."""
        chunks = {
            str(ChunkKey(Stream.TRADES, symbol, day, minute, run)): trades(day, minute)
            for minute in minutes
        }
        for key, data in chunks.items():
            self.storage.write(key, data)
        return [*chunks]

    def write(self, key: str, data: bytes = b"") -> Path:
        self.storage.write(key, data)
        return self.path / key

    def journal(self, day: date, *lines: bytes, hour: int = 0, run: str = "a") -> Path:
        return self.write(str(JournalKey(day, hour, run)), b"".join(lines))

    def remove(self, *keys: str) -> None:
        for key in keys:
            (self.path / key).unlink()

    def manifest(self, day: date = DAY, symbol: str = SYMBOL) -> dict[str, Any]:
        """Return the manifest of a day that readers take for whole."""
        assert self.is_whole(day, symbol)
        return self._manifest(day, symbol)

    def is_whole(self, day: date = DAY, symbol: str = SYMBOL) -> bool:
        """Tell whether a reader takes the day for whole: its files are those of its manifest."""
        folder = self.path / "aggregated" / symbol
        return all(
            output["crc32c"] == crc32c((folder / output["name"]).read_bytes())
            for output in self._manifest(day, symbol)["outputs"]
        )

    def _manifest(self, day: date, symbol: str) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.storage.read(manifest_key(symbol, day))[0])
        return manifest

    def spoil(self, day: date = DAY, **fields: Any) -> None:
        """Change top-level fields of a manifest."""
        path = self.path / manifest_key(SYMBOL, day)
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}), encoding="utf-8")

    def changes(self, day: date = DAY, symbol: str = SYMBOL) -> list[dict[str, Any]]:
        listed = self.storage.list(changes_bound(symbol, day))
        return [json.loads(self.storage.read(stat.key)[0]) for stat in listed]

    def products(self) -> dict[str, bytes]:
        """Return everything that was published, by key."""
        return {
            stat.key: self.storage.read(stat.key)[0] for stat in self.storage.list("aggregated")
        }

    def hidden(self) -> list[Path]:
        """Return what no reader sees."""
        return [path for path in self.path.rglob("*") if path.name.startswith(".")]

    def bars(self, label: str = "1h", day: date = DAY, symbol: str = SYMBOL) -> Path:
        return self.path / bars_key(symbol, day, label)

    def build(
        self, day: date = DAY, symbol: str = SYMBOL, labels: Sequence[str] = HOURLY, **fields: Any
    ) -> Outcome:
        """Build a day in this process."""
        return builder(self.storage, labels, **fields).run(Unit(day, symbol))


class Watched(LocalFolder):
    """A folder that tells before each thing that is done to it."""

    def __init__(self, root: Path, tell: Callable[[str], None]) -> None:
        super().__init__(root, durable=False)
        self._tell = tell

    def list(self, prefix: str, start: str = "", end: str | None = None) -> Iterator[Stat]:
        self._tell(f"list {prefix}")
        return super().list(prefix, start, end)

    def read(self, key: str) -> tuple[bytes, str]:
        self._tell(f"read {key}")
        return super().read(key)

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        self._tell(f"write {key}")
        return super().write(key, data, replaces)


def builder(
    storage: Storage, labels: Sequence[str] = HOURLY, now: datetime = LONG_AFTER, **fields: Any
) -> Builder:
    """Return a builder that believes that it is `now`."""
    return Builder(storage, settings(labels, **fields), lambda: now)


def trades(day: date, minute: int) -> bytes:
    """Return a chunk; the ids of minutes that follow each other do so too."""
    first = (day.toordinal() * 1440 + minute) * TRADES_A_MINUTE
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    rows = [
        f"{start + minute * 60_000 + number * 15_000},{100 + minute % 7}.5,0.{number + 1},"
        f"{'true' if number % 2 else 'false'},{first + number}\n"
        for number in range(TRADES_A_MINUTE)
    ]
    text = "timestamp,price,quantity,is_buyer_maker,trade_id\n" + "".join(rows)
    return gzip.compress(text.encode(), mtime=0)


def chunk_key(
    minute: int, day: date = DAY, run: str = "a", stream: Stream = Stream.TRADES,
    form: Format = Format.GZIP,
) -> str:  # fmt: skip
    """Return the key of a chunk of the symbol."""
    return str(ChunkKey(stream, SYMBOL, day, minute, run, form))


def recording(*symbols: str, by: str = "collector", streams: Sequence[str] = ("trades",)) -> bytes:
    """Return the line with which a run says what it records."""
    names = {"symbols": [*symbols], "streams": [*streams]}
    return write_event("recording", "2025-12-11T00:00:00.000Z", run="a", by=by, **names)


def covered(day: date, from_minute: int, to_minute: int, symbol: str = SYMBOL) -> bytes:
    """Return the line with which a run says that trades were live."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    times = {"from": start + from_minute * 60_000, "to": start + to_minute * 60_000}
    return write_event(
        "covered", "2025-12-11T00:00:00.000Z", stream="trades", symbol=symbol, **times
    )


# The command


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, and what it said."""

    code: int
    out: str
    err: str

    @property
    def logged(self) -> list[dict[str, Any]]:
        """Return standard output, every line of which has to be a log line."""
        lines = [json.loads(line) for line in self.out.splitlines()]
        assert all({"severity", "message"} <= line.keys() for line in lines)
        return lines

    @property
    def units(self) -> dict[tuple[str, str], str]:
        """Return what became of each unit."""
        lines = [line for line in self.logged if line.get("event") == "unit"]
        return {(line["symbol"], line["date"]): line["status"] for line in lines}

    @property
    def failure(self) -> str:
        """Return the one line of standard error, of a command that failed as it should."""
        assert (1, 1) == (self.code, len(self.err.splitlines())), self
        assert "Traceback" not in self.err + self.out
        line = json.loads(self.err)
        assert "ERROR" == line["severity"]
        return str(line["message"])

    @property
    def usage_error(self) -> str:
        """Return what a wrongly used command said."""
        assert 2 == self.code, self
        assert "Traceback" not in self.err
        return " ".join(self.err.replace("│", " ").split())


def called(*arguments: object) -> Ran:
    """Run the program in this process, as its entry point does."""
    out, err, before = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    code: object = 0
    with (
        redirect_stdout(out), redirect_stderr(err),
        patch.object(sys, "argv", ["aggregator", *map(str, arguments)]),
    ):  # fmt: skip
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        finally:
            signal.signal(signal.SIGTERM, before)
    assert isinstance(code, int)
    return Ran(code, out.getvalue(), err.getvalue())


def ran(*arguments: object, **env: str) -> Ran:
    """Run the installed command in a process of its own."""
    return finished(started(COMMAND, *arguments, **env))


def troubled(*arguments: object, **env: str) -> Ran:
    """Run the command with a trouble; see `tests.troubled`."""
    return finished(started(sys.executable, "-m", "tests.troubled", *arguments, **env))


def started(*command: object, **env: str) -> subprocess.Popen[str]:
    """Start a process whose output can be read."""
    inherited = {name: text for name, text in os.environ.items() if name != "FORCE_COLOR"}
    return subprocess.Popen(
        [*map(str, command)], env={**inherited, **env}, cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> Ran:
    """Wait for a process."""
    out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, err)


def in_terminal(*arguments: object, columns: int = 100) -> tuple[int, str]:
    """Run the installed command in a terminal; return its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    env.pop("NO_COLOR", None)
    with subprocess.Popen(
        [COMMAND, *map(str, arguments)], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b"".join(_read_all(ours))
    os.close(ours)
    return process.returncode, written.decode()


def _read_all(descriptor: int) -> Iterator[bytes]:
    """Yield what a terminal shows until its last program has ended."""
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # how Linux says that nobody has the terminal any more
            return
        if not data:
            return
        yield data
