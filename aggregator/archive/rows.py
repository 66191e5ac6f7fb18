"""Rows of the exchange's trades archive: their columns, and what is wrong with one.

No clock, no disk. A block of rows is judged whole and fast; only a block with something odd in it
is read again row by row, so that the complaint can name the line.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from lake.errors import LakeError

COLUMNS = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
"""The columns of the archive; the order is that of files without a header."""

MAX_LINE_BYTES = 65_536
"""No row is nearly as long: more without a newline is no table."""

_ID = r"[0-9]{1,18}"
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_TIME = r"[1-9][0-9]{12}"
_BOOLEAN = r"(?i:true|false)"
_MAX_DIGITS = 18
_UNITS = {10: "seconds", 16: "microseconds", 19: "nanoseconds"}
_SHOWN_CHARACTERS = 40
_NEWLINE = ord("\n")


class ArchiveError(LakeError):
    """A file cannot be imported: what was tried, on which file and line, why, what to do next."""


class MalformedRow(Exception):
    """A line of a file is no row of the archive."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line = line
        self.why = why


def is_header(line: bytes) -> bool:
    """Tell a header from a first row: only a row begins with a digit."""
    return not line[:1].isdigit()


def columns_of(line: bytes) -> tuple[str, ...] | None:
    """Return the columns of a file by its first line; None if they are not the archive's."""
    cells = tuple(line.decode("ascii", "replace").split(","))
    if not is_header(line):
        return COLUMNS if len(cells) == len(COLUMNS) else None
    return cells if len(cells) == len(set(cells)) and set(COLUMNS) <= set(cells) else None


def parse_rows(
    rows: bytes, columns: Sequence[str], *, first_line: int, latest_ms: int
) -> pl.DataFrame:
    """Return the rows under the lake's column names; raise `MalformedRow`.

    Prices and quantities stay text. `latest_ms` is the last time that a row can have.
    """
    present = without_empty_lines(rows)
    frame = _split(present, columns)
    if frame is None or not _surely_good(frame, latest_ms):
        _raise_first_fault(rows, columns, first_line, latest_ms)
    if frame is None:
        raise RuntimeError(f"rows after line {first_line} are good one by one, not as a block")
    return _typed(frame)


def without_empty_lines(rows: bytes) -> bytes:
    """Return the lines that say something."""
    ends = np.flatnonzero(np.frombuffer(rows, np.uint8) == _NEWLINE)
    if rows.startswith(b"\n") or np.any(np.diff(ends) == 1):
        return re.sub(rb"\n+", b"\n", rows).removeprefix(b"\n")
    return rows


def _split(rows: bytes, columns: Sequence[str]) -> pl.DataFrame | None:
    """Return the cells as text; None unless every row is plain text of as many as the header."""
    line_count = rows.count(b"\n")
    is_text = rows.isascii() and b"\r" not in rows  # Polars drops a \r at the end of any cell.
    if not is_text or rows.count(b",") != line_count * (len(columns) - 1):
        return None
    schema = dict.fromkeys(columns, pl.String)
    if not rows:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(rows, has_header=False, schema=schema, quote_char=None)
    except PolarsError:
        return None
    return frame if frame.height == line_count else None


def _surely_good(frame: pl.DataFrame, latest_ms: int) -> bool:
    """Tell whether every row is good; False may also mean: unusual, and to be judged one by one."""
    matches = (
        pl.col(name).str.contains(f"^{pattern}$").fill_null(value=False).all()
        for name, pattern in (
            ("id", _ID),
            ("price", _NUMBER),
            ("qty", _NUMBER),
            ("time", _TIME),
            ("is_buyer_maker", _BOOLEAN),
        )
    )
    short = (pl.col(name).str.len_bytes().le(_MAX_DIGITS).all() for name in ("price", "qty"))
    # Of texts of 13 digits the greatest is the latest.
    on_time = pl.col("time").max() <= str(latest_ms)
    return bool(frame.select(pl.all_horizontal(*matches, *short, on_time)).item())


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("time").cast(pl.Int64).alias("timestamp"),
        "price",
        pl.col("qty").alias("quantity"),
        pl.col("is_buyer_maker").str.to_lowercase().eq("true"),
        pl.col("id").cast(pl.Int64).alias("trade_id"),
    )


def _raise_first_fault(
    rows: bytes, columns: Sequence[str], first_line: int, latest_ms: int
) -> None:
    for number, line in enumerate(_lines(rows), first_line):
        why = _fault(line, columns, latest_ms) if line else None
        if why:
            raise MalformedRow(number, why)


def _lines(rows: bytes) -> Iterator[str]:
    # Not splitlines, which would take a stray \r, \v or \f for the end of a line.
    return (line.decode("ascii", "replace") for line in rows.split(b"\n"))


def _fault(line: str, columns: Sequence[str], latest_ms: int) -> str | None:
    """Say what is wrong with a row."""
    cells = line.split(",")
    if len(cells) != len(columns):
        return f"{len(cells)} cells where {len(columns)} belong: {shown(line)}"
    row = dict(zip(columns, cells, strict=True))
    for name, check in _CHECKS.items():
        why = check(row[name])
        if why:
            return f"{name} {shown(row[name])} {why}"
    if int(row["time"]) > latest_ms:
        return f"time {row['time']} lies in the future"
    is_text = line.isascii() and "\r" not in line
    return None if is_text else f"it is not plain ASCII: {shown(line)}"


def shown(text: str) -> str:
    """Quote a cell for a message of one line."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return repr(cut)


def _id_fault(cell: str) -> str | None:
    return None if re.fullmatch(_ID, cell) else f"is no number of at most {_MAX_DIGITS} digits"


def _number_fault(cell: str) -> str | None:
    if not re.fullmatch(_NUMBER, cell):
        return "is not a plain decimal number"
    digits = cell.replace(".", "").removeprefix("-").lstrip("0")
    return None if len(digits) <= _MAX_DIGITS else f"has more than {_MAX_DIGITS} digits"


def _time_fault(cell: str) -> str | None:
    if re.fullmatch(_TIME, cell):
        return None
    unit = _UNITS.get(len(cell)) if re.fullmatch("[0-9]+", cell) else None
    return f"is in {unit}, not in milliseconds" if unit else "is no time in milliseconds since 1970"


def _boolean_fault(cell: str) -> str | None:
    return None if re.fullmatch(_BOOLEAN, cell) else "is neither true nor false"


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "id": _id_fault,
    "time": _time_fault,
    "price": _number_fault,
    "qty": _number_fault,
    "is_buyer_maker": _boolean_fault,
}
