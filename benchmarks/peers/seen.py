"""Which seconds of a day a stream was seen: what the peers without SQL share."""

import json
from collections.abc import Iterable

from benchmarks.peers.day import Day
from lake.layout import Stream

SECONDS_PER_DAY = 86_400
PAUSE_MS = 2_000
"""Snapshots that follow each other within this prove that the stream was live between them."""

Spans = Iterable[tuple[int, int]]
"""Times in ms since 1970, each `[from, to)`."""


def covered(day: Day) -> dict[str, list[tuple[int, int]]]:
    """Return by stream what the journal of the day says of the symbol."""
    spans: dict[str, list[tuple[int, int]]] = {stream: [] for stream in Stream}
    for path in day.journals():
        for event in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if event["event"] == "covered" and event["symbol"] == day.symbol:
                spans[event["stream"]].append((event["from"], event["to"]))
    return spans


def seen_seconds(spans: Spans, holes: Spans, start_ms: int) -> bytearray:
    """Return 1 for each second that lies inside a span and is not touched by a hole."""
    flags = bytearray(SECONDS_PER_DAY)
    for begin, end in spans:
        _fill(flags, -((start_ms - begin) // 1000), (end - start_ms) // 1000, 1)
    for begin, end in holes:
        _fill(flags, (begin - start_ms) // 1000, (end - 1 - start_ms) // 1000 + 1, 0)
    return flags


def _fill(flags: bytearray, first: int, end: int, value: int) -> None:
    for second in range(max(first, 0), min(end, SECONDS_PER_DAY)):
        flags[second] = value
