"""What the compiled pass fills, chunk after chunk, and the rows that come out. No clock."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator import kernels
from aggregator.exact import Exact, from_integers
from aggregator.lines import Row
from lake.layout import Stream

_LEAST_ROOM, _MOST_ROOM = 1 << 10, 1 << 20
"""Rows for which there is room at first, whatever is expected: a guess may be far too large."""

Names = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Some names, one behind the other, and where each ends."""

_PUNTS = 1 << 8
"""Rows that one call of the pass can punt."""


@dataclass(frozen=True)
class RawRows:
    """The rows of some chunks of one stream, in columns.

    `decimals` are price and quantity of trades; of books, for bids then asks, the best price and
    the quantities of the first 1, 5, 10 and 20 levels; all prices at one scale, all quantities at
    another. `codes` are codes of trade types or of what is wrong with a book. `hashes` (rows x 2,
    or none) stand for the text of books without an id, if any row has none.
    """

    timestamp: NDArray[np.int64]
    ident: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    flags: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    decimals: tuple[Exact, ...]
    hashes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.timestamp)

    def where(self, keep: NDArray[np.bool_]) -> "RawRows":
        """Return some of the rows."""
        return RawRows(
            self.timestamp[keep], self.ident[keep], self.received_ns[keep], self.flags[keep],
            self.codes[keep], tuple(Exact(d.units[keep], d.scale) for d in self.decimals),
            self.hashes[keep] if len(self.hashes) else self.hashes,
        )  # fmt: skip


class Columns:
    """Room for rows, field by field, which grows.

    `scales` are the decimals that are expected, `types` the names of trade types as the compiled
    pass takes them.
    """

    def __init__(self, stream: Stream, scales: tuple[int, int], room: int, types: Names) -> None:
        self.scales = scales
        self.met = (0, 0)
        self.rows = 0
        self._is_book = stream is Stream.DEPTH20
        self._odd: list[tuple[int, Row]] = []
        self._drops = False
        self._types = types
        self._scratch = np.empty(kernels.SCRATCH, np.int64)
        self._found = np.empty((_PUNTS, 4), np.int64)
        self._make_room(min(max(room, _LEAST_ROOM), _MOST_ROOM))

    def _make_room(self, room: int) -> None:
        fields = kernels.BOOK_FIELDS if self._is_book else kernels.TRADE_FIELDS
        self._values = np.empty((fields, room), np.int64)
        self._flags = np.empty(room, np.uint8)
        self._codes = np.empty(room, np.uint8)
        self._hashes = np.empty((room if self._is_book else 0, 2), np.int64)

    def fill(
        self, text: NDArray[np.uint8], start: int, lines: int, roles: NDArray[np.int64],
        bounds: tuple[int, int],
    ) -> list[list[int]]:  # fmt: skip
        """Read the rows of a text from `start` on, which is behind so many lines.

        Return place, start, end and line number of each row that is to be read by the letter.
        """
        punted: list[list[int]] = []
        while start < len(text):
            if self.rows == len(self._flags):
                self._grow()
            start, lines, self.rows, punts, *met = kernels.scan(
                text, start, lines, roles, *self._types, self.scales, bounds, self.rows,
                self._values, self._flags, self._codes, self._hashes, self._found, self._scratch,
            )  # fmt: skip
            self.met = (max(self.met[0], met[0]), max(self.met[1], met[1]))
            punted += self._found[:punts].tolist()
        return punted

    def _grow(self) -> None:
        held = (self._values, self._flags, self._codes, self._hashes)
        self._make_room(2 * self.rows)
        self._values[:, : self.rows] = held[0]
        self._flags[: self.rows], self._codes[: self.rows] = held[1:3]
        self._hashes[: len(held[3])] = held[3]

    @property
    def fits(self) -> bool:
        """Tell whether no number has more decimals than were expected: else it was misread."""
        return self.met[0] <= self.scales[0] and self.met[1] <= self.scales[1]

    def put(self, place: int, row: Row) -> None:
        """Put a row that was read by the letter in its place."""
        self._odd.append((place, row))
        self._values[: kernels.PRICE_FIELD, place] = row.integers
        self._clear_decimals(place)
        self._flags[place], self._codes[place] = row.flags, row.code
        if self._is_book:
            self._hashes[place] = row.hashes

    def drop(self, place: int) -> None:
        """Leave out a row that remains punted: it is malformed."""
        self._drops = True
        self._clear_decimals(place)

    def _clear_decimals(self, place: int) -> None:
        """Remove what the pass left there or never filled: it may be larger than any number."""
        self._values[kernels.PRICE_FIELD :, place] = 0

    def taken(self) -> RawRows:
        """Return the rows."""
        flags = self._flags[: self.rows]
        keep = flags & kernels.PUNTED == 0 if self._drops else slice(None)
        flags = flags[keep]
        values = self._values[:, : self.rows]
        decimals = [self._decimals(values[place], place) for place in range(3, len(values))]
        return RawRows(
            values[kernels.TIME_FIELD][keep],
            values[kernels.ID_FIELD][keep],
            values[kernels.RECEIVED_FIELD][keep],
            flags,
            self._codes[: self.rows][keep],
            tuple(Exact(column.units[keep], column.scale) for column in decimals),
            self._hashes[: self.rows][keep] if self._any_needs_hash(flags) else self._hashes[:0],
        )

    def _any_needs_hash(self, flags: NDArray[np.uint8]) -> bool:
        return self._is_book and bool(np.any(flags & kernels.HAS_ID == 0))

    def _decimals(self, units: NDArray[np.int64], place: int) -> Exact:
        which = place not in (kernels.PRICE_FIELD, kernels.ASK_FIELD)
        column = Exact(units, self.scales[which]).at(self.met[which])
        if not self._odd:
            return column
        scale = max(row.scales[which] for _, row in self._odd)
        values = [
            row.decimals[place - 3] * 10 ** (scale - row.scales[which]) for _, row in self._odd
        ]
        return column.at_rows([row for row, _ in self._odd], from_integers(values, scale))
