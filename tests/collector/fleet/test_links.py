from collector.fleet.channel import Channel
from collector.fleet.legs import Leg
from collector.fleet.links import Berth, Link, Reason
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES, ETH_TRADES


def leg(channel: Channel) -> Leg:
    return Leg(channel, 1, lambda *_: None, lambda _: None)


def test_a_link_knows_what_it_carries() -> None:
    link = Link(1, Reason.START, 0.0)
    for channel in (ETH_TRADES, BTC_TRADES, BTC_BOOKS):
        link.add(leg(channel))

    assert [BTC_BOOKS, BTC_TRADES, ETH_TRADES] == [*link.channels]
    assert link.remove(BTC_BOOKS)
    assert not link.remove(BTC_BOOKS)
    assert link.leg(BTC_BOOKS) is None
    assert [BTC_TRADES, ETH_TRADES] == [*link.channels]


def test_data_has_flowed_once_any_channel_spoke() -> None:
    link, quiet, busy = Link(1, Reason.START, 0.0), leg(BTC_TRADES), leg(BTC_BOOKS)
    link.add(quiet)
    link.add(busy)
    assert not link.has_spoken()

    busy.hear(1_000, 1_000, 1)
    assert link.has_spoken()
    link.remove(BTC_BOOKS)
    assert link.has_spoken()


def test_a_berth_has_one_link_or_two() -> None:
    berth = Berth(1, {BTC_BOOKS})
    assert [] == [*berth.links]

    old, new = Link(1, Reason.START, 0.0), Link(2, Reason.ROTATION, 0.0)
    berth.link = old
    assert [old] == [*berth.links]
    berth.successor = new
    assert [old, new] == [*berth.links]
    assert not berth.alone
    assert Berth(2, set(), home=berth).alone
