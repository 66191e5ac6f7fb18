"""Rows set down on disk by their ten minutes, so that an import needs little memory.

The folder is locked while its import lives: that is how the next import tells what a killed one
left behind, whatever became of process numbers.
"""

import fcntl
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import polars as pl

from aggregator.archive.chunks import CHUNK_MS
from aggregator.archive.rows import ArchiveError

_PREFIX = "flowlake-import-"
_LOCK = "lock"


class Spool:
    """Rows by the ten minutes of their exchange time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: defaultdict[int, int] = defaultdict(int)

    def add(self, rows: pl.DataFrame) -> None:
        """Set rows down."""
        start = pl.col("timestamp") // CHUNK_MS * CHUNK_MS
        parts = rows.with_columns(start.alias("start")).partition_by(
            "start", as_dict=True, include_key=False
        )
        with _explained(self._folder):
            for (start_ms,), part in parts.items():
                self._write(int(start_ms), part)

    def _write(self, start_ms: int, part: pl.DataFrame) -> None:
        data = BytesIO()
        part.write_ipc(data, compression="lz4")
        self._path(start_ms, self._parts[start_ms]).write_bytes(data.getbuffer())
        self._parts[start_ms] += 1

    def starts(self) -> list[int]:
        """Return the starts of the ten minutes that have rows, in the order of time."""
        return sorted(self._parts)

    def take(self, start_ms: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of ten minutes in parts, and drop them."""
        for number in range(self._parts.pop(start_ms)):
            path = self._path(start_ms, number)
            with _explained(self._folder):
                data = path.read_bytes()
                path.unlink()
            yield pl.read_ipc(data)

    def _path(self, start_ms: int, number: int) -> Path:
        return self._folder / f"{start_ms}-{number}.arrow"


@contextmanager
def spool() -> Iterator[Spool]:
    """Give a spool in the folder for temporary files; remove it, and what dead imports left."""
    with _explained(Path(tempfile.gettempdir())):
        sweep(Path(tempfile.gettempdir()))
        folder, descriptor = _locked_folder()
    try:
        yield Spool(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(parent: Path) -> int:
    """Remove the folders of imports that live no more; return how many."""
    return sum(_remove_if_dead(folder) for folder in parent.glob(f"{_PREFIX}*"))


def _locked_folder() -> tuple[Path, int]:
    """Make a folder that no sweep can take for a dead one's; a sweep may be quicker than us."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        with suppress(FileNotFoundError):
            flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC
            descriptor = os.open(folder / _LOCK, flags, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return folder, descriptor
            os.close(descriptor)


def _remove_if_dead(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return _remove_without_lock(folder)
    except OSError:
        # Another user's, or no folder of ours.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove_without_lock(folder: Path) -> bool:
    """Remove a folder that is half removed, or of an import killed before it took its lock."""
    try:
        names = {path.name for path in folder.iterdir()}
        if names and _LOCK not in names:
            # An import locks before it sets rows down, so this one was being removed.
            shutil.rmtree(folder)
        else:
            # Fails, as it should, if its import has locked it meanwhile.
            folder.rmdir()
    except OSError:
        return False
    return True


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"cannot set rows down in {folder}: {error.strerror}; "
            "free some space, or name another folder in TMPDIR, and import again"
        ) from error
