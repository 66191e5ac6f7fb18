"""How options are written, and what is wrong usage."""

from datetime import UTC, date, datetime, timedelta

import pytest
import typer

from aggregator.options import (
    parse_day,
    parse_past_day,
    parse_range,
    parse_resolutions,
    parse_symbols,
    parse_task,
)
from aggregator.plan import Task


@pytest.mark.parametrize(
    "text", ["", "today", "2025-02-30", "2025-12-1", "11.12.2025", "٢٠٢٥-١٢-١١"]
)
def test_what_is_no_date_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no date; write it as 2025-12-11"):
        parse_day(text)


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31"])
def test_no_exchange_has_days_before_the_epoch(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"1970"):
        parse_day(text)


def test_a_day_may_be_today_but_not_in_the_future() -> None:
    today = datetime.now(UTC).date()

    assert today == parse_past_day(str(today), "--date")
    with pytest.raises(typer.BadParameter, match=r"--date .* is in the future"):
        parse_past_day(str(today + timedelta(days=2)), "--date")


def test_a_range_includes_both_ends_and_does_not_run_backwards() -> None:
    day = date(2025, 12, 11)

    assert (day, day) == parse_range("2025-12-11", "2025-12-11")
    with pytest.raises(typer.BadParameter, match="--end 2025-12-10 is before --start 2025-12-11"):
        parse_range("2025-12-11", "2025-12-10")


def test_symbols_are_in_upper_case_and_named_once() -> None:
    assert ("BTCUSDT", "币安人生USDT") == parse_symbols("btcusdt, BTCUSDT,币安人生usdt")
    assert parse_symbols(None) is None


@pytest.mark.parametrize("text", ["", "BTCUSDT,", "a/b", ".BTCUSDT", "BTC USDT", "../x"])
def test_what_cannot_name_a_folder_is_no_symbol(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no symbol"):
        parse_symbols(text)


def test_resolutions_come_from_fine_to_coarse() -> None:
    assert ["1s", "5m", "1h"] == [each.label for each in parse_resolutions("1h, 1s,5m,1h")]


@pytest.mark.parametrize("text", ["", "7s", "0s", "1.5m", "1m,", "2d", "1M", "-1m", "25h"])
def test_a_resolution_has_to_divide_a_day(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no resolution|does not divide a day"):
        parse_resolutions(text)


def test_a_task_is_one_of_several() -> None:
    assert Task(0, 4) == parse_task("0/4")


@pytest.mark.parametrize("text", ["", "4", "4/4", "-1/4", "0/0", "a/b", "1/2/3", "1 /2", "/"])
def test_a_bad_task_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no task; write I/N"):
        parse_task(text)
