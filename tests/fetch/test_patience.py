from collections.abc import Iterator
from itertools import count

import pytest

from aggregator.fetch.patience import FetchError, Passing, Patience, Unanswered, patiently
from lake.stopping import ENDING

QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.002, longest_pause_s=5)


@pytest.fixture
def ending() -> Iterator[None]:
    yield
    ENDING.clear()


def test_an_answer_ends_the_asking() -> None:
    answers = _answers(Passing("one"), Passing("two"), 7)
    said: list[str] = []

    assert 7 == patiently(lambda: _next(answers), "http://a", QUICK, said.append)
    assert ["http://a: one; asking again", "http://a: two; asking again"] == said


def test_patience_ends_and_says_so_in_one_line() -> None:
    asked = count()

    def ask() -> None:
        next(asked)
        raise Passing("HTTP 503")

    with pytest.raises(Unanswered, match="cannot get http://a: HTTP 503; 3 attempts brought"):
        patiently(ask, "http://a", QUICK, lambda _: None)

    assert 3 == next(asked)


def test_attempts_that_bring_something_do_not_count() -> None:
    asked = count(1)

    def ask() -> int:
        number = next(asked)
        if number < 20:
            raise Passing("cut", brought=True)
        return number

    assert 20 == patiently(ask, "http://a", QUICK, lambda _: None)


def test_a_pause_that_is_too_long_is_left_to_a_later_run() -> None:
    asked = count()

    def ask() -> None:
        next(asked)
        raise Passing("HTTP 429", wait_s=3600)

    with pytest.raises(Unanswered, match="wait 3600 s: run again after that"):
        patiently(ask, "http://a", QUICK, lambda _: None)

    assert 1 == next(asked)


def test_a_pause_that_is_asked_for_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    monkeypatch.setattr(type(ENDING), "wait", lambda _, timeout=None: waits.append(timeout))
    answers = _answers(Passing("HTTP 429", wait_s=4.5), 7)

    patiently(lambda: _next(answers), "http://a", QUICK, lambda _: None)

    assert [4.5] == waits


def test_what_is_final_is_not_repeated() -> None:
    asked = count()

    def ask() -> None:
        next(asked)
        raise FetchError("never")

    with pytest.raises(FetchError, match="never"):
        patiently(ask, "http://a", QUICK, lambda _: None)

    assert 1 == next(asked)


def test_whoever_is_to_end_asks_no_more(ending: None) -> None:
    del ending

    def ask() -> None:
        ENDING.set()
        raise Passing("cut", brought=True)

    with pytest.raises(Unanswered, match="stopped: run again"):
        patiently(ask, "http://a", Patience(first_wait_s=100), lambda _: None)


def _answers(*answers: Passing | int) -> Iterator[Passing | int]:
    return iter(answers)


def _next(answers: Iterator[Passing | int]) -> int:
    answer = next(answers)
    if isinstance(answer, Passing):
        raise answer
    return answer
