"""What is published in a lake: days × symbols, from the manifests alone."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from aggregator.manifest import Manifest
from aggregator.plan import published_days, published_manifests
from lake.errors import NoSuchObject, VersionConflict
from lake.layout import manifest_key
from lake.storage import Storage


@dataclass(frozen=True)
class DayStatus:
    """One published day; `coverage` is the book's, `ok` the share of 1s (else finest) bars."""

    symbol: str
    date: str
    condition: str
    ok: float
    coverage: float
    missing_trades: int
    holes: int
    malformed_rows: int
    trades: int
    snapshots: int
    resolutions: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return the fields as they are printed."""
        return asdict(self)


def statuses(
    storage: Storage, start: date, end: date, symbols: Sequence[str] | None
) -> Iterator[DayStatus]:
    """Yield the published days of a range, by symbol and date."""
    listed = published_manifests(storage, start, end, symbols)
    while listed:
        try:
            for data in storage.read_many([stat for _, stat in listed]):
                key, _ = listed.pop(0)
                yield _read(key.symbol, key.date, data)
        except (NoSuchObject, VersionConflict):
            key, _ = listed.pop(0)
            with suppress(NoSuchObject):  # it was removed since it was listed, not replaced
                yield read_status(storage, key.symbol, key.date)


def read_status(storage: Storage, symbol: str, day: date) -> DayStatus:
    """Read one manifest; one that cannot be read is a condition of its own."""
    return _read(symbol, day, storage.read(manifest_key(symbol, day))[0])


def _read(symbol: str, day: date, data: bytes) -> DayStatus:
    try:
        return _status(symbol, day, Manifest.parse(data))
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return DayStatus(symbol, str(day), "unreadable", 0, 0, 0, 0, 0, 0, 0, [])


def _status(symbol: str, day: date, manifest: Manifest) -> DayStatus:
    whole = manifest.whole
    finest = min(manifest.resolutions)
    counts = whole["bars"][finest.label]
    return DayStatus(
        symbol, str(day), manifest.condition,
        counts.get("ok", 0) / sum(counts.values()),
        float(whole["depth20"]["coverage"]),
        int(whole["trades"]["missing"]),
        int(whole["trades"]["hole_count"]),
        sum(each["rows"] for each in whole["set_aside"]["malformed"].values()),
        int(whole["trades"]["counted"]),
        int(whole["depth20"]["used"]),
        [each.label for each in manifest.resolutions],
    )  # fmt: skip


def last_days(storage: Storage, end: date, symbols: Sequence[str] | None, count: int) -> date:
    """Return the first of the last so many days, up to an end, on which anything is published."""
    days = sorted({day for _, day in published_days(storage, date.min, end, symbols)})
    return days[-count:][0] if days else date.min
