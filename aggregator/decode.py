"""A chunk's text becomes columns of rows; what is malformed is set aside. No clock, no disk.

The compiled pass reads the rows that are written the ordinary way. The rows that it punts are
read here by the letter: they are rare, and either malformed or written in an unusual way.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator import kernels
from aggregator.decompress import Corrupt, decompress
from aggregator.exact import Exact, from_integers
from lake.layout import ChunkKey, Stream
from lake.schemas import RAW_TABLES, TradeType, required

DAY_MS = 86_400_000

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
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?", re.ASCII)
_MAX_DIGITS = 18
_MAX_INTEGER_DIGITS = 19
_USUAL_SCALES = (2, 3)
_MOST_TYPES = 255


class Fault(StrEnum):
    """Why a row is malformed."""

    TRUNCATED = "truncated"
    FIELDS = "fields"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"
    TIMESTAMP = "timestamp"


class Unusable(StrEnum):
    """Why a chunk is set aside whole."""

    CORRUPT = "corrupt"
    EMPTY = "empty"
    COLUMNS = "columns"


class Malformed(Exception):
    """The row is set aside, for a reason."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass
class TypeCodes:
    """The codes of the trade types met in a unit: it grows and never changes a code; 0 is none."""

    names: list[str] = field(default_factory=lambda: sorted(TradeType))

    def code(self, name: str) -> int:
        """Return the code of a type, a new one if it was not met before."""
        if name not in self.names:
            if len(self.names) == _MOST_TYPES:
                return self.code("more than 250 other types")
            self.names.append(name)
        return self.names.index(name)

    def table(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the names as bytes, one behind the other, and where each ends."""
        names = [name.encode() for name in self.names]
        ends = np.cumsum([len(name) for name in names], dtype=np.int64)
        return np.frombuffer(b"".join(names), dtype=np.uint8), ends


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
    what is wrong with a book. `hashes` (rows x 2, books only) stand for the text of rows
    without an id.
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
        head, newline, _ = whole.partition(b"\n")
        if not newline:
            return self.nothing(Unusable.EMPTY)
        try:
            names = _cells(head)
        except Malformed:
            return self.nothing(Unusable.COLUMNS)
        if not required(RAW_TABLES[self.stream]) <= set(names):
            return self.nothing(Unusable.COLUMNS)
        roles = _roles(names, self.stream)
        scanned = self._scan(whole, len(head) + 1, roles, _bounds(key.date))
        return self._chunk(whole, scanned, _Line(roles, _bounds(key.date), self.types), cut)

    def nothing(self, why: Unusable | None = None) -> Chunk:
        """Return a chunk without rows."""
        empty = _Scan.sized(0, self.stream, self._scales)
        return self._chunk(b"", empty, None, cut=0, unusable=why)

    def _scan(
        self, text: bytes, start: int, roles: list[int], bounds: tuple[int, int]
    ) -> "_Scan":
        """Run the compiled pass, again if the text has more decimals than was expected."""
        data = np.frombuffer(text, dtype=np.uint8)
        names, ends = self.types.table()
        while True:
            scan = _Scan.sized(text.count(b"\n"), self.stream, self._scales)
            rows, punts, *met = kernels.scan(
                data, start, np.array(roles), names, ends, scan.scales, bounds,
                scan.values, scan.flags, scan.codes, scan.hashes, scan.punted,
            )  # fmt: skip
            if met[0] <= scan.scales[0] and met[1] <= scan.scales[1]:
                return scan.cut(rows, punts, (met[0], met[1]))
            self._scales = (max(met[0], scan.scales[0]), max(met[1], scan.scales[1]))

    def _chunk(
        self, text: bytes, scan: "_Scan", lines: "_Line | None", cut: int,
        unusable: Unusable | None = None,
    ) -> Chunk:  # fmt: skip
        """Put the punted rows in their places and drop those that are malformed."""
        faults: dict[Fault, SetAside] = {}
        odd: list[tuple[int, _Row]] = []
        for place, start, end, line in scan.punted.tolist():
            try:
                odd.append((place, lines.read(text[start:end]))) if lines else None
            except Malformed as malformed:
                _count(faults, malformed.fault, line)
        if cut:
            _count(faults, Fault.TRUNCATED, text.count(b"\n") + 1)
        return scan.columns(odd, tuple(faults.values()), unusable)


def _count(faults: dict[Fault, SetAside], fault: Fault, line: int) -> None:
    before = faults.get(fault)
    faults[fault] = SetAside(fault, before.rows + 1 if before else 1, before.line if before else line)


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


def day_start_ms(day: date) -> int:
    """Return 00:00 UTC of the day in ms since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


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
        self, odd: list[tuple[int, "_Row"]], set_aside: tuple[SetAside, ...],
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
        decimals = [
            self._decimals(fields[place], place, odd) for place in range(3, len(fields))
        ]
        return Chunk(
            *(fields[place][keep] for place in range(3)),
            self.flags[keep], self.codes[keep],
            tuple(Exact(column.units[keep], column.scale) for column in decimals),
            self.hashes[keep] if len(self.hashes) else self.hashes,
            set_aside, unusable,
        )  # fmt: skip

    def _decimals(
        self, units: NDArray[np.int64], place: int, odd: list[tuple[int, "_Row"]]
    ) -> Exact:
        which = place not in (kernels.PRICE_FIELD, kernels.ASK_FIELD)
        if odd:
            # What the pass left in the places of odd rows is no number.
            units[[row for row, _ in odd]] = 0
        column = Exact(units, self.scales[which])
        if self.scales[which] != self.met[which]:
            column = Exact(np.where(self.flags & kernels.PUNTED, 0, units), column.scale).at(self.met[which])
        if not odd:
            return column
        scale = max(row.scales[which] for _, row in odd)
        values = [
            row.decimals[place - 3] * 10 ** (scale - row.scales[which]) for _, row in odd
        ]
        return column.at_rows([row for row, _ in odd], from_integers(values, scale))


@dataclass(frozen=True)
class _Row:
    """A row that was read by the letter."""

    integers: tuple[int, int, int]
    flags: int
    code: int
    decimals: tuple[int, ...]
    scales: tuple[int, int]
    hashes: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Line:
    """Reads one line by the letter of the rules."""

    roles: list[int]
    bounds: tuple[int, int]
    types: TypeCodes

    def read(self, line: bytes) -> _Row:
        """Return the row; raise `Malformed` with the first fault."""
        cells = _cells(line)
        if len(cells) != len(self.roles):
            raise Malformed(Fault.FIELDS)
        read = {role: self._value(role, cell) for role, cell in zip(self.roles, cells, strict=True)}
        return _book(read) if kernels.BIDS in read else self._trade(read)

    def _value(self, role: int, cell: str) -> Any:
        if role == kernels.IGNORED:
            return None
        if role == kernels.TRADE_TYPE:
            return cell
        if role in (kernels.PRICE, kernels.QUANTITY):
            return _number(cell)
        if role == kernels.IS_BUYER_MAKER:
            return _boolean(cell)
        if role in (kernels.BIDS, kernels.ASKS):
            return _levels(cell), cell
        if role != kernels.TIMESTAMP:
            return _integer(cell) if cell else None
        value = _integer(cell)
        if not self.bounds[0] <= value <= self.bounds[1]:
            raise Malformed(Fault.TIMESTAMP)
        return value

    def _trade(self, read: dict[int, Any]) -> _Row:
        (price, price_scale), (quantity, quantity_scale) = (
            read[kernels.PRICE], read[kernels.QUANTITY],
        )  # fmt: skip
        flags = 0 if read[kernels.IS_BUYER_MAKER] else kernels.TAKER_BUY
        integers, has_id = _integers(read, kernels.TRADE_ID)
        code = self.types.code(read.get(kernels.TRADE_TYPE, ""))
        return _Row(integers, flags | has_id, code, (price, quantity), (price_scale, quantity_scale))


def _book(read: dict[int, Any]) -> _Row:
    integers, has_id = _integers(read, kernels.UPDATE_ID)
    (bids, bids_text), (asks, asks_text) = read[kernels.BIDS], read[kernels.ASKS]
    levels = bids + asks
    scales = (
        max((price[1] for price, _ in levels), default=0),
        max((quantity[1] for _, quantity in levels), default=0),
    )
    sides = [_at_scales(side, scales) for side in (bids, asks)]
    decimals = [value for side in sides for value in _side_decimals(side)]
    hashes = (0, 0) if has_id else _text_hashes(bids_text, asks_text)
    return _Row(integers, has_id, _book_fault(*sides), tuple(decimals), scales, hashes)


def _integers(read: dict[int, Any], id_role: int) -> tuple[tuple[int, int, int], int]:
    """Return timestamp, id and receive time, and the flag of the id."""
    ident, received = read.get(id_role), read.get(kernels.RECEIVED)
    return (
        read[kernels.TIMESTAMP],
        0 if ident is None else ident,
        kernels.NEVER_RECEIVED if received is None else received,
    ), 0 if ident is None else kernels.HAS_ID


_Number = tuple[int, int]  # units and scale
_Level = tuple[int, int]  # units of price and of quantity


def _at_scales(side: list[tuple[_Number, _Number]], scales: tuple[int, int]) -> list[_Level]:
    return [
        (price[0] * 10 ** (scales[0] - price[1]), quantity[0] * 10 ** (scales[1] - quantity[1]))
        for price, quantity in side
    ]


def _side_decimals(side: list[_Level]) -> list[int]:
    quantities = [quantity for _, quantity in side]
    return [side[0][0] if side else 0, *(sum(quantities[:depth]) for depth in (1, 5, 10, 20))]


def _book_fault(bids: list[_Level], asks: list[_Level]) -> int:
    if not bids or not asks:
        return kernels.EMPTY_SIDE
    if any(number <= 0 for level in bids + asks for number in level):
        return kernels.NOT_POSITIVE
    if not (_rises([-price for price, _ in bids]) and _rises([price for price, _ in asks])):
        return kernels.UNORDERED
    return kernels.CROSSED if asks[0][0] <= bids[0][0] else kernels.VALID


def _rises(values: list[int]) -> bool:
    return all(one < other for one, other in zip(values, values[1:], strict=False))


def _text_hashes(bids: str, asks: str) -> tuple[int, int]:
    """Return what the compiled pass returns for the same cells, written as it expects them."""
    cells = [np.frombuffer(_quoted(cell), dtype=np.uint8) for cell in (bids, asks)]
    middles = [kernels.fingerprint(cells[0], 0, len(cells[0]), seed) for seed in range(2)]
    one, other = (kernels.fingerprint(cells[1], 0, len(cells[1]), middle) for middle in middles)
    return one, other


def _quoted(cell: str) -> bytes:
    return b'"' + cell.replace('"', '""').encode() + b'"'


def _cells(line: bytes) -> list[str]:
    text = line.decode(errors="replace").removesuffix("\r")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        raise Malformed(Fault.FIELDS) from None


def _integer(text: str) -> int:
    digits = text.removeprefix("-").lstrip("0")
    if not _INTEGER.fullmatch(text) or len(digits) > _MAX_INTEGER_DIGITS:
        raise Malformed(Fault.INTEGER)
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise Malformed(Fault.INTEGER)
    return value


def _number(text: str) -> _Number:
    match = _NUMBER.fullmatch(text)
    digits = match and (match[2] + (match[3] or "")).lstrip("0")
    if not match or digits is None or len(digits) > _MAX_DIGITS:
        raise Malformed(Fault.NUMBER)
    units = int(digits or "0")
    return -units if match[1] else units, len(match[3] or "")


def _boolean(text: str) -> bool:
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise Malformed(Fault.BOOLEAN)


def _levels(text: str) -> list[tuple[_Number, _Number]]:
    """Return the first twenty levels; every level must be well formed."""
    try:
        found = json.loads(text, parse_int=_Digits, parse_float=_Digits, parse_constant=_Digits)
    except (ValueError, RecursionError):
        raise Malformed(Fault.JSON) from None
    if type(found) is not list or not all(type(pair) is list and len(pair) == 2 for pair in found):
        raise Malformed(Fault.JSON)
    levels = [(_level_number(price), _level_number(quantity)) for price, quantity in found]
    return levels[: kernels.LEVELS]


class _Digits(str):
    """A number of JSON, digit for digit."""

    __slots__ = ()


def _level_number(value: Any) -> _Number:
    if not isinstance(value, str):
        raise Malformed(Fault.NUMBER)
    return _number(value)
