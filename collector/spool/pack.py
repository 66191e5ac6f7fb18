"""Objects that wait for the lake, those of one minute in one file, since a disk syncs few files.

A pack is the objects one after another, then an index in JSON, then where the index begins and its
checksum. It comes into being whole, under its name, or not at all.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from collector.spool.logfile import read_at, sync_folder
from collector.spool.runfolder import RunFolder
from lake.storage import crc32c

PACK = ".pack"
_TRAILER = struct.Struct("<QII4s")
_MAGIC = b"FLP1"
_BUFFER = 1 << 20


class Entry(msgspec.Struct, frozen=True):
    """One object in a pack."""

    key: str
    offset: int
    length: int
    crc32c: str
    rows: int


class Contents(msgspec.Struct, frozen=True):
    """What a pack holds; `minute` since 1970 UTC is that of its rows, or when it was closed."""

    minute: int
    journal: bool
    entries: tuple[Entry, ...]


class Damaged(Exception):
    """A file in the spool is not what was written."""


@dataclass(frozen=True)
class Pack:
    """A pack in the folder of its run."""

    folder: RunFolder
    path: Path
    contents: Contents
    size: int

    def read(self, entry: Entry) -> bytes:
        """Return an object; raise `Damaged` if it is not what was written."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = read_at(descriptor, entry.offset, entry.length)
        finally:
            os.close(descriptor)
        if crc32c(data) != entry.crc32c:
            raise Damaged(f"{entry.key} in {self.path} does not match its checksum")
        return data


Object = tuple[str, bytes, int]
"""Key, content and rows."""


def write_pack(
    folder: RunFolder, stem: str, minute: int, objects: Iterable[Object], *, journal: bool = False
) -> Pack:
    """Return a new pack, which survives a power cut from now on; or raise an `OSError`."""
    path, temporary = pack_path(folder, stem), folder.path / f".{stem}{PACK}.tmp"
    try:
        with temporary.open("wb", buffering=_BUFFER) as file:
            contents = Contents(minute, journal, tuple(_entries(file, objects)))
            size = _end(file, contents)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder.path)
    return Pack(folder, path, contents, size)


def _entries(file: BinaryIO, objects: Iterable[Object]) -> Iterator[Entry]:
    offset = 0
    for key, data, rows in objects:
        file.write(data)
        yield Entry(key, offset, len(data), crc32c(data), rows)
        offset += len(data)


def _end(file: BinaryIO, contents: Contents) -> int:
    """Write the index and return the size of the file."""
    index, offset = msgspec.json.encode(contents), file.tell()
    file.write(index + _TRAILER.pack(offset, len(index), zlib.crc32(index), _MAGIC))
    return file.tell()


def pack_path(folder: RunFolder, stem: str) -> Path:
    """Return where the pack of this segment or hour is."""
    return folder.path / f"{stem}{PACK}"


def load_pack(folder: RunFolder, path: Path) -> Pack:
    """Return a pack that is there; raise `Damaged` if it is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        trailer = read_at(descriptor, max(0, size - _TRAILER.size), _TRAILER.size)
        if len(trailer) < _TRAILER.size or not trailer.endswith(_MAGIC):
            raise Damaged(f"{path} has no end")
        offset, length, checksum, _ = _TRAILER.unpack(trailer)
        index = read_at(descriptor, offset, length)
    finally:
        os.close(descriptor)
    if zlib.crc32(index) != checksum:
        raise Damaged(f"the index of {path} does not match its checksum")
    return Pack(folder, path, msgspec.json.decode(index, type=Contents), size)
