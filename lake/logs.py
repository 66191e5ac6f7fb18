"""Log lines as Cloud Logging reads them: one JSON object a line, on any stream.

Modules log with `logging.getLogger(...)` and hand over facts as
`extra={"fields": {"symbol": "BTCUSDT"}}`: a message for people, fields for machines.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any, TextIO


def log(file: TextIO, severity: str, message: str, **fields: Any) -> None:
    """Write one log line."""
    line = {"severity": severity, "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), file=file, flush=True)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the facts that came with a record."""
    fields = getattr(record, "fields", None)
    return dict(fields) if isinstance(fields, dict) else {}


class JsonHandler(logging.Handler):
    """Write every record as one JSON line, with the time at which it was made.

    A log that cannot be written stops nobody's work: the lines are counted, and named by the next
    one that can be.
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            self._confess()
            log(self._file, record.levelname, self.format(record), **_facts(record))
        except (OSError, ValueError):
            self._lost += 1

    def _confess(self) -> None:
        if self._lost:
            log(self._file, "WARNING", f"{self._lost} log lines could not be written")
            self._lost = 0


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"time": at.replace("+00:00", "Z"), **fields_of(record)}
