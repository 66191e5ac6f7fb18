"""What a list of trades proves about holes in the ids. No clock, no socket, no disk.

A list has every published trade between two that it has. So an id that it lacks there was never
published, unless the list is so young that the trade may still be on its way into it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from collector.feed.frames import Trade
from collector.spool.rows import Unpublished
from collector.trades.holes import Hole

PROOF_AGE_MS = 3_000
"""A list proves an absence if it was asked for at least so long after the next higher trade."""
_MOST_UNPUBLISHED = 10_000
"""Ids between two neighbours of a list; more are a fault of the list, or a new count."""


@dataclass(frozen=True)
class TradeList:
    """Published trades of one symbol, ascending by id, none twice.

    `asked_ns` and `received_ns` are our clock; `asked_s` is the same moment as `asked_ns` on our
    monotonic one, and `asked_ms` on the exchange's, at least; None if that is not known.
    """

    symbol: str
    trades: tuple[Trade, ...]
    asked_ns: int
    received_ns: int
    asked_s: float
    asked_ms: int | None


@dataclass
class Verdict:
    """What a list says of some holes; every id of them is in exactly one place.

    `young` ids are absent from the list and proved unpublished later: the first of them at
    `proved_from_ms` of the exchange's time, all of them at `proved_until_ms`. `older` and `newer`
    lie outside of the list, `unbelieved` inside.
    """

    trades: list[Trade] = field(default_factory=list)
    unpublished: list[Unpublished] = field(default_factory=list)
    young: list[Hole] = field(default_factory=list)
    proved_from_ms: int = 0
    proved_until_ms: int = 0
    older: list[Hole] = field(default_factory=list)
    newer: list[Hole] = field(default_factory=list)
    unbelieved: list[Hole] = field(default_factory=list)


def judge(holes: Iterable[Hole], listed: TradeList) -> Verdict:
    """Return what a list says of holes of its symbol."""
    verdict = Verdict()
    for hole in holes:
        if listed.trades:
            _judge_outside(hole, listed.trades[0], listed.trades[-1], verdict)
            _judge_inside(hole, listed, verdict)
        else:
            verdict.newer.append(hole)
    return verdict


def _judge_outside(hole: Hole, lowest: Trade, highest: Trade, verdict: Verdict) -> None:
    if hole.first_id < lowest.trade_id:
        to_ms = lowest.time_ms if lowest.trade_id <= hole.last_id else hole.to_ms
        last_id = min(hole.last_id, lowest.trade_id - 1)
        verdict.older.append(replace(hole, last_id=last_id, to_ms=to_ms))
    if hole.last_id > highest.trade_id:
        from_ms = highest.time_ms if highest.trade_id >= hole.first_id else hole.from_ms
        first_id = max(hole.first_id, highest.trade_id + 1)
        verdict.newer.append(replace(hole, first_id=first_id, from_ms=from_ms))


def _judge_inside(hole: Hole, listed: TradeList, verdict: Verdict) -> None:
    trades = listed.trades
    start = bisect_left(trades, hole.first_id, key=_id)
    end = bisect_right(trades, hole.last_id, lo=start, key=_id)
    verdict.trades += trades[start:end]
    # With the neighbours on both sides, as far as the list has them.
    for lacking in _lacking(hole, trades[max(0, start - 1) : end + 1]):
        _judge_lacking(lacking, listed.asked_ms, verdict)


def _lacking(hole: Hole, trades: Sequence[Trade]) -> Iterator[Hole]:
    """Yield what of a hole lies between neighbouring trades."""
    for lower, higher in pairwise(trades):
        first_id = max(hole.first_id, lower.trade_id + 1)
        last_id = min(hole.last_id, higher.trade_id - 1)
        if first_id <= last_id:
            yield Hole(hole.symbol, first_id, last_id, lower.time_ms, higher.time_ms)


def _judge_lacking(lacking: Hole, asked_ms: int | None, verdict: Verdict) -> None:
    proved_ms = lacking.to_ms + PROOF_AGE_MS
    if lacking.size > _MOST_UNPUBLISHED:
        verdict.unbelieved.append(lacking)
    elif asked_ms is None or asked_ms < proved_ms:
        verdict.proved_from_ms = min(verdict.proved_from_ms or proved_ms, proved_ms)
        verdict.proved_until_ms = max(verdict.proved_until_ms, proved_ms)
        verdict.young.append(lacking)
    else:
        verdict.unpublished += (
            Unpublished(lacking.symbol, trade_id, lacking.from_ms)
            for trade_id in range(lacking.first_id, lacking.last_id + 1)
        )


def _id(trade: Trade) -> int:
    return trade.trade_id
