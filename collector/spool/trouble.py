"""Trouble that lasts: said when it begins, when it changes and when it is over, not each time."""

import logging
from threading import Lock

_log = logging.getLogger("collector")


class Trouble:
    """What goes wrong with one thing at the moment, in one line; None while all is well.

    `event` names its lines in the log; what is nothing else is trouble with the spool's disk.
    """

    def __init__(self, what: str, event: str = "disk_failed") -> None:
        self._what, self._event, self._lock = what, event, Lock()
        self.error: str | None = None
        self.failures = 0

    def begin(self, error: str) -> None:
        """Note a failure."""
        with self._lock:
            self.failures += 1
            is_news, self.error = error != self.error, error
        if is_news:
            fields = {"event": self._event, "error": error}
            _log.warning("%s: %s", self._what, error, extra={"fields": fields})

    def end(self) -> None:
        """Note that it works."""
        with self._lock:
            was, self.error = self.error, None
        if was:
            fields = {"event": "works_again", "after": self._event}
            _log.info("%s: works again", self._what, extra={"fields": fields})
