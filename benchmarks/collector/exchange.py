"""The exchange under load as who measures uses it: a process of its own, told what to do."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.collector.market import Rate, Sent
from benchmarks.measure import ROOT

_VENUE = "benchmarks.collector.venue"


@dataclass(frozen=True)
class Count:
    """What was sent up to a moment, and what is still on its way.

    `longest_tick_ms`: the longest time, since the count before, in which nothing was sent.
    """

    at_ms: int
    books: int
    trades: int
    open_streams: int
    connections: int
    waiting_bytes: int
    longest_tick_ms: float

    @property
    def frames(self) -> int:
        """Return books and trades."""
        return self.books + self.trades


class Exchange:
    """A venue on a core of its own; a context manager."""

    def __init__(self, symbols: int, *, tls: bool, core: int) -> None:
        self.symbols = symbols
        options = ["--tls"] if tls else []
        self._process = subprocess.Popen(
            [*on_core(core), sys.executable, "-m", _VENUE, str(symbols), *options],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        said = self._answer()
        self.ws_url, self.rest_url = str(said["ws_url"]), str(said["rest_url"])
        self._ca_file = str(said["ca_file"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what lets a client trust it."""
        return {"SSL_CERT_FILE": self._ca_file, "REQUESTS_CA_BUNDLE": self._ca_file} if (
            self._ca_file
        ) else {}  # fmt: skip

    def set_rate(self, rate: Rate) -> int:
        """Send so much from now on; return the time, ms since 1970."""
        return int(self._ask(f"rate {rate.books_per_s} {rate.trades_per_s}")["at_ms"])

    def count(self) -> Count:
        """Return what was sent so far."""
        return Count(**self._ask("count"))

    def sent(self, file: Path) -> Sequence[Sent]:
        """Return what was sent of each symbol; `file` carries it over."""
        self._ask(f"sent {file}")
        return [Sent(**each) for each in json.loads(file.read_text(encoding="utf-8"))]

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


def on_core(core: int) -> Sequence[str]:
    """Return what keeps a command on one core."""
    return ["taskset", "-c", str(core)]
