"""Asks the exchange now and then which symbols trade, and what time it is: in a thread."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from collector.clock import Clock
from collector.record.market import Contract
from collector.trades.rest import Rest
from collector.trades.rest_errors import RestError

_AGAIN_S = 60.0
"""At least between two looks, however many want them."""
_AFTER_FAILURE_S = 15.0
_log = logging.getLogger("collector")


@dataclass(frozen=True)
class Surveyed:
    """What the exchange said; None: it could not be asked. `ahead_ms`: our clock of theirs."""

    contracts: tuple[Contract, ...] | None
    ahead_ms: int | None
    trouble: str = ""


def look(rest: Rest) -> Surveyed:
    """Ask once."""
    ahead_ms, trouble = None, ""
    try:
        ahead_ms = rest.clock_offset_ms()
        return Surveyed(rest.contracts(), ahead_ms)
    except RestError as error:
        trouble = str(error)
    return Surveyed(None, ahead_ms, trouble)


class Survey:
    """Asks every so often, and sooner if somebody wants to know."""

    def __init__(
        self, rest: Rest, clock: Clock, every_s: float, post: Callable[[Surveyed], None]
    ) -> None:  # fmt: skip
        self._rest, self._clock, self._every_s, self._post = rest, clock, every_s, post
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._looked_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name="survey", daemon=True)

    def start(self) -> None:
        """Start; the first look is due after a whole period."""
        self._thread.start()

    def hurry(self) -> None:
        """Look soon: something is strange about a symbol, or about our clock."""
        self._wake.set()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._wake.set()

    def _run(self) -> None:
        wait_s = self._every_s
        while not self._stopping.is_set():
            hurried = self._clock.wait(self._wake, wait_s)
            self._wake.clear()
            if hurried:
                self._rest_a_while()
            if self._stopping.is_set():
                return
            found = look(self._rest)
            self._looked_s = self._clock.monotonic()
            if found.trouble:
                _log.warning("%s", found.trouble, extra={"fields": {"event": "survey_failed"}})
            self._post(found)
            wait_s = _AFTER_FAILURE_S if found.trouble else self._every_s

    def _rest_a_while(self) -> None:
        """Wait until the last look is not so new; a second wish meanwhile needs no second look."""
        self._clock.wait(self._stopping, self._looked_s + _AGAIN_S - self._clock.monotonic())
        self._wake.clear()
