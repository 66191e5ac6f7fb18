"""What is known about a minute: whether our record claims to be whole there."""

from decimal import Decimal

import pytest

from aggregator.parity.candles import Bar, Candle
from aggregator.parity.case import Case, Evidence, Hole
from aggregator.parity.compare import Minute, Verdict
from aggregator.parity.fills import Fill

CANDLE = Candle(*map(Decimal, ("1", "1", "1", "1", "1", "1", "1", "1")))


def case(quality: str = "partial", missing: int = 0, **known: object) -> Case:
    minute = Minute(1, Bar(CANDLE, quality, missing), CANDLE, Verdict.DIFFERENT)
    return Case(minute, CANDLE, Evidence(0, (), {}, **known))  # type: ignore[arg-type]


def fill(number: int, ms: int) -> Fill:
    return Fill(number, ms, Decimal(1), Decimal(1), True, "")


AROUND = {0: [fill(1, 59_000)], 1: [fill(2, 70_000)], 2: [fill(3, 130_000)]}


@pytest.mark.parametrize(
    ("whole", "known"),
    [
        (True, {"quality": "ok"}),
        (False, {}),
        (False, {"missing": 3, "fills": AROUND}),
        (False, {"holes": [Hole(7, 8, 0, 60_000)], "covered": [(0, 180_000)]}),
        (True, {"holes": [Hole(7, 8, 0, 59_999)], "covered": [(60_000, 120_000)]}),
        (False, {"covered": [(60_001, 120_000)]}),
        (True, {"fills": AROUND}),
        (False, {"fills": {**AROUND, 1: []}}),
    ],
)
def test_a_minute_is_whole_if_anything_proves_it(whole: bool, known: dict[str, object]) -> None:
    quality, missing = str(known.pop("quality", "partial")), int(str(known.pop("missing", 0)))

    assert whole is case(quality, missing, **known).is_whole


def test_a_hole_says_which_ids() -> None:
    assert "1,001 ids (1000 to 2000)" == str(Hole(1000, 2000, 0, 1))
