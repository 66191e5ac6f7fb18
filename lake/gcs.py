"""A lake in a bucket of Google Cloud Storage. Versions are generations.

Google's own client lists and writes, and reads single objects; obstore reads many at once, for a
seventh of the processor time. Neither repeats a request by itself: there is one policy, that of
`lake.gcs_errors`, and it is applied once to each.
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import google.auth
from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import storage  # type: ignore[import-untyped]
from google.cloud.storage.exceptions import DataCorruption  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter

from lake.errors import AlreadyExists, LakeError, NoSuchObject, VersionConflict, WrongLake
from lake.gcs_errors import FAILURES, Damaged, advice, policy, said
from lake.gcs_reader import Place, Reader, Source
from lake.layout import aggregated_root
from lake.storage import Stat, crc32c

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_TIMEOUT_S = (10, 60)
"""To connect, and without a byte."""
_MOST_CONNECTIONS = 64
"""That are kept open; ten otherwise, and more threads than that ask at once."""
_CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".csv.gz": "application/gzip",
    ".csv.zst": "application/zstd",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
}

# What these warn of ends as an error of ours, or well.
for _name in ("google", "urllib3"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Connection:
    """How this process reaches Google Cloud Storage, or an emulator of it, without credentials."""

    client: Any
    credentials: Credentials
    emulator: str | None


@cache
def connect(emulator: str | None = None) -> Connection:
    """Return the one connection of this process; raise `LakeError` without credentials."""
    # Else the client asks about the bucket too, for traces, which needs another permission.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    try:
        credentials = _credentials(emulator)
        options = {"api_endpoint": emulator} if emulator else None
        client = storage.Client(project=None, credentials=credentials, client_options=options)
        client._http.mount("https://", HTTPAdapter(pool_maxsize=_MOST_CONNECTIONS))
    except FAILURES as error:
        raise LakeError(
            f"cannot reach Google Cloud Storage: {said(error)}; {advice(error)}"
        ) from error
    return Connection(client, credentials, emulator)


def _credentials(emulator: str | None) -> Credentials:
    if emulator:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    return google.auth.default(scopes=[_SCOPE])[0]


class Bucket:
    """A lake in a bucket, or below a prefix of one.

    `in_flight` is how many objects are read at once, `patience_s` how long a request is repeated
    that fails for a reason that may pass. Threads may share a bucket; processes open their own.
    """

    def __init__(self, url: str, *, in_flight: int = 128, patience_s: float = 120) -> None:
        self._place = _place(url)
        self.url, self._prefix = self._place.url, self._place.prefix
        connection = connect(os.environ.get("STORAGE_EMULATOR_HOST") or None)
        self._client = connection.client
        self._bucket = self._client.bucket(self._place.bucket)
        self._patience_s = patience_s
        source = Source(self._place, connection.credentials, connection.emulator, self._download)
        self._reader = Reader(source, in_flight, patience_s)
        self._is_known_to_exist = False

    def list(self, prefix: str, start: str = "", end: str | None = None) -> Iterator[Stat]:
        """Yield the objects below the prefix with `start <= key < end`, sorted by key."""
        if end == "":
            return
        pages = self._pages(
            prefix, "items(name,size,generation,crc32c)",
            start_offset=self._prefix + start or None, end_offset=end and self._prefix + end,
        )  # fmt: skip
        for blob in (blob for page in pages for blob in page):
            key = blob.name[len(self._prefix) :]
            if _is_visible(key):
                yield Stat(key, blob.size, str(blob.generation), blob.crc32c)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the folders directly below a prefix that ends in `/`, each ending in `/`."""
        for page in self._pages(prefix, "prefixes", delimiter="/"):
            folders = (folder[len(self._prefix) :] for folder in page.prefixes)
            yield from (folder for folder in folders if _is_visible(folder[:-1]))

    def _pages(self, prefix: str, fields: str, **bounds: Any) -> Iterator[Any]:
        """Yield the pages of a listing, with no other fields than are needed."""
        listing = self._client.list_blobs(
            self._bucket, prefix=self._prefix + prefix, fields=f"{fields},nextPageToken", **bounds,
            retry=policy(self._patience_s), timeout=_TIMEOUT_S,
        )  # fmt: skip
        with self._explain("list", prefix, "storage.objects.list"):
            try:
                for page in listing.pages:
                    self._is_known_to_exist = True
                    yield page
            except NotFound as error:
                raise WrongLake(
                    f"cannot open lake {self.url}: there is no bucket {self._place.bucket}; "
                    "check its name, or create it"
                ) from error

    def _require_bucket(self) -> None:
        """Raise `WrongLake` if what is not there is the bucket."""
        if not self._is_known_to_exist:
            next(self._pages("", "items(name)", max_results=1), None)

    def read(self, key: str) -> tuple[bytes, str]:
        """Return the content and its version; raise `NoSuchObject`."""
        with self._explain("read", key, "storage.objects.get"):
            try:
                return policy(self._patience_s)(self._download)(key)
            except NotFound as error:
                self._require_bucket()
                raise NoSuchObject(f"cannot read {self.url}/{key}: no such object") from error

    def _download(self, key: str) -> tuple[bytes, str]:
        blob = self._bucket.blob(self._prefix + key)
        try:
            data = blob.download_as_bytes(
                raw_download=True, checksum="crc32c", retry=None, timeout=_TIMEOUT_S
            )
        except DataCorruption as error:
            raise Damaged("the bytes do not match their checksum") from error
        return data, str(blob.generation)

    def read_many(self, stats: Sequence[Stat]) -> Iterator[bytes]:
        """Yield the contents in the order given; see `Storage.read_many`."""
        with closing(self._reader.read(stats)) as contents:
            for stat in stats:
                with self._explain("read", stat.key, "storage.objects.get"):
                    data = next(contents)
                yield data

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        """Write the object whole and return its version; see `Storage.write`."""
        blob, doubts = self._bucket.blob(self._prefix + key), list[Exception]()
        blob.cache_control = "no-cache" if key.startswith(aggregated_root()) else None
        permission = "storage.objects.create" + " and storage.objects.delete" * bool(replaces)
        with self._explain("write", key, permission):
            try:
                blob.upload_from_string(
                    data, content_type(key), if_generation_match=int(replaces or 0),
                    retry=policy(self._patience_s, doubts.append), timeout=_TIMEOUT_S,
                    checksum="crc32c",
                )  # fmt: skip
            except NotFound as error:
                self._require_bucket()
                raise self._conflict(key, replaces) from error
            except (PreconditionFailed, Forbidden) as error:
                # To replace takes a right more: who lacks it may hear of that before the condition.
                if isinstance(error, Forbidden) and (replaces or not self._is_there(blob)):
                    raise
                # An attempt whose answer was lost may have been the one that wrote.
                if not doubts or not self._holds(blob, data):
                    raise self._conflict(key, replaces) from error
            return str(blob.generation)

    def _holds(self, blob: Any, data: bytes) -> bool:
        """Tell whether the object has these bytes; its generation is known then."""
        there = self._is_there(blob)
        return bool(there and blob.size == len(data) and blob.crc32c == crc32c(data))

    def _is_there(self, blob: Any) -> bool:
        try:
            blob.reload(retry=policy(self._patience_s), timeout=_TIMEOUT_S)
        except NotFound:
            return False
        return True

    def _conflict(self, key: str, replaces: str | None) -> LakeError:
        if replaces is None:
            return AlreadyExists(f"cannot create {self.url}/{key}: it exists already")
        return VersionConflict(
            f"cannot replace {self.url}/{key}: another writer was faster; read it again and retry"
        )

    def sweep(self, prefix: str) -> int:  # noqa: ARG002 (nothing is there that is not whole)
        """Return 0: an upload that does not end leaves nothing behind."""
        return 0

    @contextmanager
    def _explain(self, what: str, key: str, permission: str) -> Iterator[None]:
        """Turn what a client raises into an error that names the object."""
        try:
            yield
        except NotFound as error:
            raise NoSuchObject(f"cannot {what} {self.url}/{key}: no such object") from error
        except (*FAILURES, DataCorruption) as error:
            raise LakeError(
                f"cannot {what} {self.url}/{key}: {said(error)}; {advice(error, permission)}"
            ) from error


def content_type(key: str) -> str:
    """Return the media type of an object; none of ours has a Content-Encoding."""
    types = (kind for ending, kind in _CONTENT_TYPES.items() if key.endswith(ending))
    return next(types, "application/octet-stream")


def _place(url: str) -> Place:
    scheme, _, path = url.partition("://")
    bucket, _, prefix = path.partition("/")
    if scheme != "gs" or not re.fullmatch(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", bucket):
        raise WrongLake(f"cannot open lake {url!r}: it names no bucket; name gs://bucket[/prefix]")
    return Place(bucket, f"{prefix.strip('/')}/".lstrip("/"))


def _is_visible(key: str) -> bool:
    """Tell whether this is an object to a reader of a lake.

    Names with a dot in front are invisible, as in a folder; empty objects with a slash at the end
    are how consoles draw folders.
    """
    return "/." not in f"/{key}" and not key.endswith("/")
