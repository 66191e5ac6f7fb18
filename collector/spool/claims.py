"""Covered time on its way to the disk: it gets there only after the rows that it vouches for.

A power cut may take rows that were written and not synced yet. A claim that survived them would
be false. So what is claimed waits until everything appended before it was flushed, and then until
that was synced.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from collector.spool.spoolnames import HourName

Line = tuple[HourName, bytes]


@dataclass
class Pending:
    """Lines of the journal that claim something, and the newest checkpoint (None: as before)."""

    lines: list[Line] = field(default_factory=list)
    checkpoint: list[bytes] | None = None

    def then(self, later: "Pending") -> "Pending":
        """Return both, one after the other."""
        newest = self.checkpoint if later.checkpoint is None else later.checkpoint
        return Pending(self.lines + later.lines, newest)


class Claims:
    """What was claimed, by how far its rows are. Threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._fresh, self._flushed = Pending(), Pending()

    def claim(self, line: Line) -> None:
        """Claim covered time in a line of the journal."""
        with self._lock:
            self._fresh.lines.append(line)

    def checkpoint(self, lines: Iterable[bytes]) -> None:
        """Replace what is claimed of covered time that is still open."""
        with self._lock:
            self._fresh.checkpoint = list(lines)

    def flushed(self) -> None:
        """Note that everything appended so far is in the log."""
        with self._lock:
            self._flushed, self._fresh = self._flushed.then(self._fresh), Pending()

    def take(self) -> Pending:
        """Return what may be written once the log, as it is now, was synced."""
        with self._lock:
            taken, self._flushed = self._flushed, Pending()
            return taken

    def give_back(self, pending: Pending) -> None:
        """Put back what could not be written."""
        with self._lock:
            self._flushed = pending.then(self._flushed)

    def clear(self) -> None:
        """Forget everything: its run is over."""
        with self._lock:
            self._fresh, self._flushed = Pending(), Pending()
