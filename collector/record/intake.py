"""Frames become rows: each trade and each book once, whichever connections bring it.

No clock, no socket, no disk. This is where nearly all of the recorder's time goes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from collector.feed.frames import Shutdown, Snapshot, Strange, Trade, read_frame
from collector.feed.reports import Batch
from collector.fleet.links import Link
from collector.record.tape import Tape
from collector.spool.rows import Unpublished, snapshot_line, trade_line, unpublished_line
from collector.trades.evidence import TradeList
from collector.trades.ids import Room
from collector.trades.outcomes import Refilled
from lake.layout import Stream
from lake.schemas import COUNTED_TYPES

LATE_MS = 300_000
"""A trade received more than this after its exchange time is filed under exchange time."""
_FUTURE_MS, _FAR_FUTURE_MS = 60_000, 86_400_000
"""An event time so far ahead is garbage, and no proof of anything; the latter by a clock that
nobody has compared with the exchange's."""
_NS_PER_MS = 1_000_000


class Rows(Protocol):
    """Where rows go; see `Spool`."""

    def append(self, stream: Stream, symbol: str, received_ns: int, line: bytes) -> None:
        """Take a row of the chunk of its receive minute."""

    def append_late(self, symbol: str, time_ms: int, line: bytes) -> None:
        """Take a trade of the chunk of its exchange minute."""


class Intake:
    """Takes what the connections bring.

    `writes_books` and `writes_trades` are off while there is no room: then what comes proves that
    the streams live, and no more. `ahead_ms` is how far our clock is ahead of the exchange's, None
    as long as that is not known.
    """

    def __init__(
        self, links: Mapping[int, Link], rows: Rows, stranger: Callable[[Strange, int], None],
        shutdown: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.tapes: dict[str, Tape] = {}
        self.room = Room()
        self.writes_books = self.writes_trades = True
        self.ahead_ms: int | None = None
        self.frames = self.bytes = 0
        self.rows: Counter[Stream] = Counter()
        self.duplicates: Counter[Stream] = Counter()
        self.unwritten: Counter[Stream] = Counter()
        self.strange: Counter[str] = Counter()
        self.newest_ms = 0
        self._links, self._rows = links, rows
        self._stranger, self._shutdown = stranger, shutdown

    def tape(self, symbol: str) -> Tape:
        """Return what is known of a symbol."""
        tape = self.tapes.get(symbol)
        if tape is None:
            tape = self.tapes[symbol] = Tape(symbol, self.room)
        return tape

    def take(self, batch: Batch) -> None:
        """Write what one socket read brought."""
        link = self._links.get(batch.connection_id)
        received_ns = batch.received_ns
        latest_ms = self._latest_ms(received_ns)
        newest_ms = 0
        for data in batch.frames:
            self.bytes += len(data)
            frame = read_frame(data)
            if isinstance(frame, Snapshot):
                event_ms = self._book(frame, link, received_ns, latest_ms)
            elif isinstance(frame, Trade):
                event_ms = self._trade(frame, link, received_ns, latest_ms)
            else:
                self._other(frame, batch.connection_id)
                continue
            if event_ms > newest_ms:
                newest_ms = event_ms
        self.frames += len(batch.frames)
        if link and newest_ms > max(0, link.event_ms):
            link.event_ms = newest_ms
            self.newest_ms = max(self.newest_ms, newest_ms)

    def _latest_ms(self, received_ns: int) -> int:
        """Return the latest event time that can be true."""
        received_ms = received_ns // _NS_PER_MS
        if self.ahead_ms is None:
            return received_ms + _FAR_FUTURE_MS
        return received_ms - self.ahead_ms + _FUTURE_MS

    def _book(self, book: Snapshot, link: Link | None, received_ns: int, latest_ms: int) -> int:
        """Write a book and return its event time, as far as it can be believed."""
        symbol = book.symbol
        leg = link.books.get(symbol) if link else None
        if leg is None:
            return 0
        event_ms = book.event_ms
        if not self.writes_books:
            leg.overhear(received_ns)
            self.unwritten[Stream.DEPTH20] += 1
            return 0
        if event_ms <= latest_ms:
            leg.hear(event_ms, book.time_ms, received_ns)
        else:
            leg.overhear(received_ns)
            event_ms = 0
        tape = self.tapes[symbol]
        if tape.books.add(book.update_id):
            self._rows.append(
                Stream.DEPTH20, symbol, received_ns, snapshot_line(book, received_ns)
            )  # fmt: skip
            self.rows[Stream.DEPTH20] += 1
            tape.book = book
        else:
            self.duplicates[Stream.DEPTH20] += 1
        return event_ms

    def _trade(self, trade: Trade, link: Link | None, received_ns: int, latest_ms: int) -> int:
        """Write a trade and return its event time, as far as it can be believed."""
        leg = link.trades.get(trade.symbol) if link else None
        if leg is None:
            return 0
        event_ms = trade.event_ms or 0
        if not self.writes_trades:
            leg.overhear(received_ns)
            self.unwritten[Stream.TRADES] += 1
            self.tapes[trade.symbol].chain.miss(trade.trade_id, trade.time_ms)
            return 0
        if 0 < event_ms <= latest_ms:
            leg.hear(event_ms, trade.time_ms, received_ns)
        else:
            leg.overhear(received_ns)
            event_ms = 0
        tape = self.tapes[trade.symbol]
        if self._write_trade(tape, trade, received_ns) and trade.trade_type in COUNTED_TYPES:
            tape.trade = trade
        return event_ms

    def _write_trade(self, tape: Tape, trade: Trade, received_ns: int) -> bool:
        """Write a trade unless it has been written; tell whether it was new."""
        if not tape.chain.see(trade.trade_id, trade.time_ms):
            self.duplicates[Stream.TRADES] += 1
            return False
        self._append(tape.symbol, trade.time_ms, received_ns, trade_line(trade, received_ns))
        return True

    def _append(self, symbol: str, time_ms: int, received_ns: int, line: bytes) -> None:
        self.rows[Stream.TRADES] += 1
        if received_ns - time_ms * _NS_PER_MS > LATE_MS * _NS_PER_MS:
            self._rows.append_late(symbol, time_ms, line)
        else:
            self._rows.append(Stream.TRADES, symbol, received_ns, line)

    def lacking(self, listed: TradeList) -> list[Trade]:
        """Return what a list has that we lack; of unknown symbols it has only the past."""
        chain = self.tape(listed.symbol).chain
        if chain.last is None or not self.writes_trades:
            return []
        return [each for each in listed.trades if chain.lacks(each.trade_id)]

    def write(self, symbol: str, trades: Iterable[Trade], received_ns: int) -> int:
        """Write trades of a list unless their stream has brought them; return how many."""
        tape = self.tape(symbol)
        return sum(self._write_trade(tape, trade, received_ns) for trade in trades)

    def refill(self, refilled: Refilled, received_ns: int) -> tuple[int, int]:
        """Write what a list brought; return how many trades and how many ids without one."""
        tape = self.tape(refilled.symbol)
        trades = self.write(refilled.symbol, refilled.trades, received_ns)
        absent = sum(
            self._write_unpublished(tape, row, received_ns) for row in refilled.unpublished
        )
        return trades, absent

    def _write_unpublished(self, tape: Tape, row: Unpublished, received_ns: int) -> bool:
        if not tape.chain.see(row.trade_id, row.time_ms):
            return False
        self._append(tape.symbol, row.time_ms, received_ns, unpublished_line(row, received_ns))
        return True

    def _other(self, frame: object, connection_id: int) -> None:
        if isinstance(frame, Strange):
            self.strange[frame.why] += 1
            self._stranger(frame, connection_id)
        elif isinstance(frame, Shutdown):
            self._shutdown(connection_id)
