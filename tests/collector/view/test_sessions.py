"""Runs, read from the journals of a lake."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pytest

from collector.view.sessions import journal_days, sessions
from lake.errors import LakeError, NoSuchObject
from lake.storage import LocalFolder, Stat
from tests.collector.diaries import put, recording, whole_hour

DAYS = ["2025-12-10", "2025-12-11"]


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


def days(lake: LocalFolder) -> list[date]:
    return journal_days(lake)


def test_a_lake_without_a_journal_has_no_sessions(lake: LocalFolder) -> None:
    assert [] == sessions(lake, days(lake))


def test_a_run_is_read_from_all_its_hours_over_midnight(lake: LocalFolder) -> None:
    put(lake, DAYS[0], 23, whole_hour(DAYS[0], 23))
    put(lake, DAYS[1], 0, whole_hour(DAYS[1], 0, stopped=True))

    [found] = sessions(lake, days(lake))
    assert (2000, 100_000, "complete") == (found.rows, found.bytes, found.condition)


def test_days_are_those_that_have_a_journal_in_order(lake: LocalFolder) -> None:
    for day in reversed(DAYS):
        put(lake, day, 8, recording(f"{day}T08:00:00"))
    (lake.root / "journal" / "no-day").mkdir()

    assert DAYS == [str(day) for day in days(lake)]


def test_only_the_days_asked_for_are_read(lake: LocalFolder) -> None:
    put(lake, DAYS[0], 8, whole_hour(DAYS[0], 8, "a"), "a")
    put(lake, DAYS[1], 8, whole_hour(DAYS[1], 8, "b"), "b")

    assert ["b"] == [found.run for found in sessions(lake, days(lake)[1:])]


def test_what_is_no_journal_object_is_left_alone(lake: LocalFolder) -> None:
    put(lake, DAYS[0], 8, whole_hour(DAYS[0], 8))
    lake.write(f"journal/{DAYS[0]}/notes.txt", b"mine")

    assert ["k3v9"] == [found.run for found in sessions(lake, days(lake))]


class Expiring(LocalFolder):
    """Removes an object between the listing and the reading, as a lifecycle rule may."""

    def read_many(self, stats: Sequence[Stat]) -> Iterator[bytes]:
        (self.root / stats[0].key).unlink(missing_ok=True)
        return super().read_many(stats)


def test_an_object_that_expires_meanwhile_is_left_out(tmp_path: Path) -> None:
    lake = Expiring(tmp_path)
    put(lake, DAYS[0], 8, whole_hour(DAYS[0], 8))

    assert [] == sessions(lake, days(lake))
    with pytest.raises(NoSuchObject):
        lake.read(f"journal/{DAYS[0]}/08-k3v9.jsonl")


def test_a_journal_that_cannot_be_read_is_a_failure(lake: LocalFolder) -> None:
    put(lake, DAYS[0], 8, whole_hour(DAYS[0], 8))
    place = lake.root / "journal" / DAYS[0] / "08-k3v9.jsonl"
    place.unlink()
    place.symlink_to(place)

    with pytest.raises(LakeError):
        sessions(lake, days(lake))
