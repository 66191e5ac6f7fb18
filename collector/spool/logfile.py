"""A file that only grows: whole writes or none, synced by another thread."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock


class LogFile:
    """One writer appends; other threads may read what was written, sync it and close it.

    `end` is how far it was written, `synced` how far it survives a power cut.
    """

    def __init__(self, path: Path, flags: int = os.O_CREAT | os.O_EXCL | os.O_RDWR) -> None:
        self.path = path
        self._descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
        self.end = self.synced = os.fstat(self._descriptor).st_size
        self._closing = Lock()

    @classmethod
    def left_by_another(cls, path: Path) -> "LogFile":
        """Open a file that a dead run has written, to read it."""
        return cls(path, os.O_RDONLY)

    @property
    def is_closed(self) -> bool:
        """Tell whether it was closed."""
        return self._descriptor < 0

    def append(self, parts: Sequence[bytes]) -> int:
        """Write all parts at the end and return where they start; if that fails, write none."""
        start = end = self.end
        try:
            for part in parts:
                end = _write_at(self._descriptor, part, end)
        except OSError:
            # What is left there is torn, so no reader takes it, and the next append covers it.
            with suppress(OSError):
                os.ftruncate(self._descriptor, start)
            raise
        self.end = end
        return start

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from the offset on, so many or, at the end, fewer."""
        # A torn header may say anything, so not every length is to be believed.
        return read_at(self._descriptor, offset, max(0, min(length, self.end - offset)))

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        with self._closing:
            end = self.end
            if self._descriptor >= 0 and end > self.synced:
                os.fdatasync(self._descriptor)
                self.synced = end

    def close(self) -> None:
        """Close the file; a later sync does nothing."""
        with self._closing:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1


def read_at(descriptor: int, offset: int, length: int) -> bytes:
    """Return the bytes from the offset on, so many or, at the end, fewer."""
    parts = []
    while length > 0 and (part := os.pread(descriptor, length, offset)):
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_at(descriptor: int, data: bytes, offset: int) -> int:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
    return offset
