"""What to verify, and by which klines."""

from pathlib import Path

import pytest
import typer

from aggregator.fetch.names import ARCHIVE_URL
from aggregator.parity.choice import sources, units
from aggregator.parity.rest import REST_URL
from aggregator.unit import Unit
from tests.cases import AFTER, BEFORE, DAY, OTHER, SYMBOL, Lake

FILE = Path("BTCUSDT-1m-2025-12-11.zip")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    for day, symbol in ((DAY, SYMBOL), (AFTER, SYMBOL), (AFTER, OTHER)):
        lake.record(day, [0], symbol=symbol)
        lake.build(day, symbol)
    return lake


def test_published_days_are_verified(lake: Lake) -> None:
    every = [Unit(DAY, SYMBOL), Unit(AFTER, SYMBOL), Unit(AFTER, OTHER)]

    assert every == units(lake.storage, None, None, None)
    assert every == units(lake.storage, BEFORE, None, None)
    assert every[:1] == units(lake.storage, None, DAY, None)
    assert every[2:] == units(lake.storage, DAY, AFTER, None)[2:]
    assert every[2:] == units(lake.storage, None, None, (OTHER,))


def test_days_asked_for_by_name_are_verified_though_nothing_is_there(lake: Lake) -> None:
    assert [Unit(BEFORE, SYMBOL), Unit(DAY, SYMBOL)] == units(lake.storage, BEFORE, DAY, (SYMBOL,))


def test_a_file_is_of_one_symbol(lake: Lake) -> None:
    assert [Unit(DAY, SYMBOL)] == units(lake.storage, DAY, DAY, None, FILE)
    assert [Unit(DAY, OTHER)] == units(lake.storage, DAY, DAY, (OTHER,), Path("k.csv"))
    for symbols, file in (
        (None, Path("k.csv")),
        ((SYMBOL, OTHER), Path("k.csv")),
        ((OTHER,), FILE),
    ):
        with pytest.raises(typer.BadParameter):
            units(lake.storage, DAY, DAY, symbols, file)


def test_klines_come_from_one_place() -> None:
    assert (ARCHIVE_URL, None, None) == places(sources(None, None, None, rest=False, tolerance=0))
    assert ("a", None, None) == places(sources(None, "a", None, rest=False, tolerance=0))
    assert REST_URL == sources(None, None, None, rest=True, tolerance=0).rest_url
    assert "r" == sources(None, None, "r", rest=False, tolerance=0).rest_url
    assert (FILE, 7) == (
        sources(FILE, None, None, rest=False, tolerance=7).file,
        sources(FILE, None, None, rest=False, tolerance=7).tolerance,
    )
    with pytest.raises(typer.BadParameter, match="--klines and --rest are two sources"):
        sources(FILE, None, None, rest=True, tolerance=0)


def places(settings: object) -> tuple[object, ...]:
    return tuple(getattr(settings, name) for name in ("archive_url", "rest_url", "file"))
