"""What happened to one symbol, in columns: millions of events fit. No clock, no socket."""

from array import array
from bisect import bisect_left

from tests.exchange.events import Snapshot, Trade

NOBODY: tuple[int, ...] = ()


class TradeColumns:
    """The ids of a symbol in their order, without holes: an id that was never used has a row too.

    `sent` says for each row which connections surely got it; `maybe` has the rows that some
    connection may have got besides: it ended about then.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol, self.first_id = symbol, 0
        self.times, self.events = array("q"), array("q")
        self.prices: list[str] = []
        self.quantities: list[str] = []
        self.makers = bytearray()
        self.types: list[str] = []
        self.sent: list[tuple[int, ...]] = []
        self.maybe: set[int] = set()

    def __len__(self) -> int:
        return len(self.times)

    def add(self, trade: Trade, sent: tuple[int, ...] = NOBODY) -> int:
        """Append a trade and return its row."""
        row = len(self.times)
        if not row:
            self.first_id = trade.trade_id
        assert trade.trade_id == self.first_id + row, "ids come one after the other"
        self.times.append(trade.time_ms)
        self.events.append(trade.event_ms)
        self.prices.append(trade.price)
        self.quantities.append(trade.quantity)
        self.makers.append(trade.is_buyer_maker)
        self.types.append(trade.trade_type)
        self.sent.append(sent)
        return row

    def __getitem__(self, row: int) -> Trade:
        return Trade(
            self.symbol, self.first_id + row, self.times[row], self.events[row],
            self.prices[row], self.quantities[row], bool(self.makers[row]), self.types[row],
        )  # fmt: skip

    def row_of(self, trade_id: int) -> int | None:
        """Return the row of an id; None if it has not happened."""
        row = trade_id - self.first_id
        return row if 0 <= row < len(self) else None


class SnapshotColumns:
    """The books of a symbol in their order; `sent` and `maybe` as in `TradeColumns`."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.ids, self.times, self.events = array("q"), array("q"), array("q")
        self.bids: list[str] = []
        self.asks: list[str] = []
        self.sent: list[tuple[int, ...]] = []
        self.maybe: set[int] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, book: Snapshot, sent: tuple[int, ...] = NOBODY) -> int:
        """Append a book and return its row."""
        self.ids.append(book.update_id)
        self.times.append(book.time_ms)
        self.events.append(book.event_ms)
        self.bids.append(book.bids)
        self.asks.append(book.asks)
        self.sent.append(sent)
        return len(self.ids) - 1

    def __getitem__(self, row: int) -> Snapshot:
        return Snapshot(
            self.symbol, self.ids[row], self.times[row], self.events[row],
            self.bids[row], self.asks[row],
        )  # fmt: skip

    def row_of(self, update_id: int) -> int | None:
        """Return the row of an update id; None if it has not happened."""
        row = bisect_left(self.ids, update_id)
        return row if row < len(self) and self.ids[row] == update_id else None


Columns = TradeColumns | SnapshotColumns
Ref = tuple[Columns, int]
"""One event: where it is written down."""
