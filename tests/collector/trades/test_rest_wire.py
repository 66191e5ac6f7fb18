import json

import pytest

from collector.feed.frames import Trade
from collector.record.market import Contract
from collector.trades.rest_wire import (
    EXCHANGE_INFO,
    TIME,
    Problem,
    last_trades,
    read_exchange_info,
    read_problem,
    read_time_ms,
    read_trades,
    trades_from,
)

ROW = {
    "id": 7_947_000_001, "price": "63113.20", "qty": "0.0010", "quoteQty": "63.11", "time": 1_785,
    "isBuyerMaker": True, "isRPITrade": False,
}  # fmt: skip


def rows(*changes: dict[str, object]) -> bytes:
    return json.dumps([ROW | change for change in changes]).encode()


def test_prices_and_quantities_stay_the_text_that_came() -> None:
    expected = Trade("BTCUSDT", 7_947_000_001, 1_785, None, "63113.20", "0.0010", True, "MARKET")

    assert (expected,) == read_trades("BTCUSDT", rows({}))


def test_a_trade_against_an_rpi_order_says_so() -> None:
    rpi, market = read_trades("S", rows({"isRPITrade": True}, {"id": 7_947_000_002}))

    assert ("RPI", "MARKET") == (rpi.trade_type, market.trade_type)


def test_an_older_list_without_the_newer_field_is_read() -> None:
    row = {name: value for name, value in ROW.items() if name != "isRPITrade"}

    assert ["MARKET"] == [each.trade_type for each in read_trades("S", json.dumps([row]).encode())]


def test_trades_are_ascending_and_none_is_there_twice() -> None:
    found = read_trades("S", rows({"id": 3}, {"id": 1}, {"id": 3}, {"id": 2}))

    assert [1, 2, 3] == [each.trade_id for each in found]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "7"}, {"id": -1}, {"id": 2**63}, {"price": 1.5}, {"price": "1,5"}, {"price": "1e5"},
        {"qty": "1\n"}, {"qty": ""}, {"time": None}, {"isBuyerMaker": "true"},
    ],
)  # fmt: skip
def test_a_list_with_anything_else_than_trades_in_it_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        read_trades("S", rows({}, change))


def test_half_a_list_is_an_error() -> None:
    with pytest.raises(ValueError):
        read_trades("S", rows({}, {})[:-20])


def test_the_time_and_the_contracts_are_read() -> None:
    info = b'{"symbols":[{"symbol":"A","status":"TRADING","contractType":"PERPETUAL"}]}'

    assert 1_499_827_319_559 == read_time_ms(b'{"serverTime":1499827319559}')
    assert (Contract("A", "TRADING", "PERPETUAL"),) == read_exchange_info(info)


def test_questions_know_their_weight_and_whether_they_need_a_key() -> None:
    assert [1, 1, 5, 200] == [
        each.weight for each in (EXCHANGE_INFO, TIME, last_trades("S"), trades_from("S", 7))
    ]
    assert trades_from("S", 7).needs_key
    assert not last_trades("S").needs_key
    assert {"symbol": "S", "limit": 500, "fromId": 7} == trades_from("S", 7).params


@pytest.mark.parametrize(
    ("data", "question", "key"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', True, False),
        (b'{"code":-2015,"msg":"Invalid API-key"}', True, True),
        (b'{"code":-1001,"msg":"Internal error"}', False, False),
        (b"<html>", False, False),
        (b"", False, False),
    ],
)
def test_a_problem_says_whose_fault_it_is(data: bytes, question: bool, key: bool) -> None:
    problem = read_problem(data)

    assert (question, key) == (problem.is_the_question, problem.is_the_key)


def test_a_problem_reads_as_one_line() -> None:
    assert " (code -1121: Invalid symbol.)" == str(Problem(-1_121, "Invalid\n symbol."))
    assert "" == str(read_problem(b"oops"))
