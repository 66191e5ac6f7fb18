"""What is not urgent takes a share of the processor at most."""

import time
from threading import Thread

from collector.spool.duty import Duty


def spend(duty: Duty, seconds: float) -> float:
    """Spend processor time in small pieces, and return how long that took by the clock."""
    began, spent = time.monotonic(), time.thread_time()
    while time.thread_time() - spent < seconds:
        with duty.work():
            sum(range(20_000))
    return time.monotonic() - began


def test_work_takes_its_share_of_the_processor() -> None:
    assert spend(Duty(0.25), 0.2) >= (0.2 - 0.05) / 0.25 * 0.8


def test_threads_have_one_share_together() -> None:
    duty = Duty(0.5)
    began = time.monotonic()
    threads = [Thread(target=spend, args=(duty, 0.1)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.monotonic() - began >= (0.3 - 0.05) / 0.5 * 0.8


def test_a_little_work_is_not_held_up() -> None:
    duty = Duty(0.01)
    began = time.monotonic()
    with duty.work():
        sum(range(1000))

    assert time.monotonic() - began < 0.5


def test_when_it_is_urgent_nobody_rests() -> None:
    duty = Duty(0.001)
    duty.urgent.set()

    assert spend(duty, 0.1) < 20
