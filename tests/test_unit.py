from datetime import date

from aggregator.unit import BarCounts, Outcome, Status, Unit

DAY = date(2025, 12, 11)


def test_a_unit_is_named_by_symbol_and_day() -> None:
    assert "币安人生USDT 2025-12-11" == str(Unit(DAY, "币安人生USDT"))


def test_units_are_done_day_by_day() -> None:
    units = [Unit(DAY, "B"), Unit(DAY.replace(day=12), "A"), Unit(DAY, "A", required=True)]

    assert ["A 2025-12-11", "B 2025-12-11", "A 2025-12-12"] == [str(u) for u in sorted(units)]


def test_an_outcome_needs_no_more_than_what_became_of_the_unit() -> None:
    outcome = Outcome(Unit(DAY, "A"), Status.EMPTY)

    assert ("empty", "", 0, 0) == (
        outcome.status,
        outcome.detail,
        outcome.chunks,
        outcome.bytes_written,
    )


def test_the_share_of_bars_that_are_not_ok_is_of_all_bars() -> None:
    assert 1.042 == BarCounts("1m", 1440, partial=14, gap=1).not_ok_percent
    assert 100 == BarCounts("1h", 24, gap=24).not_ok_percent
    assert 0 == BarCounts("1m", 1440).not_ok_percent
