"""Bars become the text of a CSV file: plainly, exactly, the same bytes for the same numbers.

No clock, no disk. Numbers have no exponent, no trailing zeros and no `-0`; means have at most
12 significant digits. One compiled pass writes all cells of a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.compiled import compiled

SIGNIFICANT_DIGITS = 12

_EMPTY, _DECIMAL, _MEAN, _TEXT, _CLOCK = range(5)
_CELL = 96
"""Bytes that any one number or time of a file fits into."""

_DOT, _MINUS, _COMMA, _NEWLINE, _ZERO, _COLON, _Z = 46, 45, 44, 10, 48, 58, 90
_TENS = 10.0 ** np.arange(0, 23)


@dataclass(frozen=True)
class Cells:
    """The cells of a column, as the compiled pass takes them.

    `values` are units, the bits of floats, seconds of the day, or places in `text`: where a text
    starts, times 2²⁰, plus its length. `kinds` says which, cell by cell.
    """

    values: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    scale: int = 0
    text: bytes = b""

    def or_else(self, other: "Cells") -> "Cells":
        """Return the column with its empty cells taken from another of whole units."""
        empty = self.kinds == _EMPTY
        if self.text or other.text:
            mine, others = _texts(self), _texts(other)
            return texts([a or b for a, b in zip(mine, others, strict=True)])
        # A mean has no scale of its own, so the column can carry the other's.
        return Cells(
            np.where(empty, other.values, self.values),
            np.where(empty, other.kinds, self.kinds),
            other.scale,
        )


def decimals(units: NDArray[np.int64], present: NDArray[np.bool_], scale: int) -> Cells:
    """Return cells of `units · 10⁻ˢᶜᵃˡᵉ`."""
    return Cells(units, np.where(present, _DECIMAL, _EMPTY).astype(np.uint8), scale)


def means(values: NDArray[np.float64], present: NDArray[np.bool_]) -> Cells:
    """Return cells of positive floats, to be written with at most 12 significant digits."""
    return Cells(values.view(np.int64), np.where(present, _MEAN, _EMPTY).astype(np.uint8))


def times(day: str, rows: int, step: int) -> Cells:
    """Return cells of ISO 8601 times, every so many seconds from 00:00 of a day `YYYY-MM-DD`."""
    seconds = np.arange(rows, dtype=np.int64) * step
    return Cells(seconds, np.full(rows, _CLOCK, np.uint8), text=f"{day}T".encode())


def texts(values: Sequence[str]) -> Cells:
    """Return cells of texts without commas, quotes or newlines; each text is kept once."""
    places: dict[str, int] = {}
    text = bytearray()
    for value in values:
        if value not in places:
            encoded = value.encode()
            places[value] = len(text) << 20 | len(encoded)
            text += encoded
    table = np.array([places[value] for value in values], dtype=np.int64)
    return Cells(table, np.full(len(table), _TEXT, np.uint8), text=bytes(text))


def wide_decimals(units: Sequence[int | None], scale: int) -> Cells:
    """Return cells of decimals that 64 bits cannot hold."""
    return texts(["" if unit is None else plain(unit, scale) for unit in units])


def wide_means(sums: Sequence[int | None], counts: Sequence[int | None], scale: int) -> Cells:
    """Return cells of `sum / count · 10⁻ˢᶜᵃˡᵉ`, each divided once."""
    context = Context(prec=SIGNIFICANT_DIGITS, Emin=-10_000, Emax=10_000)
    return texts(
        [
            _plain_decimal(context.divide(Decimal(total), Decimal(count).scaleb(scale)))
            if total is not None and count
            else ""
            for total, count in zip(sums, counts, strict=True)
        ]
    )


def plain(units: int, scale: int) -> str:
    """Write a decimal plainly."""
    return _plain_decimal(Decimal(units).scaleb(-scale, Context(prec=10_000)))


def _plain_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _texts(cells: Cells) -> list[str]:
    """Return the cells of a column, each as it is written."""
    return csv([cells]).decode().split("\n")[:-1]


def csv(columns: Sequence[Cells]) -> bytes:
    """Return the rows of the columns as CSV, without a header."""
    rows = len(columns[0].values)
    offsets = np.cumsum([0, *(len(column.text) for column in columns)], dtype=np.int64)
    text = np.frombuffer(b"".join(column.text for column in columns) or b"\0", dtype=np.uint8)
    longest = sum(max(_longest_text(column), _CELL) for column in columns)
    table = np.ascontiguousarray([column.values for column in columns])
    kinds = np.ascontiguousarray([column.kinds for column in columns])
    scales = np.array([column.scale for column in columns], dtype=np.int64)
    parts, row = [], 0
    buffer = np.empty(max(longest * 2, rows * len(columns) * 8), dtype=np.uint8)
    while row < rows:
        row, size = _write(table, kinds, scales, text, offsets, row, longest, buffer)
        parts.append(buffer[:size].tobytes())
    return b"".join(parts)


def _longest_text(column: Cells) -> int:
    in_text = column.kinds == _TEXT
    return int((column.values[in_text] & 0xFFFFF).max(initial=0)) + 1


@compiled
def _write(
    table: NDArray[np.int64], kinds: NDArray[np.uint8], scales: NDArray[np.int64],
    text: NDArray[np.uint8], offsets: NDArray[np.int64], row: int, longest: int,
    out: NDArray[np.uint8],
) -> tuple[int, int]:  # fmt: skip
    """Write rows until the buffer may be full; return the next row and the bytes written."""
    floats = table.view(np.float64)
    columns = len(table)
    i = 0
    while row < table.shape[1] and i + longest <= len(out):
        for column in range(columns):
            kind = kinds[column, row]
            if kind == _DECIMAL:
                i = _put_decimal(out, i, table[column, row], scales[column])
            elif kind == _MEAN:
                i = _put_mean(out, i, floats[column, row])
            elif kind == _TEXT:
                start = offsets[column] + (table[column, row] >> 20)
                for k in range(start, start + (table[column, row] & 0xFFFFF)):
                    out[i] = text[k]
                    i += 1
            elif kind == _CLOCK:
                for k in range(offsets[column], offsets[column + 1]):
                    out[i] = text[k]
                    i += 1
                i = _put_clock(out, i, table[column, row])
            out[i] = _NEWLINE if column == columns - 1 else _COMMA
            i += 1
        row += 1
    return row, i


@compiled
def _put_decimal(out: NDArray[np.uint8], i: int, units: int, scale: int) -> int:
    """Write `units · 10⁻ˢᶜᵃˡᵉ`; a negative scale appends zeros. Return the place behind it."""
    if units == 0:
        out[i] = _ZERO
        return i + 1
    if units < 0:
        out[i] = _MINUS
        i += 1
        units = -units
    while scale > 0 and units % 10 == 0:
        units //= 10
        scale -= 1
    digits = 0
    rest = units
    while rest > 0:
        digits += 1
        rest //= 10
    before_point = digits - scale
    if before_point <= 0:
        out[i] = _ZERO
        out[i + 1] = _DOT
        i += 2
        for _ in range(-before_point):
            out[i] = _ZERO
            i += 1
    end = i + digits + (1 if 0 < scale and before_point > 0 else 0)
    k = end - 1
    for place in range(digits):
        if place == scale and scale > 0 and before_point > 0:
            out[k] = _DOT
            k -= 1
        out[k] = _ZERO + units % 10
        units //= 10
        k -= 1
    for _ in range(-scale):
        out[end] = _ZERO
        end += 1
    return end


@compiled
def _power(exponent: int) -> float:
    """Return a power of ten, 0 <= exponent, correct to its last digits."""
    value = 1.0
    while exponent > 22:
        value *= 1e22
        exponent -= 22
    return value * _TENS[exponent]


@compiled
def _put_mean(out: NDArray[np.uint8], i: int, value: float) -> int:
    """Write a positive float with 12 significant digits, plainly; return the place behind it."""
    scale = SIGNIFICANT_DIGITS - 1 - int(np.floor(np.log10(value)))
    # The logarithm may be off by one next to a power of ten.
    for _ in range(2):
        scaled = value * _power(scale) if scale >= 0 else value / _power(-scale)
        units = np.int64(np.rint(scaled))
        if units >= 10**SIGNIFICANT_DIGITS:
            scale -= 1
        elif units < 10 ** (SIGNIFICANT_DIGITS - 1):
            scale += 1
        else:
            break
    return _put_decimal(out, i, units, scale)


@compiled
def _put_clock(out: NDArray[np.uint8], i: int, seconds: int) -> int:
    """Write `HH:MM:SSZ`; return the place behind it."""
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    for part in parts:
        out[i] = _ZERO + part // 10
        out[i + 1] = _ZERO + part % 10
        out[i + 2] = _COLON
        i += 3
    out[i - 1] = _Z
    return i
