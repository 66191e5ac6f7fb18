"""Where klines come from: the archive, REST, or a file that somebody names."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from isal import igzip

from aggregator.archive.unzip import UNREADABLE
from aggregator.fetch.site import Absent, Site
from aggregator.parity.klines import BadKlines, Klines, read_list, read_table
from aggregator.parity.rest import Rest
from aggregator.utc import day_start_ms
from lake.errors import LakeError


class NoKlines(LakeError):
    """The klines cannot be had: from where, why, and what to do next."""


@dataclass(frozen=True)
class Fetched:
    """The klines of a day, and which bytes said so. `name` is where they came from."""

    source: str
    name: str
    sha256: str
    klines: Klines


@dataclass(frozen=True)
class Nothing:
    """The source has no klines of the day."""

    name: str


class Source(Protocol):
    """Gives the klines of a day, or says that there are none; failures are `LakeError`s."""

    def klines(self, symbol: str, day: date) -> Fetched | Nothing:
        """Return the klines of a day."""


class ArchiveSource:
    """The archive on the web."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def klines(self, symbol: str, day: date) -> Fetched | Nothing:
        """Bring the file of the day and read it."""
        found = self._site.klines(symbol, "1m", day)
        if isinstance(found, Absent):
            return Nothing(found.url)
        try:
            text = _unpacked(found.path, found.url)
        finally:
            found.path.unlink(missing_ok=True)
        klines = _read(read_table, text, day, found.url)
        return Fetched("archive", found.url, found.sha256, klines)


class RestSource:
    """The exchange's REST interface."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def klines(self, symbol: str, day: date) -> Fetched | Nothing:
        """Ask for the day."""
        start = day_start_ms(day)
        url, text = self._rest.klines(symbol, start)
        klines = _read(read_list, text, day, url)
        if not klines.by_minute:
            return Nothing(url)
        return Fetched("rest", url, hashlib.sha256(text).hexdigest(), klines)


class FileSource:
    """A table of klines, of one symbol and of any days; it is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = _unpacked(path, str(path))
        self._sha256 = hashlib.sha256(self._text).hexdigest()

    def klines(self, symbol: str, day: date) -> Fetched | Nothing:
        """Read the klines of the day; that they are the symbol's is the caller's word."""
        del symbol
        klines = _read(read_table, self._text, day, str(self._path))
        if not klines.by_minute:
            return Nothing(str(self._path))
        return Fetched("file", self._path.name, self._sha256, klines)


def _read(reader: Callable[[bytes, int], Klines], text: bytes, day: date, name: str) -> Klines:
    try:
        return reader(text, day_start_ms(day))
    except BadKlines as error:
        raise NoKlines(f"cannot read the klines of {name}: {error}; name others") from error


def _unpacked(path: Path, name: str) -> bytes:
    """Return the one table of a file: plain, in gzip or in a zip."""
    try:
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                (member,) = (each for each in archive.namelist() if each.endswith(".csv"))
                return archive.read(member)
        data = path.read_bytes()
        return igzip.decompress(data) if path.name.endswith(".gz") else data
    except ValueError as error:
        why = "it does not hold one csv file"
        raise NoKlines(f"cannot read the klines of {name}: {why}; name another") from error
    except (*UNREADABLE, RuntimeError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or "it is damaged"
        raise NoKlines(f"cannot read the klines of {name}: {why}; get it again") from error
