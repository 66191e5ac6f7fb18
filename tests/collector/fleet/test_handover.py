from collector.fleet.channel import Channel
from collector.fleet.handover import behind, unproved
from collector.fleet.legs import Leg
from collector.fleet.links import Link, Reason
from lake.layout import Stream
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES, ETH_BOOKS, ETH_TRADES

CHANNELS = (BTC_BOOKS, BTC_TRADES, ETH_BOOKS, ETH_TRADES)


def ignore(*_: int) -> None:
    """Take a claim, or the begin of a stretch, that no test here looks at."""


def link(number: int) -> Link:
    made = Link(number, Reason.ROTATION, 0.0)
    for channel in CHANNELS:
        leg = Leg(channel, number, ignore, ignore)
        leg.listening = True
        made.add(leg)
        made.acknowledged_ms[channel] = 10_000
    return made


def speak(on: Link, *channels: Channel, until_ms: int, since_ms: int = 10_000) -> None:
    for channel in channels:
        leg = on.leg(channel)
        assert leg
        for event_ms in range(since_ms, until_ms + 1, 100):
            leg.hear(event_ms, event_ms, event_ms * 1_000_000)


def test_books_of_every_symbol_have_to_be_there() -> None:
    old, new = link(1), link(2)
    speak(new, BTC_BOOKS, until_ms=10_500)

    assert [ETH_BOOKS] == unproved(old, new)


def test_trades_have_to_be_there_if_the_old_connection_brought_some_meanwhile() -> None:
    old, new = link(1), link(2)
    speak(new, BTC_BOOKS, ETH_BOOKS, until_ms=12_000)
    speak(old, BTC_TRADES, since_ms=9_000, until_ms=12_000)

    assert [BTC_TRADES] == unproved(old, new)

    speak(new, BTC_TRADES, since_ms=12_000, until_ms=12_000)
    assert [] == unproved(old, new)


def test_trades_that_were_under_way_before_the_subscription_prove_nothing() -> None:
    old, new = link(1), link(2)
    speak(new, BTC_BOOKS, ETH_BOOKS, until_ms=12_000)
    speak(old, BTC_TRADES, since_ms=9_000, until_ms=10_500)

    assert [] == unproved(old, new)


def test_trades_that_nobody_acknowledged_are_not_carried() -> None:
    old, new = link(1), link(2)
    speak(new, BTC_BOOKS, ETH_BOOKS, until_ms=12_000)
    new.trades["ETHUSDT"].listening = False

    assert [ETH_TRADES] == unproved(old, new)


def test_excused_channels_hold_up_nothing() -> None:
    old, new = link(1), link(2)
    speak(new, BTC_BOOKS, until_ms=10_500)

    assert [] == unproved(old, new, {ETH_BOOKS})


def test_a_late_connection_has_to_bring_what_the_new_one_began_after() -> None:
    old, new = link(1), link(2)
    speak(old, BTC_BOOKS, since_ms=5_000, until_ms=8_000)
    speak(new, BTC_BOOKS, since_ms=30_000, until_ms=30_500)
    old.books["BTCUSDT"].heard_ns = new.books["BTCUSDT"].heard_ns
    assert [BTC_BOOKS] == behind(old, new)

    speak(old, BTC_BOOKS, since_ms=8_100, until_ms=30_200)
    assert [] == behind(old, new)


def test_a_connection_that_is_dead_brings_nothing_more() -> None:
    old, new = link(1), link(2)
    speak(old, BTC_BOOKS, since_ms=5_000, until_ms=8_000)
    speak(new, BTC_BOOKS, since_ms=30_000, until_ms=30_500)

    assert [] == behind(old, new)


def test_a_stream_of_its_own_has_no_books_to_show() -> None:
    old, new = Link(1, Reason.ALONE, 0.0), Link(2, Reason.ROTATION, 0.0)
    for made in (old, new):
        made.add(Leg(Channel("XUSDT", Stream.TRADES), made.connection_id, ignore, ignore))
    new.trades["XUSDT"].listening = True

    assert [] == unproved(old, new)
