"""The folders of runs in the spool. Each is locked while the process that writes it lives.

The lock is how a new run tells what a dead one left from what a living one holds, whatever became
of process numbers. Folders are made, claimed and removed under a lock of the whole spool, so that
nobody ever sees one between being made and being locked.
"""

import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from collector.errors import CollectorError
from collector.spool.logfile import sync_folder

_LOCK = "lock"
_log = logging.getLogger("collector")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RANDOM_DIGITS = 4
_SPOOL_LOCK = ".lock"


def new_run(now_ns: int) -> str:
    """Return a name for a run that no other run has; names sort by the second of their time."""
    digits, seconds = "", now_ns // 10**9
    while seconds:
        seconds, digit = divmod(seconds, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits + "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM_DIGITS))


class RunFolder:
    """The locked folder of one run."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self.run = path, path.name
        self._descriptor = descriptor
        self._is_over, self._removing = False, Lock()

    @classmethod
    def create(cls, spool: Path, run: str) -> "RunFolder":
        """Make the folder of a new run; raise `CollectorError` if that cannot be."""
        try:
            spool.mkdir(parents=True, exist_ok=True)
            with _locked(spool):
                (spool / run).mkdir()
                descriptor = _locked_descriptor(spool / run / _LOCK, os.O_CREAT)
            sync_folder(spool)
        except OSError as error:
            raise CollectorError(
                f"cannot make the spool {spool / run}: {error.strerror}; "
                "give this user a folder that it can write, in --spool"
            ) from error
        return cls(spool / run, descriptor)

    def over(self) -> None:
        """Say that nothing more will be written here: once it is empty, `tidy` removes it."""
        self._is_over = True

    def files(self) -> list[Path]:
        """Return what lies in the folder, sorted by name, but for the lock."""
        return sorted(path for path in self.path.iterdir() if path.name != _LOCK)

    def tidy(self) -> bool:
        """Remove the folder if its run is over and all is uploaded; tell whether it is gone."""
        with self._removing:
            if not self._is_over or self._descriptor < 0 or self.files():
                return False
            with _locked(self.path.parent):
                (self.path / _LOCK).unlink(missing_ok=True)
                self.path.rmdir()
            self.release()
            return True

    def release(self) -> None:
        """Give up the lock: what is left here is the next start's to recover."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def claim_dead(spool: Path) -> list[RunFolder]:
    """Lock and return the folders of the runs that live no more."""
    if not spool.is_dir():
        return []
    with _locked(spool):
        return [folder for path in sorted(spool.iterdir()) if (folder := _claimed(path))]


def _claimed(path: Path) -> RunFolder | None:
    """Lock the folder of a dead run; None if it is not one, or not ours to lock."""
    try:
        return RunFolder(path, _locked_descriptor(path / _LOCK))
    except (BlockingIOError, FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        _log.error(
            "cannot recover %s: %s; give this user access to it and run again",
            path, error.strerror,
        )  # fmt: skip
        return None


def _locked_descriptor(path: Path, flags: int = 0) -> int:
    descriptor = os.open(path, flags | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(spool: Path) -> Iterator[None]:
    descriptor = os.open(spool / _SPOOL_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)
