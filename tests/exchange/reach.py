"""Which trades a collector that missed them could have had from REST. No clock, no disk."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from tests.exchange.columns import TradeColumns
from tests.exchange.events import LISTED
from tests.exchange.ledger import Ledger
from tests.exchange.lists import LAST
from tests.exchange.spans import without


@dataclass(frozen=True)
class Reach:
    """The lists of one symbol over time, for a collector that worked until `end_ms`."""

    ledger: Ledger
    trades: TradeColumns
    sent: list[bool]
    """For each row, whether the collector surely got its frame."""
    end_ms: float
    listed: list[int]
    """For each row, how many listed trades there are up to it."""
    next_sent: list[int]
    """For each row, the next one that was surely sent; one past the end if there is none."""

    def opportunity_s(self, row: int) -> float:
        """Return for how long a trade could be asked for once its hole was seen."""
        after = self.next_sent[row]
        if after >= len(self.trades):
            return 0.0
        until_ms = min(self._gone_ms(row), self.end_ms)
        return without(self.trades.events[after], until_ms, self.ledger.rest_trouble) / 1000

    def was_told(self, row: int, before_ms: float) -> bool:
        """Tell whether an answer had the trade, and later frames showed that it was missing."""
        trade_id = self.trades.first_id + row
        return self.next_sent[row] < len(self.trades) and any(
            answer.whole
            and answer.symbol == self.trades.symbol
            and answer.at_ms < before_ms
            and answer.first_id is not None
            and answer.last_id is not None
            and answer.first_id <= trade_id <= answer.last_id
            and trade_id not in answer.lacks
            for answer in self.ledger.answers
        )

    def _gone_ms(self, row: int) -> float:
        forgotten_ms = min(
            (
                one.at_ms
                for one in self.ledger.forgotten
                if one.symbol == self.trades.symbol and one.last_id >= self.trades.first_id + row
            ),
            default=math.inf,
        )
        history = any(one.path == "historicalTrades" for one in self.ledger.answers if one.whole)
        return forgotten_ms if history else min(forgotten_ms, self._pushed_out_ms(row))

    def _pushed_out_ms(self, row: int) -> float:
        """Return when so many trades have followed that the list has no place for it."""
        last = bisect_right(self.listed, self.listed[row] + LAST - 1)
        return self.trades.events[last] if last < len(self.trades) else math.inf


def reach_of(ledger: Ledger, trades: TradeColumns, sent: list[bool], end_ms: float) -> Reach:
    """Return what could be reached of a symbol's trades."""
    listed = list(accumulate(int(kind in LISTED) for kind in trades.types))
    next_sent, after = [0] * len(trades), len(trades)
    for row in range(len(trades) - 1, -1, -1):
        next_sent[row] = after
        after = row if sent[row] else after
    return Reach(ledger, trades, sent, end_ms, listed, next_sent)
