"""What is complete becomes packs, whatever the disk does meanwhile."""

import time
from datetime import date
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.spool.closer import Closer
from collector.spool.hours import Hour
from collector.spool.news import Lost
from collector.spool.outbox import Outbox
from collector.spool.runfolder import RunFolder
from collector.spool.segment import Sealed, Segment
from collector.spool.spoolnames import HourName, LogName
from tests.collector.spools import (
    MINUTE_NS,
    START_NS,
    SYMBOL,
    Place,
    ids,
    journals,
    no_file_longer_than,
    trade,
    wait_until,
)

MINUTE = START_NS // MINUTE_NS
HOUR = HourName(date(2025, 12, 11), 8)


class Works:
    """A closer, its outbox, and the folder of a run."""

    def __init__(self, place: Place, speed: float = 100) -> None:
        self.outbox = Outbox(place.lake, Clock(speed))
        self.closer = Closer(self.outbox, Clock(speed))
        self.folder = RunFolder.create(place.spool, "a")

    def start(self) -> None:
        self.outbox.start()
        self.closer.start()

    def minute(self, number: int, count: int = 1) -> Sealed:
        """Hand a minute in that has trades with these ids."""
        segment = Segment(LogName(number, MINUTE + number), due_ns=0)
        lines = [trade(number * 1000 + each, START_NS) for each in range(count)]
        segment.trades[SYMBOL].extend(lines)
        segment.write(self.folder.path, newest_ns=0)
        sealed = segment.sealed("a")
        assert sealed
        self.outbox.usage.add(logs=sealed.log.end)
        self.closer.minute(self.folder, sealed)
        return sealed

    def hour(self, text: bytes, *, is_last: bool = False) -> None:
        hour = Hour(HOUR, self.folder.path, HOUR.end_ms)
        hour.add(text)
        hour.save()
        assert hour.log
        objects = [(HOUR, hour.text())]
        self.closer.hours(self.folder, MINUTE, objects, [hour.log], is_last=is_last)

    def trouble(self) -> str | None:
        return self.closer.error

    def names(self) -> list[str]:
        return [path.name for path in self.folder.files()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_minutes_and_hours_reach_the_lake_and_leave_nothing(place: Place) -> None:
    works = Works(place)
    works.minute(1)
    works.minute(2)
    works.hour(b'{"event": "recording"}\n', is_last=True)
    works.start()
    wait_until(lambda: not works.folder.path.exists())

    assert [1000, 2000] == ids(place.lake)
    assert {"journal/2025-12-11/08-a.jsonl": [b'{"event": "recording"}']} == journals(place.lake)
    wait_until(lambda: 0 == works.outbox.usage.total_bytes)


def test_nothing_is_uploaded_before_its_log_is_gone(place: Place) -> None:
    works = Works(place)
    works.minute(1)
    works.closer.start()
    wait_until(lambda: works.outbox.status().pending)

    assert ["00000001-2025-12-11T0801.pack"] == works.names()


def test_while_the_disk_is_full_it_waits_and_goes_on_when_there_is_space(place: Place) -> None:
    works = Works(place)
    works.minute(1, 1000)
    with no_file_longer_than(500):
        works.start()
        wait_until(lambda: works.trouble() == "File too large")

        assert ["00000001-2025-12-11T0801.log"] == [n for n in works.names() if n[0] != "."]
    works.minute(2)
    wait_until(lambda: 1001 == len(ids(place.lake)))
    assert works.trouble() is None
    assert sorted(ids(place.lake)) == ids(place.lake)


def test_what_cannot_be_read_back_is_kept_and_told(place: Place) -> None:
    works = Works(place)
    sealed = works.minute(1)
    with sealed.log.path.open("r+b") as file:
        file.truncate(sealed.log.end - 5)
    works.start()
    wait_until(lambda: works.outbox.news)
    lost = works.outbox.news[0]

    assert isinstance(lost, Lost)
    assert (SYMBOL, 1) == (lost.symbol, lost.rows)
    wait_until(lambda: works.names() == ["00000001-2025-12-11T0801.damaged"])


def test_at_the_end_everything_is_finished_if_there_is_time(place: Place) -> None:
    works = Works(place)
    works.start()
    for number in range(1, 20):
        works.minute(number)

    assert 0 == works.closer.stop(10)
    assert 0 == works.outbox.stop(10)
    assert 19 == len(ids(place.lake))


def test_at_the_end_a_full_disk_is_not_waited_for_and_no_journal_goes_ahead(place: Place) -> None:
    works = Works(place, speed=1)
    works.minute(1, 1000)
    works.hour(b'{"event": "recording"}\n', is_last=True)
    began = time.monotonic()
    with no_file_longer_than(500):
        works.start()
        left = works.closer.stop(10)

    assert 2 == left
    assert time.monotonic() - began < 5
    assert ["00000001-2025-12-11T0801.log", "2025-12-11T08.journal"] == works.names()
    assert {} == journals(place.lake)
