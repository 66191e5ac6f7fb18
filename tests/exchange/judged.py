"""A case before the judge: the ledger, the lake, and on what terms. No clock, no disk."""

from collections.abc import Container
from dataclasses import dataclass

from lake.layout import Stream
from tests.exchange.columns import Columns
from tests.exchange.events import depth_stream, trade_stream
from tests.exchange.lake_rows import LakeRows
from tests.exchange.ledger import Ledger, Order
from tests.exchange.spans import Span
from tests.exchange.verdict import Verdict


@dataclass(frozen=True)
class Terms:
    """How strict to be; times are the exchange's.

    `patience_s`: a trade that REST had so long after its hole could be seen has to be there.
    `tail_s`: nobody can know of what was not delivered in the last seconds.
    `excused`: when delivered books may be missing, such as the second before a process was killed,
    or all of the time that recorded gaps of the books name, if `depth_gaps_excuse`.
    `connections`: whose frames count, if others than the collector were connected.
    `healed_gaps`: a gap may name ids that a later run has found.
    """

    patience_s: float = 10.0
    tail_s: float = 60.0
    excused: tuple[Span, ...] = ()
    depth_gaps_excuse: bool = False
    healed_gaps: bool = False
    connections: Container[int] | None = None


@dataclass(frozen=True)
class Judged:
    """What is compared, and what is found."""

    ledger: Ledger
    lake: LakeRows
    terms: Terms
    verdict: Verdict

    def symbols(self) -> set[str]:
        """Return the symbols that were asked for or that have rows."""
        known = self.ledger.trades.keys() | self.ledger.books.keys()
        asked = {symbol for symbol in known if self.asked_ms(Stream.TRADES, symbol) is not None}
        asked |= {symbol for symbol in known if self.asked_ms(Stream.DEPTH20, symbol) is not None}
        return asked | self.lake.trades.keys() | self.lake.books.keys()

    def asked_ms(self, stream: Stream, symbol: str) -> int | None:
        """Return when a stream was asked for first; None if it never was."""
        name = (trade_stream if stream is Stream.TRADES else depth_stream)(symbol)
        return min(
            (
                order.at_ms
                for order in self.ledger.orders
                if order.method == "SUBSCRIBE" and name in order.streams and self._counts(order)
            ),
            default=None,
        )

    def end_ms(self) -> float:
        """Return when the last connection that counts ended, or the newest event if one is open."""
        ends = [
            visit.closed_ms for number, visit in self.ledger.visits.items() if self._has(number)
        ]
        known = [end for end in ends if end is not None]
        return self._newest_ms() if len(known) < len(ends) or not known else max(known)

    def sent(self, columns: Columns) -> list[bool]:
        """Return for each row whether its frame surely reached a connection that counts."""
        if self.terms.connections is None:
            return [bool(numbers) for numbers in columns.sent]
        return [any(map(self._has, numbers)) for numbers in columns.sent]

    def _counts(self, order: Order) -> bool:
        return self._has(order.connection)

    def _has(self, number: int) -> bool:
        return self.terms.connections is None or number in self.terms.connections

    def _newest_ms(self) -> float:
        columns: list[Columns] = [*self.ledger.trades.values(), *self.ledger.books.values()]
        return max((one.events[-1] for one in columns if len(one)), default=0)
