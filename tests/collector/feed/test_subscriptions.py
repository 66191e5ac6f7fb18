"""Subscriptions: paced, cut into batches, each answer to its request."""

import json
from typing import Any

from collector.feed.frames import Answer
from collector.feed.subscriptions import Method, Subscriptions

STREAMS = tuple(f"s{number}usdt@trade" for number in range(5))


def requests(subscriptions: Subscriptions, *times_s: float) -> list[Any]:
    """Return what is sent at these times; None where nothing is."""
    texts = [subscriptions.next_request(now_s) for now_s in times_s]
    return [text and json.loads(text) for text in texts]


def asked(*streams: str, per_request: int = 2) -> Subscriptions:
    subscriptions = Subscriptions(per_request, every_s=0.5)
    subscriptions.ask(Method.SUBSCRIBE, streams)
    return subscriptions


def test_streams_are_asked_for_in_batches_at_a_measured_pace() -> None:
    assert [
        {"method": "SUBSCRIBE", "params": ["s0usdt@trade", "s1usdt@trade"], "id": 1},
        None,
        {"method": "SUBSCRIBE", "params": ["s2usdt@trade", "s3usdt@trade"], "id": 2},
        None,
        {"method": "SUBSCRIBE", "params": ["s4usdt@trade"], "id": 3},
        None,
    ] == requests(asked(*STREAMS), 10, 10.4, 10.5, 10.9, 11, 20)


def test_a_pause_is_not_made_up_for_by_a_rush() -> None:
    first, second, third = requests(asked(*STREAMS), 10, 100, 100.1)

    assert first and second
    assert third is None


def test_names_are_sent_as_they_are_in_any_script() -> None:
    request = asked("币安人生usdt@trade").next_request(0)

    assert request is not None
    assert "币安人生usdt@trade".encode() in request


def test_what_is_wanted_later_waits_its_turn() -> None:
    subscriptions = asked("a@trade")
    subscriptions.ask(Method.UNSUBSCRIBE, ["a@trade"])
    subscriptions.ask(Method.SUBSCRIBE, ["b@trade"])

    found = requests(subscriptions, 0, 1, 2)
    assert ["SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE"] == [request["method"] for request in found]
    assert [["a@trade"], ["a@trade"], ["b@trade"]] == [request["params"] for request in found]


def test_to_want_nothing_sends_nothing() -> None:
    assert [None] == requests(asked(), 0)


def test_an_answer_belongs_to_the_request_of_its_number() -> None:
    subscriptions = asked(*STREAMS)
    requests(subscriptions, 0, 1)

    second = subscriptions.answered(Answer(2))
    assert second is not None
    assert STREAMS[2:4] == second.streams
    assert subscriptions.is_waiting
    assert subscriptions.answered(Answer(2)) is None
    assert subscriptions.answered(Answer(99)) is None
    assert subscriptions.answered(Answer(1, 2, "Invalid request"))
    assert not subscriptions.is_waiting


def test_an_error_without_a_number_answers_the_oldest_request() -> None:
    subscriptions = asked(*STREAMS)
    requests(subscriptions, 0, 1)

    first = subscriptions.answered(Answer(None, 4, "Too many subscriptions"))
    assert first is not None
    assert STREAMS[:2] == first.streams
    assert subscriptions.answered(Answer(None)) is None


def test_an_error_that_nobody_asked_for_answers_nothing() -> None:
    assert asked(*STREAMS).answered(Answer(None, 4, "Too many subscriptions")) is None


def test_a_request_that_is_never_answered_is_named_once() -> None:
    subscriptions = asked(*STREAMS)
    requests(subscriptions, 0, 1)

    assert [STREAMS[:2]] == [each.streams for each in subscriptions.overdue(sent_before_s=0.5)]
    assert [] == subscriptions.overdue(sent_before_s=0.5)
    assert [STREAMS[2:4]] == [each.streams for each in subscriptions.overdue(sent_before_s=2)]
    assert not subscriptions.is_waiting
