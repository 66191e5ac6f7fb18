"""What is published of a unit is made from its chunks: the files, and what certifies them."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.builder import Builder
from aggregator.make import Made, Maker
from aggregator.manifest import Manifest
from aggregator.unit import Unit
from tests.cases import DAY, SYMBOL, Lake
from tests.product import settings

UNIT = Unit(DAY, SYMBOL)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path)
    lake.record(minutes=range(3))
    return lake


def made(
    lake: Lake, labels: Sequence[str], already: Manifest | None = None, **fields: Any
) -> tuple[Made, int]:
    """Return what is made, and of how many chunks it was told."""
    asked = settings(labels, **fields)
    told: list[int] = []
    standing, _ = Builder(lake.storage, asked, lambda: datetime.now(UTC)).survey(UNIT)
    maker = Maker(lake.storage, asked, told.append)
    return maker.make(UNIT, standing.inputs, already, pending=False), sum(told)


def names(made: Made) -> list[str]:
    return [output.name for output in made.manifest.outputs]


def test_the_manifest_says_what_the_files_are_in_their_order(lake: Lake) -> None:
    found, chunks = made(lake, ("1m", "1h"), parquet=True)

    assert [f"{DAY}_{name}" for name in ("1m.csv", "1h.csv", "1m.parquet", "1h.parquet")] == names(
        found
    )
    assert [hashlib.sha256(data).hexdigest() for data in found.files] == [
        output.sha256 for output in found.manifest.outputs
    ]
    assert 3 == chunks


def test_what_is_there_already_is_made_again(lake: Lake) -> None:
    before, _ = made(lake, ("1h",), parquet=True)

    found, _ = made(lake, ("1m",), before.manifest)

    assert [f"{DAY}_{name}" for name in ("1m.csv", "1h.csv", "1m.parquet", "1h.parquet")] == names(
        found
    )


def test_a_day_that_is_not_over_is_pending(lake: Lake) -> None:
    standing, _ = Builder(lake.storage, settings(("1h",)), lambda: datetime.now(UTC)).survey(UNIT)

    found = Maker(lake.storage, settings(("1h",)), lambda _: None).make(
        UNIT, standing.inputs, None, pending=True
    )

    assert "pending" == json.loads(found.manifest.text())["condition"]


def test_bars_are_counted_by_the_minute_if_there_are_such(lake: Lake) -> None:
    found, _ = made(lake, ("1s", "1m", "1h"))

    counts = found.counts()
    assert ("1m", 1440) == (counts.resolution, counts.bars)
    assert 1437 <= counts.partial + counts.gap < 1440
    assert found.manifest.whole["bars"]["1m"]["gap"] == counts.gap


@pytest.mark.parametrize(
    ("labels", "expected"), [(("1s",), ("1s", 86_400)), (("5m", "1h"), ("1h", 24))]
)
def test_without_minutes_the_coarsest_bars_are_counted(
    lake: Lake, labels: Sequence[str], expected: tuple[str, int]
) -> None:
    counts = made(lake, labels)[0].counts()

    assert expected == (counts.resolution, counts.bars)
