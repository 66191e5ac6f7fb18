"""The lists of trades that REST serves, out of the ledger. No clock, no socket."""

from dataclasses import dataclass, field
from decimal import Decimal
from zlib import crc32

from tests.exchange.columns import TradeColumns
from tests.exchange.events import LISTED

LAST = 1000

_STRAGGLERS = 50
"""One trade in so many comes late to the list, behind later ones."""


@dataclass
class Lists:
    """How soon trades are listed, and what is listed no more.

    A straggler comes up to `straggler_ms` late: whoever asks too early finds a hole that is none.
    """

    after_ms: float = 100.0
    straggler_ms: float = 2000.0
    floors: dict[str, int] = field(default_factory=dict)
    """Ids below are listed no more, not even as history."""

    def listed_at_ms(self, trades: TradeColumns, row: int) -> float:
        """Return from when on a trade is listed."""
        drawn = crc32(b"%d" % (trades.first_id + row))
        late = drawn % _STRAGGLERS == 0
        return (
            trades.events[row]
            + self.after_ms
            + late * (drawn >> 8) % 1000 * (self.straggler_ms / 1000)
        )

    def last(self, trades: TradeColumns, limit: int, now_ms: float) -> list[int]:
        """Return the rows of the last trades that are listed, in their order."""
        rows: list[int] = []
        row, floor = len(trades) - 1, self.floors.get(trades.symbol, 0) - trades.first_id
        while row >= max(0, floor) and len(rows) < limit:
            if self._has(trades, row, now_ms):
                rows.append(row)
            row -= 1
        return rows[::-1]

    def since(self, trades: TradeColumns, from_id: int, limit: int, now_ms: float) -> list[int]:
        """Return the rows of the trades from an id on."""
        floor = max(from_id, self.floors.get(trades.symbol, 0))
        row = max(0, floor - trades.first_id)
        rows: list[int] = []
        while row < len(trades) and len(rows) < limit:
            if self._has(trades, row, now_ms):
                rows.append(row)
            row += 1
        return rows

    def lacks(self, trades: TradeColumns, rows: list[int]) -> tuple[int, ...]:
        """Return the ids between the rows that are listed later, but not yet."""
        if not rows:
            return ()
        between = set(range(rows[0], rows[-1])) - set(rows)
        late = sorted(row for row in between if trades.types[row] in LISTED)
        return tuple(trades.first_id + row for row in late)

    def _has(self, trades: TradeColumns, row: int, now_ms: float) -> bool:
        return trades.types[row] in LISTED and self.listed_at_ms(trades, row) <= now_ms


def list_rows(trades: TradeColumns, rows: list[int]) -> list[dict[str, object]]:
    """Return the trades as REST writes them."""
    return [_row(trades, row) for row in rows]


def _row(trades: TradeColumns, row: int) -> dict[str, object]:
    trade = trades[row]
    quote = Decimal(trade.price) * Decimal(trade.quantity)
    return {
        "id": trade.trade_id,
        "price": trade.price,
        "qty": trade.quantity,
        "quoteQty": format(quote.quantize(Decimal("0.01")), "f"),
        "time": trade.time_ms,
        "isBuyerMaker": trade.is_buyer_maker,
        "isRPITrade": trade.trade_type == "RPI",
    }
