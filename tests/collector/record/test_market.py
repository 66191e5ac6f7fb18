import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.record.market import (
    Contract,
    in_shard,
    read_contracts,
    select,
    stream_name,
    stream_of,
)
from collector.settings import Shard
from collector.view.status import LeftOut
from lake.layout import Stream

CHINESE = "币安人生USDT"


def contract(symbol: str, status: str = "TRADING", kind: str = "PERPETUAL") -> Contract:
    return Contract(symbol, status, kind)


MARKET = (
    contract("ETHUSDT"),
    contract("BTCUSDT"),
    contract(CHINESE),
    contract("OLDUSDT", "SETTLING"),
    contract("NEWUSDT", "PENDING_TRADING"),
    contract("BTCUSDT_261225", kind="CURRENT_QUARTER"),
    contract("XAUUSDT", kind="TRADIFI_PERPETUAL"),
)


def test_stream_names_are_lower_case_and_keep_other_letters_as_they_are() -> None:
    assert "btcusdt@trade" == stream_name(Stream.TRADES, "BTCUSDT")
    assert "币安人生usdt@depth20@100ms" == stream_name(Stream.DEPTH20, CHINESE)


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize("symbol", ["BTCUSDT", CHINESE, "1000PEPEUSDT", "BTCUSDT_261225"])
def test_a_stream_name_tells_its_stream_and_symbol(stream: Stream, symbol: str) -> None:
    assert (stream, symbol) == stream_of(stream_name(stream, symbol))


@pytest.mark.parametrize("name", ["btcusdt@aggTrade", "btcusdt@depth20", "@trade", "btcusdt", ""])
def test_names_of_other_streams_are_none_of_ours(name: str) -> None:
    assert stream_of(name) is None


def test_contracts_are_read_by_name_and_what_is_not_known_is_ignored() -> None:
    rows = [
        {"filters": [{"x": 1}], "contractType": "PERPETUAL", "status": "TRADING", "symbol": "A"},
        {"symbol": "B"},
    ]
    data = json.dumps({"timezone": "UTC", "symbols": rows, "rateLimits": []}).encode()

    assert (Contract("A", "TRADING", "PERPETUAL"), Contract("B", "", "")) == read_contracts(data)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"symbols": [{"status": "TRADING"}]}', b"[", b"\xff"]
)
def test_what_is_no_exchange_info_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        read_contracts(data)


def test_all_stands_for_the_perpetuals_that_trade() -> None:
    found = select(MARKET, None)

    assert ("BTCUSDT", "ETHUSDT", CHINESE) == found.symbols
    assert () == found.left_out


def test_by_name_every_contract_that_trades_can_be_had_once() -> None:
    found = select(MARKET, ["XAUUSDT", "BTCUSDT_261225", "BTCUSDT", "XAUUSDT"])

    assert ("BTCUSDT", "BTCUSDT_261225", "XAUUSDT") == found.symbols


def test_what_cannot_be_had_is_named_and_leaves_the_others_alone() -> None:
    found = select(MARKET, ["OLDUSDT", "BTCUSDT", "NOSUCH", "btcusdt"])

    assert ("BTCUSDT",) == found.symbols
    assert (
        LeftOut("NOSUCH", "the exchange does not know it"),
        LeftOut("OLDUSDT", "it does not trade: its status is SETTLING"),
        LeftOut("btcusdt", "the exchange does not know it"),
    ) == found.left_out


def test_a_name_that_no_folder_can_have_is_left_out() -> None:
    found = select([contract("../A"), contract("B")], None)

    assert ("B",) == found.symbols
    assert ["../A"] == [each.symbol for each in found.left_out]


def test_a_shard_is_the_hash_of_the_name_alone() -> None:
    index = zlib.crc32(CHINESE.encode()) % 4

    assert in_shard(CHINESE, Shard(index, 4))
    assert not in_shard(CHINESE, Shard((index + 1) % 4, 4))


@given(st.sets(st.text("ABCDEFGHIJ币安", min_size=1, max_size=8)), st.integers(1, 7))
def test_the_shards_of_a_market_are_all_of_it_and_share_nothing(
    names: set[str], count: int
) -> None:
    market = [contract(name) for name in names]

    parts = [select(market, None, Shard(index, count)).symbols for index in range(count)]

    assert sorted(names) == sorted(symbol for part in parts for symbol in part)


def test_a_symbol_of_another_shard_is_not_this_ones_to_name() -> None:
    parts = [select(MARKET, ["NOSUCH"], Shard(index, 3)).left_out for index in range(3)]

    assert 1 == sum(map(len, parts))
