"""Numbers of a minute."""

from decimal import Decimal

from aggregator.parity.candles import COLUMNS, Candle, Delta, clock, short, spelled

ONE = Candle(*map(Decimal, ("1.50", "2", "1", "2", "3.0", "4.5", "2", "1")))
OTHER = ONE._replace(volume=Decimal("3.25"), trade_count=Decimal(3))


def test_a_delta_is_what_ours_lack() -> None:
    delta = Delta.between(ONE, OTHER)

    assert Delta(1, Decimal("0.25"), Decimal(), Decimal()) == delta
    assert -delta == Delta.between(OTHER, ONE)


def test_columns_are_those_of_klines() -> None:
    assert len(ONE) == len(COLUMNS)
    assert "count" == COLUMNS[6]


def test_numbers_are_written_plainly() -> None:
    assert ("1.50", "0.0000001", "") == (
        spelled(Decimal("1.50")), spelled(Decimal("1E-7")), spelled(None),
    )  # fmt: skip
    assert ("1.5", "100", "0") == (
        short(Decimal("1.50")),
        short(Decimal(100)),
        short(Decimal("0.00")),
    )
    assert ("00:00", "23:59") == (clock(0), clock(1439))
