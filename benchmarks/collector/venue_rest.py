"""The REST side of the exchange under load: what a collector asks for while all is well."""

import asyncio
import time
from decimal import Decimal

from benchmarks.collector.coin import VARIANTS, Coin
from benchmarks.collector.market import Market
from tests.exchange.listings import Listing, exchange_info
from tests.exchange.plain_http import Asked, Told, as_json, read_request, written


class VenueRest:
    """Answers requests about a market; weights are free here."""

    def __init__(self, market: Market) -> None:
        self._coins = {coin.symbol: coin for coin in market.coins}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection until its end."""
        try:
            while asked := await read_request(reader):
                writer.write(written(self._answer(asked), asked))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass  # whoever asked is gone, or we are
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Told:
        now_ms = time.time_ns() // 1_000_000
        match asked.path.rpartition("/")[2]:
            case "time":
                return as_json(200, {"serverTime": now_ms})
            case "exchangeInfo":
                return as_json(200, exchange_info([*map(Listing, self._coins)], now_ms))
            case "trades" if coin := self._coins.get(asked.query.get("symbol", "")):
                return as_json(200, list_of(coin))
        return as_json(404, {"code": -5000, "msg": f"Path {asked.path} is invalid"})


def list_of(coin: Coin) -> list[dict[str, object]]:
    """Return the newest trades as the exchange lists them."""
    first = coin.trades - len(coin.times_ms)
    return [_listed(coin, first + at, time_ms) for at, time_ms in enumerate(coin.times_ms)]


def _listed(coin: Coin, number: int, time_ms: int) -> dict[str, object]:
    price, quantity, is_buyer_maker = coin.fills[number % VARIANTS]
    return {
        "id": coin.first_trade_id + number, "price": price, "qty": quantity,
        "quoteQty": str(Decimal(price) * Decimal(quantity)), "time": time_ms,
        "isBuyerMaker": is_buyer_maker, "isRPITrade": False,
    }  # fmt: skip
