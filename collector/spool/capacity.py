"""How much room the spool has: asked of the disk, judged by `collector.spool.pressure`."""

import os
from dataclasses import dataclass
from pathlib import Path

from collector.spool.pressure import Room, next_pressure
from collector.spool.usage import Usage
from collector.view.status import Pressure

_COMPRESSED_TO = 2
"""One part of so many, at the very most, is what compressed rows take besides their log."""


@dataclass(frozen=True)
class SpoolSettings:
    """`limit_bytes` bounds what lies on the disk, `fsync_s` what a power cut can lose.

    `memory_bytes` bounds the rows in memory while the disk cannot be written.
    """

    folder: Path
    limit_bytes: int = 10 << 30
    fsync_s: float = 5.0
    memory_bytes: int = 64 << 20


class Capacity:
    """The room that is left, as of the last `measure`; `free_bytes` None: the disk does not say."""

    def __init__(self, settings: SpoolSettings, usage: Usage) -> None:
        self._settings, self._usage = settings, usage
        self.pressure = Pressure.NONE
        self.free_bytes: int | None = None

    def measure(self, unwritten_bytes: int = 0) -> None:
        """Look at the disk; `unwritten_bytes` are rows in memory that it did not take.

        As long as there are such, nothing that was left out is taken in again.
        """
        limit = self._settings.limit_bytes
        free, total = _disk(self._settings.folder) or (None, limit)
        room = Room(
            self._usage.total_bytes, limit, limit if free is None else free, total,
            owed=self._usage.log_bytes // _COMPRESSED_TO,
            unwritten=unwritten_bytes, memory=self._settings.memory_bytes,
        )  # fmt: skip
        self.free_bytes = free
        following = next_pressure(self.pressure, room.fullness())
        self.pressure = max(following, self.pressure) if unwritten_bytes else following


def _disk(folder: Path) -> tuple[int, int] | None:
    """Return the bytes that are free on the disk of the folder, and all; None if it is away."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
