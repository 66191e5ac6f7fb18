"""Run the aggregator on the objects of a lake, and read what it published."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aggregator.builder import Builder
from aggregator.resolutions import Resolution
from aggregator.settings import BuildSettings
from aggregator.unit import Outcome, Unit
from lake.layout import bars_key, manifest_key
from lake.storage import LocalFolder

LONG_AFTER = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = ("1s", "1m")


def settings(labels: Sequence[str] = LABELS, **fields: Any) -> BuildSettings:
    """Return settings for resolutions by label."""
    return BuildSettings(tuple(Resolution.parse(label) for label in labels), **fields)


@contextmanager
def lake_of(objects: Mapping[str, bytes]) -> Iterator[LocalFolder]:
    """Give a folder that holds the objects, for as long as the context lasts."""
    with TemporaryDirectory() as folder:
        storage = LocalFolder(Path(folder), durable=False)
        for key, data in objects.items():
            storage.write(key, data)
        yield storage


def build(
    storage: LocalFolder, symbol: str, day: date, labels: Sequence[str] = LABELS, **fields: Any
) -> Outcome:
    """Build one unit, long after its day."""
    return Builder(storage, settings(labels, **fields), lambda: LONG_AFTER).run(Unit(day, symbol))


def published(
    storage: LocalFolder, symbol: str, day: date, labels: Sequence[str] = LABELS
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files by label, and the manifest."""
    files = {label: storage.read(bars_key(symbol, day, label))[0] for label in labels}
    return files, json.loads(storage.read(manifest_key(symbol, day))[0])
