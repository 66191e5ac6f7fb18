import pytest

from collector.errors import CollectorError
from collector.record.market import Contract
from collector.record.roster import Roster
from collector.settings import Shard

BTC = Contract("BTCUSDT", "TRADING", "PERPETUAL")
ETH = Contract("ETHUSDT", "TRADING", "PERPETUAL")
SETTLED = Contract("ETHUSDT", "SETTLING", "PERPETUAL")


def test_what_does_not_trade_is_named_once_and_left_out() -> None:
    roster = Roster(["BTCUSDT", "ETHUSDT", "NONESUCH"], Shard())

    told = roster.update([BTC, SETTLED])
    assert ("BTCUSDT",) == roster.symbols
    assert {"ETHUSDT", "NONESUCH"} == {each.fields["symbol"] for each in told}
    assert [] == roster.update([BTC, SETTLED])


def test_what_trades_again_is_recorded_again() -> None:
    roster = Roster(["BTCUSDT", "ETHUSDT"], Shard())
    roster.update([BTC, SETTLED])

    told = roster.update([BTC, ETH])
    assert ("BTCUSDT", "ETHUSDT") == roster.symbols
    assert [("added", ["ETHUSDT"])] == [(each.event, each.fields["symbols"]) for each in told]


def test_a_delisting_leaves_the_others_recorded() -> None:
    roster = Roster(["BTCUSDT", "ETHUSDT"], Shard())
    roster.update([BTC, ETH])

    told = roster.update([BTC, SETTLED])
    assert ("BTCUSDT",) == roster.symbols
    assert ["left_out", "removed"] == [each.event for each in told]
    roster.check(strict=False)


def test_all_follows_listings_and_delistings() -> None:
    roster = Roster(None, Shard())
    roster.update([BTC])
    roster.update([BTC, ETH])
    assert ["BTCUSDT", "ETHUSDT"] == [*roster.symbols]

    roster.update([ETH, Contract("BTCUSDT_260327", "TRADING", "CURRENT_QUARTER")])
    assert ["ETHUSDT"] == [*roster.symbols]
    assert [] == [*roster.left_out]


def test_if_no_symbol_is_left_it_fails_and_says_why() -> None:
    roster = Roster(["NONESUCH"], Shard())
    roster.update([BTC])

    with pytest.raises(CollectorError, match="NONESUCH: .*check --symbols"):
        roster.check(strict=False)


def test_if_strict_one_symbol_is_enough_to_fail() -> None:
    roster = Roster(["BTCUSDT", "NONESUCH"], Shard())
    roster.update([BTC])

    roster.check(strict=False)
    with pytest.raises(CollectorError, match="NONESUCH"):
        roster.check(strict=True)


def test_shards_share_the_symbols_and_miss_none() -> None:
    names = [f"S{number}USDT" for number in range(50)]
    contracts = [Contract(name, "TRADING", "PERPETUAL") for name in names]
    shards = [Roster(None, Shard(index, 3)) for index in range(3)]
    for roster in shards:
        roster.update(contracts)

    assert sorted(names) == sorted(symbol for roster in shards for symbol in roster.symbols)


def test_a_shard_without_symbols_fails() -> None:
    empty = next(
        roster
        for index in range(2)
        if not _trusting(roster := Roster(["BTCUSDT"], Shard(index, 2)))
    )

    with pytest.raises(CollectorError, match="shard"):
        empty.check(strict=False)


def _trusting(roster: Roster) -> tuple[str, ...]:
    roster.trust()
    return roster.symbols


def test_an_exchange_that_cannot_be_asked_is_recorded_on_trust() -> None:
    roster = Roster(["ETHUSDT", "BTCUSDT", "BTCUSDT"], Shard())
    roster.trust()
    assert ("BTCUSDT", "ETHUSDT") == roster.symbols
    assert not roster.is_checked

    roster.update([BTC, SETTLED])
    assert roster.is_checked
