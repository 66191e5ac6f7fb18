"""What is published in a lake: days × symbols, from manifests and comparisons with klines."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from aggregator.manifest import Manifest
from aggregator.plan import published_days, published_files
from lake.errors import NoSuchObject, VersionConflict
from lake.layout import ProductKey, Stream, manifest_key
from lake.storage import Stat, Storage

_MANIFEST, _PARITY = "manifest.json", "parity.json"


@dataclass(frozen=True)
class ParityStatus:
    """How many minutes are the exchange's klines; `stale`: the day was built again since."""

    equal: int
    different: int
    not_comparable: int
    different_though_ok: int
    stale: bool = False


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
    streams: list[str] = field(default_factory=lambda: [str(each) for each in Stream])
    parity: ParityStatus | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as they are printed."""
        return asdict(self)


def statuses(
    storage: Storage, start: date, end: date, symbols: Sequence[str] | None
) -> Iterator[DayStatus]:
    """Yield the published days of a range, by symbol and date."""
    files = published_files(storage, start, end, {_MANIFEST, _PARITY}, symbols)
    parities = {(key.symbol, key.date): stat for key, stat in files if key.name == _PARITY}
    for day, manifest in _manifests(storage, [each for each in files if each[0].name == _MANIFEST]):
        stat = parities.get((day.symbol, date.fromisoformat(day.date)))
        yield replace(day, parity=_parity(storage, stat, manifest)) if stat and manifest else day


def _manifests(
    storage: Storage, listed: list[tuple[ProductKey, Stat]]
) -> Iterator[tuple[DayStatus, Manifest | None]]:
    while listed:
        try:
            for data in storage.read_many([stat for _, stat in listed]):
                key, _ = listed.pop(0)
                yield _read(key.symbol, key.date, data)
        except (NoSuchObject, VersionConflict):
            key, _ = listed.pop(0)
            with suppress(NoSuchObject):  # it was removed since it was listed, not replaced
                data = storage.read(manifest_key(key.symbol, key.date))[0]
                yield _read(key.symbol, key.date, data)


def read_status(storage: Storage, symbol: str, day: date) -> DayStatus:
    """Read one manifest; one that cannot be read is a condition of its own."""
    return _read(symbol, day, storage.read(manifest_key(symbol, day))[0])[0]


def _read(symbol: str, day: date, data: bytes) -> tuple[DayStatus, Manifest | None]:
    try:
        manifest = Manifest.parse(data)
        return _status(symbol, day, manifest), manifest
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return DayStatus(symbol, str(day), "unreadable", 0, 0, 0, 0, 0, 0, 0, []), None


def _parity(storage: Storage, stat: Stat, manifest: Manifest) -> ParityStatus | None:
    """Read what a comparison with klines said; nothing of one that cannot be read."""
    try:
        said = json.loads(storage.read(stat.key)[0])
        bars = {output.name: output.sha256 for output in manifest.outputs}
        minutes, beyond = said["minutes"], said["different_though_ok"]
        counts = (
            int(minutes["equal"]), int(minutes["different"]), int(minutes["not_comparable"]),
            int(beyond),
        )  # fmt: skip
        stale = bars.get(said["bars"]["name"]) != said["bars"]["sha256"]
        return ParityStatus(*counts, stale=stale)
    except (NoSuchObject, ValueError, KeyError, TypeError, AttributeError):
        return None


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
        [str(Stream(name)) for name in whole["streams"]],
    )  # fmt: skip


def last_days(storage: Storage, end: date, symbols: Sequence[str] | None, count: int) -> date:
    """Return the first of the last so many days, up to an end, on which anything is published."""
    days = sorted({day for _, day in published_days(storage, date.min, end, symbols)})
    return days[-count:][0] if days else date.min
