"""The exchange's klines, read from the archive's table or from the REST list. No clock, no disk."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aggregator.parity.candles import COLUMNS, Candle
from aggregator.utc import DAY_MS

MINUTE_MS = 60_000
POSITIONS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume",
)  # fmt: skip
"""The columns of files without a header and of REST lists, as far as they are read."""

_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_TIME_DIGITS = 13
_UNITS = {10: "seconds", 16: "microseconds", 19: "nanoseconds"}


class BadKlines(ValueError):
    """What is no list of 1m klines, and where."""


@dataclass(frozen=True)
class Klines:
    """The klines of a day by minute.

    `contradicting` are minutes of which there are several that differ; `twice` counts rows of
    minutes that were there already.
    """

    by_minute: Mapping[int, Candle]
    contradicting: frozenset[int] = frozenset()
    twice: int = 0


def read_table(text: bytes, day_start: int) -> Klines:
    """Read the archive's table, with a header or without; raise `BadKlines`."""
    rows = csv.reader(io.StringIO(text.decode("utf-8", "replace").lstrip("\N{BOM}")))
    try:
        return _of_day(_cells(rows), day_start)
    except csv.Error as error:
        raise BadKlines(f"it is no table: {error}") from error


def read_list(text: bytes, day_start: int) -> Klines:
    """Read the answer of REST, a JSON array of arrays; raise `BadKlines`."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadKlines("it is no JSON") from error
    if not isinstance(listed, list) or not all(isinstance(each, list) for each in listed):
        raise BadKlines("it is no array of arrays")
    return _of_day(enumerate(map(_texts, listed), 1), day_start)


def _texts(kline: list[Any]) -> dict[str, str]:
    return dict(zip(POSITIONS, map(str, kline), strict=False))


def _cells(rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    names: Sequence[str] = POSITIONS
    for line, row in enumerate(rows, 1):
        if line == 1 and row and not row[0][:1].isdigit():
            names = [name.strip() for name in row]
            _check_header(names)
        elif row:
            yield line, dict(zip(names, row, strict=False))


def _check_header(names: Sequence[str]) -> None:
    lacking = [name for name in POSITIONS if name not in names and name != "close_time"]
    if lacking:
        raise BadKlines(f"line 1 names no column {lacking[0]}, so it is no table of klines")


def _of_day(rows: Iterable[tuple[int, dict[str, str]]], day_start: int) -> Klines:
    """Return the klines of one day among those of any days."""
    found: dict[int, Candle] = {}
    contradicting: set[int] = set()
    twice = 0
    for line, row in rows:
        open_ms, candle = _read(line, row)
        if not day_start <= open_ms < day_start + DAY_MS:
            continue
        minute = (open_ms - day_start) // MINUTE_MS
        if minute in found:
            twice += 1
            if found[minute] != candle:
                contradicting.add(minute)
        found.setdefault(minute, candle)
    return Klines(found, frozenset(contradicting), twice)


def _read(line: int, row: Mapping[str, str]) -> tuple[int, Candle]:
    lacking = [name for name in ("open_time", *COLUMNS) if name not in row]
    if lacking:
        raise BadKlines(f"line {line} has no {lacking[0]}: it is cut off")
    open_ms = _time(line, row["open_time"])
    if open_ms % MINUTE_MS or _is_longer(row, open_ms):
        raise BadKlines(f"line {line} is no kline of one minute; take those of the interval 1m")
    return open_ms, Candle(*(_number(line, name, row[name]) for name in COLUMNS))


def _is_longer(row: Mapping[str, str], open_ms: int) -> bool:
    close = row.get("close_time", "").strip()
    return bool(close) and close != str(open_ms + MINUTE_MS - 1)


def _time(line: int, cell: str) -> int:
    cell = cell.strip()
    if len(cell) == _TIME_DIGITS and cell.isdecimal() and cell.isascii():
        return int(cell)
    unit = _UNITS.get(len(cell)) if cell.isdecimal() else None
    why = f"is in {unit}, not in milliseconds" if unit else "is no time in milliseconds since 1970"
    raise BadKlines(f"line {line}: open_time {cell[:40]!r} {why}")


def _number(line: int, name: str, cell: str) -> Decimal:
    if not _NUMBER.fullmatch(cell.strip()):
        raise BadKlines(f"line {line}: {name} {cell[:40]!r} is no plain decimal number")
    return Decimal(cell.strip())
