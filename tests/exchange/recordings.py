"""Replays recorded frames. The only module here that reads a disk."""

import gzip
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.exchange.events import Event, Snapshot, Trade

_TIMES = re.compile(rb'"([ET])":(\d+)')
_DATA = b'"data":'


@dataclass
class Replay:
    """The frames of one symbol, in the order of event time; times are moved by `shift_ms`."""

    symbol: str
    frames: Sequence[bytes]
    shift_ms: int = 0
    _at: int = 0
    _next_ms: float = field(default=math.inf)

    def __post_init__(self) -> None:
        self._look_ahead()

    def next_ms(self) -> float:
        """Return when the next frame is due."""
        return self._next_ms

    def happen(self) -> Iterator[Event]:
        """Yield the next frame."""
        payload = self.frames[self._at]
        self._at += 1
        self._look_ahead()
        yield event_of(moved(payload, self.shift_ms) if self.shift_ms else payload)

    def _look_ahead(self) -> None:
        done = self._at >= len(self.frames)
        self._next_ms = math.inf if done else event_ms(self.frames[self._at]) + self.shift_ms


def replays(files: Sequence[Path], start_ms: float | None) -> Iterator[Replay]:
    """Yield a replay of each file; all are moved alike, so that the first frame is at the start.

    They are moved by whole minutes, up to a minute into the future: minute bars stay what they are.
    """
    recorded = [read_frames(path) for path in files]
    shift_ms = 0
    if start_ms is not None:
        first = min(event_ms(frames[0]) for frames in recorded)
        shift_ms = math.ceil((start_ms - first) / 60_000) * 60_000
    for frames in recorded:
        yield Replay(event_of(frames[0]).symbol, frames, shift_ms)


def read_frames(path: Path) -> list[bytes]:
    """Read the payloads of a recording, sorted by event time."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
    return sorted((payload_in(line) for line in lines), key=event_ms)


def payload_in(line: bytes) -> bytes:
    """Return the payload of a line: receive time, a space, a frame of a combined connection."""
    return line[line.index(_DATA) + len(_DATA) :].rstrip()[:-1]


def event_ms(payload: bytes) -> int:
    """Return the event time of a payload."""
    found = re.search(rb'"E":(\d+)', payload)
    assert found, payload
    return int(found[1])


def moved(payload: bytes, shift_ms: int) -> bytes:
    """Return a payload whose times are moved."""
    return _TIMES.sub(lambda m: b'"%b":%d' % (m[1], int(m[2]) + shift_ms), payload)


def event_of(payload: bytes) -> Event:
    """Read a payload; the event is sent as it was."""
    data = json.loads(payload)
    if data["e"] == "trade":
        return Trade(
            data["s"], data["t"], data["T"], data["E"], data["p"], data["q"], data["m"], data["X"],
            payload,
        )  # fmt: skip
    sides = _side(payload, b'"b":'), _side(payload, b'"a":')
    return Snapshot(
        data["s"], data["u"], data["T"], data["E"], *sides, (data["U"], data["pu"]), payload
    )


def _side(payload: bytes, name: bytes) -> str:
    """Return a side of a book as it is written, which parsing would lose."""
    start = payload.index(name) + len(name)
    return payload[start : payload.index(b"]]", start) + 2].decode()
