"""Numbers as people read them."""

import pytest

from collector.view.words import count, floor_percent, size, span


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0 B", 0), ("999 B", 999), ("1.0 KiB", 1000), ("1.0 KiB", 1024), ("9.9 KiB", 10_150),
        ("10 KiB", 10_240), ("999 MiB", 999 << 20), ("1.0 GiB", 1000 << 20), ("10 GiB", 10 << 30),
    ],
)  # fmt: skip
def test_a_size_has_three_digits_and_a_unit(text: str, number: int) -> None:
    assert text == size(number)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0 s", 0.9), ("59 s", 59.9), ("1 min", 60), ("3 min 20 s", 200.5), ("1 h", 3600),
        ("1 h 1 min", 3661), ("23 h 59 min", 86_399), ("1 d", 86_400), ("2 d 5 h", 190_800),
    ],
)  # fmt: skip
def test_a_time_is_said_in_its_two_largest_units(text: str, seconds: float) -> None:
    assert text == span(seconds)


def test_one_is_no_plural() -> None:
    assert ["0 gaps", "1 gap", "2,000 gaps"] == [count(number, "gap") for number in (0, 1, 2000)]


def test_only_the_whole_is_a_hundred_percent() -> None:
    assert ["100%", "99.9%", "50%", "0%"] == [
        floor_percent(share) for share in (1.0, 0.99999, 0.5, 0.0001)
    ]
