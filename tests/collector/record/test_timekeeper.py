from collector.record.timekeeper import ExchangeTime, Timekeeper, needs_new_name

WALL_NS = 1_765_440_000_000_000_000


def test_time_goes_on_with_the_monotonic_clock() -> None:
    time = Timekeeper(100.0, WALL_NS)
    time.tick(100.1, WALL_NS + 100_000_000)
    time.tick(100.3, WALL_NS + 300_000_000)

    assert 100.3 == round(time.now_s, 6)


def test_while_we_were_held_up_no_time_passed() -> None:
    time = Timekeeper(100.0, WALL_NS, longest_s=1.0)
    time.tick(130.0, WALL_NS + 30_000_000_000)

    assert 101.0 == time.now_s


def test_a_step_of_the_wall_clock_is_seen() -> None:
    time = Timekeeper(100.0, WALL_NS)

    assert 0.0 == time.tick(101.0, WALL_NS + 1_000_000_000)
    assert -5.0 == round(time.tick(102.0, WALL_NS - 3_000_000_000), 6)
    assert 0.0 == time.tick(103.0, WALL_NS - 2_000_000_000)
    assert 7.0 == round(time.tick(104.0, WALL_NS + 6_000_000_000), 6)


def test_a_clock_that_is_slewed_does_not_step() -> None:
    time = Timekeeper(100.0, WALL_NS)
    steps = [time.tick(100.0 + tenth / 10, WALL_NS + tenth * 100_050_000) for tenth in range(9_000)]

    assert {0.0} == set(steps)


def test_back_or_far_ahead_minutes_could_come_twice() -> None:
    assert needs_new_name(-0.3)
    assert needs_new_name(31.0)
    assert not needs_new_name(5.0)


def test_the_exchange_tells_its_time_by_events() -> None:
    exchange = ExchangeTime(lambda: 999)

    assert 5_000 == exchange.now_ms(5_000, 10.0, 0)
    assert 6_500 == exchange.now_ms(5_000, 11.5, 0)
    assert 7_000 == exchange.now_ms(7_000, 12.0, 0)


def test_without_events_our_clock_is_asked() -> None:
    assert 900 == ExchangeTime(lambda: 1_000).now_ms(0, 10.0, 100)
