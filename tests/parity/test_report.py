"""What is written down of a day."""

import json
from decimal import Decimal

from aggregator.parity.candles import Bar, Candle
from aggregator.parity.case import Cause
from aggregator.parity.compare import Verdict, compare
from aggregator.parity.explain import Finding
from aggregator.parity.klines import Klines
from aggregator.parity.report import MOST_NAMED, Compared, Parity
from aggregator.unit import Unit
from tests.cases import DAY, SYMBOL

CANDLE = Candle(*map(Decimal, ("1.5", "2", "1", "2", "3", "4.5", "2", "1")))
OTHER = CANDLE._replace(low=Decimal("0.50"))
COMPARED = Compared("b.csv", "aa", True, "file", "k.csv", "bb")


def parity(kinds: str) -> Parity:
    """Return a day of minutes that are equal, different or without a kline."""
    klines = {"e": CANDLE, "d": OTHER, "x": OTHER}
    by_minute = {at: klines[kind] for at, kind in enumerate(kinds) if kind in klines}
    bars = [Bar(CANDLE, "ok", 0)] * len(kinds)
    findings = {
        at: Finding(Cause.HOLE, "why", kind == "x") for at, kind in enumerate(kinds) if kind in "dx"
    }
    minutes = compare(bars, Klines(by_minute), has_trades=True)
    return Parity(Unit(DAY, SYMBOL), COMPARED, minutes, findings)


def test_a_day_is_counted_by_minute_and_column() -> None:
    said = json.loads(parity("eexd-").text())

    assert ({"equal": 2, "different": 2, "not_comparable": 1}, 1) == (
        said["minutes"], said["different_though_ok"],
    )  # fmt: skip
    assert {"equal": 2, "different": 2, "not_comparable": 1} == said["columns"]["low"]
    assert {"equal": 4, "different": 0, "not_comparable": 1} == said["columns"]["volume"]
    assert [{"from": "00:04", "to": "00:05", "minutes": 1, "why": "no kline"}] == said[
        "not_compared"
    ]


def test_a_difference_shows_both_sides_as_they_were_written() -> None:
    (difference,) = json.loads(parity("d").text())["differences"]

    assert {"low": {"bar": "1", "kline": "0.50"}} == difference["columns"]
    assert ("00:00", "hole", "why", False) == (
        difference["minute"], difference["cause"], difference["explanation"], difference["excused"],
    )  # fmt: skip


def test_the_verdict_is_that_of_what_could_be_compared() -> None:
    assert Verdict.EQUAL == parity("e-").verdict
    assert Verdict.DIFFERENT == parity("ex").verdict
    assert Verdict.NOT_COMPARABLE == parity("--").verdict


def test_a_day_of_differences_stays_a_small_object() -> None:
    assert MOST_NAMED == len(parity("d" * 1440).as_json()["differences"])
    assert 1440 == parity("d" * 1440).as_json()["minutes"]["different"]
