"""Where the rows of a run came from, as its `recording` line says it. No clock, no disk."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from lake.journal import read_journal
from lake.layout import Stream

_TEXTS = ("file", "sha256", "url")
_NUMBERS = ("max_unpublished", "first_id", "first_ms", "last_id", "last_ms")


@dataclass(frozen=True)
class Source:
    """A file of the archive."""

    file: str
    sha256: str
    url: str

    def fields(self) -> dict[str, Any]:
        """Return how the journal writes it."""
        return {"file": self.file, "sha256": self.sha256, "url": self.url}


@dataclass(frozen=True)
class IdAt:
    """A trade's id and its time."""

    id: int
    ms: int


@dataclass(frozen=True)
class Imported:
    """A file whose rows are all in the lake: its outermost ids, and how holes were filled.

    `covered` is what its journal object says of the date, `[from, to)` in ms.
    """

    source: Source
    max_unpublished: int
    first: IdAt
    last: IdAt
    covered: tuple[int, int] | None = None

    def fields(self) -> dict[str, Any]:
        """Return how the journal writes it; the covered time has a line of its own."""
        return {
            **self.source.fields(),
            "max_unpublished": self.max_unpublished,
            "first_id": self.first.id,
            "first_ms": self.first.ms,
            "last_id": self.last.id,
            "last_ms": self.last.ms,
        }


def imported_files(journal: bytes) -> list[tuple[str, Imported]]:
    """Return symbol and file of what a journal object says is imported whole."""
    return [
        (symbol, replace(found, covered=_covered(journal, symbol)))
        for symbol, entry in _entries(journal)
        if (found := _imported(entry))
    ]


def is_named(journal: bytes, symbol: str, source: Source | Imported) -> bool:
    """Tell whether a journal object names a source, wherever it was downloaded from."""
    said = {name: value for name, value in source.fields().items() if name != "url"}
    return any(
        name == symbol and said.items() <= entry.items() for name, entry in _entries(journal)
    )


def _entries(journal: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the sources that a journal object names, with the symbol that they are of."""
    for event in _events(journal):
        if event.get("event") == "recording":
            for symbol, entry in product(_list(event, "symbols"), _list(event, "sources")):
                if isinstance(symbol, str) and isinstance(entry, dict):
                    yield symbol, entry


def _events(journal: bytes) -> Iterator[dict[str, Any]]:
    for line in journal.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _list(event: dict[str, Any], name: str) -> list[Any]:
    found = event.get(name)
    return found if isinstance(found, list) else []


def _covered(journal: bytes, symbol: str) -> tuple[int, int] | None:
    spans = (
        (line.from_ms, line.to_ms)
        for line in read_journal([journal]).covered
        if line.symbol == symbol and line.stream is Stream.TRADES
    )
    return next(spans, None)


def _imported(entry: dict[str, Any]) -> Imported | None:
    """Read an entry; None for one of another kind, such as that of single rows."""
    texts: list[Any] = [entry.get(name) for name in _TEXTS]
    numbers: list[Any] = [entry.get(name) for name in _NUMBERS]
    if {type(text) for text in texts} != {str} or {type(number) for number in numbers} != {int}:
        return None
    most, first_id, first_ms, last_id, last_ms = numbers
    first, last = IdAt(first_id, first_ms), IdAt(last_id, last_ms)
    return Imported(Source(*texts), most, first, last)
