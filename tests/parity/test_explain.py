"""Guesses, from numbers alone."""

from decimal import Decimal

import pytest

from aggregator.parity.candles import Bar, Candle
from aggregator.parity.case import Cause, Evidence
from aggregator.parity.compare import Minute, Verdict
from aggregator.parity.explain import explain

OURS = Candle(*map(Decimal, ("10", "12", "9", "11", "5", "52.5", "4", "2")))


def because(bar: Candle, kline: Candle | None, quality: str = "ok") -> tuple[Cause, str, bool]:
    minute = Minute(0, Bar(bar, quality, 0), kline, Verdict.DIFFERENT)
    found = explain(minute, Evidence(0, [minute.bar], {0: kline} if kline else {}))
    return found.cause, found.text, found.excused


def changed(**cells: str) -> Candle:
    return OURS._replace(**{name: Decimal(cell) for name, cell in cells.items()})


@pytest.mark.parametrize(
    ("kline", "cause", "word"),
    [
        (changed(low="0"), Cause.KLINE_IMPOSSIBLE, "its low is 0"),
        (changed(open="8"), Cause.KLINE_IMPOSSIBLE, "open or close lies outside"),
        (changed(taker_buy_volume="6"), Cause.KLINE_IMPOSSIBLE, "takers bought more"),
        (changed(quote_volume="99"), Cause.KLINE_IMPOSSIBLE, "its mean price"),
        (changed(taker_buy_volume="3.5"), Cause.SIDE, "the side of 1.5 is flipped"),
        (
            changed(volume="7", quote_volume="74.5", trade_count="5"), Cause.LACKING,
            "one trade of 2 at 11 whose taker sold",
        ),
        (
            changed(volume="3", quote_volume="30.5", trade_count="3", taker_buy_volume="0"),
            Cause.SURPLUS, "one trade of 2 at 11 whose taker bought too many",
        ),
        (
            changed(volume="9", quote_volume="92.5", trade_count="7"), Cause.LACKING,
            "3 trades, 4 in sum,",
        ),
        (changed(high="11.5"), Cause.UNEXPLAINED, "our high is 12, the kline's 11.5"),
        (changed(quote_volume="52.50001"), Cause.UNEXPLAINED, "quote_volume"),
    ],
)  # fmt: skip
def test_a_difference_is_explained_as_far_as_numbers_tell(
    kline: Candle, cause: Cause, word: str
) -> None:
    found, text, excused = because(OURS, kline)

    assert (cause, False) == (found, excused), text
    assert word in text


def test_our_own_impossible_bar_is_told_from_the_klines() -> None:
    cause, text, _ = because(changed(low="0"), OURS)

    assert Cause.BAR_IMPOSSIBLE == cause
    assert text.startswith("our bar contradicts itself")


def test_a_partial_bar_is_excused_and_explained_by_its_hole() -> None:
    more = changed(volume="7", quote_volume="74.5", trade_count="5")

    cause, text, excused = because(OURS, more, "partial")

    assert (Cause.HOLE, True) == (cause, excused)
    assert "the kline has 1 trades and 2 more" in text


def test_a_hole_explains_no_trades_too_many() -> None:
    fewer = changed(volume="3", quote_volume="30.5", trade_count="3")

    assert Cause.SURPLUS == because(OURS, fewer, "partial")[0]


def test_without_a_kline_there_is_nothing_to_explain() -> None:
    with pytest.raises(ValueError, match="00:00 has no kline"):
        because(OURS, None)
