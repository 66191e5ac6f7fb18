"""cryptofeed as a recorder: `python -m benchmarks.collector.peers.cryptofeed_loop WS REST LAKE`.

Of Binance futures it knows aggregated trades and changes of books, which are other streams. Here it
asks for single trades and books of twenty levels, and does with them what it does with its own:
decimals, a `Trade` or an `OrderBook`, a callback. That writes the row from the raw frame.
"""

import asyncio
import csv
import io
import json
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.collector.peers.minute_files import PlainFiles

_BinanceFutures: Any = import_module("cryptofeed.exchanges").BinanceFutures
_OrderBook: Any = import_module("cryptofeed.types").OrderBook
_endpoints: Any = import_module("cryptofeed.connection")
_read_json: Any = import_module("yapic.json").loads

TRADES, BOOKS = "trades", "l2_book"
"""What cryptofeed calls the two kinds."""
_TRADE, _BOOK = "trade", "depth20"


class SameStreams(_BinanceFutures):  # type: ignore[misc]
    """The exchange, with the two streams that the others record."""

    websocket_channels = {TRADES: _TRADE, BOOKS: _BOOK}

    async def message_handler(self, msg: str, conn: object, timestamp: float) -> None:  # noqa: ARG002
        """Hand a frame on, as the original does with its own kinds."""
        data = _read_json(msg, parse_float=Decimal)["data"]
        if data["e"] == _TRADE:
            data["a"] = data["t"]
            await self._trade(data, timestamp)
        else:
            await self._whole_book(data, timestamp)

    async def _whole_book(self, data: dict[str, Any], timestamp: float) -> None:
        bids, asks = (
            {Decimal(price): Decimal(size) for price, size in data[side]} for side in "ba"
        )
        symbol = self.exchange_symbol_to_std_symbol(data["s"])
        book = _OrderBook(self.id, symbol, max_depth=20, bids=bids, asks=asks)
        at = self.timestamp_normalize(data["E"])
        await self.book_callback(
            BOOKS, book, timestamp, timestamp=at, raw=data, sequence_number=data["u"]
        )  # fmt: skip


class Rows:
    """Writes what the callbacks bring."""

    def __init__(self, files: PlainFiles) -> None:
        self._files, self._text = files, io.StringIO()
        self._row = csv.writer(self._text, lineterminator="\n").writerow

    async def trade(self, trade: Any, timestamp: float) -> None:
        """Write a trade."""
        data, received_ns = trade.raw, int(timestamp * 1e9)
        self._row((
            data["T"], data["p"], data["q"], str(data["m"]).lower(), data["t"], data["X"],
            data["E"], received_ns,
        ))  # fmt: skip
        self._write("trades", data["s"], received_ns)

    async def book(self, book: Any, timestamp: float) -> None:
        """Write a book."""
        data, received_ns = book.raw, int(timestamp * 1e9)
        bids, asks = (json.dumps(data[side], separators=(",", ":")) for side in "ba")
        self._row((data["T"], bids, asks, data["u"], data["E"], received_ns))
        self._write("depth20", data["s"], received_ns)

    def _write(self, stream: str, symbol: str, received_ns: int) -> None:
        self._files.write(stream, symbol, received_ns, self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def main() -> None:
    """Record until SIGTERM."""
    ws_url, rest_url, lake = sys.argv[1:]
    streams = _endpoints.WebsocketEndpoint(ws_url, options={"compression": None})
    SameStreams.websocket_endpoints = [streams]
    routes = _endpoints.Routes("/fapi/v1/exchangeInfo")
    SameStreams.rest_endpoints = [_endpoints.RestEndpoint(rest_url, routes=routes)]
    files = PlainFiles(Path(lake))
    asyncio.set_event_loop(import_module("uvloop").new_event_loop())
    quiet = {"uvloop": False, "log": {"disabled": True}}
    rows, feeds = Rows(files), import_module("cryptofeed").FeedHandler(config=quiet)
    symbols = [name for name in SameStreams.symbols() if name.endswith("PERP")]
    callbacks = {TRADES: rows.trade, BOOKS: rows.book}
    feeds.add_feed(SameStreams(symbols=symbols, channels=[TRADES, BOOKS], callbacks=callbacks))
    try:
        feeds.run()
    finally:
        files.close()


if __name__ == "__main__":
    main()
