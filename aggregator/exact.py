"""Exact decimals in bulk: whole units at a power of ten. No clock, no disk.

A column of decimals is an array of integers and one scale: value = units · 10⁻ˢᶜᵃˡᵉ. Ordinary
market data fits 64 bits with room for every sum of a day, and is kept *narrow*: one 64-bit
column. Data that does not fit is kept *wide*: as several columns of nine decimal digits each
(limbs), so that the same sums over the same frames stay exact. Nothing is ever rounded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

LIMB = 10**9
LIMIT = 1 << 60
"""Units, and sums of units, of narrow columns stay below this."""

_LARGEST_POWER = 18  # of ten, in 64 bits
_MOST_DECIMALS = 100
"""Of narrow columns: written plainly, with all its zeros, a number still fits its cell."""

_PIECE = 1 << 20


@dataclass(frozen=True)
class Exact:
    """A column of decimals. `units` is int64, or object (Python integers) where that overflows."""

    units: NDArray[Any]
    scale: int

    def at(self, scale: int) -> "Exact":
        """Return the same decimals at another scale; a lower one must lose nothing."""
        if scale == self.scale:
            return self
        if scale < self.scale:
            return self._lowered(scale)
        shift = scale - self.scale
        fits = shift <= _LARGEST_POWER and _greatest(self.units) < LIMIT // 10**shift
        if fits and _is_narrow(self.units):
            return Exact(self.units * 10**shift, scale)
        return Exact(_widen(self.units) * 10**shift, scale)

    def _lowered(self, scale: int) -> "Exact":
        shift = self.scale - scale
        units = self.units if shift <= _LARGEST_POWER else _widen(self.units)
        return Exact(units // 10**shift, scale).packed()

    def packed(self) -> "Exact":
        """Return the same decimals in 64 bits if they fit."""
        if _is_narrow(self.units) or _greatest(self.units) >= LIMIT:
            return self
        return Exact(self.units.astype(np.int64), self.scale)

    def at_rows(self, rows: Sequence[int], values: "Exact") -> "Exact":
        """Return the column with the given rows replaced."""
        scale = max(self.scale, values.scale)
        base, inserted = self.at(scale).units, values.at(scale).units
        if _is_narrow(base) and not _is_narrow(inserted):
            base = _widen(base)
        base = base.copy()
        base[list(rows)] = inserted
        return Exact(base, scale).packed()


def from_integers(units: Sequence[int], scale: int) -> Exact:
    """Return a column of Python integers, in 64 bits if they fit."""
    return Exact(np.array(units, dtype=object), scale).packed()


def joined(parts: Sequence[Exact]) -> Exact:
    """Return the columns one behind the other, at the greatest of their scales."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Exact(np.empty(0, dtype=np.int64), 0)
    scale = max(part.scale for part in parts)
    units = [part.at(scale).units for part in parts]
    if not all(_is_narrow(part) for part in units):
        units = [_widen(part) for part in units]
    return Exact(np.concatenate(units), scale).packed()


def product(one: Exact, other: Exact) -> Exact:
    """Return the products, row by row."""
    scale = one.scale + other.scale
    fits = _greatest(one.units) * _greatest(other.units) < LIMIT
    if fits and _is_narrow(one.units) and _is_narrow(other.units):
        return Exact(one.units * other.units, scale)
    return Exact(_widen(one.units) * _widen(other.units), scale)


def is_narrow(column: Exact) -> bool:
    """Tell whether the decimals fit a narrow column."""
    return _is_narrow(column.units) and column.scale <= _MOST_DECIMALS


def sums_fit(column: Exact) -> bool:
    """Tell whether every sum of rows of a column stays below the limit."""
    if not is_narrow(column):
        return False
    # The margin covers what the rounding of a float sum can hide.
    return _float_sum(column.units) < LIMIT * 0.99


@dataclass(frozen=True)
class Limbs:
    """How the decimals of a frame are laid out: one column each, or `count` limbs each.

    Beside the limbs of a wide column lies its rank, a 64-bit integer in the order of its values.
    """

    count: int = 1

    @property
    def narrow(self) -> bool:
        """Tell whether a column of decimals is one column of the frame."""
        return self.count == 1

    def names(self, column: str) -> list[str]:
        """Return the names of the frame's columns that hold the decimals, lowest limb first."""
        return [column] if self.narrow else [f"{column}.{i}" for i in range(self.count)]

    def rank(self, column: str) -> str:
        """Return the name of the column that sorts as the decimals do."""
        return column if self.narrow else f"{column}.rank"

    def columns(self, column: str, values: Exact, *, ranked: bool = False) -> dict[str, pl.Series]:
        """Return the frame's columns of the decimals."""
        if self.narrow:
            return {column: pl.Series(column, values.units)}
        names = self.names(column)
        held = {
            name: pl.Series(name, limb)
            for name, limb in zip(names, self._split(values.units), strict=True)
        }
        if ranked:
            ranks = np.unique(values.units, return_inverse=True)[1].astype(np.int64)
            held[self.rank(column)] = pl.Series(self.rank(column), ranks)
        return held

    def _split(self, units: NDArray[Any]) -> list[NDArray[np.int64]]:
        rest = _widen(units)
        limbs = []
        for _ in range(self.count - 1):
            limbs.append((rest % LIMB).astype(np.int64))
            rest = rest // LIMB
        return [*limbs, rest.astype(np.int64)]

    def each(self, column: str, expression: Callable[[pl.Expr], pl.Expr]) -> list[pl.Expr]:
        """Return an expression that is linear, or picks a row, for every column of the decimals."""
        return [expression(pl.col(name)) for name in self.names(column)]

    def pick(self, column: str, alias: str, row: Callable[[pl.Expr], pl.Expr]) -> list[pl.Expr]:
        """Return `first` or `last`, under another name, with the rank."""
        names = [*zip(self.names(column), self.names(alias), strict=True)]
        if not self.narrow:
            names.append((self.rank(column), self.rank(alias)))
        return [row(pl.col(name)).alias(renamed) for name, renamed in names]

    def extreme(self, column: str, alias: str, *, highest: bool) -> list[pl.Expr]:
        """Return the greatest or least decimals, under another name, with the rank."""
        rank = pl.col(self.rank(column))
        if self.narrow:
            return [(rank.max() if highest else rank.min()).alias(alias)]
        place = rank.arg_max() if highest else rank.arg_min()
        return self.pick(column, alias, lambda values: values.get(place))

    def units(self, frame: pl.DataFrame, column: str) -> NDArray[Any]:
        """Return the units of a column that is nowhere empty, as `Exact` takes them."""
        if self.narrow:
            return frame[column].to_numpy()
        return np.array(self.integers(frame, column), dtype=object)

    def integers(self, frame: pl.DataFrame, column: str) -> list[int | None]:
        """Return the units of a column as Python integers."""
        limbs = [frame[name].to_list() for name in self.names(column)]
        return [
            None if row[0] is None else sum(limb * LIMB**i for i, limb in enumerate(row))
            for row in zip(*limbs, strict=True)
        ]


NARROW = Limbs()


def limbs_for(largest: Sequence[Exact], rows: int) -> Limbs:
    """Return the layout in which every sum over so many rows of the columns is exact.

    Negative units may be held, but not summed.
    """
    if all(sums_fit(column) for column in largest):
        return NARROW
    bits = max(_greatest(column.units) for column in largest) * max(rows, 1)
    count = 1
    while LIMB**count <= bits:
        count += 1
    return Limbs(max(count, 2))


def _is_narrow(units: NDArray[Any]) -> bool:
    return bool(units.dtype == np.int64)


def _widen(units: NDArray[Any]) -> NDArray[Any]:
    return units.astype(object)


def _float_sum(units: NDArray[np.int64]) -> float:
    """Return about the sum of the absolute units, in little memory."""
    pieces = range(0, len(units), _PIECE)
    return sum(float(np.abs(units[i : i + _PIECE].astype(np.float64)).sum()) for i in pieces)


def _greatest(units: NDArray[Any]) -> int:
    return max(abs(int(units.max())), abs(int(units.min()))) if len(units) else 0
