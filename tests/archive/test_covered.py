from datetime import date, timedelta

import pytest

from aggregator.archive.covered import SILENCE_MS, DateRows, FileSpan, covered_spans
from aggregator.archive.names import Period, period_of
from aggregator.utc import day_start_ms

DAY = date(2025, 12, 11)
START = day_start_ms(DAY)
END = START + 86_400_000
NOON = START + 43_200_000
PROMISED = period_of(f"BTCUSDT-trades-{DAY}.zip")
MONTH = period_of("BTCUSDT-trades-2025-12.zip")


def one_day(
    first_ms: int, last_ms: int, promised: Period | None, silence_ms: int = SILENCE_MS
) -> tuple[int, int]:
    rows = DateRows(DAY, first_ms, last_ms)
    return covered_spans([rows], [FileSpan(promised, first_ms, last_ms, silence_ms)])[DAY]


def test_a_file_of_any_name_covers_from_its_first_row_to_its_last() -> None:
    assert (START + 5, END - 7) == one_day(START + 5, END - 7, None)


def test_a_file_that_is_named_for_its_day_covers_it_whole() -> None:
    assert (START, END) == one_day(START + 5, END - 7, PROMISED)


@pytest.mark.parametrize("silence_ms", [SILENCE_MS, 3_600_000])
def test_an_end_is_whole_as_far_as_the_longest_silence_reaches(silence_ms: int) -> None:
    near = one_day(START + silence_ms, END - silence_ms, PROMISED, silence_ms)
    far = one_day(START + silence_ms + 1, END - silence_ms - 1, PROMISED, silence_ms)

    assert (START, END) == near
    assert (START + silence_ms + 1, END - silence_ms - 1) == far


def test_each_end_is_judged_alone() -> None:
    assert (START, NOON) == one_day(START, NOON, PROMISED)
    assert (NOON, END) == one_day(NOON, END - 1, PROMISED)


def test_rows_outside_of_what_the_name_promises_are_covered_from_the_row() -> None:
    yesterday = period_of(f"BTCUSDT-trades-{DAY - timedelta(days=1)}.zip")
    tomorrow = period_of(f"BTCUSDT-trades-{DAY + timedelta(days=1)}.zip")

    assert (START + 5, END - 7) == one_day(START + 5, END - 7, yesterday)
    assert (START + 5, END - 7) == one_day(START + 5, END - 7, tomorrow)


def test_a_month_promises_its_ends_not_those_of_its_days() -> None:
    assert (START + 5, END - 7) == one_day(START + 5, END - 7, MONTH)


def days(count: int) -> list[DateRows]:
    """Dates with rows at 06:00 and 18:00."""
    return [
        DateRows(
            DAY + timedelta(days=n),
            START + n * 86_400_000 + 6 * 3_600_000,
            START + n * 86_400_000 + 18 * 3_600_000,
        )
        for n in range(count)
    ]


def test_a_date_between_rows_of_other_dates_is_covered_whole() -> None:
    rows = days(3)
    span = FileSpan(None, rows[0].first_ms, rows[2].last_ms, SILENCE_MS)

    covered = covered_spans(rows, [span])

    assert [
        (rows[0].first_ms, END),
        (END, END + 86_400_000),
        (END + 86_400_000, rows[2].last_ms),
    ] == [covered[row.date] for row in rows]


def test_of_files_with_the_same_first_row_one_that_promises_is_enough() -> None:
    rows = DateRows(DAY, START + 5, END - 7)
    spans = [FileSpan(name, START + 5, END - 7, SILENCE_MS) for name in (None, PROMISED)]

    assert (START, END) == covered_spans([rows], spans)[DAY]
