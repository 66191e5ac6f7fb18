"""The collector as a process, beside the local exchange."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lake.storage import LocalFolder
from tests.exchange import Exchange, Terms, Verdict, ledger_equals_lake

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 30.0


class Process:
    """`collector run` in a folder of its own, which holds lake, spool and log."""

    def __init__(
        self, exchange: Exchange, folder: Path, symbols: str, *options: str,
        env: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.exchange, self.folder = exchange, folder
        self.lake = LocalFolder(folder / "lake")
        self._log = (folder / "log").open("ab")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "collector.cli", "run", "--symbols", symbols,
                "--lake", str(folder / "lake"), "--spool", str(folder / "spool"),
                "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url, *options,
            ],
            cwd=ROOT, stdout=self._log, stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        )  # fmt: skip

    def log(self) -> str:
        """Return what it has said so far."""
        return (self.folder / "log").read_text()

    def said(self, event: str) -> list[dict[str, Any]]:
        """Return what it has logged of a kind of event."""
        lines = (json.loads(line) for line in self.log().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]

    def wait_for(self, condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Wait until something is so."""
        give_up_s = time.monotonic() + patience_s
        while not condition():
            assert self.process.poll() is None, f"it ended: {self.log()}"
            assert time.monotonic() < give_up_s, f"it never came true: {self.log()}"
            time.sleep(0.02)

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal and wait for the end; return how long it took."""
        start_s = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        self._log.close()
        return time.monotonic() - start_s

    def wait(self) -> int:
        """Wait for the end by itself; return the exit code."""
        code = self.process.wait(2 * PATIENCE_S)
        self._log.close()
        return code

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of a kind from the journal in the lake."""
        texts = [self.lake.read(stat.key)[0] for stat in self.lake.list("journal/")]
        parsed = [json.loads(line) for text in texts for line in text.splitlines()]
        return [line for line in parsed if line["event"] == event]

    def objects(self, prefix: str = "raw/") -> list[str]:
        """Return the keys in the lake."""
        return [stat.key for stat in self.lake.list(prefix)]

    def verdict(self, terms: Terms | None = None) -> Verdict:
        """Compare the lake with what happened, once the exchange has stopped."""
        self.exchange.stop()
        return ledger_equals_lake(self.exchange.ledger, self.lake, terms)


def received(folder: Path, at_least: int = 1) -> bool:
    """Tell whether so many bytes of rows are in the spool."""
    logs = (folder / "spool").glob("*/*.log")
    return sum(path.stat().st_size for path in logs) >= at_least
