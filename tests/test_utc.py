from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from aggregator.utc import DAY_MS, day_start_ms, iso


@given(st.dates())
def test_days_follow_each_other_from_1970_on(day: date) -> None:
    assert (day - date(1970, 1, 1)).days * DAY_MS == day_start_ms(day)


def test_a_time_has_its_ms_and_its_zone() -> None:
    assert "2025-12-11T00:00:00.000Z" == iso(day_start_ms(date(2025, 12, 11)))
    assert "1970-01-01T00:00:00.007Z" == iso(7)
    assert "1969-12-31T23:59:59.999Z" == iso(-1)


@given(st.integers(0, 250_000_000_000_000))
def test_times_come_back(ms: int) -> None:
    at = datetime.fromisoformat(iso(ms))

    assert UTC == at.tzinfo
    assert ms == round(at.timestamp() * 1000)
