"""Trouble that lasts: said when it begins, when it changes and when it is over, not each time."""

import logging
from threading import Lock

_log = logging.getLogger("collector")


class Trouble:
    """What goes wrong with one thing at the moment, in one line; None while all is well."""

    def __init__(self, what: str) -> None:
        self._what, self._lock = what, Lock()
        self.error: str | None = None
        self.failures = 0

    def begin(self, error: str) -> None:
        """Note a failure."""
        with self._lock:
            self.failures += 1
            is_news, self.error = error != self.error, error
        if is_news:
            _log.warning("%s: %s", self._what, error, extra={"fields": {"error": error}})

    def end(self) -> None:
        """Note that it works."""
        with self._lock:
            was, self.error = self.error, None
        if was:
            _log.info("%s: works again", self._what)
