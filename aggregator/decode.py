"""A chunk's text becomes columns of rows; what is malformed is set aside. No clock, no disk.

The compiled pass reads the rows that are written the ordinary way. The rows that it punts are
read by the letter: they are rare, and either malformed or written in an unusual way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from aggregator import kernels
from aggregator.decompress import Corrupt, decompress
from aggregator.exact import Exact, from_integers
from aggregator.lines import Fault, LineReader, Malformed, Row, TypeCodes, cells_of
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
class Chunk:
    """The rows of a chunk, in columns.

    `decimals` are price and quantity of trades; of books, for bids then asks, the best price and
    the quantities of the first 1, 5, 10 and 20 levels. `codes` are codes of trade types or of
    what is wrong with a book. `hashes` (rows x 2, or none) stand for the text of books without an
    id, if any row has none.
    """

    timestamp: NDArray[np.int64]
    ident: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    flags: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    decimals: tuple[Exact, ...]
    hashes: NDArray[np.int64]
    set_aside: tuple[SetAside, ...] = ()
    unusable: Unusable | None = None

    def __len__(self) -> int:
        return len(self.timestamp)


class Decoder:
    """Decodes the chunks of one stream and unit; remembers which types and scales are usual.

    What it remembers makes the next chunk faster and changes no result, so threads may share it.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.types = TypeCodes()
        self._scales = _USUAL_SCALES

    def decode(self, key: ChunkKey, data: bytes) -> Chunk:
        """Return the rows of a chunk of the lake."""
        try:
            text = decompress(data, key.format)
        except Corrupt:
            return self.nothing(Unusable.CORRUPT)
        whole, cut = _complete_lines(text.data, truncated=text.truncated)
        start = _after_header(whole)
        if not start:
            return self.nothing(Unusable.EMPTY)
        names = _header_names(whole[:start])
        if not required(RAW_TABLES[self.stream]) <= set(names):
            return self.nothing(Unusable.COLUMNS)
        roles = _roles(names, self.stream)
        scanned = self._scan(whole, start, roles, _bounds(key.date))
        return self._chunk(whole, scanned, LineReader(roles, _bounds(key.date), self.types), cut)

    def nothing(self, why: Unusable | None = None) -> Chunk:
        """Return a chunk without rows."""
        empty = _Scan.sized(0, self.stream, self._scales)
        return self._chunk(b"", empty, None, cut=0, unusable=why)

    def _scan(self, text: bytes, start: int, roles: list[int], bounds: tuple[int, int]) -> "_Scan":
        """Run the compiled pass, again if the text has more decimals than was expected."""
        data = np.frombuffer(text, dtype=np.uint8)
        names, ends = self.types.table()
        lines = text.count(b"\n", 0, start)
        while True:
            scan = _Scan.sized(text.count(b"\n"), self.stream, self._scales)
            rows, punts, *met = kernels.scan(
                data, start, lines, np.array(roles), names, ends, scan.scales, bounds,
                scan.values, scan.flags, scan.codes, scan.hashes, scan.punted,
            )  # fmt: skip
            if met[0] <= scan.scales[0] and met[1] <= scan.scales[1]:
                return scan.cut(rows, punts, (met[0], met[1]))
            self._scales = (max(met[0], scan.scales[0]), max(met[1], scan.scales[1]))

    def _chunk(
        self, text: bytes, scan: "_Scan", lines: LineReader | None, cut: int,
        unusable: Unusable | None = None,
    ) -> Chunk:  # fmt: skip
        """Put the punted rows in their places and drop those that are malformed."""
        faults: dict[Fault, SetAside] = {}
        odd: list[tuple[int, Row]] = []
        for place, start, end, line in scan.punted.tolist():
            try:
                odd.append((place, lines.read(text[start:end]))) if lines else None
            except Malformed as malformed:
                _count(faults, malformed.fault, line)
        if cut:
            _count(faults, Fault.TRUNCATED, text.count(b"\n") + 1)
        return scan.columns(odd, tuple(faults.values()), unusable)


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


def _roles(names: Sequence[str], stream: Stream) -> list[int]:
    """Return what each column is for: by name, the first of a name, unknown ones ignored."""
    known = {column.name for column in RAW_TABLES[stream]}
    return [
        _ROLES[name] if name in known and names.index(name) == place else kernels.IGNORED
        for place, name in enumerate(names)
    ]


def _bounds(day: date) -> tuple[int, int]:
    """Return the first and last timestamp that a chunk of the date may hold."""
    start = day_start_ms(day)
    return start - DAY_MS, start + 2 * DAY_MS


@dataclass(frozen=True)
class _Scan:
    """What the compiled pass fills."""

    values: NDArray[np.int64]
    flags: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    hashes: NDArray[np.int64]
    punted: NDArray[np.int64]
    scales: tuple[int, int]
    met: tuple[int, int] = (0, 0)

    @classmethod
    def sized(cls, rows: int, stream: Stream, scales: tuple[int, int]) -> "_Scan":
        book = stream is Stream.DEPTH20
        return cls(
            np.empty((rows, kernels.BOOK_FIELDS if book else kernels.TRADE_FIELDS), np.int64),
            np.empty(rows, np.uint8),
            np.empty(rows, np.uint8),
            np.empty((rows if book else 0, 2), np.int64),
            np.empty((rows, 4), np.int64),
            scales,
        )

    def cut(self, rows: int, punts: int, met: tuple[int, int]) -> "_Scan":
        return _Scan(
            self.values[:rows], self.flags[:rows], self.codes[:rows], self.hashes[:rows],
            self.punted[:punts], self.scales, met,
        )  # fmt: skip

    def columns(
        self, odd: list[tuple[int, Row]], set_aside: tuple[SetAside, ...],
        unusable: Unusable | None,
    ) -> Chunk:  # fmt: skip
        """Return the columns, with the odd rows in their places and without malformed ones."""
        for place, row in odd:
            self.values[place, : kernels.PRICE_FIELD] = row.integers
            self.flags[place], self.codes[place] = row.flags, row.code
            if len(self.hashes):
                self.hashes[place] = row.hashes
        keep = self.flags & kernels.PUNTED == 0 if set_aside else slice(None)
        fields = np.ascontiguousarray(self.values.T)
        decimals = [self._decimals(fields[place], place, odd) for place in range(3, len(fields))]
        return Chunk(
            fields[kernels.TIME_FIELD][keep],
            fields[kernels.ID_FIELD][keep],
            fields[kernels.RECEIVED_FIELD][keep],
            self.flags[keep], self.codes[keep],
            tuple(Exact(column.units[keep], column.scale) for column in decimals),
            self._hashes(keep),
            set_aside, unusable,
        )  # fmt: skip

    def _hashes(self, keep: NDArray[np.bool_] | slice) -> NDArray[np.int64]:
        needed = len(self.hashes) and np.any(self.flags & kernels.HAS_ID == 0)
        return self.hashes[keep] if needed else self.hashes[:0]

    def _decimals(self, units: NDArray[np.int64], place: int, odd: list[tuple[int, Row]]) -> Exact:
        which = place not in (kernels.PRICE_FIELD, kernels.ASK_FIELD)
        if odd:
            # What the pass left in the places of odd rows is no number.
            units[[row for row, _ in odd]] = 0
        column = Exact(units, self.scales[which])
        if self.scales[which] != self.met[which]:
            column = Exact(np.where(self.flags & kernels.PUNTED, 0, units), column.scale).at(
                self.met[which]
            )
        if not odd:
            return column
        scale = max(row.scales[which] for _, row in odd)
        values = [row.decimals[place - 3] * 10 ** (scale - row.scales[which]) for _, row in odd]
        return column.at_rows([row for row, _ in odd], from_integers(values, scale))
