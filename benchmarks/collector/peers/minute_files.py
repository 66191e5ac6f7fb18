"""Files of a minute, for recorders that are no better than they must be."""

import gzip
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from lake.layout import Stream
from lake.schemas import RAW_TABLES, header

_MINUTE_NS = 60 * 10**9
_LEVEL = 6

Write = Callable[[str, str, int, bytes], None]
"""Stream, symbol, receive time, line."""


class PlainFiles:
    """An open file for each stream and symbol; a minute's are closed when the next begins."""

    def __init__(self, lake: Path) -> None:
        self._lake, self._minute = lake, 0
        self._files: dict[tuple[str, str], BinaryIO] = {}

    def write(self, stream: str, symbol: str, received_ns: int, line: bytes) -> None:
        """Append a row."""
        minute = received_ns // _MINUTE_NS
        if minute != self._minute:
            self.close()
            self._minute = minute
        file = self._files.get((stream, symbol))
        if file is None:
            file = self._files[stream, symbol] = self._open(stream, symbol)
        file.write(line)

    def _open(self, stream: str, symbol: str) -> BinaryIO:
        path = _path(self._lake, stream, symbol, self._minute, "csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
        file.write(_header(stream))
        return file

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()


class GzipFiles:
    """Rows in memory; when a minute is over, a thread compresses and writes them."""

    def __init__(self, lake: Path) -> None:
        self._lake, self._minute = lake, 0
        self._rows: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        self._writers: list[Thread] = []

    def write(self, stream: str, symbol: str, received_ns: int, line: bytes) -> None:
        """Append a row."""
        minute = received_ns // _MINUTE_NS
        if minute != self._minute:
            self._hand_over()
            self._minute = minute
        self._rows[stream, symbol].append(line)

    def _hand_over(self) -> None:
        writer = Thread(target=_compress, args=(self._lake, self._minute, self._rows))
        writer.start()
        self._writers.append(writer)
        self._rows = defaultdict(list)

    def close(self) -> None:
        """Write what there is, and wait until it is written."""
        self._hand_over()
        for writer in self._writers:
            writer.join()


def _compress(lake: Path, minute: int, rows: dict[tuple[str, str], list[bytes]]) -> None:
    for (stream, symbol), lines in rows.items():
        path = _path(lake, stream, symbol, minute, "csv.gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"".join((_header(stream), *lines)), _LEVEL, mtime=0))


def _header(stream: str) -> bytes:
    return header(RAW_TABLES[Stream(stream)]).encode()


def _path(lake: Path, stream: str, symbol: str, minute: int, suffix: str) -> Path:
    at = datetime.fromtimestamp(minute * 60, UTC)
    folder = lake / "raw" / stream / symbol / at.strftime("%Y-%m-%d")
    return folder / f"{at:%H%M}-loop.{suffix}"
