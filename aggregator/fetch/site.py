"""The archive's files by symbol and day: each comes down verified, or is said to be absent."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from aggregator.fetch.names import ArchiveName, klines_name, read_checksum, trades_name
from aggregator.fetch.patience import FetchError, Patience
from aggregator.fetch.web import CONNECTIONS, Web

_TIMES_DOWN = 3
_CHECKSUM = ".CHECKSUM"


@dataclass(frozen=True)
class Published:
    """What the archive says of a file that it has."""

    name: str
    sha256: str
    url: str


@dataclass(frozen=True)
class Found:
    """A file that came down: its bytes are those of the published checksum, and it is a zip."""

    path: Path
    sha256: str
    url: str


@dataclass(frozen=True)
class Absent:
    """The archive says that it has no such file."""

    url: str


class Site:
    """The archive at a base URL; its files come into `folder`, which the caller removes.

    Threads may share it. Failures are `FetchError`s, after some patience; see `Web`.
    """

    def __init__(
        self,
        base_url: str,
        folder: Path,
        *,
        connections: int = CONNECTIONS,
        patience: Patience | None = None,
        told: Callable[[str], None] = lambda _: None,
        received: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._base, self._folder = base_url, folder
        self._web = Web(connections=connections, patience=patience, told=told, received=received)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._web.__exit__(kind, error, trace)

    def trades(self, symbol: str, day: date) -> Found | Absent:
        """Bring the trades of a day."""
        return self.bring(trades_name(symbol, day))

    def klines(self, symbol: str, interval: str, day: date) -> Found | Absent:
        """Bring the klines of a day; `interval` is such as `1m`."""
        return self.bring(klines_name(symbol, interval, day))

    def bring(
        self, file: ArchiveName, published: Published | Absent | None = None
    ) -> Found | Absent:
        """Bring a file whole; one that is replaced meanwhile is brought again.

        Whoever has asked for its checksum just now may hand it over.
        """
        for attempt in range(_TIMES_DOWN):
            if published is None or attempt:
                published = self.published(file)
            if isinstance(published, Absent):
                return published
            path = self._folder / published.name
            if not self._web.download(published.url, path):
                return Absent(published.url)
            if _sha256(path) == published.sha256:
                _check_zip(path, published.url)
                return Found(path, published.sha256, published.url)
        raise FetchError(
            f"cannot get {file.url(self._base)}: what comes has not the sha256 of its {_CHECKSUM}, "
            f"{_TIMES_DOWN} times in a row; the archive may be replacing it: run again later"
        )

    def published(self, file: ArchiveName) -> Published | Absent:
        """Ask for the checksum of a file only, a few bytes."""
        url = file.url(self._base)
        text = self._web.text(url + _CHECKSUM)
        if text is not None:
            return Published(file.name, _checksum(text, file.name, url + _CHECKSUM), url)
        if self._web.has(url):
            raise FetchError(
                f"cannot verify {url}: the archive has no {_CHECKSUM} beside it, and nothing was "
                "taken from it; run again later, or download it by hand and import it"
            )
        return Absent(url)


def _checksum(text: bytes, name: str, url: str) -> str:
    try:
        return read_checksum(text, name)
    except ValueError as error:
        raise FetchError(f"cannot read {url}: {error}; run again later") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_zip(path: Path, url: str) -> None:
    """Raise `FetchError` unless the zip has a directory; whoever reads a member checks its CRC."""
    try:
        with zipfile.ZipFile(path):
            return
    except (OSError, zipfile.BadZipFile) as error:
        raise FetchError(
            f"cannot read {url}: {error}, though it has the published checksum; the archive's own "
            "file is damaged: run again when it has been replaced"
        ) from error
