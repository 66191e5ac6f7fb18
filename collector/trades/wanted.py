"""What is wanted of one symbol, and when to ask for it. No clock, no socket, no disk.

The list of the last trades is a window that moves on with every trade: the busier the symbol, the
sooner a hole leaves it.
"""

from collections.abc import Callable, Iterable

from collector.trades.evidence import TradeList, Verdict, judge
from collector.trades.holes import Hole, Holes
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved

WINDOW = 1_000
"""Trades in the list, for which no key is needed."""
NEVER_REACHED = "the exchange's list of trades never reached up to them"
UNBELIEVED = "the exchange's list of trades lacks more of them than can be believed"
_NEVER_MS = 3_600_000
"""A list that does not reach up to a hole for so long never will."""
_LOST_MS, _LOST_WINDOWS = 900_000, 3
"""While there is no answer at all, a hole is lost after so long and after so many windows."""
_PROOF_ATTEMPTS, _PROOF_PATIENCE_S = 3, 60.0
_PAUSE_S, _PAUSE_TRADES = 3.0, 300
"""Between two lists of a symbol: so long, or so many trades, whichever is sooner."""
_SHORT_WINDOW_MS = 8_000
"""In a list of less time, what waits for its proof may be gone by then."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_CAREFUL, _MARGIN_S = 1.001, 0.005
"""What the exchange's time is at least passes a little slower than ours."""
_SOON_MS = 90_000
"""What leaves the list later than this can wait for weight."""
INFINITY = float("inf")

Jitter = Callable[[], float]
"""Gives a random factor around 1, so that many who wait do not all come back at once."""


class Wanted:
    """The holes of a symbol that the list may close, and whether its newest trade is asked for."""

    def __init__(self, symbol: str, jitter: Jitter) -> None:
        self.symbol = symbol
        self.holes = Holes()
        self.rate_per_s, self._knows_rate = 1.0, False
        self.losing_ms, self.lost_ms = INFINITY, -INFINITY
        self.proof_since_s: float | None = None
        self.is_asking = False
        self._ready_s = -INFINITY
        self._failures = self._vain = 0
        self._jitter = jitter

    def add(self, hole: Hole, rate_per_s: float | None) -> None:
        """Want a hole closed, of a symbol with so many trades."""
        if rate_per_s or not self._knows_rate:
            self.rate_per_s = max(rate_per_s or _rate_in(hole), 1e-6)
        self.holes.add(hole)
        self._estimate_of(hole)

    def want_proof(self, now_s: float) -> None:
        """Want a list that is asked for from now on; who wants it already waits for the same."""
        if self.proof_since_s is None:
            self.proof_since_s = now_s

    def ready_s(self) -> float:
        """Return when the list may be asked for; infinity if it is not wanted."""
        is_wanted = len(self.holes) or self.proof_since_s is not None
        return self._ready_s if is_wanted and not self.is_asking else INFINITY

    def urgency(self, now_ms: int | None) -> tuple[float, ...]:
        """Return what sorts before the urgency of what can wait longer.

        First holes that begin to run out soonest, the busiest of those that do already; then
        proofs; last, holes that are gone if the estimate is right.
        """
        moment_ms = -INFINITY if now_ms is None else now_ms
        if len(self.holes) and moment_ms < self.lost_ms:
            return 0, max(moment_ms, self.losing_ms), -self.rate_per_s
        if self.proof_since_s is not None:
            return 1, self.proof_since_s
        return 2, -self.lost_ms

    def can_wait(self, now_ms: int | None) -> bool:
        """Tell whether nothing of it leaves the list soon, or all of it has left already."""
        if not len(self.holes) or now_ms is None:
            return not len(self.holes)
        return now_ms < self.losing_ms - _SOON_MS or now_ms > self.lost_ms

    def _estimate(self) -> None:
        """Say when the first of the ids leaves the list, and when the last one does."""
        self.losing_ms, self.lost_ms = INFINITY, -INFINITY
        for hole in self.holes:
            self._estimate_of(hole)

    def _estimate_of(self, hole: Hole) -> None:
        trade_ms = 1_000 / self.rate_per_s
        spare = max(0, WINDOW - hole.size)
        self.losing_ms = min(self.losing_ms, hole.to_ms + spare * trade_ms)
        self.lost_ms = max(self.lost_ms, hole.to_ms + WINDOW * trade_ms)

    # Answers

    def answered(self, listed: TradeList, now_s: float) -> tuple[list[Outcome], list[Hole]]:
        """Take the list; return what comes of it, and the holes that are too old for it."""
        verdict = judge(self.holes, listed)
        overdue = [hole for hole in verdict.newer if _is_overdue(hole, listed.asked_ms)]
        newer = [hole for hole in verdict.newer if hole not in overdue]
        outcomes = [self._refilled(listed, verdict), *unfillable(overdue, NEVER_REACHED)]
        self.holes = ascending((*verdict.young, *newer))
        self._learn_rate(listed)
        self._vain = self._vain + 1 if newer else 0
        self._schedule(listed, verdict, now_s)
        return [*outcomes, *unfillable(verdict.unbelieved, UNBELIEVED)], verdict.older

    def _learn_rate(self, listed: TradeList) -> None:
        if len(listed.trades) >= WINDOW:
            self.rate_per_s, self._knows_rate = WINDOW * 1_000 / max(1, _span_ms(listed)), True
        self._estimate()

    def _refilled(self, listed: TradeList, verdict: Verdict) -> Outcome:
        since_s, newest = self.proof_since_s, listed.trades[-1] if listed.trades else None
        is_proof = since_s is not None and since_s <= listed.asked_s
        if is_proof:
            self.proof_since_s = None
        return Refilled(
            self.symbol, tuple(verdict.trades), tuple(verdict.unpublished), listed.asked_ns,
            listed.received_ns, listed.asked_ms, newest.trade_id if newest else None,
            newest.time_ms if newest else None, is_proof,
        )  # fmt: skip

    def _schedule(self, listed: TradeList, verdict: Verdict, now_s: float) -> None:
        """Ask again when the young ids can be proved, or the list may reach up to the newer."""
        self.is_asking, self._failures = False, 0
        self._ready_s = listed.asked_s + min(_PAUSE_S, _PAUSE_TRADES / self.rate_per_s)
        moments = []
        if verdict.young:
            moments.append(_proved_s(listed, verdict))
        if self._vain:
            moments.append(now_s + self._wait_s(self._vain))
        if moments:
            self._ready_s = max(self._ready_s, min(moments))

    # Failures

    def put_back(self) -> None:
        """Take it that the question was not asked."""
        self.is_asking = False

    def failed(self, cause: str, now_s: float) -> list[Outcome]:
        """Ask again after an ever longer pause; of proofs, only some times."""
        self.is_asking = False
        self._failures += 1
        self._ready_s = now_s + self._wait_s(self._failures)
        return self.unproved(cause) if self._failures % _PROOF_ATTEMPTS == 0 else []

    def unproved(self, cause: str) -> list[Outcome]:
        """Want no proof any more."""
        was_wanted, self.proof_since_s = self.proof_since_s is not None, None
        return [Unproved(self.symbol, cause)] if was_wanted else []

    def give_up(self, cause: str) -> list[Outcome]:
        """Want nothing any more."""
        self.is_asking = False
        outcomes = unfillable(self.holes.clear(), cause)
        self._estimate()
        return [*outcomes, *self.unproved(cause)]

    def give_up_lost(self, now_s: float, now_ms: int | None, cause: str) -> list[Outcome]:
        """Give up what waited so long without an answer that it is lost, or nobody waits for it."""
        outcomes: list[Outcome] = []
        if self.proof_since_s is not None and now_s - self.proof_since_s > _PROOF_PATIENCE_S:
            outcomes += self.unproved(cause)
        if now_ms is None or self.is_asking:
            return outcomes
        windows_ms = _LOST_WINDOWS * WINDOW * 1_000 / self.rate_per_s
        lost_to_ms = now_ms - max(_LOST_MS, windows_ms)
        lost = [hole for hole in self.holes if hole.to_ms < lost_to_ms]
        for hole in lost:
            self.holes.cut(hole.first_id, hole.last_id)
        self._estimate()
        return [*outcomes, *unfillable(lost, cause)]

    def _wait_s(self, times: int) -> float:
        return wait_s(times) * self._jitter()


def wait_s(times: int) -> float:
    """Return how long to wait after so many attempts in vain."""
    return float(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(times - 1, 16)))


def unfillable(holes: Iterable[Hole], cause: str) -> list[Outcome]:
    """Return that these holes stay."""
    return [Unfillable(hole, cause) for hole in holes]


def ascending(holes: Iterable[Hole]) -> Holes:
    """Return holes of a symbol that came in any order."""
    return Holes(sorted(holes, key=lambda hole: hole.first_id))


def _is_overdue(hole: Hole, asked_ms: int | None) -> bool:
    return asked_ms is not None and asked_ms - hole.to_ms > _NEVER_MS


def _rate_in(hole: Hole) -> float:
    """Return how many trades a second there were while the ids were missed."""
    return hole.size * 1_000 / max(1_000, hole.to_ms - hole.from_ms)


def _span_ms(listed: TradeList) -> int:
    return listed.trades[-1].time_ms - listed.trades[0].time_ms


def _proved_s(listed: TradeList, verdict: Verdict) -> float:
    """Return when all of the young ids can be proved; of a short list, the first of them."""
    if listed.asked_ms is None:
        return listed.asked_s + _PAUSE_S
    is_short = len(listed.trades) >= WINDOW and _span_ms(listed) < _SHORT_WINDOW_MS
    proved_ms = verdict.proved_from_ms if is_short else verdict.proved_until_ms
    return listed.asked_s + (proved_ms - listed.asked_ms) / 1_000 * _CAREFUL + _MARGIN_S
