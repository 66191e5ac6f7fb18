from collector.feed.refusals import Refusal, RefusalKind
from collector.fleet.orders import Tell
from collector.settings import Deadlines
from collector.view.status import StreamState
from tests.collector.fleets import BTC_BOOKS, ETH_BOOKS, Sea, names


def refusal(kind: RefusalKind, wait_s: float | None) -> Refusal:
    return Refusal(kind, wait_s, f"{kind}", 429)


def attempts_s(sea: Sea, for_s: float) -> list[float]:
    """Return when connections were made, from now on."""
    before, times, start_s = len(sea.opens), [], sea.now_s
    while sea.now_s < start_s + for_s:
        sea.run(0.5)
        times += [sea.now_s] * (len(sea.opens) - before)
        before = len(sea.opens)
    return times


def test_a_lost_connection_is_made_again() -> None:
    sea = Sea()
    sea.run(5)
    sea.drop(1, "reset by peer")
    sea.run(5)

    assert [1, 2] == [order.connection_id for order in sea.opens]
    assert {2} == sea.carriers(BTC_BOOKS)
    assert ["reset by peer"] == [told.fields["cause"] for told in sea.told_of("disconnected")]
    assert 1 == len(sea.told_of("reconnected"))
    assert StreamState.FRESH is sea.state(BTC_BOOKS)


def test_the_streams_of_a_lost_connection_are_disconnected() -> None:
    sea = Sea()
    sea.run(5)
    sea.refusal = refusal(RefusalKind.TRANSIENT, None)
    sea.drop(1)
    sea.run(3)

    assert StreamState.DISCONNECTED is sea.state(BTC_BOOKS)


def test_attempts_become_rarer_until_data_flows() -> None:
    sea = Sea()
    sea.refusal = refusal(RefusalKind.TRANSIENT, None)
    times = attempts_s(sea, 120.0)

    pauses = [later - sooner for sooner, later in zip(times, times[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert 5 <= len(times) <= 8


def test_a_connection_that_opens_and_says_nothing_does_not_reset_the_pauses() -> None:
    sea = Sea()
    sea.mute = {BTC_BOOKS, ETH_BOOKS, *sea.fleet.tracks}
    times = []
    for _ in range(6):
        times += attempts_s(sea, 0.5)
        while not sea.fleet.links:
            times += attempts_s(sea, 0.5)
        sea.drop(next(iter(sea.fleet.links)))

    pauses = [later - sooner for sooner, later in zip(times, times[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 8


def test_data_ends_the_row_of_failures() -> None:
    sea = Sea()
    sea.refusal = refusal(RefusalKind.TRANSIENT, None)
    sea.run(60)
    sea.refusal = None
    sea.run(60)
    sea.drop(next(iter(sea.fleet.links)))
    times = attempts_s(sea, 3.0)

    assert 1 == len(times)


def test_retry_after_is_obeyed_by_all_connections() -> None:
    sea = Sea(names(4), streams_per_connection=4)
    sea.run(2)
    sea.refusal = refusal(RefusalKind.TOO_MANY, 90.0)
    sea.drop(1)
    sea.run(3)
    sea.drop(2)
    sea.refusal = None
    times = attempts_s(sea, 120.0)

    assert 2 == len(times)
    assert all(90.0 <= at - 1_000 for at in times)


def test_who_is_refused_for_his_location_tries_again_soon() -> None:
    sea = Sea()
    sea.refusal = refusal(RefusalKind.LOCATION, 600.0)
    times = attempts_s(sea, 30.0)

    assert 3 <= len(times) <= 4
    assert sea.fleet.refused is sea.refusal


def test_an_open_connection_ends_the_refusal() -> None:
    sea = Sea()
    sea.refusal = refusal(RefusalKind.BANNED, 5.0)
    sea.run(2)
    assert sea.fleet.refused
    sea.refusal = None
    sea.run(10)

    assert sea.fleet.refused is None


def test_a_whole_market_that_is_dropped_again_and_again_makes_no_storm() -> None:
    sea = Sea(names(200), streams_per_connection=20)
    made = []
    for _ in range(600):
        made += attempts_s(sea, 0.5)
        for number in [*sea.fleet.links]:
            sea.drop(number)

    busiest = max(sum(at <= other < at + 300 for other in made) for at in made)
    assert busiest <= 200


def test_answers_of_connections_that_are_gone_change_nothing() -> None:
    sea = Sea()
    sea.run(2)
    sea.drop(1)
    sea.fleet.opened(1, sea.now_s)
    sea.fleet.acknowledged(1, [BTC_BOOKS], sea.now_s)
    sea.fleet.closed(1, "again", None, sea.now_s)
    sea.fleet.shutdown(1)
    sea.run(3)

    assert {2} == sea.carriers(BTC_BOOKS)


def test_of_two_connections_in_a_hand_over_the_other_goes_on() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=60.0))
    sea.run(50)
    sea.mute = {(2, BTC_BOOKS)}
    sea.run(15)
    assert {1, 2} == sea.carriers(BTC_BOOKS)

    sea.drop(1)
    sea.mute = set()
    sea.run(2)
    assert {2} == sea.carriers(BTC_BOOKS)
    assert 2 == len(sea.opens)


def test_what_is_told_says_whether_another_goes_on() -> None:
    sea = Sea()
    sea.run(2)
    sea.drop(1)
    sea.run(2)
    told = sea.told_of("disconnected")[0]

    assert "trying again in 1.0 s" in told.message
    assert isinstance(told, Tell)
    assert 1.0 == told.fields["wait_s"]
