"""What is published, from the manifests alone."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.status import DayStatus, ParityStatus, last_days, read_status, statuses
from lake.layout import manifest_key
from tests.cases import AFTER, BEFORE, DAY, OTHER, SYMBOL, TRADES_A_MINUTE, Lake, Watched


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with two published days of one symbol and one of another."""
    lake = Lake(tmp_path)
    for day, symbol in ((DAY, SYMBOL), (AFTER, SYMBOL), (AFTER, OTHER)):
        lake.record(day, [0, 1, 2, 5], symbol=symbol)
        lake.build(day, symbol, ("1m", "1h"))
    return lake


def all_of(lake: Lake, **fields: Any) -> list[DayStatus]:
    options = {"start": date.min, "end": date.max, "symbols": None, **fields}
    return [*statuses(lake.storage, **options)]


def test_a_day_is_told_from_its_manifest(lake: Lake) -> None:
    assert (
        DayStatus(
            symbol=SYMBOL, date=str(DAY), condition="degraded",
            ok=1 / 1440,  # minute 1: before the first id and after the last nothing is proved
            coverage=0.0,
            missing_trades=2 * TRADES_A_MINUTE,
            holes=1,
            malformed_rows=0,
            trades=4 * TRADES_A_MINUTE,
            snapshots=0,
            resolutions=["1m", "1h"],
            streams=["trades"],
        ) == read_status(lake.storage, SYMBOL, DAY)
    )  # fmt: skip


def test_nothing_but_listings_and_manifests_is_read(lake: Lake) -> None:
    told: list[str] = []

    assert 3 == len([*statuses(Watched(lake.path, told.append), DAY, AFTER, None)])
    assert 3 == sum(line.startswith("read ") for line in told)
    assert all("aggregated/" in line for line in told)


def test_days_and_symbols_can_be_chosen(lake: Lake) -> None:
    def chosen(**fields: Any) -> list[tuple[str, str]]:
        return [(day.symbol, day.date) for day in all_of(lake, **fields)]

    assert [(SYMBOL, str(DAY)), (SYMBOL, str(AFTER)), (OTHER, str(AFTER))] == chosen()
    assert [(SYMBOL, str(DAY))] == chosen(end=DAY)
    assert [(SYMBOL, str(AFTER)), (OTHER, str(AFTER))] == chosen(start=AFTER)
    assert [(OTHER, str(AFTER))] == chosen(symbols=[OTHER])
    assert [] == chosen(symbols=["NOPEUSDT"])


def fields_of(tree: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the way to every field of a JSON object."""
    for name, branch in tree.items() if isinstance(tree, dict) else ():
        yield (*way, name)
        yield from fields_of(branch, (*way, name))


@pytest.mark.parametrize("worth", [None, [], {}, "?"])
def test_a_damaged_manifest_hides_no_other_day(lake: Lake, worth: Any) -> None:
    path = lake.path / manifest_key(SYMBOL, DAY)
    whole = path.read_bytes()
    for *way, name in fields_of(json.loads(whole)):
        damaged = json.loads(whole)
        branch = damaged
        for step in way:
            branch = branch[step]
        branch[name] = worth
        path.write_text(json.dumps(damaged), encoding="utf-8")

        first, *others = all_of(lake)
        assert (SYMBOL, str(DAY), 2) == (first.symbol, first.date, len(others))
        assert json.dumps(first.as_json())
        assert first.condition in ("degraded", "unreadable")


@pytest.mark.parametrize("content", ["", "{}", "[" * 99_999, "\xff"])
def test_what_is_no_manifest_is_a_condition_of_its_own(lake: Lake, content: str) -> None:
    (lake.path / manifest_key(SYMBOL, DAY)).write_text(content, encoding="latin-1")

    first, *_ = all_of(lake)

    assert ("unreadable", 0, []) == (first.condition, first.ok, first.resolutions)


def test_a_day_that_is_removed_meanwhile_is_left_out(lake: Lake) -> None:
    found = statuses(lake.storage, DAY, AFTER, [SYMBOL])
    next(found)
    (lake.path / manifest_key(SYMBOL, AFTER)).unlink()

    assert [] == [*found]


def test_the_last_days_are_days_that_the_lake_has(lake: Lake) -> None:
    long_ago = DAY - timedelta(days=900)
    lake.write(manifest_key(SYMBOL, long_ago))

    assert AFTER == last_days(lake.storage, date.max, None, 1)
    assert DAY == last_days(lake.storage, date.max, None, 2)
    assert long_ago == last_days(lake.storage, date.max, None, 14)
    assert DAY == last_days(lake.storage, DAY, None, 1)
    assert date.min == last_days(lake.storage, BEFORE, ["NOPEUSDT"], 14)


def parity(lake: Lake, **fields: Any) -> str:
    """Write a comparison of the day, as of what is published now."""
    bars = next(each for each in lake.manifest()["outputs"] if each["name"].endswith("_1m.csv"))
    counts = {"equal": 1430, "different": 2, "not_comparable": 8}
    said = {"minutes": counts, "different_though_ok": 1, "bars": bars, **fields}
    key = f"aggregated/{SYMBOL}/{DAY}_parity.json"
    lake.write(key, json.dumps(said).encode())
    return key


def test_a_comparison_with_klines_is_told(lake: Lake) -> None:
    parity(lake)

    first, *others = all_of(lake)

    assert ParityStatus(1430, 2, 8, 1, stale=False) == first.parity
    assert [None, None] == [day.parity for day in others]
    assert 1430 == first.as_json()["parity"]["equal"]


def test_a_comparison_of_other_bars_is_stale(lake: Lake) -> None:
    parity(lake, bars={"name": f"{DAY}_1m.csv", "sha256": "0" * 64})

    assert ParityStatus(1430, 2, 8, 1, stale=True) == all_of(lake)[0].parity


@pytest.mark.parametrize("fields", [{"minutes": None}, {"bars": []}, {"different_though_ok": "?"}])
def test_a_damaged_comparison_hides_no_day(lake: Lake, fields: dict[str, Any]) -> None:
    parity(lake, **fields)

    assert [None, None, None] == [day.parity for day in all_of(lake)]
