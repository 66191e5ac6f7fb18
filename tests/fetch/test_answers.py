from datetime import UTC, datetime

import pytest

from aggregator.fetch.answers import Meaning, holds_for_all, meaning, retry_after_s

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Meaning.WHOLE),
        (206, Meaning.PART),
        (404, Meaning.ABSENT),
        (416, Meaning.NO_SUCH_RANGE),
        *((status, Meaning.LATER) for status in (408, 418, 425, 429, 500, 502, 503, 504, 599)),
        *((status, Meaning.NEVER) for status in (204, 304, 400, 401, 403, 410, 451, 999)),
    ],
)
def test_a_status_says_what_to_do(status: int, expected: Meaning) -> None:
    assert expected is meaning(status)


def test_too_many_requests_are_a_matter_of_the_address() -> None:
    assert [429, 418, 503] == [each for each in (429, 418, 500, 503, 404) if holds_for_all(each)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_pause_is_seconds_or_a_date(text: str, expected: float | None) -> None:
    assert expected == retry_after_s({"Retry-After": text}, NOW)


def test_no_header_asks_for_no_pause() -> None:
    assert retry_after_s({}, NOW) is None
