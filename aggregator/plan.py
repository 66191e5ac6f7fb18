"""Which (symbol, day) units a command is about."""

import zlib
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import compress, takewhile

from aggregator.builder import journal_of
from aggregator.parallel import in_parallel
from aggregator.unit import Unit
from lake.layout import (
    ProductKey,
    Stream,
    aggregated_prefix,
    aggregated_root,
    changes_prefix,
    is_symbol,
    journal_root,
    last_part,
    parse_date,
    product_bound,
    raw_day_prefix,
    raw_stream_prefix,
    raw_symbol_prefix,
)
from lake.storage import Stat, Storage

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Task:
    """One of several processes that share a list of units."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Read `I/N`, I from 0; raise ValueError with what is wrong with it."""
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and int(index) < int(count)):
            raise ValueError(f"{text!r} is no task; write I/N with I from 0 to N-1, such as 0/4")
        return cls(int(index), int(count))

    def has(self, unit: Unit) -> bool:
        """Tell whether the unit is this task's, whatever else is in the list."""
        number = zlib.crc32(unit.symbol.encode()) + (unit.day - _EPOCH).days
        return number % self.count == self.index


def days(start: date, end: date) -> list[date]:
    """Return the days from start to end, both included."""
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


def daily_units(
    storage: Storage, day: date, lookback: int, symbols: Sequence[str] | None
) -> list[Unit]:
    """Return the units of the scheduled job: a day, and the days before it to be checked again."""
    units = [Unit(day, symbol, required=True) for symbol in symbols or _due(storage, day)]
    for back in range(1, lookback):
        earlier = day - timedelta(days=back)
        units += [Unit(earlier, symbol) for symbol in symbols or _due(storage, earlier)]
    return units


def backfill_units(
    storage: Storage, start: date, end: date, symbols: Sequence[str] | None
) -> tuple[list[Unit], list[date]]:
    """Return the units of a range of days, and the days that have none."""
    if symbols:
        return [
            Unit(day, symbol, required=True) for day in days(start, end) for symbol in symbols
        ], []
    found = _all_symbols(storage)
    days_of = in_parallel(lambda symbol: _days_of(storage, symbol), found)
    units = {
        Unit(day, symbol)
        for symbol, its_days in zip(found, days_of, strict=True)
        for day in its_days if start <= day <= end
    }  # fmt: skip
    units |= {Unit(day, symbol) for symbol, day in published_days(storage, start, end)}
    empty = sorted({*days(start, end)} - {unit.day for unit in units})
    return sorted(units), empty


def published_days(
    storage: Storage, start: date, end: date, symbols: Iterable[str] | None = None
) -> Iterator[tuple[str, date]]:
    """Yield symbol and day of each manifest in the lake."""
    for key, _ in published_manifests(storage, start, end, symbols):
        yield key.symbol, key.date


def published_manifests(
    storage: Storage, start: date, end: date, symbols: Iterable[str] | None = None
) -> list[tuple[ProductKey, Stat]]:
    """Return the manifests in the lake, by symbol and day."""
    return published_files(storage, start, end, {"manifest.json"}, symbols)


def published_files(
    storage: Storage, start: date, end: date, names: Container[str],
    symbols: Iterable[str] | None = None,
) -> list[tuple[ProductKey, Stat]]:  # fmt: skip
    """Return what is published under some names, by symbol and day."""

    def listed(symbol: str) -> list[tuple[ProductKey, Stat]]:
        first, beyond = product_bound(symbol, start), changes_prefix(symbol)
        stats = storage.list(aggregated_prefix(symbol), first, beyond)
        keys = ((key, stat) for stat in stats if (key := ProductKey.parse(stat.key)))
        of_days = takewhile(lambda found: found[0].date <= end, keys)
        return [(key, stat) for key, stat in of_days if key.name in names]

    of_symbols = in_parallel(listed, symbols or published_symbols(storage))
    return [file for of_symbol in of_symbols for file in of_symbol]


def published_symbols(storage: Storage) -> list[str]:
    """Return the symbols that have a folder of published files."""
    return [last_part(folder) for folder in storage.folders(aggregated_root())]


def _due(storage: Storage, day: date) -> list[str]:
    """Return the symbols that a day has or should have.

    Those that it has, and those that a collector was recording on it or on the day before. A lake
    without journals cannot say that: there, those that the day before has.
    """
    yesterday = day - timedelta(days=1)
    found = set(_symbols_of(storage, day))
    if next(storage.folders(journal_root()), None) is None:
        return sorted(found | set(_symbols_of(storage, yesterday)))
    for journal in (journal_of(storage, day), journal_of(storage, yesterday)):
        found.update(*(said.symbols for said in journal.recordings if said.by == "collector"))
    return sorted(filter(is_symbol, found))


def _all_symbols(storage: Storage) -> list[str]:
    folders = (folder for stream in Stream for folder in storage.folders(raw_stream_prefix(stream)))
    return sorted({symbol for folder in folders if is_symbol(symbol := last_part(folder))})


def _symbols_of(storage: Storage, day: date) -> list[str]:
    def has(symbol: str) -> bool:
        listed = (storage.list(raw_day_prefix(stream, symbol, day)) for stream in Stream)
        return any(next(iter(each), None) for each in listed)

    symbols = _all_symbols(storage)
    return [*compress(symbols, in_parallel(has, symbols))]


def _days_of(storage: Storage, symbol: str) -> set[date]:
    folders = (
        folder for stream in Stream for folder in storage.folders(raw_symbol_prefix(stream, symbol))
    )
    return {day for folder in folders if (day := parse_date(last_part(folder)))}
