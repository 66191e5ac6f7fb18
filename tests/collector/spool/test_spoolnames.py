"""Names of the files in the folder of a run."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.spool.spoolnames import HourName, LogName, chunk_key
from lake.layout import Stream

MINUTES = st.integers(0, 40_000_000)


@given(st.integers(0, 99_999_999), MINUTES, st.booleans())
def test_the_name_of_a_segment_says_all_that_is_to_know_of_it(
    number: int, minute: int, again: bool
) -> None:
    name = LogName(number, minute, again)

    assert name == LogName.parse(str(name))


@given(MINUTES, st.none() | st.integers(0, 1000))
def test_the_name_of_an_hour_is_read_as_it_was_written(minute: int, extra: int | None) -> None:
    name = HourName.of(minute * 60_000)
    name = HourName(name.date, name.hour, extra)

    assert name == HourName.parse(str(name))


@pytest.mark.parametrize(
    "stem", ["", "lock", "12-2025-12-11T0801", "00000001-2025-13-11T0801", "2025-12-11T08"]
)
def test_other_files_are_no_segments(stem: str) -> None:
    assert LogName.parse(stem) is None


@pytest.mark.parametrize("stem", ["", "checkpoint", "2025-12-11T24", "2025-02-30T08", "T08"])
def test_other_files_are_no_hours(stem: str) -> None:
    assert HourName.parse(stem) is None


def test_names_sort_in_the_order_of_segments() -> None:
    assert str(LogName(9, 5)) < str(LogName(10, 5)) < str(LogName(11, 4))


def test_an_hour_ends_where_the_next_begins() -> None:
    name = HourName(date(2025, 12, 31), 23)

    assert HourName(date(2026, 1, 1), 0) == HourName.of(name.end_ms)
    assert name == HourName.of(name.end_ms - 1) == HourName.of(name.start_ms)


def test_the_objects_of_an_hour_have_names_that_a_reader_takes_for_runs() -> None:
    day = date(2025, 12, 11)

    assert "journal/2025-12-11/08-k3v9.jsonl" == str(HourName(day, 8).key("k3v9"))
    assert "journal/2025-12-11/23-k3v9R2.jsonl" == str(HourName(day, 23, 2).key("k3v9"))


def test_a_chunk_is_named_after_its_minute() -> None:
    key = chunk_key(Stream.TRADES, "BTCUSDT", 1765440060 // 60, "k3v9")

    assert "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.gz" == str(key)
