"""What a backfill would do, without doing it."""

import json
from pathlib import Path

import pytest

from aggregator.dry_run import PlannedUnit, planned, print_plan
from aggregator.unit import Unit
from tests.cases import AFTER, BEFORE, DAY, HOURLY, SYMBOL, Lake, Watched, builder, chunk_key
from tests.product import settings

TODO, DONE, EMPTY = Unit(AFTER, SYMBOL), Unit(DAY, SYMBOL), Unit(BEFORE, SYMBOL, required=True)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with a day that is up to date, one that is to be built, and an empty one."""
    lake = Lake(tmp_path)
    lake.record(DAY, range(10, 13))
    lake.record(AFTER, range(20, 22))
    lake.build(DAY)
    return lake


def plan_of(lake: Lake, unit: Unit, *, force: bool = False) -> tuple[str, str]:
    found = planned(builder(lake.storage, force=force), unit)
    return found.action, found.reason


def test_each_unit_is_told_with_what_it_would_read(lake: Lake) -> None:
    size = sum((lake.path / chunk_key(minute, AFTER)).stat().st_size for minute in (20, 21))

    assert PlannedUnit(SYMBOL, str(AFTER), "build", "new", 2, size) == planned(
        builder(lake.storage), TODO
    )


def test_it_says_what_a_build_would_decide(lake: Lake) -> None:
    assert ("build", "new") == plan_of(lake, TODO)
    assert ("up to date", "") == plan_of(lake, DONE)
    assert ("build", "forced") == plan_of(lake, DONE, force=True)
    assert ("empty", "") == plan_of(lake, EMPTY)

    lake.record(DAY, [14])
    assert ("build", "inputs") == plan_of(lake, DONE)

    lake.remove(chunk_key(10))
    assert ("refused", "inputs") == plan_of(lake, DONE)

    lake.remove(chunk_key(14))
    assert ("kept", "") == plan_of(lake, DONE)


def test_nothing_is_written_and_no_chunk_is_read(lake: Lake) -> None:
    told: list[str] = []
    before = lake.products()

    print_plan(Watched(lake.path, told.append), [TODO, DONE, EMPTY], settings(HOURLY))

    assert not [line for line in told if line.startswith(("write", "read raw"))]
    assert before == lake.products()


def test_without_a_terminal_it_is_json_lines(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    print_plan(lake.storage, [TODO, DONE, EMPTY], settings(HOURLY))

    *units, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert ["build", "up to date", "empty"] == [unit["action"] for unit in units]
    assert ("plan", 1, 2) == (total["event"], total["days"], total["chunks"])
    assert total["message"].startswith("1 of 3 days would be built, from 2 chunks of ")
    assert all("INFO" == line["severity"] for line in (*units, total))
