from collector.fleet.orders import Subscribe, Unsubscribe
from collector.fleet.plan import follow
from tests.collector.fleets import (
    BTC_BOOKS,
    BTC_TRADES,
    ETH_BOOKS,
    ETH_TRADES,
    Sea,
    all_channels,
    names,
)


def test_no_connection_has_more_streams_than_allowed() -> None:
    sea = Sea(names(205), streams_per_connection=200)
    sea.run(1)

    assert all_channels(names(205)) == {each for order in sea.opens for each in order.channels}
    assert [138, 136, 136] == sorted((len(order.channels) for order in sea.opens), reverse=True)


def test_both_streams_of_a_symbol_are_on_one_connection() -> None:
    sea = Sea(names(7), streams_per_connection=5)
    sea.run(1)

    for order in sea.opens:
        assert all_channels({channel.symbol for channel in order.channels}) == {*order.channels}


def test_a_new_symbol_is_subscribed_to_where_there_is_room() -> None:
    sea = Sea(["BTCUSDT"])
    sea.run(2)
    follow(sea.fleet, ["BTCUSDT", "ETHUSDT"])
    sea.run(1)

    assert [Subscribe(1, (ETH_TRADES, ETH_BOOKS))] == [
        order for order in sea.orders if isinstance(order, Subscribe)
    ]
    assert 1 == len(sea.opens)


def test_a_new_symbol_without_room_gets_a_new_connection() -> None:
    sea = Sea(["BTCUSDT"], streams_per_connection=2)
    sea.run(2)
    follow(sea.fleet, ["BTCUSDT", "ETHUSDT"])
    sea.run(1)

    assert [(BTC_BOOKS, BTC_TRADES), (ETH_BOOKS, ETH_TRADES)] == [
        tuple(sorted(order.channels)) for order in sea.opens
    ]


def test_a_symbol_that_is_gone_is_unsubscribed_and_its_neighbours_stay() -> None:
    sea = Sea()
    sea.run(2)
    left = follow(sea.fleet, ["BTCUSDT"])
    sea.run(30)

    assert {ETH_BOOKS, ETH_TRADES} == {track.channel for track in left}
    assert {(ETH_BOOKS,), (ETH_TRADES,)} == {
        order.channels for order in sea.orders if isinstance(order, Unsubscribe)
    }
    assert [] == sea.closes
    assert {1} == sea.carriers(BTC_BOOKS)


def test_a_connection_without_symbols_is_closed() -> None:
    sea = Sea(streams_per_connection=2)
    sea.run(2)
    follow(sea.fleet, ["BTCUSDT"])
    sea.run(5)

    assert 1 == len(sea.closes) == len(sea.fleet.berths)
    assert sea.closes[0] not in sea.carriers(BTC_BOOKS)
