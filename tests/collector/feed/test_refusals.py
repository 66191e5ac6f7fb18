"""Refusals: each status is understood, and what the exchange asks is obeyed."""

import pytest

from collector.feed.refusals import RefusalKind, refusal


@pytest.mark.parametrize(
    ("status", "kind", "wait_s"),
    [
        (429, RefusalKind.TOO_MANY, 60), (418, RefusalKind.BANNED, 120),
        (451, RefusalKind.LOCATION, 600), (403, RefusalKind.FIREWALL, 60),
        (500, RefusalKind.TRANSIENT, None), (503, RefusalKind.TRANSIENT, None),
        (400, RefusalKind.OTHER, None), (404, RefusalKind.OTHER, None),
    ],
)  # fmt: skip
def test_a_status_says_what_is_wrong_and_how_long_to_wait_by_default(
    status: int, kind: RefusalKind, wait_s: float | None
) -> None:
    found = refusal(status, {})

    assert (kind, wait_s, status) == (found.kind, found.wait_s, found.status)
    assert found.message.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("status", [429, 418, 451, 403, 503, 400])
@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_the_wait_that_is_asked_for_is_obeyed_with_every_status(status: int, name: str) -> None:
    found = refusal(status, {name: " 17 "})

    assert 17 == found.wait_s
    assert "in 17 s or later" in found.message


def test_a_date_to_wait_for_counts_from_the_date_of_the_answer() -> None:
    headers = {
        "Retry-After": "Sat, 21 Nov 2026 16:00:30 GMT",
        "Date": "Sat, 21 Nov 2026 16:00:00 GMT",
    }

    assert 30 == refusal(429, headers).wait_s
    assert 30 == refusal(429, headers, now_s=0).wait_s


def test_a_date_in_an_answer_without_one_counts_from_our_clock() -> None:
    headers = {"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}

    assert 90 == refusal(418, headers, now_s=10).wait_s
    assert 0 == refusal(418, headers, now_s=1_000).wait_s
    assert 120 == refusal(418, headers).wait_s


@pytest.mark.parametrize("text", ["", "soon", "-5", "1.5", "٣", "Sat, 99 Nov 2026 16:00:30 GMT"])
def test_a_wait_that_cannot_be_read_is_the_usual_one(text: str) -> None:
    assert 60 == refusal(429, {"Retry-After": text}, now_s=0).wait_s


@pytest.mark.parametrize("text", ["999999999", "9" * 10_000, "Fri, 21 Nov 9999 16:00:30 GMT"])
def test_no_wait_is_longer_than_the_longest_ban(text: str) -> None:
    assert 3 * 86_400 == refusal(418, {"Retry-After": text}, now_s=0).wait_s


def test_a_refused_location_names_one_that_is_served() -> None:
    message = refusal(451, {}).message

    assert "asia-northeast1" in message
    assert "United States" in message
