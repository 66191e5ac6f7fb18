"""What is wanted of all symbols, and what to ask for next. No clock, no socket, no disk."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from collector.trades.evidence import TradeList
from collector.trades.history import History
from collector.trades.holes import Hole
from collector.trades.outcomes import Outcome
from collector.trades.wanted import INFINITY, Jitter, Wanted, unfillable

AGED_OUT = "older than the exchange's last 1,000 trades"


@dataclass(frozen=True)
class Task:
    """One request: the last trades of a symbol or, from the history, those from an id on."""

    symbol: str
    from_id: int | None = None


class Means(IntEnum):
    """What may be asked with the weight that is left."""

    WHAT_CANNOT_WAIT = 0
    LISTS = 1
    HISTORY = 2


class RefillQueue:
    """Holes and proofs that are wanted; of `most_holes` at most."""

    def __init__(self, jitter: Jitter, *, has_history: bool, most_holes: int) -> None:
        self._wanted: dict[str, Wanted] = {}
        self._histories: dict[str, History] = {}
        self._jitter, self._has_history, self._most_holes = jitter, has_history, most_holes
        self._count = 0

    def add(self, hole: Hole, rate_per_s: float | None) -> bool:
        """Want a hole closed; False if that would be too many."""
        if self._count >= self._most_holes:
            return False
        wanted = self._of(hole.symbol)
        before = len(wanted.holes)
        wanted.add(hole, rate_per_s)
        self._count += len(wanted.holes) - before
        return True

    def prove(self, symbol: str, now_s: float) -> None:
        """Want to know the newest trade of a symbol."""
        self._of(symbol).want_proof(now_s)

    def _of(self, symbol: str) -> Wanted:
        wanted = self._wanted.get(symbol)
        if wanted is None:
            wanted = self._wanted[symbol] = Wanted(symbol, self._jitter)
        return wanted

    def holes(self) -> tuple[Hole, ...]:
        """Return what is still wanted."""
        return tuple(hole for each in self._everything() for hole in each.holes)

    def _everything(self) -> list[Wanted | History]:
        return [*self._wanted.values(), *self._histories.values()]

    # What to ask for

    def next(self, now_s: float, now_ms: int | None, means: Means) -> Task | None:
        """Return the most urgent request, which is then being asked; None if all can wait.

        `now_ms` is the exchange's time, if it is known.
        """
        ready = [each for each in self._affordable(means, now_ms) if each.ready_s() <= now_s]
        if not ready:
            return self._next_page(now_s) if means is Means.HISTORY else None
        wanted = min(ready, key=lambda each: each.urgency(now_ms))
        wanted.is_asking = True
        return Task(wanted.symbol)

    def _affordable(self, means: Means, now_ms: int | None) -> Iterable[Wanted]:
        if means is not Means.WHAT_CANNOT_WAIT:
            return self._wanted.values()
        return [each for each in self._wanted.values() if not each.can_wait(now_ms)]

    def _next_page(self, now_s: float) -> Task | None:
        for history in self._histories.values():
            if history.ready_s() <= now_s:
                history.is_asking = True
                return Task(history.symbol, history.from_id())
        return None

    def next_s(self, now_ms: int | None, means: Means) -> float:
        """Return when the next request is due; infinity if none is wanted."""
        moments = [each.ready_s() for each in self._affordable(means, now_ms)]
        if means is Means.HISTORY:
            moments += (history.ready_s() for history in self._histories.values())
        return min(moments, default=INFINITY)

    # What came of it

    def answered(self, task: Task, listed: TradeList, now_s: float) -> list[Outcome]:
        """Take the list that was asked for."""
        if task.from_id is not None:
            return self._counted(self._histories[task.symbol].answered(listed, now_s))
        outcomes, old = self._wanted[task.symbol].answered(listed, now_s)
        return self._counted([*outcomes, *self._too_old(task.symbol, old)])

    def _too_old(self, symbol: str, holes: list[Hole]) -> list[Outcome]:
        if not self._has_history:
            return unfillable(holes, AGED_OUT)
        if holes:
            self._histories.setdefault(symbol, History(symbol, self._jitter)).add(holes)
        return []

    def put_back(self, task: Task) -> None:
        """Take it that the request was not made."""
        self._asked(task).put_back()

    def failed(self, task: Task, cause: str, now_s: float) -> list[Outcome]:
        """Ask again later."""
        return self._asked(task).failed(cause, now_s)

    def rejected(self, task: Task, cause: str) -> list[Outcome]:
        """Ask no more."""
        return self._counted(self._asked(task).give_up(cause))

    def _asked(self, task: Task) -> Wanted | History:
        return (self._wanted if task.from_id is None else self._histories)[task.symbol]

    def give_up_lost(self, now_s: float, now_ms: int | None, cause: str) -> list[Outcome]:
        """Give up what waited for an answer for too long."""
        wanted = self._wanted.values()
        return self._counted(
            [lost for each in wanted for lost in each.give_up_lost(now_s, now_ms, cause)]
        )

    def give_up(self, cause: str) -> list[Outcome]:
        """Give up everything."""
        return self._counted([left for each in self._everything() for left in each.give_up(cause)])

    def close_history(self, cause: str) -> list[Outcome]:
        """Do without the history from now on."""
        self._has_history = False
        histories = self._histories.values()
        return self._counted([left for each in histories for left in each.give_up(cause)])

    def _counted(self, outcomes: list[Outcome]) -> list[Outcome]:
        self._count = sum(len(each.holes) for each in self._everything())
        return outcomes
