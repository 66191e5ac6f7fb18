"""Bars become the text of a CSV file: plainly, exactly, the same bytes for the same numbers.

No clock, no disk. Numbers have no exponent, no trailing zeros and no `-0`; means have at most
12 significant digits. One compiled pass writes all cells of a file.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

import numpy as np
from numpy.typing import NDArray

from aggregator import digits
from aggregator.quotients import DIGITS, divide

_ROWS = 1 << 14
"""Rows of a piece: pieces are written at the same time."""

_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)
_MEAN = Context(prec=DIGITS, Emin=MIN_EMIN, Emax=MAX_EMAX)


@dataclass(frozen=True)
class Cells:
    """The cells of a column, as the compiled pass takes them.

    `values` are units, the bits of floats, packed quotients, seconds of the day, or places in
    `text`: where a text starts, times 2²⁰, plus its length. `kinds` says which, cell by cell.
    """

    values: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    scale: int = 0
    text: bytes = b""

    def or_else(self, other: "Cells") -> "Cells":
        """Return the column with its empty cells taken from another of whole units."""
        empty = self.kinds == digits.EMPTY
        if self.text or other.text:
            mine, others = _texts(self), _texts(other)
            return texts([a or b for a, b in zip(mine, others, strict=True)])
        # A mean needs no scale of the column's, so that can be the other's.
        return Cells(
            np.where(empty, other.values, self.values),
            np.where(empty, other.kinds, self.kinds),
            other.scale,
        )


def decimals(units: NDArray[np.int64], present: NDArray[np.bool_], scale: int) -> Cells:
    """Return cells of `units · 10⁻ˢᶜᵃˡᵉ`."""
    return Cells(units, np.where(present, digits.DECIMAL, digits.EMPTY).astype(np.uint8), scale)


def means(values: NDArray[np.float64], present: NDArray[np.bool_]) -> Cells:
    """Return cells of positive floats, to be written with at most 12 significant digits."""
    return Cells(
        values.view(np.int64), np.where(present, digits.MEAN, digits.EMPTY).astype(np.uint8)
    )


def quotients(
    sums: NDArray[np.int64], counts: NDArray[np.int64], present: NDArray[np.bool_], scale: int
) -> Cells:
    """Return cells of `sum / count · 10⁻ˢᶜᵃˡᵉ`, each rounded once to 12 significant digits."""
    divided = divide(np.where(present, sums, 0), np.where(present, counts, 1), scale)
    return Cells(divided, np.where(present, digits.QUOTIENT, digits.EMPTY).astype(np.uint8))


def times(day: str, rows: int, step: int) -> Cells:
    """Return cells of ISO 8601 times, every so many seconds from 00:00 of a day `YYYY-MM-DD`."""
    seconds = np.arange(rows, dtype=np.int64) * step
    return Cells(seconds, np.full(rows, digits.CLOCK, np.uint8), text=f"{day}T".encode())


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
    return Cells(table, np.full(len(table), digits.TEXT, np.uint8), text=bytes(text))


def wide_decimals(units: Sequence[int | None], scale: int) -> Cells:
    """Return cells of decimals that 64 bits cannot hold."""
    return texts(["" if unit is None else plain(unit, scale) for unit in units])


def wide_means(sums: Sequence[int | None], counts: Sequence[int | None], scale: int) -> Cells:
    """Return cells of `sum / count · 10⁻ˢᶜᵃˡᵉ`, each divided once."""
    return texts(
        [
            _plain_decimal(_MEAN.divide(Decimal(total), Decimal(count).scaleb(scale, _EXACT)))
            if total is not None and count
            else ""
            for total, count in zip(sums, counts, strict=True)
        ]
    )


def plain(units: int, scale: int) -> str:
    """Write a decimal plainly."""
    return _plain_decimal(Decimal(units).scaleb(-scale, _EXACT))


def _plain_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _texts(cells: Cells) -> list[str]:
    """Return the cells of a column, each as it is written."""
    return csv([cells]).decode().split("\n")[:-1]


def csv(columns: Sequence[Cells]) -> bytes:
    """Return the rows of the columns as CSV, without a header."""
    rows = len(columns[0].values)
    offsets = np.cumsum([0, *(len(column.text) for column in columns)], dtype=np.int64)
    text = np.frombuffer(b"".join(column.text for column in columns) or b"\0", dtype=np.uint8)
    longest = sum(max(_longest_text(column), digits.CELL) for column in columns)
    scales = np.array([column.scale for column in columns], dtype=np.int64)

    def written(start: int) -> bytes:
        some = slice(start, start + _ROWS)
        table = np.ascontiguousarray([column.values[some] for column in columns])
        kinds = np.ascontiguousarray([column.kinds[some] for column in columns])
        return _written(table, kinds, scales, text, offsets, longest)

    with ThreadPoolExecutor(thread_name_prefix="render") as pool:
        return b"".join(pool.map(written, range(0, rows, _ROWS)))


def _written(
    table: NDArray[np.int64], kinds: NDArray[np.uint8], scales: NDArray[np.int64],
    text: NDArray[np.uint8], offsets: NDArray[np.int64], longest: int,
) -> bytes:  # fmt: skip
    columns, rows = table.shape
    parts, row = [], 0
    buffer = np.empty(max(longest * 2, rows * columns * 8), dtype=np.uint8)
    while row < rows:
        row, size = digits.write(
            table, table.view(np.float64), kinds, scales, text, offsets, row, longest, buffer
        )
        parts.append(buffer[:size].tobytes())
    return b"".join(parts)


def _longest_text(column: Cells) -> int:
    in_text = column.kinds == digits.TEXT
    return int((column.values[in_text] & 0xFFFFF).max(initial=0)) + 1
