"""The klines that the exchange itself would publish, and whether a lake's bars equal them."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from lake.layout import ProductKey, aggregated_prefix
from lake.storage import Storage
from tests.exchange.columns import TradeColumns
from tests.exchange.events import LISTED
from tests.exchange.ledger import Ledger
from tests.exchange.verdict import Verdict

MINUTE_MS = 60_000


@dataclass(frozen=True)
class Kline:
    """One minute of published trades."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    count: int
    taker_buy_volume: Decimal


def klines(trades: TradeColumns) -> dict[int, Kline]:
    """Return the klines of the minutes (since 1970) in which something was traded."""
    minutes: dict[int, list[int]] = {}
    for row, time_ms in enumerate(trades.times):
        if trades.types[row] in LISTED:
            minutes.setdefault(time_ms // MINUTE_MS, []).append(row)
    return {minute: _kline(trades, rows) for minute, rows in minutes.items()}


def _kline(trades: TradeColumns, rows: list[int]) -> Kline:
    prices = [Decimal(trades.prices[row]) for row in rows]
    sizes = [Decimal(trades.quantities[row]) for row in rows]
    bought = [size for row, size in zip(rows, sizes, strict=True) if not trades.makers[row]]
    quote = sum((price * size for price, size in zip(prices, sizes, strict=True)), Decimal())
    return Kline(
        prices[0], max(prices), min(prices), prices[-1], sum(sizes, Decimal()), quote, len(rows),
        sum(bought, Decimal()),
    )  # fmt: skip


def bars_equal_klines(ledger: Ledger, storage: Storage) -> Verdict:
    """Compare every 1m bar that calls itself `ok` with what happened; count the others."""
    verdict = Verdict()
    for symbol, trades in ledger.trades.items():
        happened = klines(trades)
        for minute, bar in _bars(storage, symbol):
            verdict.count(f"{symbol} {bar['quality'] or 'empty'} bars")
            if bar["quality"] == "ok":
                _compare(verdict, f"{symbol} {bar['timestamp']}", happened.get(minute), bar)
    return verdict


def _bars(storage: Storage, symbol: str) -> Iterator[tuple[int, dict[str, str]]]:
    for stat in storage.list(aggregated_prefix(symbol)):
        key = ProductKey.parse(stat.key)
        if key and key.name == "1m.csv":
            text = storage.read(stat.key)[0].decode()
            for bar in csv.DictReader(io.StringIO(text)):
                at = datetime.fromisoformat(bar["timestamp"]).astimezone(UTC)
                yield int(at.timestamp()) // 60, bar


def _compare(verdict: Verdict, what: str, kline: Kline | None, bar: dict[str, str]) -> None:
    verdict.count("bars compared")
    if kline is None:
        if bar["trade_count"] != "0":
            verdict.blame("a bar has trades that never were", f"{what}: {bar}")
        return
    made = Kline(
        Decimal(bar["open"]), Decimal(bar["high"]), Decimal(bar["low"]), Decimal(bar["close"]),
        Decimal(bar["vol_total"]), Decimal(bar["quote_volume"]), int(bar["trade_count"]),
        Decimal(bar["vol_buy"]),
    )  # fmt: skip
    if made != kline:
        verdict.blame("a bar is not the kline", f"{what}: {made}, not {kline}")
