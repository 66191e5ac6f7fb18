"""What is asked over REST, and what the answers say. No clock, no socket, no disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import msgspec

from collector.feed.frames import Trade
from collector.record.market import Contract, read_contracts
from lake.schemas import TradeType

TRADES_WEIGHT, HISTORY_WEIGHT = 5, 200
_TRADES_LIMIT, _HISTORY_LIMIT = 1_000, 500
_MOST_WORDS = 200
_WRONG_QUESTION = -1_100
"""Codes from here down speak of the question; those above, of the exchange's own troubles."""
_KEY_CODES = {-2_014, -2_015}

_Number = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?\Z")]
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Params = Mapping[str, str | int]
_T = TypeVar("_T")


class _Listed(msgspec.Struct):
    id: _Whole
    price: _Number
    qty: _Number
    time: _Whole
    is_buyer_maker: bool = msgspec.field(name="isBuyerMaker")
    is_rpi: bool = msgspec.field(name="isRPITrade", default=False)


class _Time(msgspec.Struct):
    server_ms: _Whole = msgspec.field(name="serverTime")


class Problem(msgspec.Struct, frozen=True):
    """What an answer says of its own failure."""

    code: int = 0
    msg: str = ""

    @property
    def is_the_question(self) -> bool:
        """Tell whether the same question will always fail."""
        return self.code <= _WRONG_QUESTION

    @property
    def is_the_key(self) -> bool:
        """Tell whether another API key might help."""
        return self.code in _KEY_CODES

    def __str__(self) -> str:
        words = " ".join(self.msg.split())[:_MOST_WORDS]
        return f" (code {self.code}: {words})" if self.code else ""


_trades, _time = msgspec.json.Decoder(list[_Listed]), msgspec.json.Decoder(_Time)
_problem = msgspec.json.Decoder(Problem)


@dataclass(frozen=True)
class Question:
    """A GET request and its weight."""

    path: str
    weight: int
    params: _Params = field(default_factory=dict)
    needs_key: bool = False

    def __str__(self) -> str:
        return " ".join(["GET", self.path, *(str(value) for value in self.params.values())])


EXCHANGE_INFO = Question("/fapi/v1/exchangeInfo", 1)
TIME = Question("/fapi/v1/time", 1)


def last_trades(symbol: str) -> Question:
    """Ask for the last 1,000 trades."""
    params: _Params = {"symbol": symbol, "limit": _TRADES_LIMIT}
    return Question("/fapi/v1/trades", TRADES_WEIGHT, params)


def trades_from(symbol: str, from_id: int) -> Question:
    """Ask for 500 trades from this id on."""
    params: _Params = {"symbol": symbol, "limit": _HISTORY_LIMIT, "fromId": from_id}
    return Question("/fapi/v1/historicalTrades", HISTORY_WEIGHT, params, needs_key=True)


def read_trades(symbol: str, data: bytes) -> tuple[Trade, ...]:
    """Return the trades of a list, ascending by id, none twice; raise `ValueError`."""
    by_id = {each.id: _trade(symbol, each) for each in _decode(_trades, data)}
    return tuple(by_id[trade_id] for trade_id in sorted(by_id))


def read_time_ms(data: bytes) -> int:
    """Return the exchange's time; raise `ValueError`."""
    return _decode(_time, data).server_ms


def read_exchange_info(data: bytes) -> tuple[Contract, ...]:
    """Return the contracts; raise `ValueError`."""
    return read_contracts(data)


def read_problem(data: bytes) -> Problem:
    """Return what an answer says of its failure; nothing if it is not in the exchange's form."""
    try:
        return _problem.decode(data)
    except msgspec.DecodeError:
        return Problem()


def _trade(symbol: str, listed: _Listed) -> Trade:
    return Trade(
        symbol, listed.id, listed.time, None, listed.price, listed.qty, listed.is_buyer_maker,
        str(TradeType.RPI if listed.is_rpi else TradeType.MARKET),
    )  # fmt: skip


def _decode(decoder: msgspec.json.Decoder[_T], data: bytes) -> _T:
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
