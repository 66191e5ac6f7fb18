"""What a collector that missed nothing would have written: a lake to damage in tests."""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lake.layout import ChunkKey, JournalKey, Stream
from lake.schemas import RAW_TABLES, header
from tests.exchange.columns import Columns
from tests.exchange.events import LISTED, Event, Snapshot, Trade, depth_stream, trade_stream
from tests.exchange.ledger import Ledger, Order, Visit
from tests.exchange.synthetic import Mix, Pace, SyntheticMarket

_DELAY_MS = 5
_PACE = Pace(20)


@dataclass
class Perfect:
    """A ledger of one connection that got everything, and the rows and lines to write of it."""

    ledger: Ledger
    rows: list[Event] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the lake."""
        chunks: dict[ChunkKey, list[Event]] = defaultdict(list)
        for row in self.rows:
            chunks[_key(row)].append(row)
        for key, rows in chunks.items():
            _put(folder, str(key), gzip.compress(_csv(key.stream, rows).encode()))
        started = datetime.fromtimestamp(self.ledger.started_ms / 1000, UTC)
        journal = JournalKey(started.date(), started.hour, "run1")
        _put(
            folder, str(journal), b"".join(json.dumps(line).encode() + b"\n" for line in self.lines)
        )
        return folder

    def without(self, lost: Callable[[Event], bool]) -> "Perfect":
        """Return the same without some rows."""
        return replace(self, rows=[row for row in self.rows if not lost(row)])

    def saying(self, *lines: dict[str, Any]) -> "Perfect":
        """Return the same with more lines in the journal."""
        return replace(self, lines=[*self.lines, *lines])


def perfect(
    symbol: str = "BTCUSDT",
    pace: Pace = _PACE,
    seconds: float = 60,
    start_ms: int = 1_795_276_800_000,
    *,
    lose: Callable[[Event], bool] = lambda _: False,
) -> Perfect:
    """Return a market's ledger and the lake that goes with it; what is lost was sent to nobody."""
    ledger = Ledger(started_ms=start_ms)
    ledger.opened(Visit(1, "/public/stream", start_ms))
    streams = trade_stream(symbol), depth_stream(symbol)
    ledger.orders.append(Order(start_ms, 1, "SUBSCRIBE", streams))
    made = Perfect(ledger)
    for event in _events(symbol, pace, start_ms, start_ms + int(seconds * 1000)):
        got = event.has_frame and not lose(event)
        ledger.add(event, (1,) if got else ())
        if got:
            made.rows.append(event)
        elif isinstance(event, Trade) and not event.has_frame:
            made.rows.append(_unpublished(ledger, event))
    ledger.ended(1, start_ms + int(seconds * 1000), "client closed")
    made.lines = [_recording(symbol), *_covered(ledger, symbol)]
    return made


def _events(symbol: str, pace: Pace, start_ms: int, end_ms: int) -> Iterable[Event]:
    mix = Mix(never=0.02, na=0.02)
    market = SyntheticMarket(symbol, 1, start_ms, pace, mix)
    while market.next_ms() < end_ms:
        yield from market.happen()


def _unpublished(ledger: Ledger, trade: Trade) -> Trade:
    trades = ledger.trades[trade.symbol]
    listed = [row for row in range(len(trades)) if trades.types[row] in LISTED]
    time_ms = trades.times[listed[-1]] if listed else trade.time_ms
    return trade._replace(
        time_ms=time_ms, trade_type="UNPUBLISHED", is_buyer_maker=False, event_ms=0
    )


def _recording(symbol: str) -> dict[str, Any]:
    streams = [str(stream) for stream in Stream]
    return {"event": "recording", "by": "collector", "symbols": [symbol], "streams": streams}


def _covered(ledger: Ledger, symbol: str) -> list[dict[str, Any]]:
    said: dict[str, Any] = {"event": "covered", "symbol": symbol}
    kept: dict[Stream, Columns] = {
        Stream.TRADES: ledger.trades[symbol],
        Stream.DEPTH20: ledger.books[symbol],
    }
    return [
        said | {"stream": str(stream), "from": columns.times[0], "to": columns.times[-1]}
        for stream, columns in kept.items()
    ]


def _key(row: Event) -> ChunkKey:
    stream = Stream.TRADES if isinstance(row, Trade) else Stream.DEPTH20
    at = datetime.fromtimestamp((row.time_ms + _DELAY_MS) / 1000, UTC)
    return ChunkKey(stream, row.symbol, at.date(), at.hour * 60 + at.minute, "run1")


def _csv(stream: Stream, rows: list[Event]) -> str:
    text = io.StringIO(newline="")
    text.write(header(RAW_TABLES[stream]))
    csv.writer(text, lineterminator="\n").writerows(map(_cells, rows))
    return text.getvalue()


def _cells(row: Event) -> list[str | int]:
    received_ns = (row.time_ms + _DELAY_MS) * 1_000_000
    event_ms = row.event_ms or ""
    if isinstance(row, Snapshot):
        return [row.time_ms, row.bids, row.asks, row.update_id, event_ms, received_ns]
    maker = str(row.is_buyer_maker).lower()
    return [
        row.time_ms, row.price, row.quantity, maker, row.trade_id, row.trade_type, event_ms,
        received_ns,
    ]  # fmt: skip


def _put(folder: Path, key: str, data: bytes) -> None:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
