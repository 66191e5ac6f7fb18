"""Trades that may be behind a difference."""

from collections.abc import Sequence
from decimal import Decimal

from aggregator.parity.candles import Bar, Candle
from aggregator.parity.case import Case, Cause, Evidence
from aggregator.parity.compare import Minute, Verdict
from aggregator.parity.fills import Fill, candle_of
from aggregator.parity.suspects import counted_type, excluded_type, lacking, side, surplus


def fill(number: int, quantity: str, kind: str = "MARKET", *, bought: bool = True) -> Fill:
    return Fill(number, number, Decimal(10), Decimal(quantity), bought, kind)


BASE = [fill(1, "1"), fill(2, "2", bought=False), fill(3, "3")]


def case(ours: Sequence[Fill], theirs: Sequence[Fill]) -> Case:
    bar, kline = candle_of(ours), candle_of(theirs)
    assert isinstance(bar, Candle)
    assert isinstance(kline, Candle)
    minute = Minute(0, Bar(bar, "ok", 0), kline, Verdict.DIFFERENT)
    return Case(minute, kline, Evidence(0, [minute.bar], {0: kline}, fills={0: ours}))


def test_a_flipped_trade_is_named() -> None:
    flipped = [BASE[0], BASE[1]._replace(taker_buys=True), BASE[2]]

    found = side(case(flipped, BASE))

    assert found
    assert Cause.SIDE == found[0]
    assert "by our bar the taker bought; it may be trade 2 (2 at 10, the taker bought)" in found[1]


def test_a_doubled_trade_is_named_with_its_like() -> None:
    found = surplus(case([*BASE, fill(4, "3")], BASE))

    assert found
    assert "one trade of 3 at 10 whose taker bought too many, counted twice" in found[1]
    assert "trade 3 (3 at 10, the taker bought) or trade 4" in found[1]


def test_a_trade_that_we_leave_out_is_named() -> None:
    found = excluded_type(case([*BASE, fill(4, "5", "ADL")], [*BASE, fill(4, "5")]))

    assert found == (
        Cause.EXCLUDED_TYPE,
        "the kline counts 1 trades of type ADL that bars leave out; with them the sums are equal",
    )


def test_trades_that_the_kline_leaves_out_are_named() -> None:
    found = counted_type(case([*BASE, fill(4, "5", "RPI"), fill(5, "6", "RPI")], BASE))

    assert found
    assert "leaves out the 2 trades of type RPI" in found[1]


def test_many_that_fit_are_not_named() -> None:
    found = lacking(
        case([*BASE, *(fill(4 + n, "7", "ADL") for n in range(4))], [*BASE, fill(9, "7")])
    )

    assert found
    assert "it may be" not in found[1]
