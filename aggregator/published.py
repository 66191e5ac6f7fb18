"""What is published of a symbol's day: found, compared and replaced. Here the lake is written."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aggregator.decide import Reason
from aggregator.manifest import Manifest, Output
from aggregator.unit import Unit
from lake.errors import AlreadyExists, NoSuchObject
from lake.layout import (
    LAKE_FILE,
    ProductKey,
    change_key,
    changes_bound,
    manifest_key,
    product_bound,
)
from lake.marker import claim
from lake.storage import Stat, Storage, crc32c_of


@dataclass(frozen=True)
class Published:
    """A day as it was found: its manifest with its version, and its files by name.

    A manifest that cannot be read has a version, so that it can be replaced, and no content.
    """

    manifest: Manifest | None = None
    version: str | None = None
    files: Mapping[str, Stat] = field(default_factory=dict)

    def agrees(self, storage: Storage) -> bool:
        """Tell whether the files have the sizes and checksums of the manifest."""
        return self.manifest is not None and all(
            _is_there(storage, self.files.get(output.name), output)
            for output in self.manifest.outputs
        )


def find(storage: Storage, unit: Unit) -> Published:
    """Return what is published of a day."""
    with ThreadPoolExecutor(1, thread_name_prefix="list") as beside:
        listing = beside.submit(_files, storage, unit)
        try:
            data, version = storage.read(manifest_key(unit.symbol, unit.day))
        except NoSuchObject:
            return Published(files=listing.result())
        files = listing.result()
    try:
        return Published(Manifest.parse(data), version, files)
    except ValueError:
        return Published(None, version, files)


def _files(storage: Storage, unit: Unit) -> dict[str, Stat]:
    bound = product_bound(unit.symbol, unit.day)
    keys = ((ProductKey.parse(stat.key), stat) for stat in storage.list(bound))
    return {f"{key.date}_{key.name}": stat for key, stat in keys if key}


def sweep(storage: Storage, unit: Unit) -> None:
    """Remove what killed builders of the day left behind."""
    storage.sweep(LAKE_FILE)
    storage.sweep(product_bound(unit.symbol, unit.day))
    storage.sweep(changes_bound(unit.symbol, unit.day))


def publish(
    storage: Storage, unit: Unit, manifest: Manifest, files: Iterable[bytes],
    found: Published, reason: Reason | None, now: datetime,
) -> int:  # fmt: skip
    """Write the files, then the change, then the manifest; return the bytes written.

    `files` are in the order of the manifest's outputs. A day is published by its manifest: whoever
    stops before it leaves a day that readers see is being rebuilt. What has the right bytes already
    is left alone. Raises `VersionConflict` or `AlreadyExists` if another builder wrote since the
    day was looked at.
    """
    claim(storage)
    written = 0
    for output, data in zip(manifest.outputs, files, strict=True):
        stat = found.files.get(output.name)
        if not _is_there(storage, stat, output):
            key = product_bound(unit.symbol, unit.day).removesuffix(f"{unit.day}_") + output.name
            storage.write(key, data, stat.version if stat else None)
            written += len(data)
    if found.manifest:
        _note_change(storage, unit, found.manifest, manifest, reason, now)
    text = manifest.text()
    if not found.manifest or text != found.manifest.text():
        storage.write(manifest_key(unit.symbol, unit.day), text, found.version)
        written += len(text)
    return written


def _is_there(storage: Storage, found: Stat | None, output: Output) -> bool:
    return (
        found is not None
        and found.size == output.bytes
        and crc32c_of(storage, found) == output.crc32c
    )


def _note_change(
    storage: Storage, unit: Unit, old: Manifest, new: Manifest, reason: Reason | None, now: datetime
) -> None:
    """Write the change object if the bytes of an output change that both manifests have."""
    before = {output.name: output.sha256 for output in old.outputs}
    after = {output.name: output.sha256 for output in new.outputs}
    if all(after[name] == before[name] for name in before.keys() & after.keys()):
        return
    hashes = "\n".join(f"{name} {before.get(name)} {after[name]}" for name in sorted(after))
    digest = hashlib.sha256(hashes.encode()).hexdigest()[:16]
    change: dict[str, Any] = {
        "at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "symbol": unit.symbol,
        "date": str(unit.day),
        # The same inputs with other bytes: the program has changed, whatever its version says.
        "reason": Reason.SCHEMA if reason is Reason.OUTPUTS else reason,
        "condition": {"old": old.condition, "new": new.condition},
        "outputs": [
            {"name": name, "old_sha256": before.get(name), "new_sha256": after[name]}
            for name in sorted(after)
        ],
    }
    text = json.dumps(change, ensure_ascii=False, indent=1).encode() + b"\n"
    # It is there already if a builder stopped between the change and the manifest.
    with suppress(AlreadyExists):
        storage.write(change_key(unit.symbol, unit.day, digest), text)
