"""What the files of the archive are called, and what a checksum says. No clock, no network."""

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

ARCHIVE_URL = "https://data.binance.vision"
_DAILY = "data/futures/um/daily"
_SHA256 = re.compile(r"(?P<sha256>[0-9a-fA-F]{64})(?:\s+\*?(?P<name>\S+))?\s*", re.ASCII)


@dataclass(frozen=True)
class ArchiveName:
    """A file of the archive: the folder that it lies in, and its own name."""

    folder: str
    name: str

    def url(self, base: str) -> str:
        """Return where the file is; a symbol may have letters that an address must quote."""
        return f"{base.rstrip('/')}/{_DAILY}/{quote(self.folder)}/{quote(self.name)}"


def trades_name(symbol: str, day: date) -> ArchiveName:
    """Return the name of a day's trades."""
    return ArchiveName(f"trades/{symbol}", f"{symbol}-trades-{day}.zip")


def klines_name(symbol: str, interval: str, day: date) -> ArchiveName:
    """Return the name of a day's klines of an interval such as `1m`."""
    return ArchiveName(f"klines/{symbol}/{interval}", f"{symbol}-{interval}-{day}.zip")


def read_checksum(text: bytes, name: str) -> str:
    """Return the sha256 that a `.CHECKSUM` says of a file; raise ValueError with what is wrong."""
    lines = text.decode("utf-8", "replace").strip().splitlines() or [""]
    match = _SHA256.fullmatch(lines[0])
    if not match:
        raise ValueError("it does not begin with a sha256")
    if match["name"] not in (None, name):
        raise ValueError(f"it is about {match['name']}")
    return match["sha256"].lower()
