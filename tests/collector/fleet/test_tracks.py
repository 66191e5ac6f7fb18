from collector.fleet.legs import Leg
from collector.fleet.pulse import Patience
from collector.fleet.tracks import BookGap, Track
from collector.view.status import StreamState
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES

BOOKS = Patience()
TRADES = Patience(first_s=float("inf"), silence_s=float("inf"))


def listening(track: Track, connection_id: int, now_s: float = 0.0) -> Leg:
    leg = track.attach(connection_id)
    track.listen(connection_id, now_s)
    return leg


def speak(leg: Leg, *events_ms: int) -> None:
    for event_ms in events_ms:
        leg.hear(event_ms, event_ms, event_ms * 1_000_000)


def every_100_ms(start_ms: int, end_ms: int) -> range:
    return range(start_ms, end_ms + 1, 100)


def test_books_are_covered_from_the_first_frame_on_a_connection() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(listening(track, 1), *every_100_ms(1_000, 3_000))
    track.settle()

    assert [(1_001, 2_900)] == track.cover.untold(9_999)


def test_two_connections_that_overlap_cover_unbroken_time() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    old, new = listening(track, 1), listening(track, 2)
    speak(old, *every_100_ms(1_000, 2_000))
    speak(new, *every_100_ms(1_700, 3_000))
    track.detach(1)
    track.settle()

    assert [(1_001, 2_900)] == track.cover.untold(9_999)


def test_two_connections_that_do_not_overlap_leave_their_pause_uncovered() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(listening(track, 1), *every_100_ms(1_000, 2_000))
    track.detach(1)
    speak(listening(track, 2), *every_100_ms(2_300, 3_000))
    track.settle()

    assert [(1_001, 1_900), (2_301, 2_900)] == track.cover.untold(9_999)


def at_a_pace(track: Track, pauses_ms: list[int]) -> Leg:
    """Let books speak with such pauses, and the watchdog look each time."""
    leg, at_ms = listening(track, 1), 1_000
    for pause_ms in pauses_ms:
        speak(leg, at_ms)
        track.beat(at_ms / 1000, 0.0)
        at_ms += pause_ms
    return leg


def test_a_pause_is_not_covered_though_lost_frames_have_made_the_pace_look_slow() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    at_a_pace(track, [500] * 20 + [1_000] * 8 + [3_000] + [500] * 4)
    track.settle()

    assert 2 == len(track.cover.untold(99_999))


def test_a_pause_is_covered_where_it_is_the_pace_of_the_books() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    at_a_pace(track, [3_000] * 20)
    track.settle()

    (*_, (start_ms, end_ms)) = track.cover.untold(99_999)
    assert end_ms - start_ms > 20_000


def test_trades_are_covered_up_to_the_newest_trade() -> None:
    track = Track(BTC_TRADES, TRADES)
    speak(listening(track, 1), 1_000, 5_000, 61_000)
    track.settle()

    assert [(1_001, 61_000)] == track.cover.untold(99_999)


def test_quiet_trades_stay_covered_over_a_rotation_though_the_new_connection_says_nothing() -> None:
    track = Track(BTC_TRADES, TRADES)
    speak(listening(track, 1), 1_000, 5_000)
    new = listening(track, 2)
    track.detach(1)
    speak(new, 3_605_000)
    track.settle()

    assert [(1_001, 3_605_000)] == [(track.attention.from_ms, track.attention.to_ms)]


def test_trades_are_not_covered_while_no_connection_listened() -> None:
    track = Track(BTC_TRADES, TRADES)
    speak(listening(track, 1), 1_000, 5_000)
    track.detach(1)
    speak(listening(track, 2), 9_000, 12_000)
    track.settle()

    assert [(1_001, 5_000), (9_001, 12_000)] == track.cover.untold(99_999)


def test_a_connection_that_was_only_asked_does_not_keep_the_time_unbroken() -> None:
    track = Track(BTC_TRADES, TRADES)
    speak(listening(track, 1), 1_000, 5_000)
    new = track.attach(2)
    track.detach(1)
    track.listen(2, 0.0)
    speak(new, 9_000, 12_000)
    track.settle()

    assert [(1_001, 5_000), (9_001, 12_000)] == track.cover.untold(99_999)


def test_a_complaint_takes_back_the_time_since_the_last_proof() -> None:
    track = Track(BTC_TRADES, TRADES)
    leg = listening(track, 1)
    speak(leg, 1_000, 5_000)
    track.interrupt("silent")
    speak(leg, 20_000, 25_000)
    track.settle()

    assert [(1_001, 5_000), (20_001, 25_000)] == track.cover.untold(99_999)


def test_books_missed_in_an_interruption_are_a_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(listening(track, 1), *every_100_ms(1_000, 2_000))
    track.beat(1.0, 0.0)
    track.cause = "reset"
    track.detach(1)
    leg = listening(track, 2)
    speak(leg, 4_500)

    assert [BookGap("BTCUSDT", 2_000, 4_500, "reset")] == track.take_gaps()
    assert [] == track.take_gaps()


def test_a_pause_that_nothing_interrupted_is_no_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(listening(track, 1), *every_100_ms(1_000, 2_000), 6_000)

    assert [] == track.take_gaps()


def test_an_interruption_in_which_no_book_was_due_is_no_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    leg = listening(track, 1)
    for second in range(20):
        speak(leg, 5_000 * second)
        track.beat(5.0 * second, 0.0)
    track.cause = "reset"
    track.detach(1)
    speak(listening(track, 2), 5_000 * 20)

    assert [] == track.take_gaps()


def test_an_interruption_on_one_of_two_connections_is_no_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    old, new = listening(track, 1), listening(track, 2)
    speak(old, *every_100_ms(1_000, 2_000))
    speak(new, *every_100_ms(1_500, 2_000))
    track.cause = "reset"
    track.detach(1)
    speak(new, *every_100_ms(2_100, 3_000))

    assert [] == track.take_gaps()


def test_what_is_still_missing_at_the_end_is_a_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(listening(track, 1), *every_100_ms(1_000, 2_000))
    track.cause = "reset"
    track.detach(1)
    track.end(8_000)

    assert [BookGap("BTCUSDT", 2_000, 8_000, "reset")] == track.take_gaps()


def test_what_an_earlier_run_heard_last_begins_a_gap() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    track.missed_since(1_000, "killed")
    speak(listening(track, 1), 9_000)

    assert [BookGap("BTCUSDT", 1_000, 9_000, "killed")] == track.take_gaps()


def test_a_frame_says_that_the_subscription_holds_whatever_became_of_the_answer() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    speak(track.attach(1), 1_000)
    track.beat(1.0, 0.0)

    assert StreamState.FRESH is track.pulse.state(1.0)


def test_lag_is_that_of_the_connection_that_is_in_time() -> None:
    track = Track(BTC_BOOKS, BOOKS)
    late, soon = listening(track, 1), listening(track, 2)
    late.hear(1_000, 1_000, 9_000_000_000)
    soon.hear(8_900, 8_900, 9_000_000_000)
    track.beat(9.0, 40.0)

    assert 60.0 == track.pulse.lag_ms
