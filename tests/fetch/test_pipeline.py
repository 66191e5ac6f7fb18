import threading
import time
from collections.abc import Callable, Iterator

import pytest

from aggregator.fetch.pipeline import Pipeline, Threads


def doubled(number: int) -> Callable[[], int]:
    return lambda: 2 * number


def test_every_item_goes_through_both_stages_once() -> None:
    results = Pipeline(Threads(3, 2), doubled).run(range(100))

    assert [2 * number for number in range(100)] == sorted(results)


def test_nothing_to_do_is_done_at_once() -> None:
    assert [] == [*Pipeline(Threads(1, 1), doubled).run([])]


def test_items_are_taken_as_there_is_room() -> None:
    taken, ended, most = 0, 0, 0

    def items() -> Iterator[int]:
        nonlocal taken, most
        for number in range(50):
            taken += 1
            most = max(most, taken - ended)
            yield number

    for _ in Pipeline(Threads(2, 1), doubled).run(items()):
        ended += 1

    assert most <= 3 + 1


def test_each_stage_has_its_own_number_of_threads() -> None:
    at_once = {"first": 0, "second": 0}
    most = dict(at_once)
    lock = threading.Lock()

    def work(stage: str) -> None:
        with lock:
            at_once[stage] += 1
            most[stage] = max(most[stage], at_once[stage])
        time.sleep(0.01)
        with lock:
            at_once[stage] -= 1

    def begin(_: int) -> Callable[[], None]:
        work("first")
        return lambda: work("second")

    list(Pipeline(Threads(3, 2), begin).run(range(20)))

    assert {"first": 3, "second": 2} == most


def test_the_next_item_is_begun_while_one_is_ended() -> None:
    begun = threading.Event()

    def begin(number: int) -> Callable[[], bool]:
        if number == 1:
            begun.set()
        return lambda: begun.wait(10)

    assert [True, True] == [*Pipeline(Threads(1, 1), begin).run(range(2))]


def test_a_bug_ends_it_and_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def begin(number: int) -> Callable[[], int]:
        begun.append(number)
        return lambda: 1 // 0

    with pytest.raises(ZeroDivisionError):
        list(Pipeline(Threads(1, 1), begin).run(range(100)))

    assert len(begun) < 5


def test_whoever_stops_asking_stops_the_work() -> None:
    begun: list[int] = []

    def begin(number: int) -> Callable[[], int]:
        begun.append(number)
        return lambda: number

    results = Pipeline(Threads(1, 1), begin).run(range(100))
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert len(begun) < 5
