"""The lines of one object of the journal: in memory, and on the disk in case we die."""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from collector.spool.logfile import LogFile
from collector.spool.spoolnames import HourName

JOURNAL = ".journal"


class Hour:
    """Collects lines. From `due_ms` of exchange time on, nothing more is expected.

    `text` has every line; the file has those that were saved, and claims later than the others.
    Lines come in one thread, claims are saved in another.
    """

    def __init__(self, name: HourName, folder: Path, due_ms: int) -> None:
        self.name, self.due_ms = name, due_ms
        self.log: LogFile | None = None
        self._path = folder / f"{name}{JOURNAL}"
        self._lines: list[bytes] = []
        self._unsaved: list[bytes] = []
        self._lock, self._is_closed = Lock(), False

    def add(self, line: bytes) -> None:
        """Take a line that `save` brings to the disk."""
        self._lines.append(line)
        with self._lock:
            self._unsaved.append(line)

    def add_claim(self, line: bytes) -> None:
        """Take a line that reaches the disk later, by `save_claims`."""
        self._lines.append(line)

    def text(self) -> bytes:
        """Return all lines, in the order in which they came."""
        return b"".join(self._lines)

    def save(self) -> None:
        """Write what is not on the disk yet; raise `OSError`, and then keep it for later."""
        with self._lock:
            self._append([])

    def save_claims(self, lines: Iterable[bytes]) -> None:
        """Write lines of `add_claim`, unless the object is made already; raise `OSError`."""
        with self._lock:
            if not self._is_closed:
                self._append(lines)

    def _append(self, lines: Iterable[bytes]) -> None:
        lines = [*self._unsaved, *lines]
        if lines:
            self.log = self.log or LogFile(self._path)
            self.log.append(lines)
            self._unsaved = []

    def close(self) -> None:
        """Write no more; the file stays until the object is made."""
        with self._lock:
            self._is_closed = True
