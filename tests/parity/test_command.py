"""A run over many days: which ends it has."""

from pathlib import Path

import pytest

from aggregator.parity.command import VerifySettings, run_verify
from aggregator.unit import Unit
from lake.errors import LakeError
from tests.cases import AFTER, DAY, OTHER, SYMBOL, Lake
from tests.parity.days import kline_lines, market, record, table


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return record(Lake(tmp_path / "lake"), market())


def settings(lake: Lake, tolerance: int = 0, lines: int = 8) -> VerifySettings:
    path = table(lake.path.parent / "k.csv", kline_lines(market())[:lines])
    return VerifySettings("http://127.0.0.1:9", file=path, tolerance=tolerance)


def test_one_day_without_klines_does_not_fail_the_others(lake: Lake) -> None:
    record(lake, market(day=AFTER), day=AFTER)

    run_verify(lake.storage, [Unit(DAY, SYMBOL), Unit(AFTER, SYMBOL)], settings(lake))


def test_one_day_that_fails_does_not_stop_the_others(lake: Lake) -> None:
    units = [Unit(DAY, OTHER), Unit(DAY, SYMBOL)]

    with pytest.raises(LakeError, match="1 of 2 days failed: cannot verify"):
        run_verify(lake.storage, units, settings(lake))

    assert (lake.path / "aggregated" / SYMBOL / f"{DAY}_parity.json").exists()


def test_a_damaged_file_is_a_failure_whatever_is_tolerated(lake: Lake) -> None:
    path = lake.bars("1m")
    path.write_bytes(path.read_bytes().replace(b"gap", b"GAP").replace(b",ok\n", b",OK\n"))

    with pytest.raises(LakeError, match="is not what its manifest says"):
        run_verify(lake.storage, [Unit(DAY, SYMBOL)], settings(lake, tolerance=1440))


def test_no_day_is_no_failure(lake: Lake) -> None:
    run_verify(lake.storage, [], settings(lake))
