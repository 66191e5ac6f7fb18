"""Journal objects as a collector writes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from collector.view.session import time_ms
from lake.journal import write_event
from lake.layout import JournalKey
from lake.storage import Storage

BOTH = ("trades", "depth20")


def at(ms: int) -> str:
    """Write a time as `at` has it."""
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def line(event: str, time: str, **fields: Any) -> bytes:
    """Return a line; `time` is such as `2025-12-11T08:00:00`."""
    return write_event(event, f"{time}.000Z", **fields)


def recording(
    time: str, run: str = "k3v9", symbols: Sequence[str] = ("BTCUSDT",), by: str = "collector",
    streams: Sequence[str] = BOTH,
) -> bytes:  # fmt: skip
    """Return the line that every object begins with."""
    return line(
        "recording", time, run=run, by=by, version="0.3.0", symbols=[*symbols], streams=[*streams]
    )


def covered(
    time: str, start: str, end: str, symbol: str = "BTCUSDT", stream: str = "trades"
) -> bytes:
    """Return a claim of covered time."""
    return line(
        "covered", time, stream=stream, symbol=symbol,
        **{"from": time_ms(f"{start}.000Z"), "to": time_ms(f"{end}.000Z")},
    )  # fmt: skip


def whole_hour(day: str, hour: int, run: str = "k3v9", stopped: bool = False) -> bytes:
    """Return the object of an hour in which nothing went wrong."""
    start, end = f"{day}T{hour:02d}:00:00", f"{day}T{hour:02d}:59:59"
    return b"".join(
        (
            recording(start, run),
            *(covered(end, start, end, stream=stream) for stream in BOTH),
            line("uploaded", end, objects=120, rows=1000, bytes=50_000),
            *([line("stopped", end, cause="SIGTERM")] if stopped else []),
        )
    )


def put(storage: Storage, day: str, hour: int, text: bytes, run: str = "k3v9") -> None:
    """Write an object into the lake."""
    storage.write(str(JournalKey(datetime.fromisoformat(day).date(), hour, run)), text)
