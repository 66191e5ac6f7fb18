"""What happened, what was sent to whom and who asked for what: the truth a lake is judged by.

No clock, no socket.
"""

from dataclasses import dataclass, field, replace

from tests.exchange.columns import NOBODY, Ref, SnapshotColumns, TradeColumns
from tests.exchange.events import Event, Trade


@dataclass(frozen=True)
class Visit:
    """A WebSocket connection; `end` says who or what ended it."""

    number: int
    path: str
    opened_ms: int
    closed_ms: int | None = None
    end: str = ""


@dataclass(frozen=True)
class Handshake:
    """An attempt to open a connection; status 101 let it in, 0 had no answer."""

    at_ms: int
    path: str
    status: int


@dataclass(frozen=True)
class Order:
    """What a client asked for on a connection."""

    at_ms: int
    connection: int
    method: str
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """A REST request and what became of it; `whole` if all of a proper answer was sent.

    `first_id` and `last_id` are the ends of a list of trades, `lacks` the ids between them that
    the list has later but did not have yet.
    """

    at_ms: int
    path: str
    symbol: str
    status: int
    used_weight: int
    whole: bool = True
    first_id: int | None = None
    last_id: int | None = None
    lacks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Mishap:
    """A fault, when it happened and until when; None: it has not ended."""

    at_ms: int
    what: str
    until_ms: float | None = None


@dataclass(frozen=True)
class Forgotten:
    """From this time on the lists of a symbol begin after this id."""

    at_ms: int
    symbol: str
    last_id: int


@dataclass
class Ledger:
    """Everything that can be known of the time since the start."""

    started_ms: int = 0
    trades: dict[str, TradeColumns] = field(default_factory=dict)
    books: dict[str, SnapshotColumns] = field(default_factory=dict)
    visits: dict[int, Visit] = field(default_factory=dict)
    handshakes: list[Handshake] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    mishaps: list[Mishap] = field(default_factory=list)
    rest_trouble: list[tuple[float, float]] = field(default_factory=list)
    """When REST did not serve everybody at once: `[from, to)`, ms."""
    forgotten: list[Forgotten] = field(default_factory=list)
    stalls_s: list[float] = field(default_factory=list)
    """Host's seconds in which the exchange could do nothing: its machine was busy, or paused."""
    _joined: dict[tuple[tuple[int, ...], int], tuple[int, ...]] = field(default_factory=dict)

    def add(self, event: Event, sent: tuple[int, ...] = NOBODY) -> Ref:
        """Write down what happened and to which connections it was sent at once."""
        if isinstance(event, Trade):
            columns = self.trades.get(event.symbol) or self._trades_of(event.symbol)
            return columns, columns.add(event, sent)
        books = self.books.get(event.symbol) or self._books_of(event.symbol)
        return books, books.add(event, sent)

    def _trades_of(self, symbol: str) -> TradeColumns:
        return self.trades.setdefault(symbol, TradeColumns(symbol))

    def _books_of(self, symbol: str) -> SnapshotColumns:
        return self.books.setdefault(symbol, SnapshotColumns(symbol))

    def sent(self, ref: Ref, connection: int) -> None:
        """Write down that an event was sent to a connection."""
        columns, row = ref
        if connection not in columns.sent[row]:
            columns.sent[row] = self._with(columns.sent[row], connection)

    def doubt(self, ref: Ref, connection: int) -> None:
        """Take back that the connection surely got it: it may have."""
        columns, row = ref
        left = tuple(number for number in columns.sent[row] if number != connection)
        if len(left) < len(columns.sent[row]):
            columns.sent[row] = left
            columns.maybe.add(row)

    def _with(self, sent: tuple[int, ...], connection: int) -> tuple[int, ...]:
        """Return the connections with one more, the same object each time."""
        key = (sent, connection)
        return self._joined.setdefault(key, (*sent, connection))

    def opened(self, visit: Visit) -> None:
        """Write down a new connection."""
        self.visits[visit.number] = visit

    def ended(self, number: int, at_ms: int, end: str) -> None:
        """Write down the end of a connection; the first reason counts."""
        visit = self.visits[number]
        if visit.closed_ms is None:
            self.visits[number] = replace(visit, closed_ms=at_ms, end=end)

    def live(self) -> list[int]:
        """Return the numbers of the connections that are open."""
        return [visit.number for visit in self.visits.values() if visit.closed_ms is None]
