import threading
import time

from collector.clock import Clock


def test_at_speed_one_it_is_the_system_clock() -> None:
    before = time.time_ns()
    told = Clock().wall_ns()

    assert before <= told <= time.time_ns()


def test_a_fast_clock_runs_on_from_its_anchor() -> None:
    anchor_ns = time.time_ns() - 1_000_000_000

    ahead_ns = Clock(60.0, anchor_ns).wall_ns() - anchor_ns

    assert 60e9 <= ahead_ns < 90e9


def test_two_clocks_of_one_anchor_agree() -> None:
    anchor_ns = time.time_ns() - 5_000_000_000

    apart_ns = Clock(100.0, anchor_ns).wall_ns() - Clock(100.0, anchor_ns).wall_ns()

    assert abs(apart_ns) < 1e9


def test_waiting_is_as_fast_as_the_clock() -> None:
    clock = Clock(1000.0)
    start_s, real_s = clock.monotonic(), time.monotonic()
    clock.sleep(20.0)

    assert clock.monotonic() - start_s >= 20.0
    assert time.monotonic() - real_s < 5.0


def test_an_event_ends_a_wait() -> None:
    event = threading.Event()
    event.set()
    clock = Clock()

    assert clock.wait(event, 60.0)
    assert not clock.wait(threading.Event(), 0.001)
