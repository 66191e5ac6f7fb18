"""What a lake holds, read by the letter of its format and by no code of what is judged."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lake.layout import ChunkKey, JournalKey, Stream
from lake.storage import Storage


@dataclass(frozen=True)
class Row:
    """A row of a chunk: its cells as text by column, and where it stands."""

    key: ChunkKey
    line: int
    cells: dict[str, str]

    @property
    def received_ms(self) -> float:
        """Return when it was received, by our clock."""
        return int(self.cells["received_ns"]) / 1e6

    @property
    def time_ms(self) -> int:
        """Return the exchange's time of it."""
        return int(self.cells["timestamp"])


@dataclass(frozen=True)
class Line:
    """A line of the journal."""

    key: JournalKey
    said: dict[str, Any]


@dataclass
class LakeRows:
    """All rows by symbol and id, all journal lines, and what could not be read."""

    trades: dict[str, dict[int, list[Row]]] = field(default_factory=dict)
    books: dict[str, dict[int, list[Row]]] = field(default_factory=dict)
    journal: list[Line] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    chunks: int = 0

    def said(self, event: str, stream: Stream, symbol: str) -> list[dict[str, Any]]:
        """Return the journal's lines of a kind about a stream."""
        return [
            line.said
            for line in self.journal
            if (line.said.get("event"), line.said.get("stream"), line.said.get("symbol"))
            == (event, str(stream), symbol)
        ]


def read_lake(storage: Storage) -> LakeRows:
    """Read everything that a collector writes."""
    found = LakeRows()
    for stat in storage.list("raw/"):
        if key := ChunkKey.parse(stat.key):
            _read_chunk(found, key, storage.read(stat.key)[0])
        else:
            found.unreadable.append(f"{stat.key} is no chunk's name")
    for stat in storage.list("journal/"):
        if journal := JournalKey.parse(stat.key):
            _read_journal(found, journal, storage.read(stat.key)[0])
    return found


def _read_chunk(found: LakeRows, key: ChunkKey, data: bytes) -> None:
    found.chunks += 1
    trades = key.stream is Stream.TRADES
    table = (found.trades if trades else found.books).setdefault(key.symbol, {})
    try:
        for row in _rows(key, gzip.decompress(data).decode()):
            identity = row.cells["trade_id" if trades else "update_id"]
            table.setdefault(int(identity), []).append(row)
    except (OSError, EOFError, ValueError, KeyError) as error:
        found.unreadable.append(f"{key}: {error!r}")


def _rows(key: ChunkKey, text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(lines)
    for number, cells in enumerate(lines, start=2):
        yield Row(key, number, dict(zip(header, cells, strict=True)))


def _read_journal(found: LakeRows, key: JournalKey, data: bytes) -> None:
    for number, text in enumerate(data.splitlines()):
        try:
            said = json.loads(text)
        except ValueError:
            found.unreadable.append(f"{key}: line {number + 1} is not JSON")
            continue
        if not number and said.get("event") != "recording":
            found.unreadable.append(f"{key} does not begin with a recording line")
        found.journal.append(Line(key, said))
