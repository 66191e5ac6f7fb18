"""What the journal's lines say. No clock, no disk, no bucket.

A journal object is a text of one JSON object a line; `event` names its kind and every object
begins with a `recording` line. `from` and `to` are exchange time, ms since 1970 UTC, `[from, to)`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lake.layout import Stream

REPAIR = "repair"
"""Who writes down what was refilled, and in gaps of its own what was not, and why."""

SOURCE = ("file", "sha256", "url")
"""How the journal names where rows came from."""


@dataclass(frozen=True)
class Recording:
    """A run says what it records, and by which program."""

    by: str
    symbols: frozenset[str]
    streams: frozenset[Stream]


@dataclass(frozen=True)
class Covered:
    """In `[from_ms, to_ms)` the stream was live: silence there means that nothing happened."""

    stream: Stream
    symbol: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Refill:
    """A run says how many missing trades of a day it took from which files.

    `unpublished` ids of them the exchange never published; each source is file, sha256 and url.
    """

    symbol: str
    run: str
    rows: int
    unpublished: int
    sources: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, order=True)
class Unfilled:
    """Ids that a repair could not get, and why."""

    symbol: str
    first_id: int
    last_id: int
    why: str


@dataclass(frozen=True)
class Journal:
    """What the journal objects of one day say, and how many of their lines say nothing."""

    recordings: tuple[Recording, ...] = ()
    covered: tuple[Covered, ...] = ()
    unreadable_lines: int = 0
    refills: tuple[Refill, ...] = ()
    unfilled: tuple[Unfilled, ...] = ()


def read_journal(texts: Iterable[bytes]) -> Journal:
    """Read the objects of a day. Events of other kinds are skipped, unreadable lines counted."""
    recordings: list[Recording] = []
    covered: list[Covered] = []
    refills: list[Refill] = []
    unfilled: list[Unfilled] = []
    unreadable = 0
    for line in (line for text in texts for line in text.splitlines() if line.strip()):
        try:
            event = json.loads(line)
            match event["event"]:
                case "recording":
                    recordings.append(_recording(event))
                    refills += _refills(event)
                case "covered":
                    covered.append(_covered(event))
                case "gap" if event.get("by") == REPAIR:
                    unfilled.append(_unfilled(event))
        except (ValueError, KeyError, TypeError, RecursionError):
            unreadable += 1
    return Journal(tuple(recordings), tuple(covered), unreadable, tuple(refills), tuple(unfilled))


def write_event(event: str, at: str, **fields: Any) -> bytes:
    """Return the line of an event; `at` is ISO 8601 with ms. Fields that are None are absent."""
    present = {name: value for name, value in fields.items() if value is not None}
    line = {"event": event, "at": at, **present}
    return json.dumps(line, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"


def _recording(event: dict[str, Any]) -> Recording:
    named, symbols = _texts(event["streams"]), _texts(event["symbols"])
    streams = frozenset(stream for stream in Stream if stream in named)
    return Recording(str(event.get("by", "")), symbols, streams)


def _covered(event: dict[str, Any]) -> Covered:
    from_ms, to_ms = event["from"], event["to"]
    if type(from_ms) is not int or type(to_ms) is not int:
        raise TypeError("from and to are integers")
    return Covered(Stream(event["stream"]), str(event["symbol"]), from_ms, to_ms)


def _refills(event: dict[str, Any]) -> list[Refill]:
    if event.get("by") != REPAIR:
        return []
    run, (rows, unpublished) = str(event["run"]), _integers(event, "rows", "unpublished")
    sources = tuple(_source(each) for each in event["sources"])
    symbols = sorted(_texts(event["symbols"]))
    return [Refill(symbol, run, rows, unpublished, sources) for symbol in symbols]


def _source(said: dict[str, Any]) -> tuple[str, str, str]:
    file, sha256, url = (str(said[name]) for name in SOURCE)
    return file, sha256, url


def _unfilled(event: dict[str, Any]) -> Unfilled:
    first_id, last_id = _integers(event, "first_id", "last_id")
    return Unfilled(str(event["symbol"]), first_id, last_id, str(event["cause"]))


def _integers(event: dict[str, Any], *names: str) -> list[int]:
    values = [event[name] for name in names]
    if any(type(value) is not int for value in values):
        raise TypeError(f"{names} are integers")
    return values


def _texts(values: Any) -> frozenset[str]:
    """Read a list of texts. One text is none: its letters would be taken for symbols."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("not a list of texts")
    return frozenset(values)
