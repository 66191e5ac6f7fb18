"""How many bytes the spool takes. Threads share it."""

from threading import Lock


class Usage:
    """Bytes of logs, which are still to be compressed, and of packs, which wait for the lake."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.log_bytes = self.pack_bytes = 0

    def add(self, *, logs: int = 0, packs: int = 0) -> None:
        """Count what came, or (negative) what went."""
        with self._lock:
            self.log_bytes += logs
            self.pack_bytes += packs

    @property
    def total_bytes(self) -> int:
        """What it takes in all."""
        return self.log_bytes + self.pack_bytes
