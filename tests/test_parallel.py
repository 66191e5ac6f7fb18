"""Questions that are asked at once."""

from threading import Barrier

import pytest

from aggregator.parallel import in_parallel

PATIENCE_S = 60


def test_answers_come_in_the_order_of_the_questions() -> None:
    assert [str(number) for number in range(100)] == in_parallel(str, range(100))
    assert [] == in_parallel(str, [])


def test_all_are_asked_before_the_first_is_answered() -> None:
    gate = Barrier(8, timeout=PATIENCE_S)

    assert {*range(8)} == {*in_parallel(lambda _: gate.wait(), range(8))}


def test_the_first_failure_in_the_order_of_the_questions_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda number: 1 // number, [1, 0, 2])
