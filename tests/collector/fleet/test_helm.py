import pytest

from collector.fleet.channel import Channel
from collector.record.cover import Span
from collector.settings import Deadlines
from tests.collector.fleets import (
    BTC_BOOKS,
    BTC_TRADES,
    ETH_BOOKS,
    ETH_TRADES,
    START_MS,
    Sea,
    names,
)

HOUR_S = 3600.0
CALM_S = 8.0
"""Between two looks, where nothing is about to happen."""


def covered_s(sea: Sea, channel: Channel) -> list[Span]:
    """Return the covered time, in seconds of the sea."""
    track = sea.fleet.tracks[channel]
    track.settle()
    return [
        ((start - START_MS) // 1000, (end - START_MS) // 1000) for start, end in track.cover._proved
    ]


def test_a_connection_is_replaced_before_its_limit_and_the_old_one_is_closed_last() -> None:
    sea = Sea()
    sea.run(24 * HOUR_S, CALM_S)

    assert [1, 2] == [order.connection_id for order in sea.opens]
    assert [1] == sea.closes
    assert ["rotation"] == [told.fields["cause"] for told in sea.told_of("handed_over")]
    assert [] == sea.told_of("stalled")


def test_a_rotation_leaves_the_covered_time_unbroken() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.run(HOUR_S)

    assert len(sea.closes) >= 5
    for channel in (BTC_BOOKS, BTC_TRADES):
        assert 1 == len(covered_s(sea, channel))


def test_connections_are_not_replaced_all_at_once() -> None:
    sea = Sea(names(12), streams_per_connection=8)
    sea.run(23.5 * HOUR_S, CALM_S)

    times = [told.fields["connection"] for told in sea.told_of("handed_over")]
    assert 3 == len(times)
    moments = {link.asked_s for link in sea.fleet.links.values()}
    assert 3 == len(moments)
    assert max(moments) - min(moments) > 500.0


def test_the_old_connection_stays_until_the_new_one_brings_books_of_every_symbol() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.mute = {(2, ETH_BOOKS)}
    sea.run(630)
    assert {1, 2} == sea.carriers(BTC_BOOKS)

    sea.mute = set()
    sea.run(4)
    assert {2} == sea.carriers(BTC_BOOKS)
    assert [1] == sea.closes


def test_the_old_connection_stays_until_the_new_one_brings_the_trades_it_brought_itself() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.mute = {(2, ETH_TRADES)}
    sea.run(630)
    assert {1, 2} == sea.carriers(BTC_BOOKS)

    sea.mute = set()
    sea.run(4)
    assert [1] == sea.closes


def test_a_symbol_that_nobody_trades_holds_up_no_rotation() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.mute = {ETH_TRADES}
    sea.run(610)

    assert [1] == sea.closes
    assert {2} == sea.carriers(ETH_TRADES)


def test_a_new_connection_that_never_proves_itself_is_given_up_and_the_old_one_lives() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.mute = {(number, BTC_BOOKS) for number in range(2, 5)}
    sea.run(900)

    assert [2, 3, 4, 1] == sea.closes
    assert ["BTCUSDT depth20"] == sea.told_of("given_up")[0].fields["unproved"]
    assert 1 == len(covered_s(sea, BTC_BOOKS))


def test_ten_minutes_before_the_limit_it_happens_anyway_and_names_what_is_unproved() -> None:
    sea = Sea()
    sea.mute = {(number, BTC_BOOKS) for number in range(2, 200)}
    sea.run(23 * HOUR_S + 49 * 60, CALM_S)
    assert 1 not in sea.closes

    sea.run(4 * 60)
    assert 1 in sea.closes
    assert ["BTCUSDT depth20"] == sea.told_of("handed_over")[0].fields["unproved"]
    assert "unproved: BTCUSDT depth20" in sea.told_of("handed_over")[0].message


def test_nothing_is_handed_over_to_a_connection_that_says_nothing() -> None:
    sea = Sea()
    sea.mute = {*range(2, 200)}
    sea.run(24 * HOUR_S, CALM_S)

    assert [] == sea.told_of("handed_over")
    assert {1} <= sea.carriers(BTC_BOOKS)


def test_when_nobody_says_anything_new_connections_are_given_up_in_turn() -> None:
    sea = Sea()
    sea.run(60)
    sea.mute = {*sea.fleet.tracks}
    sea.run(300)
    assert len(sea.told_of("given_up")) >= 3

    sea.mute = set()
    sea.run(10)
    assert 1 == len(sea.carriers(BTC_BOOKS))
    assert 1 == len(sea.fleet.links)


def test_a_server_that_announces_its_end_is_left_before() -> None:
    sea = Sea()
    sea.run(10)
    sea.fleet.shutdown(1)
    sea.run(5)

    assert [1] == sea.closes
    assert "server shutdown" == sea.told_of("handed_over")[0].fields["cause"]


def test_a_late_connection_is_kept_until_it_has_brought_what_is_on_its_way() -> None:
    sea = Sea(["BTCUSDT"])
    sea.run(60)
    sea.late_ms[1] = 20_000
    sea.run(35)
    assert {1, 2} == sea.carriers(BTC_BOOKS)

    sea.run(25)
    assert {2} == sea.carriers(BTC_BOOKS)
    assert "lag" == sea.told_of("handed_over")[0].fields["cause"]


@pytest.mark.parametrize("lost", [1, 2])
def test_whichever_is_lost_in_a_hand_over_the_streams_go_on(lost: int) -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=600.0))
    sea.mute = {(2, ETH_BOOKS)}
    sea.run(630)
    sea.drop(lost)
    sea.mute = set()
    sea.run(30)

    assert 1 == len(sea.carriers(BTC_BOOKS))
    assert 1 not in sea.carriers(BTC_BOOKS)
    assert [] == sea.told_of("stalled")
