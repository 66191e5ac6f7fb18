"""One line of a chunk, read by the letter of the rules. No clock, no disk.

The slow, obvious way to read a row: right about every line, for the few that the compiled pass
does not take.
"""

import csv
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator import kernels, ladder, numerals
from lake.schemas import TradeType

_INTEGER = re.compile(r"-?\d+", re.ASCII)
_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?", re.ASCII)
_MAX_DIGITS = 18
_MAX_INTEGER_DIGITS = 19
_MOST_TYPES = 250  # a code is a byte
_OTHER_TYPES = f"more than {_MOST_TYPES} types"

# A cell may be as long as it likes; the module's own limit would make a long note malformed.
csv.field_size_limit(2**31 - 1)


class Fault(StrEnum):
    """Why a row is malformed."""

    TRUNCATED = "truncated"
    FIELDS = "fields"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"
    TIMESTAMP = "timestamp"


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
        if name not in self.names and len(self.names) >= _MOST_TYPES:
            name = _OTHER_TYPES
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def table(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the names as bytes, one behind the other, and where each ends."""
        names = [name.encode() for name in self.names]
        ends = np.cumsum([len(name) for name in names], dtype=np.int64)
        return np.frombuffer(b"".join(names), dtype=np.uint8), ends


@dataclass(frozen=True)
class Row:
    """A row that was read by the letter."""

    integers: tuple[int, int, int]
    flags: int
    code: int
    decimals: tuple[int, ...]
    scales: tuple[int, int]
    hashes: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class LineReader:
    """Reads one line by the letter of the rules."""

    roles: list[int]
    bounds: tuple[int, int]
    types: TypeCodes

    def read(self, line: bytes) -> Row:
        """Return the row; raise `Malformed` with the first fault."""
        cells = cells_of(line)
        if len(cells) != len(self.roles):
            raise Malformed(Fault.FIELDS)
        read = {role: self._value(role, cell) for role, cell in zip(self.roles, cells, strict=True)}
        return _book(read) if kernels.BIDS in read else self._trade(read)

    def _value(self, role: int, cell: str) -> Any:
        match role:
            case kernels.IGNORED | kernels.TRADE_TYPE:
                return cell
            case kernels.PRICE | kernels.QUANTITY:
                return _number(cell)
            case kernels.IS_BUYER_MAKER:
                return _boolean(cell)
            case kernels.BIDS | kernels.ASKS:
                return _levels(cell), cell
            case kernels.TIMESTAMP:
                return self._timestamp(cell)
        return _integer(cell) if cell else None

    def _timestamp(self, cell: str) -> int:
        value = _integer(cell)
        if not self.bounds[0] <= value <= self.bounds[1]:
            raise Malformed(Fault.TIMESTAMP)
        return value

    def _trade(self, read: dict[int, Any]) -> Row:
        (price, price_scale), (quantity, quantity_scale) = (
            read[kernels.PRICE], read[kernels.QUANTITY],
        )  # fmt: skip
        flags = 0 if read[kernels.IS_BUYER_MAKER] else kernels.TAKER_BUY
        integers, has_id = _integers(read, kernels.TRADE_ID)
        code = self.types.code(read.get(kernels.TRADE_TYPE, ""))
        return Row(integers, flags | has_id, code, (price, quantity), (price_scale, quantity_scale))


def _book(read: dict[int, Any]) -> Row:
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
    return Row(integers, has_id, _book_fault(*sides), tuple(decimals), scales, hashes)


def _integers(read: dict[int, Any], id_role: int) -> tuple[tuple[int, int, int], int]:
    """Return timestamp, id and receive time, and the flag of the id."""
    ident, received = read.get(id_role), read.get(kernels.RECEIVED)
    return (
        read[kernels.TIMESTAMP],
        0 if ident is None else ident,
        numerals.NEVER_RECEIVED if received is None else received,
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
        return ladder.EMPTY_SIDE
    if any(number <= 0 for level in bids + asks for number in level):
        return ladder.NOT_POSITIVE
    if not (_rises([-price for price, _ in bids]) and _rises([price for price, _ in asks])):
        return ladder.UNORDERED
    return ladder.CROSSED if asks[0][0] <= bids[0][0] else ladder.VALID


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


def cells_of(line: bytes) -> list[str]:
    """Return the cells of a line without its newline; raise `Malformed` if it is no CSV."""
    text = line.decode(errors="replace").removesuffix("\r")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        raise Malformed(Fault.FIELDS) from None


def _integer(text: str) -> int:
    digits = text.removeprefix("-").lstrip("0")
    if not _INTEGER.fullmatch(text) or len(digits) > _MAX_INTEGER_DIGITS:
        raise Malformed(Fault.INTEGER)
    # Without the zeros: there may be more of them than Python reads as one integer.
    value = int(digits or "0") * (-1 if text.startswith("-") else 1)
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
        found = json.loads(text, parse_int=_Digits, parse_float=_Digits, parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise Malformed(Fault.JSON) from None
    if type(found) is not list or not all(map(_is_pair, found)):
        raise Malformed(Fault.JSON)
    levels = [(_number(price), _number(quantity)) for price, quantity in found]
    return levels[: ladder.LEVELS]


def _is_pair(value: Any) -> bool:
    """Tell whether the value is a list of two numbers or strings."""
    return type(value) is list and len(value) == 2 and all(isinstance(v, str) for v in value)


def _no_json(constant: str) -> str:
    raise ValueError(f"{constant} is no JSON")


class _Digits(str):
    """A number of JSON, digit for digit."""

    __slots__ = ()
