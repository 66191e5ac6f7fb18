import pytest

from collector.fleet.pulse import Patience, Pulse, Rhythm
from collector.view.status import StreamState

BOOKS = Patience(first_s=10.0, silence_s=10.0, late_ms=3_000.0, late_s=30.0, again_s=10.0)
TRADES = Patience(first_s=float("inf"), silence_s=float("inf"))


def beating(
    pulse: Pulse, start_s: float, end_s: float, every_s: float, lag_ms: float = 5.0
) -> None:
    """Let a frame come every so often."""
    beats = round((end_s - start_s) / every_s)
    for beat in range(beats + 1):
        pulse.beat(1, lag_ms, start_s + beat * every_s)


def test_without_a_connection_a_channel_is_disconnected() -> None:
    assert StreamState.DISCONNECTED is Pulse(BOOKS).state(100.0)


def test_a_channel_that_never_speaks_is_found_by_the_deadline() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(100.0)

    assert StreamState.STARTING is pulse.state(109.9)
    assert StreamState.NEVER_SPOKE is pulse.state(110.0)


def test_books_that_stop_are_silent_after_the_deadline() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(100.0)
    beating(pulse, 100.0, 130.0, 0.1)

    assert StreamState.FRESH is pulse.state(139.9)
    assert StreamState.SILENT is pulse.state(140.1)


def test_a_frame_ends_the_silence() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(100.0)
    beating(pulse, 100.0, 130.0, 0.1)
    pulse.beat(1, 5.0, 170.0)

    assert StreamState.FRESH is pulse.state(171.0)


def test_books_whose_usual_pause_is_long_may_be_silent_for_longer() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 200.0, 5.0)

    assert StreamState.FRESH is pulse.state(224.0)
    assert StreamState.SILENT is pulse.state(226.0)


def test_a_stall_is_no_new_pace() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 20.0, 0.1)
    pulse.beat(1, 5.0, 90.0)
    beating(pulse, 90.1, 94.0, 0.1)

    assert StreamState.SILENT is pulse.state(104.1)


def test_a_channel_that_becomes_slow_is_believed_after_some_frames() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 20.0, 0.1)
    beating(pulse, 50.0, 350.0, 30.0)

    assert StreamState.FRESH is pulse.state(390.0)


@pytest.mark.parametrize("stall_s", [3.0, 15.0])
def test_a_stall_or_two_are_no_pace(stall_s: float) -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 20.0, 0.5)
    pulse.beat(1, 5.0, 20.0 + stall_s)
    pulse.beat(1, 5.0, 20.0 + 2 * stall_s)

    assert pytest.approx(0.5) == pulse.rhythm.pause_s


def test_frames_that_stay_late_are_reported_after_a_while() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 29.9, 0.1, lag_ms=5_000.0)
    assert StreamState.FRESH is pulse.state(29.9)

    beating(pulse, 30.0, 31.0, 0.1, lag_ms=5_000.0)
    assert StreamState.LAGGING is pulse.state(31.0)


def test_one_frame_in_time_ends_the_lag() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    beating(pulse, 0.0, 40.0, 0.1, lag_ms=5_000.0)
    pulse.beat(1, 100.0, 40.1)

    assert StreamState.FRESH is pulse.state(40.2)


def test_help_is_wanted_once_for_each_deadline() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    assert StreamState.NEVER_SPOKE is pulse.wants_help(10.0)

    pulse.acted(10.0)
    assert pulse.wants_help(19.9) is None
    assert StreamState.NEVER_SPOKE is pulse.wants_help(20.0)


def test_a_fresh_channel_wants_no_help() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    pulse.beat(1, 5.0, 1.0)

    assert pulse.wants_help(5.0) is None


def test_silent_trades_are_in_trouble_only_when_the_exchange_says_so() -> None:
    pulse = Pulse(TRADES)
    pulse.listen(0.0)
    beating(pulse, 0.0, 30.0, 0.1)
    assert StreamState.FRESH is pulse.state(100_000.0)

    pulse.accuse()
    assert StreamState.SILENT is pulse.state(100_000.0)

    pulse.beat(1, 5.0, 100_001.0)
    assert StreamState.FRESH is pulse.state(100_001.0)


def test_trades_that_never_spoke_are_well_if_nobody_traded() -> None:
    pulse = Pulse(TRADES)
    pulse.listen(0.0)
    assert StreamState.STARTING is pulse.state(60.0)

    pulse.vouch(60.0)
    assert StreamState.FRESH is pulse.state(61.0)


def test_being_vouched_for_is_no_pace() -> None:
    pulse = Pulse(TRADES)
    pulse.listen(0.0)
    for second in range(0, 100, 10):
        pulse.vouch(float(second))
    pulse.beat(1, 5.0, 100.0)
    pulse.beat(1, 5.0, 150.0)

    assert 1 == pulse.rhythm.frames
    assert pytest.approx(20.0) == pulse.rhythm.pause_s


def test_a_lost_connection_ends_all_complaints() -> None:
    pulse = Pulse(BOOKS)
    pulse.listen(0.0)
    pulse.accuse()
    pulse.lose()
    assert StreamState.DISCONNECTED is pulse.state(50.0)

    pulse.listen(60.0)
    assert StreamState.STARTING is pulse.state(61.0)


def test_many_frames_at_once_are_one_pace() -> None:
    rhythm = Rhythm()
    for _ in range(20):
        rhythm.take(50, 0.5)

    assert pytest.approx(0.01) == rhythm.pause_s
