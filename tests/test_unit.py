from datetime import date

from aggregator.unit import Outcome, Status, Unit

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
