"""Where the objects of a lake are: the storage protocol, and the local folder behind it.

Keys are the texts of `lake.layout`. A writer says which version it means to replace, so two
writers of one object never overwrite each other unseen, and no object is ever half written.
"""

import base64
import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import google_crc32c

from lake.errors import AlreadyExists, LakeError, NoSuchObject, VersionConflict


@dataclass(frozen=True)
class Stat:
    """What a listing tells of an object.

    `version` changes with every write. `crc32c` (base64, as Google Cloud Storage writes it) is
    None where the listing does not know it: `crc32c_of` reads the object then.
    """

    key: str
    size: int
    version: str
    crc32c: str | None = None


class Storage(Protocol):
    """The operations that a lake needs. Failures are `LakeError`s that name the object."""

    url: str

    def list(self, prefix: str, start: str = "", end: str | None = None) -> Iterator[Stat]:
        """Yield the objects below the prefix with `start <= key < end`, sorted by key."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the folders directly below a prefix that ends in `/`, each ending in `/`."""

    def read(self, key: str) -> tuple[bytes, str]:
        """Return the content and its version; raise `NoSuchObject`."""

    def read_many(self, stats: Sequence[Stat]) -> Iterator[bytes]:
        """Yield the contents of listed objects in the order given, a bounded number ahead.

        Raise `NoSuchObject` or `VersionConflict` for one that went or was replaced since.
        """

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        """Write the object whole and return its version.

        `replaces` is the version to replace, or None to create; raise `VersionConflict` or
        `AlreadyExists` if that is not what is there, and leave it as it is.
        """

    def sweep(self, prefix: str) -> int:
        """Remove what killed writers left of objects with this prefix; return how many."""


def crc32c(data: bytes) -> str:
    """Return the CRC32C of the data as Google Cloud Storage writes it: base64, big-endian."""
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def crc32c_of(storage: Storage, stat: Stat) -> str:
    """Return the checksum of a listed object, from the listing where it knows it."""
    return stat.crc32c or crc32c(storage.read(stat.key)[0])


def replaced_since(url: str, stat: Stat) -> VersionConflict:
    """Return the error of an object that is no longer what its listing says."""
    return VersionConflict(
        f"cannot read {url}/{stat.key}: it was replaced since it was listed; "
        "list it again and retry"
    )


class LocalFolder:
    """A lake in a folder.

    A file is written beside its place under a name that starts with a dot and locked while its
    writer lives; then it is linked (create) or renamed (replace) into place. The lock is how
    `sweep` tells a dead writer's file from a living one's, whatever became of process numbers.
    `durable=False` skips the flush to the disk, for data that can be made again.
    """

    def __init__(self, root: Path | str, *, durable: bool = True) -> None:
        self.root = Path(root)
        self.url = str(root)
        self._durable = durable

    def list(self, prefix: str, start: str = "", end: str | None = None) -> Iterator[Stat]:
        """Yield the objects below the prefix with `start <= key < end`, sorted by key."""
        with self._explain("list", prefix):
            folder = prefix.rpartition("/")[0]
            yield from self._walk(folder + "/" if folder else "", prefix, start, end)

    def _walk(self, folder: str, prefix: str, start: str, end: str | None) -> Iterator[Stat]:
        for name in self._names(folder):
            key = folder + name
            if not _may_hold(key, prefix, start, end):
                continue
            if name.endswith("/"):
                yield from self._walk(key, prefix, start, end)
            else:
                found = self._stat(key)
                if found:
                    yield Stat(key, found.st_size, _version(found))

    def _names(self, folder: str) -> Sequence[str]:
        """Return the sorted names in a folder, those of folders with a slash at the end."""
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(
                    entry.name + "/" * entry.is_dir()
                    for entry in entries
                    if not entry.name.startswith(".")
                )
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _stat(self, key: str) -> os.stat_result | None:
        try:
            return os.stat(f"{self.root}/{key}")  # noqa: PTH116 - thousands of them
        except FileNotFoundError:
            return None

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the folders directly below a prefix that ends in `/`, each ending in `/`."""
        with self._explain("list", prefix):
            yield from (prefix + name for name in self._names(prefix) if name.endswith("/"))

    def read(self, key: str) -> tuple[bytes, str]:
        """Return the content and its version; raise `NoSuchObject`."""
        with self._explain("read", key):
            descriptor = os.open(f"{self.root}/{key}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                found = os.fstat(descriptor)
                return _whole(descriptor, found.st_size), _version(found)
            finally:
                os.close(descriptor)

    def read_many(self, stats: Sequence[Stat]) -> Iterator[bytes]:
        """Yield the contents of listed objects in the order given; see `Storage.read_many`."""
        return map(self._read_listed, stats)

    def _read_listed(self, stat: Stat) -> bytes:
        data, version = self.read(stat.key)
        if version != stat.version:
            raise replaced_since(self.url, stat)
        return data

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        """Write the object whole and return its version; see `Storage.write`."""
        place = self.root / key
        with self._explain("write", key):
            self._make_folder_of(key)
            with _temporary_beside(place) as temporary:
                temporary.write(data, durable=self._durable)
                if replaces is None:
                    os.link(temporary.path, place)
                else:
                    self._replace(key, temporary.path, replaces)
                if self._durable:
                    _flush_folder(place.parent)
                return _version(temporary.stat())

    def _make_folder_of(self, key: str) -> None:
        folder = (self.root / key).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise LakeError(
                f"cannot write {self.url}/{key}: a file stands where {folder} should be a folder; "
                "move it away and run again"
            ) from error

    def _replace(self, key: str, temporary: Path, version: str) -> None:
        place = self.root / key
        with _locked_folder(place.parent):
            found = self._stat(key)
            if found is None or _version(found) != version:
                raise VersionConflict(
                    f"cannot replace {self.url}/{key}: another writer was faster; "
                    "read it again and retry"
                )
            temporary.rename(place)

    def sweep(self, prefix: str) -> int:
        """Remove what killed writers left of objects with this prefix; return how many."""
        folder, _, name = prefix.rpartition("/")
        with self._explain("clean up", prefix):
            leftovers = (self.root / folder).glob(f".{name}*{_Temporary.ENDING}")
            return sum(_remove_if_dead(path) for path in leftovers)

    @contextmanager
    def _explain(self, what: str, key: str) -> Iterator[None]:
        """Turn what the operating system says into an error that names the object."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NoSuchObject(f"cannot {what} {self.url}/{key}: no such object") from error
        except FileExistsError as error:
            raise AlreadyExists(f"cannot create {self.url}/{key}: it exists already") from error
        except OSError as error:
            raise LakeError(
                f"cannot {what} {self.url}/{key}: {error.strerror}; {_advice(error)}"
            ) from error


class _Temporary:
    """A file of a living writer: dot-named, and locked until it is closed."""

    ENDING = ".tmp"

    def __init__(self, place: Path) -> None:
        self._descriptor = -1
        while self._descriptor < 0:
            self.path = place.parent / f".{place.name}.{secrets.token_hex(6)}{self.ENDING}"
            self._descriptor = self._open_locked()

    def _open_locked(self) -> int:
        """Return a locked descriptor, or -1 if a sweep took the file before it was locked."""
        descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)
        return -1

    def write(self, data: bytes, *, durable: bool) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._stamp()
        if durable:
            os.fsync(self._descriptor)

    def _stamp(self) -> None:
        """Give the file a time of its own, so that no two versions are the same.

        The kernel's own times may be milliseconds coarse and it reuses the numbers of files: two
        quick writes could else look like none.
        """
        now_ns = time.time_ns()
        os.utime(self._descriptor, ns=(now_ns, now_ns))

    def stat(self) -> os.stat_result:
        return os.fstat(self._descriptor)

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


@contextmanager
def _temporary_beside(place: Path) -> Iterator[_Temporary]:
    temporary = _Temporary(place)
    try:
        yield temporary
    finally:
        temporary.close()


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that comparing a version and renaming are one step."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _whole(descriptor: int, size: int) -> bytes:
    """Return what a file holds, in one call as a rule: a day reads thousands of small files."""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while data := os.read(descriptor, 1 << 20):
        parts.append(data)
    return b"".join(parts)


def _remove_if_dead(path: Path) -> bool:
    """Remove a temporary file unless its writer still holds the lock on it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _may_hold(key: str, prefix: str, start: str, end: str | None) -> bool:
    """Tell whether the object, or anything in the folder, can lie in the prefix and range."""
    in_prefix = key.startswith(prefix) or (key.endswith("/") and prefix.startswith(key))
    after_start = key >= start or (key.endswith("/") and start.startswith(key))
    return in_prefix and after_start and (end is None or key < end)


def _version(found: os.stat_result) -> str:
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _advice(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space and run again"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "give this user access to it and run again"
        case _:
            return "check the disk and run again"
