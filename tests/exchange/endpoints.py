"""What the REST side answers while all is well. No clock, no socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.exchange.columns import TradeColumns
from tests.exchange.ledger import Answer, Ledger
from tests.exchange.limits import Weights
from tests.exchange.listings import Listing, exchange_info
from tests.exchange.lists import LAST, Lists, list_rows
from tests.exchange.plain_http import Asked, Told, as_json

PREFIX = "/fapi/v1/"
_MOST_HISTORICAL = 500
_USED = "X-MBX-USED-WEIGHT-1M"
_WEIGHTS = {"trades": 5, "historicalTrades": 200}


class _Bad(Exception):
    """A request that is refused: status, the exchange's code, what it says."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Endpoints:
    """Answers requests and writes them down."""

    ledger: Ledger
    listings: dict[str, Listing]
    api_key: str = ""
    lists: Lists = field(default_factory=Lists)
    weights: Weights = field(default_factory=Weights)

    def serve(self, asked: Asked, now_ms: float) -> tuple[Told, Answer]:
        """Return the answer to a request, and what to write down of it."""
        name = asked.path.removeprefix(PREFIX)
        status = self.weights.spend(_WEIGHTS.get(name, 1), now_ms)
        noted = Answer(int(now_ms), name, asked.query.get("symbol", ""), status, self.weights.used)
        if status != 200:
            return self.refusal(status, str(self.weights.retry_after_s(now_ms))), noted
        try:
            answer, rows = self._answer(name, asked, now_ms)
        except _Bad as bad:
            told = as_json(bad.status, {"code": bad.code, "msg": bad.message}, self._used())
            return told, replace(noted, status=bad.status)
        return as_json(200, answer, self._used()), self._noted(noted, rows)

    def refusal(self, status: int, retry_after: str) -> Told:
        """Return how the exchange refuses."""
        headers = self._used() | ({"Retry-After": retry_after} if retry_after else {})
        if status == 403:
            return Told(status, b"<html><title>403 Forbidden</title></html>", headers, "text/html")
        return as_json(status, _REFUSALS.get(status, _INTERNAL), headers)

    def _used(self) -> dict[str, str]:
        return {_USED: str(self.weights.used)}

    def _answer(self, name: str, asked: Asked, now_ms: float) -> tuple[object, list[int]]:
        match name:
            case "ping":
                return {}, []
            case "time":
                return {"serverTime": int(now_ms)}, []
            case "exchangeInfo":
                return exchange_info([*self.listings.values()], int(now_ms)), []
            case "trades":
                return self._trades(asked.query, now_ms)
            case "historicalTrades":
                self._check_key(asked)
                return self._historical(asked.query, now_ms)
        raise _Bad(404, -5000, f"Path {asked.path}, Method {asked.method} is invalid")

    def _trades(self, query: Mapping[str, str], now_ms: float) -> tuple[object, list[int]]:
        limit = _limit(query, 500, LAST)
        if not (trades := self._columns(query)):
            return [], []
        rows = self.lists.last(trades, limit, now_ms)
        return list_rows(trades, rows), rows

    def _historical(self, query: Mapping[str, str], now_ms: float) -> tuple[object, list[int]]:
        limit = _limit(query, 100, _MOST_HISTORICAL)
        if not (trades := self._columns(query)):
            return [], []
        if "fromId" in query:
            rows = self.lists.since(trades, _integer(query, "fromId", 0), limit, now_ms)
        else:
            rows = self.lists.last(trades, limit, now_ms)
        return list_rows(trades, rows), rows

    def _columns(self, query: Mapping[str, str]) -> TradeColumns | None:
        symbol = query.get("symbol", "")
        if not symbol:
            raise _Bad(
                400, -1102,
                "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
            )  # fmt: skip
        if symbol not in self.listings:
            raise _Bad(400, -1121, "Invalid symbol.")
        return self.ledger.trades.get(symbol)

    def _check_key(self, asked: Asked) -> None:
        key = asked.headers.get("x-mbx-apikey", "")
        if not key:
            raise _Bad(401, -2014, "API-key format invalid.")
        if key != self.api_key:
            raise _Bad(401, -2015, "Invalid API-key, IP, or permissions for action.")

    def _noted(self, noted: Answer, rows: list[int]) -> Answer:
        if not rows:
            return noted
        trades = self.ledger.trades[noted.symbol]
        first, last = trades.first_id + rows[0], trades.first_id + rows[-1]
        lacks = self.lists.lacks(trades, rows)
        return replace(noted, first_id=first, last_id=last, lacks=lacks)


_INTERNAL: dict[str, object] = {"code": -1001, "msg": "Internal error; unable to process."}
_REFUSALS: dict[int, dict[str, object]] = {
    418: {"code": -1003, "msg": "Way too many requests; IP banned until later."},
    429: {"code": -1003, "msg": "Too many requests; current limit is 2400 requests per minute."},
    451: {"code": 0, "msg": "Service unavailable from a restricted location."},
    503: {"code": -1008, "msg": "Server is currently overloaded."},
}


def _limit(query: Mapping[str, str], usual: int, most: int) -> int:
    limit = _integer(query, "limit", usual)
    if not 1 <= limit <= most:
        raise _Bad(400, -1130, "Data sent for parameter 'limit' is not valid.")
    return limit


def _integer(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdecimal():
        raise _Bad(400, -1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)
