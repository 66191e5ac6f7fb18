"""A day of trades whose klines are known, and lakes that are wrong about it on purpose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from aggregator.utc import day_start_ms
from lake.journal import write_event
from lake.layout import ChunkKey, Format, JournalKey, Stream
from tests.cases import DAY, SYMBOL, Lake

MINUTE_MS = 60_000
HEADER = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type\n"


@dataclass(frozen=True)
class Trade:
    """A trade; `sold`: by its taker."""

    id: int | str
    ms: int
    price: str
    quantity: str
    sold: bool
    type: str = "MARKET"

    @property
    def minute(self) -> int:
        return self.ms % 86_400_000 // MINUTE_MS

    @property
    def row(self) -> str:
        sold = str(self.sold).lower()
        return f"{self.ms},{self.price},{self.quantity},{sold},{self.id},{self.type}\n"


def market(minutes: int = 8, day: date = DAY) -> list[Trade]:
    """Return trades, no two alike in quantity, of which every minute has a few more."""
    start = day_start_ms(day)
    sizes = [(minute, number) for minute in range(minutes) for number in range(6 + minute)]
    return [
        Trade(
            1000 + place, start + minute * MINUTE_MS + number * 1700 + 40,
            f"{100 + (place * 7) % 13}.{place % 10}0", f"0.{place + 101}", place % 3 == 0,
        )
        for place, (minute, number) in enumerate(sizes)
    ]  # fmt: skip


def kline_lines(trades: Iterable[Trade], day: date = DAY) -> list[str]:
    """Return the klines of the day up to the last minute that has a trade, as the archive does."""
    listed = [each for each in trades if each.type in ("MARKET", "RPI", "")]
    close, lines = "", []
    for minute in range(max(each.minute for each in listed) + 1):
        here = [each for each in listed if each.minute == minute]
        lines.append(kline(day_start_ms(day) + minute * MINUTE_MS, here, close))
        close = here[-1].price if here else close
    return lines


def kline(start: int, here: Sequence[Trade], close: str = "") -> str:
    """Return one kline, written as the exchange does it."""
    prices = [Decimal(each.price) for each in here] or [Decimal(close)]
    sizes = [Decimal(each.quantity) for each in here]
    quotes = [Decimal(each.price) * Decimal(each.quantity) for each in here]
    bought = [0 if each.sold else 1 for each in here]
    cells = [
        start, prices[0], max(prices), min(prices), prices[-1], sum(sizes, Decimal("0.000")),
        start + MINUTE_MS - 1, sum(quotes, Decimal("0.00000")), len(here),
        sum((size for size, one in zip(sizes, bought, strict=True) if one), Decimal("0.000")),
        sum((quote for quote, one in zip(quotes, bought, strict=True) if one), Decimal("0.00000")),
        0,
    ]  # fmt: skip
    return ",".join(map(str, cells))


def record(
    lake: Lake, trades: Iterable[Trade], *, listened: Sequence[tuple[int, int]] = ((0, 1440),),
    day: date = DAY, symbol: str = SYMBOL,
) -> Lake:  # fmt: skip
    """Write trades in chunks of a minute, and in which minutes the collector listened; build it."""
    minutes: dict[int, list[str]] = {}
    for trade in trades:
        minutes.setdefault(trade.minute, []).append(trade.row)
    for minute, rows in minutes.items():
        key = ChunkKey(Stream.TRADES, symbol, day, minute, "a", Format.PLAIN)
        lake.write(str(key), (HEADER + "".join(rows)).encode())
    start, at = day_start_ms(day), "2025-12-11T00:00:00.000Z"
    for number, (first, last) in enumerate(listened):
        times = {"from": start + first * MINUTE_MS, "to": start + last * MINUTE_MS}
        recording = write_event(
            "recording", at, run="a", by="collector", symbols=[symbol], streams=["trades"]
        )
        line = write_event("covered", at, stream="trades", symbol=symbol, **times)
        lake.write(str(JournalKey(day, number, "a")), recording + line)
    lake.build(day, symbol, ("1s", "1m"))
    return lake


def table(path: Path, lines: Iterable[str]) -> Path:
    """Write klines without a header."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def edited(line: str, **cells: str) -> str:
    """Return a kline with other cells."""
    names = (
        "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume",
        "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore",
    )  # fmt: skip
    return ",".join({**dict(zip(names, line.split(","), strict=True)), **cells}.values())


def renumbered(trades: Iterable[Trade]) -> list[Trade]:
    """Return the trades with ids that follow each other: nothing shows that any lacks."""
    return [replace(each, id=1000 + place) for place, each in enumerate(trades)]
