"""Reads many objects of a bucket at once, in their order, with a bound on what is in memory."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from importlib.util import find_spec
from threading import Event, Lock
from typing import TYPE_CHECKING

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.transport.requests import Request

from lake.gcs_errors import Damaged, of_obstore, policy
from lake.storage import Stat, crc32c, replaced_since

if TYPE_CHECKING:
    from obstore.store import ClientConfig, GCSConfig, GCSCredential, GCSStore

_AHEAD_BYTES = 64 * 1024 * 1024
"""Of objects that are read before their turn, or on their way."""


@dataclass(frozen=True)
class Place:
    """A bucket, and the prefix in it below which a lake lies: empty, or with a slash at its end."""

    bucket: str
    prefix: str

    @property
    def url(self) -> str:
        """Return the address of the lake."""
        return f"gs://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass
class _Ahead:
    """Objects on their way, in the order in which they are wanted."""

    most: int
    queue: deque[tuple[Stat, Future[bytes]]] = field(default_factory=deque)
    size: int = 0

    def has_room_for(self, stat: Stat) -> bool:
        """Tell whether the object may be fetched now; one always may, however large."""
        fits = len(self.queue) < self.most and self.size + stat.size <= _AHEAD_BYTES
        return fits or not self.queue

    def add(self, stat: Stat, future: Future[bytes]) -> None:
        self.queue.append((stat, future))
        self.size += stat.size

    def take(self) -> bytes:
        stat, future = self.queue.popleft()
        self.size -= stat.size
        return future.result()


@dataclass(frozen=True)
class Source:
    """Where a reader reads: a place, as whom, and through whom else.

    `download` asks Google's own client for content and version of an object.
    """

    place: Place
    credentials: Credentials
    emulator: str | None
    download: Callable[[str], tuple[bytes, str]]


class Reader:
    """Reads objects that were listed, `in_flight` at once. Threads may share it."""

    def __init__(self, source: Source, in_flight: int, patience_s: float) -> None:
        self._source = source
        self._in_flight, self._patience_s = in_flight, patience_s
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="read")
        self._store: GCSStore | None = None
        self._opening = Lock()
        # A program that reads little is installed without obstore.
        self._has_store = find_spec("obstore") is not None

    def read(self, stats: Sequence[Stat]) -> Generator[bytes, None, None]:
        """Yield the contents in the order given; raise what the first that fails failed of."""
        # Twice as many as are in flight: the others go on while the next in turn is slow.
        ahead, stopped = _Ahead(2 * self._in_flight), Event()
        try:
            for stat in stats:
                while not ahead.has_room_for(stat):
                    yield ahead.take()
                ahead.add(stat, self._threads.submit(self._patiently, stat, stopped))
            while ahead.queue:
                yield ahead.take()
        finally:
            stopped.set()
            for _, future in ahead.queue:
                future.cancel()

    def _patiently(self, stat: Stat, stopped: Event) -> bytes:
        """Fetch an object, again and again while that may help and someone waits for it."""
        retry = policy(self._patience_s, unless=stopped.is_set)
        return retry(self._fetch)(stat)

    def _fetch(self, stat: Stat) -> bytes:
        data, version = self._content(stat.key)
        if version != stat.version:
            raise replaced_since(self._source.place.url, stat)
        if len(data) != stat.size or stat.crc32c not in (None, crc32c(data)):
            raise Damaged("the bytes are not those that the listing promises")
        return data

    def _content(self, key: str) -> tuple[bytes, str]:
        """Return content and version.

        obstore speaks another protocol than Google's own client, and not every emulator knows
        both: what is not there for the one may be there for the other.
        """
        if self._has_store:
            with suppress(NotFound):
                return self._get(key)
        found = self._source.download(key)
        self._has_store = False
        return found

    def _get(self, key: str) -> tuple[bytes, str]:
        from obstore import exceptions, get

        try:
            found = get(self._opened(), self._source.place.prefix + key)
            return found.bytes().to_bytes(), str(found.meta["version"])
        except (exceptions.BaseError, FileNotFoundError) as error:
            raise of_obstore(error) from error

    def _opened(self) -> "GCSStore":
        """Return the one store, with its connections, that all threads share."""
        with self._opening:
            if self._store is None:
                self._store = self._open()
            return self._store

    def _open(self) -> "GCSStore":
        from obstore.store import GCSStore

        source = self._source
        is_anonymous = isinstance(source.credentials, AnonymousCredentials)
        options: ClientConfig = {
            "timeout": "60s",
            "connect_timeout": "10s",
            # Else the server unpacks what was uploaded with a Content-Encoding.
            "default_headers": {"accept-encoding": "gzip"},
            "allow_http": source.emulator is not None,
        }
        config: GCSConfig = {"skip_signature": is_anonymous}
        if source.emulator:
            config["base_url"] = source.emulator
        return GCSStore(
            source.place.bucket, client_options=options, config=config,
            credential_provider=None if is_anonymous else self._token,
            retry_config={"max_retries": 0},
        )  # fmt: skip

    def _token(self) -> "GCSCredential":
        """Return the token that Google's own client uses too."""
        credentials = self._source.credentials
        if not credentials.valid:
            credentials.refresh(Request())  # type: ignore[no-untyped-call]
        expiry = credentials.expiry and credentials.expiry.replace(tzinfo=UTC)
        return {"token": str(credentials.token), "expires_at": expiry}
