"""Bars of a file, by minute."""

from decimal import Decimal
from pathlib import Path

import pytest

from aggregator.parity.bars import comparable, read_bars
from aggregator.resolutions import Resolution
from tests.cases import DAY, SYMBOL, Lake
from tests.parity.days import market, record


def test_the_longest_bars_that_divide_a_minute_are_taken() -> None:
    def chosen(*labels: str) -> str | None:
        found = comparable(map(Resolution.parse, labels))
        return found.label if found else None

    assert ("1m", "15s", None, None) == (
        chosen("1s", "1m", "1h"), chosen("1s", "15s", "5m"), chosen("5m"), chosen(),
    )  # fmt: skip


@pytest.mark.parametrize("label", ["1s", "15s", "30s"])
def test_minutes_put_together_are_the_published_ones(tmp_path: Path, label: str) -> None:
    lake = record(Lake(tmp_path), market(), listened=[(2, 5)])
    lake.build(DAY, SYMBOL, ("1m", label))

    whole, parts = (read_bars(lake.bars(each).read_bytes()) for each in ("1m", label))

    assert whole == parts
    assert {"ok", "partial", "gap"} == {bar.quality for bar in whole}


def test_before_the_first_price_there_is_none(tmp_path: Path) -> None:
    late = [each for each in market() if each.minute > 2]
    bars = read_bars(record(Lake(tmp_path), late).bars("1m").read_bytes())

    assert bars[0].candle.open is None
    assert 0 == bars[0].candle.volume
    assert isinstance(bars[3].candle.open, Decimal)


@pytest.mark.parametrize("text", ["", "timestamp,open\n", "timestamp,open\n" + "1,2\n" * 1440])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no whole day|cannot be read"):
        read_bars(text.encode())
