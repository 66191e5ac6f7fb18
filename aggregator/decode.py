"""A chunk's text becomes columns of rows; what is malformed is set aside. No clock, no disk.

The compiled pass reads the rows that are written the ordinary way. The rows that it punts are
read by the letter: they are rare, and either malformed or written in an unusual way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

import numpy as np

from aggregator import kernels
from aggregator.columns import Columns, RawRows
from aggregator.decompress import Corrupt, decompress
from aggregator.lines import Fault, LineReader, Malformed, TypeCodes, cells_of
from aggregator.utc import DAY_MS, day_start_ms
from lake.layout import ChunkKey, Stream
from lake.schemas import RAW_TABLES, required

_ROLES = {
    "timestamp": kernels.TIMESTAMP,
    "price": kernels.PRICE,
    "quantity": kernels.QUANTITY,
    "is_buyer_maker": kernels.IS_BUYER_MAKER,
    "trade_id": kernels.TRADE_ID,
    "trade_type": kernels.TRADE_TYPE,
    "event_time": kernels.EVENT_TIME,
    "received_ns": kernels.RECEIVED,
    "bids": kernels.BIDS,
    "asks": kernels.ASKS,
    "update_id": kernels.UPDATE_ID,
}
_USUAL_SCALES = (2, 3)


class Unusable(StrEnum):
    """Why a chunk is set aside whole."""

    CORRUPT = "corrupt"
    EMPTY = "empty"
    COLUMNS = "columns"


@dataclass(frozen=True)
class SetAside:
    """Malformed rows of one reason in one chunk, and the line of the first."""

    fault: Fault
    rows: int
    line: int


@dataclass(frozen=True)
class Faults:
    """What is set aside of one chunk: malformed rows, or all of it."""

    set_aside: tuple[SetAside, ...] = ()
    unusable: Unusable | None = None

    def __bool__(self) -> bool:
        return bool(self.set_aside or self.unusable)


class Decoder:
    """Decodes the chunks of one stream and unit; remembers what is usual of them.

    What it remembers (types, decimals, length of rows) makes the next chunks faster and changes no
    result, so threads may share it.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.types = TypeCodes()
        self._scales = _USUAL_SCALES
        self._rows_of_a_byte = 0.0

    def decode(self, chunks: Sequence[tuple[ChunkKey, bytes]]) -> tuple[RawRows, list[Faults]]:
        """Return the rows of some chunks of the lake, and what is set aside of each chunk."""
        size = sum(len(data) for _, data in chunks)
        types = self.types.table()
        while True:
            columns = Columns(self.stream, self._scales, int(size * self._rows_of_a_byte), types)
            faults = [self._chunk(key, data, columns) for key, data in chunks]
            if columns.fits:
                # With some room to spare.
                self._rows_of_a_byte = max(self._rows_of_a_byte, 1.1 * columns.rows / max(size, 1))
                return columns.taken(), faults
            met, usual = columns.met, columns.scales
            self._scales = (max(met[0], usual[0]), max(met[1], usual[1]))

    def _chunk(self, key: ChunkKey, data: bytes, into: Columns) -> Faults:
        try:
            text = decompress(data, key.format)
        except Corrupt:
            return Faults(unusable=Unusable.CORRUPT)
        whole, cut = _complete_lines(text.data, truncated=text.truncated)
        start = _after_header(whole)
        if not start:
            return Faults(unusable=Unusable.EMPTY)
        roles = _roles(whole[:start], self.stream)
        if not roles:
            return Faults(unusable=Unusable.COLUMNS)
        reader = LineReader(roles, _bounds(key.date), self.types)
        faults = self._rows(whole, start, reader, into)
        if cut:
            _count(faults, Fault.TRUNCATED, whole.count(b"\n") + 1)
        return Faults(tuple(faults.values()))

    def _rows(
        self, text: bytes, start: int, reader: LineReader, into: Columns
    ) -> dict[Fault, SetAside]:
        """Run the compiled pass, and read the rows that it punts by the letter."""
        faults: dict[Fault, SetAside] = {}
        data, lines = np.frombuffer(text, dtype=np.uint8), text.count(b"\n", 0, start)
        punted = into.fill(data, start, lines, np.array(reader.roles), reader.bounds)
        for place, start, end, line in punted:
            try:
                into.put(place, reader.read(text[start:end]))
            except Malformed as malformed:
                into.drop(place)
                _count(faults, malformed.fault, line)
        return faults


def _after_header(text: bytes) -> int:
    """Return where the first line that is not empty ends, with its newline; 0 if there is none."""
    head = len(text) - len(text.lstrip(b"\r\n"))
    return text.find(b"\n", head) + 1 if head < len(text) else 0


def _header_names(head: bytes) -> list[str]:
    try:
        return cells_of(head.strip(b"\r\n"))
    except Malformed:
        return []


def _count(faults: dict[Fault, SetAside], fault: Fault, line: int) -> None:
    before = faults.get(fault)
    faults[fault] = SetAside(
        fault, before.rows + 1 if before else 1, before.line if before else line
    )


def _complete_lines(data: bytes, *, truncated: bool) -> tuple[bytes, int]:
    """Return the lines, each with its newline, and how many bytes were cut from the end."""
    if data.endswith(b"\n") or not data:
        return data, 0
    if not truncated:
        return data + b"\n", 0
    end = data.rfind(b"\n") + 1
    return data[:end], len(data) - end


@lru_cache(maxsize=64)
def _roles(header: bytes, stream: Stream) -> list[int]:
    """Return what each column is for: by name, the first of a name, unknown ones ignored.

    Of a header that lacks a required column, return nothing.
    """
    names = _header_names(header)
    if not required(RAW_TABLES[stream]) <= set(names):
        return []
    known = {column.name for column in RAW_TABLES[stream]}
    return [
        _ROLES[name] if name in known and names.index(name) == place else kernels.IGNORED
        for place, name in enumerate(names)
    ]


@lru_cache(maxsize=64)
def _bounds(day: date) -> tuple[int, int]:
    """Return the first and last timestamp that a chunk of the date may hold."""
    start = day_start_ms(day)
    return start - DAY_MS, start + 2 * DAY_MS
