"""Lists of trades as REST gives them, made of ids: trade n happened at n × 10 ms."""

from collections.abc import Iterable

from collector.feed.frames import Trade
from collector.trades.evidence import TradeList
from collector.trades.holes import Hole

MS_PER_ID = 10


def trade(trade_id: int, symbol: str = "S") -> Trade:
    time_ms = trade_id * MS_PER_ID
    return Trade(symbol, trade_id, time_ms, None, "1.5", "0.10", True, "MARKET")


def hole(first_id: int, last_id: int, symbol: str = "S") -> Hole:
    """Return the hole between the trades before and after it."""
    return Hole(symbol, first_id, last_id, (first_id - 1) * MS_PER_ID, (last_id + 1) * MS_PER_ID)


def listed(ids: Iterable[int], asked_ms: int | None = 10**9, asked_s: float = 0.0) -> TradeList:
    trades = tuple(trade(trade_id) for trade_id in ids)
    return TradeList("S", trades, 5_000_000_000, 5_100_000_000, asked_s, asked_ms)


def spans(holes: Iterable[Hole]) -> list[tuple[int, int]]:
    return [(each.first_id, each.last_id) for each in holes]
