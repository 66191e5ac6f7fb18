"""A minute of a local exchange, recorded while it misbehaves."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

RECORDED_S = 75
OUTAGES = ("25 drop how=reset", "45 lose frames=30")
"""A connection that is reset, and trades that never arrive: seconds after the start, and what."""


@contextmanager
def exchange(symbol: str) -> Iterator[list[str]]:
    """Run an exchange of one symbol; yield the options that point a collector to it.

    At the end print what it says of itself: how much happened, and what it did to its client.
    """
    planned = [part for outage in OUTAGES for part in ("--at", *outage.split(" ", 1))]
    command = [
        sys.executable, "-m", "tests.exchange", "--symbols", symbol, "--trades-per-s", "20",
        "--for", str(2 * RECORDED_S), *planned,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()
        finally:
            process.terminate()
            print(process.communicate()[0], end="")


def minutes_since(start: datetime) -> tuple[str, str]:
    """Return the span of a picture: from the minute of the start to the one after now."""
    now = datetime.now(UTC)
    end = "24:00" if now.date() != start.date() else f"{min(now.hour * 60 + now.minute + 1, 1440)}"
    if end.isdigit():
        end = f"{int(end) // 60:02d}:{int(end) % 60:02d}"
    return f"{start:%H:%M}", end


def journal_lines(lake: Path, since: datetime) -> list[str]:
    """Return the lines of the journals of a lake that were written since."""
    paths = sorted((lake / "journal" / f"{since:%Y-%m-%d}").glob("*.jsonl"))
    recent = [path for path in paths if path.stat().st_mtime >= since.timestamp()]
    return [line for path in recent for line in path.read_text(encoding="utf-8").splitlines()]
