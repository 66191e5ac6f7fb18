"""Holes that only the exchange's history reaches, asked page by page. No clock, no disk."""

from collections.abc import Iterable

from collector.trades.evidence import TradeList, judge
from collector.trades.holes import Hole, Holes
from collector.trades.outcomes import Outcome, Refilled
from collector.trades.wanted import NEVER_REACHED, UNBELIEVED, Jitter, ascending, unfillable, wait_s

NOT_HELD = "the exchange has them no more"
_REACH_BACK = (1, 100, 400)
"""A page begins so many ids below a hole: further, if it had no trade from below the hole."""
_MOST_VAIN = 20


class History:
    """The old holes of a symbol; needs an API key."""

    def __init__(self, symbol: str, jitter: Jitter) -> None:
        self.symbol = symbol
        self.holes = Holes()
        self.is_asking = False
        self._ready_s = float("-inf")
        self._reach = self._vain = self._failures = 0
        self._jitter = jitter

    def add(self, holes: Iterable[Hole]) -> None:
        """Want holes closed."""
        for hole in holes:
            self.holes.add(hole)

    def ready_s(self) -> float:
        """Return when the next page may be asked for; infinity if none is wanted."""
        return self._ready_s if len(self.holes) and not self.is_asking else float("inf")

    def from_id(self) -> int:
        """Return where the next page begins."""
        first_id = next(iter(self.holes)).first_id
        return max(0, first_id - _REACH_BACK[self._reach])

    def answered(self, listed: TradeList, now_s: float) -> list[Outcome]:
        """Take a page."""
        verdict = judge(self.holes, listed)
        self.is_asking, self._failures = False, 0
        gone = self._gone(verdict.older)
        left = [*(() if gone else verdict.older), *verdict.young, *verdict.newer]
        missing, self.holes = _ids(self.holes), ascending(left)
        self._vain = 0 if gone or _ids(self.holes) < missing else self._vain + 1
        self._ready_s = now_s + (wait_s(self._vain) * self._jitter() if self._vain else 0)
        refilled = Refilled(
            self.symbol, tuple(verdict.trades), tuple(verdict.unpublished), listed.asked_ns,
            listed.received_ns, listed.asked_ms, None, None, proof=False,
        )  # fmt: skip
        outcomes = [*unfillable(gone, NOT_HELD), *unfillable(verdict.unbelieved, UNBELIEVED)]
        return [refilled, *outcomes, *self._hopeless()]

    def _gone(self, older: list[Hole]) -> list[Hole]:
        """Return what is gone, once no page reaches below it however early it begins."""
        self._reach = self._reach + 1 if older else 0
        if self._reach < len(_REACH_BACK):
            return []
        self._reach = 0
        return older

    def _hopeless(self) -> list[Outcome]:
        return self.give_up(NEVER_REACHED) if self._vain > _MOST_VAIN else []

    def put_back(self) -> None:
        """Take it that the question was not asked."""
        self.is_asking = False

    def failed(self, cause: str, now_s: float) -> list[Outcome]:
        """Ask again after an ever longer pause."""
        del cause  # what the exchange still has can wait
        self.is_asking = False
        self._failures += 1
        self._ready_s = now_s + wait_s(self._failures) * self._jitter()
        return []

    def give_up(self, cause: str) -> list[Outcome]:
        """Want nothing any more."""
        self.is_asking, self._vain, self._reach = False, 0, 0
        return unfillable(self.holes.clear(), cause)


def _ids(holes: Holes) -> int:
    return sum(hole.size for hole in holes)
