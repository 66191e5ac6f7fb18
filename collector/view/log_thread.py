"""Log lines on a thread of their own: who logs never waits for a terminal or a pipe.

Every line that needs attention, and every one without facts, is given an event: a log that knows
nothing of a line but its text keeps it as text, and filters by field do not find it.
"""

import logging
from logging.handlers import QueueHandler
from queue import Full, Queue
from threading import Thread

from lake.logs import fields_of


class LogThread(QueueHandler):
    """Hand records to another handler through a bounded queue.

    What finds the queue full, or a terminal that is gone, is dropped and counted; the next line
    that finds room says how many. `dropped`: not confessed yet.
    """

    def __init__(self, target: logging.Handler, most: int = 10_000) -> None:
        self._records: Queue[logging.LogRecord | None] = Queue(most)
        super().__init__(self._records)
        self._target = target
        self.dropped = 0
        self._thread = Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a copy for the other thread, with an event: else its severity is one."""
        prepared: logging.LogRecord = super().prepare(record)
        fields = fields_of(prepared)
        if "event" not in fields and (not fields or record.levelno >= logging.WARNING):
            prepared.fields = {"event": record.levelname.lower(), **fields}
        return prepared

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the record, or count it."""
        try:
            if self.dropped:
                self._records.put_nowait(self._confession())
                self.dropped = 0
            self._records.put_nowait(record)
        except Full:
            self.dropped += 1

    def _confession(self) -> logging.LogRecord:
        said = f"{self.dropped} log lines were dropped: the log was not read, or too slowly"
        fields = {"event": "log_dropped", "lines": self.dropped}
        return logging.makeLogRecord(
            {"name": "collector", "levelno": logging.WARNING, "levelname": "WARNING", "msg": said,
             "fields": fields}
        )  # fmt: skip

    def _write(self) -> None:
        while (record := self._records.get()) is not None:
            try:
                self._target.handle(record)
            except (OSError, ValueError):
                self.dropped += 1

    def stop(self, within_s: float = 1.0) -> None:
        """Write what is queued, as far as the time allows."""
        try:
            self._records.put(None, timeout=within_s)
        except Full:
            return
        self._thread.join(within_s)
