import pytest

from collector.trades.exchange_clock import ExchangeClock


def test_before_the_exchange_told_its_time_nobody_knows_it() -> None:
    clock = ExchangeClock()

    assert clock.at_least_ms(5.0) is None
    assert float("inf") == clock.age_s(5.0)


def test_its_time_goes_on_from_what_was_told() -> None:
    clock = ExchangeClock()
    clock.note(1_000_000, 50.0)

    assert 1_000_000 == clock.at_least_ms(50.0)
    assert 1_003_000 == pytest.approx(clock.at_least_ms(53.0), abs=1)
    assert 3.0 == clock.age_s(53.0)


def test_an_oscillator_of_ours_that_runs_fast_makes_no_claim_false() -> None:
    clock = ExchangeClock()
    clock.note(0, 0.0)

    passed_s = 600.0
    ours_s = passed_s * 1.0001
    assert (clock.at_least_ms(ours_s) or 0) <= passed_s * 1000


def test_a_later_note_replaces_the_one_before() -> None:
    clock = ExchangeClock()
    clock.note(1_000, 0.0)
    clock.note(500, 0.0)

    assert 500 == clock.at_least_ms(0.0)


def test_a_minute_of_the_exchange_ends_when_it_says_so_and_in_a_minute_at_the_latest() -> None:
    clock = ExchangeClock()
    assert 60.0 == clock.minute_left_s(0.0)

    clock.note(120_000 + 45_000, 10.0)

    assert 15.0 == clock.minute_left_s(10.0)
    assert 55.0 == pytest.approx(clock.minute_left_s(30.0), abs=0.1)
