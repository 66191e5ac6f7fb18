"""`lake.json` says whose data a lake holds, and in which version of its tables.

A lake without it is taken for this venue's: the first that writes creates it.
"""

import json
from contextlib import suppress

from lake.errors import AlreadyExists, NoSuchObject, WrongLake
from lake.layout import LAKE_FILE, VENUE
from lake.schemas import SCHEMA_VERSION
from lake.storage import Storage


def claim(storage: Storage) -> None:
    """Create the marker if there is none, then check it. Call this before the first write."""
    try:
        storage.read(LAKE_FILE)
    except NoSuchObject:
        # Who loses the race checks the winner's marker like any other.
        with suppress(AlreadyExists):
            storage.write(LAKE_FILE, _marker())
    check(storage)


def check(storage: Storage) -> None:
    """Raise `WrongLake` unless the lake is of this venue and of no newer schema version."""
    try:
        data, _ = storage.read(LAKE_FILE)
    except NoSuchObject:
        return
    venue, version = _read(data, f"{storage.url}/{LAKE_FILE}")
    if venue != VENUE:
        raise WrongLake(
            f"cannot use lake {storage.url}: it holds the data of {venue!r}, not of {VENUE!r}; "
            "name the lake of this venue"
        )
    if version > SCHEMA_VERSION:
        raise WrongLake(
            f"cannot use lake {storage.url}: its schema version is {version}, this program knows "
            f"{SCHEMA_VERSION} and older; install a newer release"
        )


def _marker() -> bytes:
    marker = {"venue": VENUE, "schema_version": SCHEMA_VERSION}
    return json.dumps(marker).encode() + b"\n"


def _read(data: bytes, place: str) -> tuple[str, int]:
    """Return venue and schema version."""
    try:
        marker = json.loads(data)
        venue, version = marker["venue"], marker["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(place) from error
    if type(venue) is not str or type(version) is not int:
        raise _unreadable(place)
    return venue, version


def _unreadable(place: str) -> WrongLake:
    marker = _marker().decode().strip()
    return WrongLake(f"cannot read {place}: it is no lake's marker; restore it, as in {marker}")
