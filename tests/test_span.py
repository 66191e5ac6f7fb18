"""How a part of a day is named."""

import pytest

from aggregator.span import Span, clock


def test_times_are_read_to_the_end_of_the_day() -> None:
    assert Span(9 * 3600 + 1800, 86_400) == Span.parse("09:30", "24:00")
    assert Span() == Span.parse("00:00", "24:00")
    assert "09:30 to 24:00" == str(Span.parse("09:30", "24:00"))


@pytest.mark.parametrize("wrong", ["9:30", "24:01", "12:60", "0930", "", "١٢:٠٠", "12:00:00"])
def test_what_is_no_time_of_the_day_is_named(wrong: str) -> None:
    with pytest.raises(ValueError, match=f"'{wrong}' is no time of the day"):
        Span.parse("00:00", wrong)


@pytest.mark.parametrize("end", ["10:00", "09:59"])
def test_a_span_ends_after_its_start(end: str) -> None:
    with pytest.raises(ValueError, match="is not after 10:00"):
        Span.parse("10:00", end)


def test_clocks_have_seconds_only_where_they_need_them() -> None:
    assert ("00:00", "09:30", "09:30:05", "24:00") == (
        clock(0), clock(34_200), clock(34_205), clock(86_400),
    )  # fmt: skip
