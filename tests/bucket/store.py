"""What a bucket holds: objects with generations, preconditions on every call, paged listings."""

import base64
import hashlib
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from threading import RLock
from typing import Any

from lake.storage import crc32c


class Refused(Exception):
    """What the bucket says instead of doing what it was asked: a status and a reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Draft:
    """An object that someone wants to write."""

    name: str
    data: bytes = b""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Object:
    """An object as it is stored; one that is replaced gets another generation."""

    name: str
    data: bytes
    generation: int
    crc32c: str
    md5: str
    properties: Mapping[str, Any]
    updated: float

    def resource(self, bucket: str) -> dict[str, Any]:
        """Return the object as the JSON API describes it."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.updated))
        return {
            **self.properties,
            "kind": "storage#object",
            "id": f"{bucket}/{self.name}/{self.generation}",
            "bucket": bucket,
            "name": self.name,
            "generation": str(self.generation),
            "metageneration": "1",
            "size": str(len(self.data)),
            "crc32c": self.crc32c,
            "md5Hash": self.md5,
            "etag": self.etag,
            "storageClass": "STANDARD",
            "timeCreated": at,
            "updated": at,
        }

    @property
    def etag(self) -> str:
        return base64.b64encode(str(self.generation).encode()).decode()


@dataclass(frozen=True)
class Conditions:
    """What must hold of the object that is there; None where nothing is asked."""

    generation: int | None = None
    not_generation: int | None = None

    def check(self, found: Object | None) -> None:
        """Raise `Refused` unless the conditions hold; generation 0 stands for no object."""
        there = found.generation if found else 0
        if self.generation not in (None, there):
            raise Refused(412, "At least one of the pre-conditions you specified did not hold.")
        if self.not_generation == there:
            raise Refused(304, "Not Modified")


@dataclass(frozen=True)
class Query:
    """What to list: objects below a prefix, in a range of names, perhaps by folder."""

    prefix: str = ""
    start: str = ""
    end: str | None = None
    delimiter: str = ""
    after: str = ""
    limit: int = 1000

    def has(self, name: str) -> bool:
        """Tell whether the name lies below the prefix and before the end."""
        return name.startswith(self.prefix) and (self.end is None or name < self.end)

    def folder_of(self, name: str) -> str:
        """Return the folder that stands for the name in the listing, or nothing."""
        rest = name[len(self.prefix) :]
        head, found, _ = rest.partition(self.delimiter) if self.delimiter else ("", "", "")
        return self.prefix + head + found if found else ""


@dataclass(frozen=True)
class Page:
    """A part of a listing; `token` is where the next part begins, if there is one."""

    objects: tuple[Object, ...]
    folders: tuple[str, ...]
    token: str = ""


class Store:
    """Buckets in memory. Every call is atomic, from whatever thread."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._buckets: dict[str, dict[str, Object]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._generations = count(time.time_ns() // 1000)

    def create_bucket(self, bucket: str) -> None:
        """Make an empty bucket."""
        with self._lock:
            self._buckets.setdefault(bucket, {})

    def objects(self, bucket: str) -> dict[str, Object]:
        """Return what is in a bucket."""
        with self._lock:
            return dict(self._bucket(bucket))

    def get(
        self, bucket: str, name: str, conditions: Conditions = Conditions(), generation: int = 0
    ) -> Object:
        """Return an object; raise `Refused` if it, or this generation of it, is not there."""
        with self._lock:
            found = self._bucket(bucket).get(name)
        if found is None or generation not in (0, found.generation):
            raise Refused(404, f"No such object: {bucket}/{name}")
        conditions.check(found)
        return found

    def check(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Raise `Refused` unless the conditions hold of what is there now."""
        with self._lock:
            conditions.check(self._bucket(bucket).get(name))

    def put(self, bucket: str, draft: Draft, conditions: Conditions = Conditions()) -> Object:
        """Write an object if the conditions hold and its checksums are those of its data."""
        crc, md5 = crc32c(draft.data), base64.b64encode(hashlib.md5(draft.data).digest()).decode()
        for name, found in (("crc32c", crc), ("md5Hash", md5)):
            if draft.properties.get(name, found) != found:
                raise Refused(400, f"Provided {name} doesn't match calculated {name} {found!r}.")
        with self._lock:
            self.check(bucket, draft.name, conditions)
            made = Object(
                draft.name, draft.data, next(self._generations), crc, md5, draft.properties,
                time.time(),
            )  # fmt: skip
            self._bucket(bucket)[draft.name] = made
            self._sorted.pop(bucket, None)
        return made

    def delete(self, bucket: str, name: str, conditions: Conditions = Conditions()) -> None:
        """Remove an object."""
        with self._lock:
            self.get(bucket, name, conditions)
            del self._bucket(bucket)[name]
            self._sorted.pop(bucket, None)

    def page(self, bucket: str, query: Query) -> Page:
        """Return a page of a listing."""
        with self._lock:
            entries = self._entries(bucket, query)
            here = list(islice(entries, query.limit))
            more = next(entries, None)
            return _page(here, here[-1][0] if here and more else "")

    def _entries(self, bucket: str, query: Query) -> Iterator[tuple[str, Object | None]]:
        """Yield names with their objects and folders without, in order, after the last page."""
        names, last = self._names(bucket), ""
        first = max(query.prefix, query.start, query.after)
        for name in names[bisect_left(names, first) :]:
            if not query.has(name):
                break
            folder = query.folder_of(name)
            entry = folder or name
            if entry in (last, query.after):
                continue
            last = entry
            yield entry, None if folder else self._bucket(bucket)[name]

    def _names(self, bucket: str) -> list[str]:
        if bucket not in self._sorted:
            self._sorted[bucket] = sorted(self._bucket(bucket))
        return self._sorted[bucket]

    def _bucket(self, bucket: str) -> dict[str, Object]:
        try:
            return self._buckets[bucket]
        except KeyError:
            raise Refused(404, "The specified bucket does not exist.") from None


def _page(entries: list[tuple[str, Object | None]], token: str = "") -> Page:
    return Page(
        tuple(found for _, found in entries if found),
        tuple(name for name, found in entries if not found),
        token,
    )
