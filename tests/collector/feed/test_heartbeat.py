"""The heartbeat: pings in time, and a peer that is gone without a word is found."""

from collector.feed.heartbeat import Heartbeat


def test_a_ping_is_due_at_its_time_and_once() -> None:
    heartbeat = Heartbeat(ping_every_s=20, dead_after_s=30, now_s=100)

    assert not heartbeat.ping_is_due(119.9)
    assert heartbeat.ping_is_due(120)
    assert not heartbeat.ping_is_due(120)
    assert not heartbeat.ping_is_due(139.9)
    assert heartbeat.ping_is_due(140)


def test_pings_that_were_missed_are_not_made_up_for() -> None:
    heartbeat = Heartbeat(ping_every_s=20, dead_after_s=30, now_s=0)

    assert heartbeat.ping_is_due(1_000)
    assert not heartbeat.ping_is_due(1_001)


def test_a_peer_that_says_nothing_is_dead_however_many_pings_it_got() -> None:
    heartbeat = Heartbeat(ping_every_s=20, dead_after_s=30, now_s=0)

    heartbeat.ping_is_due(20)
    assert not heartbeat.is_dead(29.9)
    assert heartbeat.is_dead(30)


def test_whatever_is_heard_proves_life() -> None:
    heartbeat = Heartbeat(ping_every_s=20, dead_after_s=30, now_s=0)

    heartbeat.heard(25)
    assert not heartbeat.is_dead(54.9)
    assert heartbeat.is_dead(55)
