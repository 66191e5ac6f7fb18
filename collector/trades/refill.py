"""Asks REST for what the streams did not bring: the most urgent first, in threads of its own."""

import logging
import random
import threading
from collections.abc import Callable

from collector.clock import Clock
from collector.trades.evidence import TradeList
from collector.trades.holes import Hole
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.trades.refill_queue import Means, RefillQueue, Task
from collector.trades.rest import Rest
from collector.trades.rest_errors import KeyRefused, Paused, Rejected, RestError
from collector.trades.rest_wire import HISTORY_WEIGHT, TRADES_WEIGHT
from collector.trades.wanted import wait_s

__all__ = ["Outcome", "Refilled", "Refiller", "Unfillable", "Unproved"]

STOPPED = "stopped before they could be refilled"
_log = logging.getLogger("collector.trades.refill")
_MOST_HOLES = 50_000
_RESERVED = 4
"""A fourth of our weight is kept for what may come and cannot wait."""
_TIME_EVERY_S, _TIME_RETRY_S = 600.0, 60.0
_IDLE_S, _LOOK_S = 60.0, 5.0
_QUICK = 0.5
"""The first pause after a failure, as a part of that of a single symbol: all wait for it."""


class Refiller:
    """Takes holes, gives back rows and what cannot be had.

    Every id that `ask` took comes back once: in a `Refilled`, in an `Unfillable`, or from `stop`.
    `post` is called in threads of the refiller and must not block. Failures that may pass are
    asked again while the exchange may still have the trades.
    """

    def __init__(
        self, rest: Rest, clock: Clock, post: Callable[[Outcome], None], *, workers: int = 4,
        most_holes: int = _MOST_HOLES,
    ) -> None:  # fmt: skip
        self._rest, self._clock, self._post = rest, clock, post
        self._queue = RefillQueue(_jitter, has_history=rest.has_key, most_holes=most_holes)
        self._lock = threading.RLock()  # who is posted to may ask
        self._stopping = False
        self._trouble, self._time_asked_s = "", float("-inf")
        self._asking = self._failures = 0
        self._held_from_s, self._hold_until_s = float("-inf"), float("-inf")
        self._wakes = [threading.Event() for _ in range(workers)]
        self._threads = [
            threading.Thread(target=self._work, args=(wake,), name=f"refill-{at}", daemon=True)
            for at, wake in enumerate(self._wakes)
        ]

    def start(self) -> None:
        """Start asking."""
        for thread in self._threads:
            thread.start()

    def ask(self, hole: Hole, rate_per_s: float | None = None) -> bool:
        """Want a hole closed; False if there are too many already: then it is a gap.

        `rate_per_s` is how many trades the symbol has; without it, it is estimated.
        """
        with self._lock:
            is_taken = not self._stopping and self._queue.add(hole, rate_per_s)
        self._wake()
        return is_taken

    def prove(self, symbol: str) -> None:
        """Want to know the symbol's newest trade: a `Refilled` or an `Unproved` follows."""
        with self._lock:
            self._queue.prove(symbol, self._clock.monotonic())
        self._wake()

    def pending(self) -> tuple[Hole, ...]:
        """Return what is still asked for."""
        with self._lock:
            return self._queue.holes()

    @property
    def trouble(self) -> str:
        """Return why nothing can be asked at the moment; empty if all is well."""
        return self._rest.standing().cause or self._trouble

    def stop(self) -> tuple[Unfillable, ...]:
        """Stop at once; return what remains open. Nothing is posted afterwards."""
        with self._lock:
            self._stopping = True
            cause = f"{STOPPED}; {self.trouble}" if self.trouble else STOPPED
            left = self._queue.give_up(cause)
        self._wake()
        return tuple(outcome for outcome in left if isinstance(outcome, Unfillable))

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()

    # The threads

    def _work(self, wake: threading.Event) -> None:
        while not self._stopping:
            wake.clear()
            task, idle_s = self._next()
            if task:
                self._do(task)
            else:
                self._clock.wait(wake, idle_s)

    def _next(self) -> tuple[Task | None, float]:
        """Return the most urgent task, or how long there is nothing to do."""
        with self._lock:
            now_s = self._clock.monotonic()
            now_ms = self._rest.exchange_clock.at_least_ms(now_s)
            if self.trouble:
                self._post_all(self._queue.give_up_lost(now_s, now_ms, self.trouble))
            held_s = max(self._hold_until_s - now_s, self._rest.wait_s(TRADES_WEIGHT))
            if self._failures and self._asking:
                held_s = _LOOK_S  # one question shows whether the trouble is over
            if held_s > 0:
                return None, min(held_s, _LOOK_S)
            means = self._means()
            task = self._queue.next(now_s, now_ms, means)
            self._asking += 1 if task else 0
            due_s = self._queue.next_s(now_ms, means) - now_s
            return task, min(due_s, _IDLE_S if means is Means.HISTORY else _LOOK_S)

    def _means(self) -> Means:
        """Say what we can afford."""
        ours = self._rest.most_weight
        reserve = ours // _RESERVED
        if self._rest.wait_s(min(ours, HISTORY_WEIGHT + reserve)) == 0:
            return Means.HISTORY
        if self._rest.wait_s(min(ours, TRADES_WEIGHT + reserve)) == 0:
            return Means.LISTS
        return Means.WHAT_CANNOT_WAIT

    def _do(self, task: Task) -> None:
        asked_s = self._clock.monotonic()
        try:
            self._answered(task, self._list(task))
        except Paused as error:
            self._paused(task, error)
        except Rejected as error:
            self._rejected(task, error)
        except RestError as error:
            self._failed(task, error, asked_s)

    def _list(self, task: Task) -> TradeList:
        self._learn_time()
        if task.from_id is None:
            return self._rest.trades(task.symbol)
        return self._rest.historical_trades(task.symbol, task.from_id)

    def _learn_time(self) -> None:
        """Ask for the exchange's time if the last answer is old: it dates the lists."""
        now_s = self._clock.monotonic()
        is_old = self._rest.exchange_clock.age_s(now_s) > _TIME_EVERY_S
        if is_old and now_s - self._time_asked_s > _TIME_RETRY_S:
            self._time_asked_s = now_s
            try:
                self._rest.clock_offset_ms()
            except RestError as error:
                # Lists are of use without it, too.
                self._say(str(error))

    def _answered(self, task: Task, listed: TradeList) -> None:
        with self._lock:
            self._asking -= 1
            self._recover()
            self._post_all(self._queue.answered(task, listed, self._clock.monotonic()))

    def _recover(self) -> None:
        if self._failures:
            self._failures = 0
            self._wake()
        self._trouble = ""

    def _paused(self, task: Task, error: Paused) -> None:
        with self._lock:
            self._asking -= 1
            self._queue.put_back(task)
            if self._rest.standing().cause:
                self._say(str(error))

    def _rejected(self, task: Task, error: Rejected) -> None:
        with self._lock:
            self._asking -= 1
            self._say(str(error))
            self._recover()
            if isinstance(error, KeyRefused):
                self._post_all(self._queue.close_history(str(error)))
            else:
                self._post_all(self._queue.rejected(task, str(error)))

    def _failed(self, task: Task, error: RestError, asked_s: float) -> None:
        """Ask again later; hold all questions for a while, which may well fail of the same."""
        with self._lock:
            self._asking -= 1
            now_s = self._clock.monotonic()
            self._say(str(error))
            self._post_all(self._queue.failed(task, str(error), now_s))
            if asked_s >= self._held_from_s:  # else it was under way when the others failed
                self._failures += 1
                self._held_from_s = now_s
                pause_s = wait_s(self._failures) * _QUICK * _jitter()
                self._hold_until_s = now_s + max(error.wait_s, pause_s)

    def _say(self, trouble: str) -> None:
        """Log the beginning of a trouble."""
        if not self._trouble:
            _log.warning("%s", trouble, extra={"fields": {"event": "refill_failed"}})
        self._trouble = trouble

    def _post_all(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes if not self._stopping else ():
            self._post(outcome)


def _jitter() -> float:
    return random.uniform(0.75, 1.25)
