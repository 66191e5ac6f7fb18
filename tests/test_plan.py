"""Which units a command is about."""

import zlib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.plan import (
    Task,
    backfill_units,
    daily_units,
    days,
    published_days,
    published_symbols,
)
from aggregator.unit import Unit
from lake.layout import Stream, manifest_key
from tests.cases import AFTER, BEFORE, DAY, OTHER, SYMBOL, Lake, chunk_key, recording

units = st.builds(
    Unit,
    st.dates(date(2019, 9, 1), date(2035, 1, 1)),
    st.sampled_from(["BTCUSDT", "ETHUSDT", "币安人生USDT", "1000SHIBUSDT"]),
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


# Tasks


@given(listed=st.lists(units, unique=True), count=st.integers(1, 50))
def test_every_unit_is_of_exactly_one_task(listed: list[Unit], count: int) -> None:
    tasks = [Task(index, count) for index in range(count)]

    assert all(1 == sum(task.has(unit) for task in tasks) for unit in listed)


@given(unit=units, count=st.integers(1, 50))
def test_a_task_is_told_from_symbol_and_day_alone(unit: Unit, count: int) -> None:
    number = zlib.crc32(unit.symbol.encode("utf-8")) + (unit.day - date(1970, 1, 1)).days

    assert Task(number % count, count).has(unit)
    assert Task(number % count, count).has(Unit(unit.day, unit.symbol, required=True))


def test_the_days_of_a_heavy_symbol_go_round_all_tasks() -> None:
    shares = [[Task(i, 4).has(Unit(day, SYMBOL)) for day in days(DAY, DAY + timedelta(days=7))]
              for i in range(4)]  # fmt: skip

    assert [2, 2, 2, 2] == [sum(share) for share in shares]


# The scheduled job


def symbols_due(lake: Lake, day: date = DAY) -> list[str]:
    return [unit.symbol for unit in daily_units(lake.storage, day, 1, None)]


def test_the_day_has_to_be_there_and_the_days_before_it_may_be_empty(lake: Lake) -> None:
    units = daily_units(lake.storage, DAY, 3, [SYMBOL, OTHER])

    assert [Unit(DAY, SYMBOL, required=True), Unit(DAY, OTHER, required=True)] == units[:2]
    assert [
        Unit(day, symbol) for day in (BEFORE, BEFORE - timedelta(days=1))
        for symbol in (SYMBOL, OTHER)
    ] == units[2:]  # fmt: skip


def test_without_journals_what_the_day_before_had_is_due(lake: Lake) -> None:
    lake.record(BEFORE, symbol=OTHER)
    lake.record(DAY)
    lake.record(AFTER, symbol="TOOLATE")

    assert [SYMBOL, OTHER] == symbols_due(lake)


def test_with_journals_what_a_collector_recorded_on_the_day_or_before_is_due(lake: Lake) -> None:
    lake.journal(BEFORE, recording("DIEDUSDT"), hour=23)
    lake.journal(DAY, recording("NEWUSDT"), recording("TWICEUSDT"), recording("TWICEUSDT"))
    lake.journal(BEFORE - timedelta(days=1), recording("LONGGONEUSDT"))
    lake.record(BEFORE, symbol="UNNAMEDUSDT")

    assert ["DIEDUSDT", "NEWUSDT", "TWICEUSDT"] == symbols_due(lake)


def test_what_was_imported_yesterday_is_not_due_today(lake: Lake) -> None:
    lake.journal(BEFORE, recording("OLDUSDT", by="import"))
    lake.record(BEFORE, symbol="OLDUSDT")
    lake.record(DAY)

    assert [SYMBOL] == symbols_due(lake)


@pytest.mark.parametrize("name", ["", "../../etc", "a/b", " "])
def test_a_name_that_no_folder_can_have_is_due_to_nobody(lake: Lake, name: str) -> None:
    lake.journal(DAY, recording(name, SYMBOL))

    assert [SYMBOL] == symbols_due(lake)


def test_a_day_with_only_one_of_the_streams_has_the_symbol(lake: Lake) -> None:
    lake.write(chunk_key(0, stream=Stream.DEPTH20))

    assert [SYMBOL] == symbols_due(lake)


# A range of days


def test_each_day_has_the_symbols_that_it_has_and_empty_days_are_told(lake: Lake) -> None:
    lake.record(BEFORE)
    lake.record(AFTER)
    lake.record(AFTER, symbol=OTHER)

    found, empty = backfill_units(lake.storage, BEFORE, AFTER, None)

    assert [Unit(BEFORE, SYMBOL), Unit(AFTER, SYMBOL), Unit(AFTER, OTHER)] == found
    assert [DAY] == empty


def test_a_symbol_that_was_asked_for_by_name_has_to_be_there_every_day(lake: Lake) -> None:
    found, empty = backfill_units(lake.storage, DAY, AFTER, ["NOPEUSDT"])

    assert [
        Unit(DAY, "NOPEUSDT", required=True),
        Unit(AFTER, "NOPEUSDT", required=True),
    ] == found
    assert [] == empty


def test_a_published_day_whose_raw_chunks_have_expired_is_still_a_unit(lake: Lake) -> None:
    lake.write(manifest_key(SYMBOL, DAY))

    assert ([Unit(DAY, SYMBOL)], []) == backfill_units(lake.storage, DAY, DAY, None)


def test_strays_below_raw_are_neither_symbols_nor_days(lake: Lake) -> None:
    for key in (
        "raw/README.txt", "raw/trades/notes.txt", f"raw/trades/{SYMBOL}/today/0000-a.csv.gz",
        f"raw/klines/{OTHER}/{DAY}/0000-a.csv.gz", f"raw/trades/{SYMBOL}/{DAY}.csv",
    ):  # fmt: skip
        lake.write(key)

    assert ([], [DAY]) == backfill_units(lake.storage, DAY, DAY, None)


# What is published


def test_published_is_what_has_a_manifest(lake: Lake) -> None:
    lake.write(manifest_key(SYMBOL, DAY))
    lake.write(manifest_key(OTHER, AFTER))
    lake.write(f"aggregated/{SYMBOL}/{AFTER}_1m.csv")
    lake.write(f"aggregated/{SYMBOL}/{DAY}_parity.json")

    assert [(SYMBOL, DAY), (OTHER, AFTER)] == [*published_days(lake.storage, DAY, AFTER)]
    assert [(SYMBOL, DAY)] == [*published_days(lake.storage, DAY, DAY)]
    assert [(OTHER, AFTER)] == [*published_days(lake.storage, DAY, AFTER, [OTHER])]
    assert [SYMBOL, OTHER] == published_symbols(lake.storage)


def test_the_calendar_has_a_last_day(lake: Lake) -> None:
    lake.write(manifest_key(SYMBOL, DAY))

    assert [(SYMBOL, DAY)] == [*published_days(lake.storage, date.min, date.max)]
