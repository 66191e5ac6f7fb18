from collector.fleet.orders import Unsubscribe
from collector.settings import Deadlines
from collector.view.status import StreamState
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES, ETH_BOOKS, ETH_TRADES, Sea, names


def test_one_silent_stream_gets_a_connection_of_its_own() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {(1, BTC_BOOKS)}
    sea.run(15)

    assert [(BTC_BOOKS,)] == [order.channels for order in sea.opens[1:]]
    assert {2} == sea.carriers(BTC_BOOKS)
    assert [Unsubscribe(1, (BTC_BOOKS,))] == [
        order for order in sea.orders if isinstance(order, Unsubscribe)
    ]
    assert StreamState.FRESH is sea.state(BTC_BOOKS)


def test_its_neighbours_stay_where_they_are() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {(1, BTC_BOOKS)}
    sea.run(60)

    assert [] == sea.closes
    for channel in (BTC_TRADES, ETH_BOOKS, ETH_TRADES):
        assert {1} == sea.carriers(channel)


def test_the_stall_is_reported_and_its_time_taken_back() -> None:
    sea = Sea()
    sea.run(60)
    spoke_until_ms = sea.event_ms
    sea.mute = {BTC_BOOKS}
    sea.run(15)

    told = sea.told_of("stalled")[0]
    assert ["BTCUSDT depth20"] == told.fields["names"]
    assert "silent" == told.fields["cause"]
    assert sea.fleet.tracks[BTC_BOOKS].cover.until_ms <= spoke_until_ms


def test_a_stream_that_never_speaks_is_named_and_tried_again_less_and_less_often() -> None:
    sea = Sea()
    sea.mute = {BTC_BOOKS}
    sea.run(600)

    alone = [order for order in sea.opens if order.channels == (BTC_BOOKS,)]
    assert "never spoke" == sea.told_of("stalled")[0].fields["cause"]
    assert 5 <= len(alone) <= 20
    assert {1} <= sea.carriers(ETH_BOOKS)
    assert 1 not in sea.closes


def test_streams_that_fall_silent_together_share_a_connection() -> None:
    sea = Sea(names(20))
    sea.run(60)
    silent = sorted(sea.fleet.tracks)[::8]
    sea.mute = {(1, channel) for channel in silent if channel.stream == "depth20"}
    sea.run(15)

    assert 2 == len(sea.opens)


def test_books_that_fell_silent_with_their_connection_are_all_a_gap() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {(1, BTC_BOOKS), (1, BTC_TRADES)}
    sea.run(3)
    sea.mute = {1}
    sea.run(20)

    gaps = [gap for track in sea.fleet.tracks.values() for gap in track.take_gaps()]
    assert [("BTCUSDT", "silent"), ("ETHUSDT", "silent")] == [
        (gap.symbol, gap.cause) for gap in gaps
    ]
    assert ["BTCUSDT depth20", "ETHUSDT depth20"] == sea.told_of("stalled")[0].fields["names"]


def test_a_silent_connection_is_replaced_as_a_whole() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {1}
    sea.run(20)

    assert [1] == sea.closes
    assert {2} == sea.carriers(BTC_BOOKS) == sea.carriers(ETH_TRADES)
    assert "silence" == sea.told_of("handed_over")[0].fields["cause"]


def test_a_connection_with_many_silent_streams_is_replaced_as_a_whole() -> None:
    sea = Sea(names(20))
    sea.run(60)
    sea.mute = {(1, channel) for channel in sea.fleet.tracks if channel.stream == "depth20"}
    sea.run(20)

    assert [1] == sea.closes


def test_a_stream_comes_home_when_its_old_connection_is_replaced() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.run(60)
    sea.mute = {(1, BTC_BOOKS)}
    sea.run(700)

    assert 1 == len(sea.fleet.berths) == len(sea.fleet.links)
    assert sea.carriers(BTC_BOOKS) == sea.carriers(ETH_BOOKS)


def test_a_stream_that_speaks_again_where_it_was_needs_no_connection_of_its_own() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {BTC_BOOKS}
    sea.run(13)
    sea.mute = {(number, BTC_BOOKS) for number in range(2, 50)}
    sea.run(30)

    assert {1} == sea.carriers(BTC_BOOKS)
    assert 1 == len(sea.fleet.links)


def test_trades_that_the_exchange_says_happened_are_moved_too() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {(1, BTC_TRADES)}
    sea.run(60)
    assert [] == sea.told_of("stalled")

    sea.fleet.tracks[BTC_TRADES].pulse.accuse()
    sea.run(2)
    assert {2} == sea.carriers(BTC_TRADES)


def test_a_late_connection_is_replaced() -> None:
    sea = Sea()
    sea.run(60)
    sea.late_ms[1] = 4_000
    sea.run(45)

    assert [1] == sea.closes
    assert "lagging" == sea.told_of("stalled")[0].fields["cause"]


def test_a_short_burst_of_lag_changes_nothing() -> None:
    sea = Sea()
    sea.run(60)
    sea.late_ms[1] = 8_000
    sea.run(20)
    del sea.late_ms[1]
    sea.run(60)

    assert [] == sea.closes


def test_an_exchange_that_is_late_everywhere_is_not_asked_for_connections_again_and_again() -> None:
    sea = Sea()
    sea.run(60)
    for number in range(1, 100):
        sea.late_ms[number] = 5_000
    sea.run(3600)

    assert 2 <= len(sea.opens) <= 6
