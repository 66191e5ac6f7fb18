"""Folders for temporary files that leave nothing behind, however their program ends.

A folder is locked while its program lives: that is how the next one tells what a killed one left
behind, whatever became of process numbers.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aggregator.archive.rows import ArchiveError

_LOCK = "lock"


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Give a folder among the temporary files; remove it, and those of this prefix left behind."""
    with explained(Path(tempfile.gettempdir())):
        sweep(Path(tempfile.gettempdir()), prefix)
        folder, descriptor = _locked_folder(prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(parent: Path, prefix: str) -> int:
    """Remove the folders of programs that live no more; return how many."""
    return sum(_remove_if_dead(folder) for folder in parent.glob(f"{prefix}*"))


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system says into an error that names the folder."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"cannot set rows down in {folder}: {error.strerror}; "
            "free some space, or name another folder in TMPDIR, and run again"
        ) from error


def _locked_folder(prefix: str) -> tuple[Path, int]:
    """Make a folder that no sweep can take for a dead one's; a sweep may be quicker than us."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
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
    """Remove a folder that is half removed, or of a program killed before it took its lock."""
    try:
        names = {path.name for path in folder.iterdir()}
        if names and _LOCK not in names:
            # A program locks before it sets anything down, so this one was being removed.
            shutil.rmtree(folder)
        else:
            # Fails, as it should, if its program has locked it meanwhile.
            folder.rmdir()
    except OSError:
        return False
    return True
