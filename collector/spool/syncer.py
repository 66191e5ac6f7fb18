"""Makes what is in the logs survive a power cut, every few seconds, in a thread of its own."""

from collections.abc import Callable
from threading import Event, Lock, Thread

from collector.clock import Clock
from collector.spool.logfile import LogFile, sync_folder
from collector.spool.trouble import Trouble

Vouch = Callable[[], Callable[[], None]]
"""Is called before a sync; what it returns is called if the sync succeeded."""


class Syncer:
    """Syncs all logs that it is shown, until they are closed."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock, self._every_s = clock, every_s
        self._lock, self._ending = Lock(), Event()
        self._logs: set[LogFile] = set()
        self._unnamed: set[LogFile] = set()
        self._vouch: Vouch | None = None
        self._trouble = Trouble("cannot sync the spool")
        self._thread = Thread(target=self._run, name="sync", daemon=True)

    @property
    def error(self) -> str | None:
        """What goes wrong at the moment."""
        return self._trouble.error

    def start(self) -> None:
        """Start to sync."""
        self._thread.start()

    def watch(self, log: LogFile) -> None:
        """Sync this log from now on."""
        with self._lock:
            if log not in self._logs:
                self._logs.add(log)
                self._unnamed.add(log)

    def vouch(self, vouch: Vouch) -> None:
        """Let this be asked before each sync what is to be written after it."""
        self._vouch = vouch

    def sync(self) -> bool:
        """Sync everything that was written until now; tell whether it succeeded."""
        afterwards = self._vouch() if self._vouch else None
        try:
            self._sync()
            if afterwards:
                afterwards()
        except OSError as error:
            self._trouble.begin(error.strerror or str(error))
            return False
        self._trouble.end()
        return True

    def _sync(self) -> None:
        with self._lock:
            self._logs = {log for log in self._logs if not log.is_closed}
            logs, unnamed = list(self._logs), self._unnamed
            self._unnamed = set()
        for log in logs:
            log.sync()
        try:
            for folder in {log.path.parent for log in unnamed if not log.is_closed}:
                sync_folder(folder)
        except OSError:
            self._unnamed |= unnamed
            raise

    def _run(self) -> None:
        while not self._clock.wait(self._ending, self._every_s):
            self.sync()

    def stop(self) -> None:
        """Sync no more."""
        self._ending.set()
