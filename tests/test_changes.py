"""Which published days changed, from their change objects."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.changes import Change, changed_since, published
from aggregator.unit import Unit
from lake.layout import change_key, changes_prefix, manifest_key
from tests.cases import AFTER, DAY, OTHER, SYMBOL, Lake, builder
from tests.product import LONG_AFTER

EVER = datetime(1970, 1, 1, tzinfo=UTC)


def change(number: int, *files: tuple[str | None, str], names: str = "ab") -> Change:
    at = LONG_AFTER + timedelta(hours=number)
    outputs = [
        {"name": name, "old_sha256": old, "new_sha256": new}
        for name, (old, new) in zip(names, files, strict=False)
    ]
    whole: dict[str, Any] = {
        "at": at.isoformat(), "symbol": SYMBOL, "date": str(DAY), "reason": "inputs",
        "condition": {"old": "degraded", "new": "complete"}, "outputs": outputs,
    }  # fmt: skip
    return Change.parse(json.dumps(whole).encode())


FIRST, SECOND, NEVER = change(1, ("0", "1")), change(2, ("1", "2")), change(3, ("1", "x"))


def test_what_led_to_the_published_files_happened() -> None:
    assert [FIRST, SECOND] == published([NEVER, SECOND, FIRST], {"a": "2"})
    assert [FIRST] == published([NEVER, FIRST, SECOND], {"a": "1"})
    assert [FIRST, NEVER] == published([NEVER, FIRST, SECOND], {"a": "x"})


def test_of_a_day_that_is_not_published_nothing_is_known() -> None:
    assert [] == published([FIRST, SECOND], {})
    assert [] == published([FIRST, SECOND], {"a": "7"})


def test_files_that_came_without_a_change_break_no_chain() -> None:
    both = change(2, ("1", "2"), ("7", "8"))

    assert [FIRST, both] == published([both, FIRST], {"a": "2", "b": "8", "c": "9"})
    assert [FIRST, change(2, ("1", "2"), (None, "8"))] == published(
        [FIRST, change(2, ("1", "2"), (None, "8"))], {"a": "2", "b": "8"}
    )


def test_a_file_that_changed_back_is_told_of_both_times() -> None:
    back = change(3, ("1", "0"))

    assert [FIRST, back] == published([back, FIRST], {"a": "0"})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake of which one day was built again with more chunks."""
    lake = Lake(tmp_path)
    for day, symbol in ((DAY, SYMBOL), (AFTER, OTHER)):
        lake.record(day, [0], symbol=symbol)
        lake.build(day, symbol)
    lake.record(minutes=[5])
    lake.build()
    return lake


def since(lake: Lake, time: datetime = EVER, **chosen: Any) -> list[Change]:
    options = {"start": date.min, "end": date.max, "symbols": None, **chosen}
    return changed_since(lake.storage, time, **options)


def test_a_day_that_was_built_again_is_told_with_old_and_new_hashes(lake: Lake) -> None:
    (found,) = since(lake)
    (output,) = lake.manifest()["outputs"]

    said = found.as_json()

    assert (SYMBOL, str(DAY), "inputs") == (said["symbol"], said["date"], said["reason"])
    assert {"old": "degraded", "new": "degraded"} == said["condition"]
    (file,) = said["outputs"]
    assert (output["name"], output["sha256"]) == (file["name"], file["new_sha256"])
    assert file["old_sha256"] not in (None, output["sha256"])


def test_only_what_changed_since_is_told(lake: Lake) -> None:
    assert 1 == len(since(lake, LONG_AFTER))
    assert [] == since(lake, LONG_AFTER + timedelta(milliseconds=1))


def test_days_and_symbols_can_be_chosen(lake: Lake) -> None:
    assert [] == since(lake, start=AFTER)
    assert [] == since(lake, end=DAY - timedelta(days=1))
    assert [] == since(lake, symbols=[OTHER])
    assert 1 == len(since(lake, start=DAY, end=DAY, symbols=[SYMBOL, "NOPEUSDT"]))


def test_a_change_that_was_never_published_is_ignored(lake: Lake) -> None:
    (there,) = lake.changes()
    output = {**there["outputs"][0], "new_sha256": "f" * 64}
    key = change_key(SYMBOL, DAY, "0" * 16)
    lake.write(key, json.dumps({**there, "outputs": [output]}).encode())

    (found,) = since(lake)

    assert found.new == {each["name"]: each["sha256"] for each in lake.manifest()["outputs"]}


def test_later_changes_keep_the_earlier_ones(lake: Lake) -> None:
    lake.record(minutes=[9])
    builder(lake.storage, now=LONG_AFTER + timedelta(days=1)).run(Unit(DAY, SYMBOL))

    assert [LONG_AFTER, LONG_AFTER + timedelta(days=1)] == [each.at for each in since(lake)]
    assert 1 == len(since(lake, LONG_AFTER + timedelta(hours=1)))


@pytest.mark.parametrize("content", ["", "{}", "[]", "[" * 99_999, '{"at": "2025-01-01T00:00:00"}'])
def test_what_is_no_change_is_left_alone(lake: Lake, content: str) -> None:
    lake.write(change_key(SYMBOL, DAY, "1" * 16), content.encode())
    lake.write(f"{changes_prefix(SYMBOL)}notes.txt", content.encode())

    assert 1 == len(since(lake))


def test_a_day_whose_manifest_is_gone_is_not_published(lake: Lake) -> None:
    lake.remove(manifest_key(SYMBOL, DAY))

    assert [] == since(lake)
