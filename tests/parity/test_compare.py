"""Equal, different, not comparable."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aggregator.parity.candles import Bar, Candle
from aggregator.parity.compare import Verdict, Why, compare, count_columns, spelled_otherwise
from aggregator.parity.klines import Klines

CANDLE = Candle(*map(Decimal, ("1.5", "2", "1", "2", "3", "4.5", "2", "1")))
QUIET = Candle(*map(Decimal, ("2", "2", "2", "2", "0", "0", "0", "0")))


def bar(candle: Candle = CANDLE, quality: str = "ok") -> Bar:
    return Bar(candle, quality, 0)


@given(st.integers(0, 7), st.integers(0, 6))
def test_digits_decide_and_zeros_at_the_end_do_not(column: int, zeros: int) -> None:
    name = Candle._fields[column]
    number = getattr(CANDLE, name)
    padded = Decimal(f"{number:f}" + "." * (number == int(number)) + "0" * zeros)
    same = CANDLE._replace(**{name: padded})
    other = CANDLE._replace(**{name: padded + Decimal("1E-20")})

    (equal, different) = compare([bar(), bar()], Klines({0: same, 1: other}), has_trades=True)

    assert (Verdict.EQUAL, ()) == (equal.verdict, equal.different)
    assert (Verdict.DIFFERENT, 1) == (different.verdict, len(different.different))


def test_a_gap_is_not_compared_unless_it_is_equal() -> None:
    bars = [bar(QUIET, "gap"), bar(QUIET, "gap"), bar(CANDLE, "partial")]

    found = compare(bars, Klines({0: CANDLE, 1: QUIET, 2: QUIET}), has_trades=True)

    assert [
        (Verdict.NOT_COMPARABLE, Why.GAP),
        (Verdict.EQUAL, None),
        (Verdict.DIFFERENT, None),
    ] == [(each.verdict, each.why) for each in found]


def test_a_record_without_trades_says_nothing_of_them() -> None:
    (found,) = compare([bar(QUIET)], Klines({0: QUIET}), has_trades=False)

    assert (Verdict.NOT_COMPARABLE, Why.NO_TRADES) == (found.verdict, found.why)


def test_unknown_prices_are_no_difference() -> None:
    unknown = QUIET._replace(open=None, high=None, low=None, close=None)

    (found,) = compare([bar(unknown)], Klines({0: QUIET}), has_trades=True)

    assert Verdict.EQUAL == found.verdict
    assert Verdict.NOT_COMPARABLE == found.cells["open"]


def test_cells_are_counted_by_column() -> None:
    longer = CANDLE._replace(volume=Decimal("3.000"), low=Decimal("0.5"))
    found = compare([bar(), bar()], Klines({0: longer}), has_trades=True)

    counts = count_columns(found)

    assert {"equal": 1, "not comparable": 1} == counts["volume"]
    assert {"different": 1, "not comparable": 1} == counts["low"]
    assert {"not comparable": 2} == counts["taker_buy_quote_volume"]
    assert 1 == spelled_otherwise(found)
