"""A collector's process as a test sees it: started, asked to stop, killed, and what it said."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.exchange.server import Exchange
from tests.exchange.trial import command

PATIENCE_S = 60.0
_PYTHON_AND_MODULE = 3
"""Words of the command that come before those of the program itself."""


class Collector:
    """A process that records an exchange into `folder`/lake.

    `launcher` are words before the command, `program` stands for `python -m collector.cli`, later
    `options` count before earlier ones.
    """

    def __init__(
        self, exchange: Exchange, folder: Path, *options: str, program: Sequence[str] = (),
        launcher: Sequence[str] = (), environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        words = command(exchange, folder, *options)
        if program:
            words[1:_PYTHON_AND_MODULE] = program
        self.log_file = folder / f"collector-{len(list(folder.glob('collector-*.log')))}.log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*launcher, *words],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
            )

    def kill(self) -> None:
        """End it without a word, as a crash does."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self) -> float:
        """Ask it to stop, wait until it has; return how long that took, in seconds."""
        began_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        return time.monotonic() - began_s

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        return self.process.wait(PATIENCE_S)

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self.process.poll()

    def log(self) -> str:
        """Return all that it said."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return what it logged of a kind of event."""
        return [line for line in self.lines() if line.get("event") == event]

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of its log, but for one that is not whole yet."""
        whole = self.log().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]


@contextmanager
def collecting(
    exchange: Exchange, folder: Path, *options: str, program: Sequence[str] = (),
    launcher: Sequence[str] = (), environment: Mapping[str, str] | None = None,
) -> Iterator[Collector]:  # fmt: skip
    """Start a collector; one that still lives at the end is killed."""
    collector = Collector(
        exchange, folder, *options, program=program, launcher=launcher, environment=environment
    )
    try:
        yield collector
    finally:
        collector.kill()


def wait_for(what: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until it is true; raise `TimeoutError` if that takes too long."""
    until_s = time.monotonic() + patience_s
    while not what():
        if time.monotonic() > until_s:
            raise TimeoutError(f"not within {patience_s:g} s: {what.__doc__ or what}")
        time.sleep(0.02)


def is_recording(collector: Collector, exchange: Exchange) -> bool:
    """Tell whether every stream that is asked for reaches a connection of the collector."""
    if collector.exit_code is not None:
        raise RuntimeError(f"the collector has ended: {collector.log()}")
    books = exchange.ledger.books
    symbols = exchange.world.markets.by_symbol
    return all(symbol in books and books[symbol].sent[-1] for symbol in symbols)
