"""The journal of a run, hour by hour."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.spool.diary import CLOSE_AFTER_MS, Diary, at
from collector.spool.spool import Spool
from lake.journal import read_journal
from lake.layout import Stream
from tests.collector.spools import (
    MINUTE_NS,
    START_NS,
    SYMBOL,
    TRADES,
    HandClock,
    Place,
    chunks,
    journals,
    no_file_longer_than,
    trade,
)

HOUR_MS = 3_600_000
START_MS = START_NS // 10**6
RECORDING = {"event": "recording", "by": "collector", "symbols": [SYMBOL], "streams": ["trades"]}


class Run:
    """A spool and a diary on a clock that is set by hand."""

    def __init__(self, place: Place, now_ns: int = START_NS) -> None:
        self.place, self.clock = place, HandClock(now_ns)
        self.spool: Spool = place.open(clock=self.clock)
        self.diary = Diary(self.spool, RECORDING)
        self.spool.start()

    def go_to(self, time_ms: int) -> None:
        self.clock.now_ns = time_ms * 10**6
        self.diary.close_hour(time_ms - CLOSE_AFTER_MS)

    def stop(self) -> dict[str, list[str]]:
        """Stop, and return what the objects of the journal say: their names, their events."""
        self.spool.seal_all()
        self.diary.stop()
        assert 0 == self.spool.stop(10)
        return said(self.place)

    def on_disk(self, hour: str = "2025-12-11T08") -> bytes:
        return (self.place.spool / "a" / f"{hour}.journal").read_bytes()

    def checkpoint(self) -> list[bytes]:
        path = self.place.spool / "a" / "checkpoint"
        return path.read_bytes().splitlines() if path.exists() else []


def said(place: Place) -> dict[str, list[str]]:
    return {
        key.removeprefix("journal/").removesuffix(".jsonl"): [name_of(line) for line in lines]
        for key, lines in journals(place.lake).items()
    }


def name_of(line: bytes) -> str:
    event = json.loads(line)
    return str(event.get("note", event["event"]))


def note(name: str) -> dict[str, Any]:
    return {"event": "stalled", "note": name}


def covered(from_ms: int, to_ms: int) -> dict[str, Any]:
    return {
        "event": "covered", "stream": "trades", "symbol": SYMBOL, "from": from_ms, "to": to_ms,
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Place(tmp_path))


# Objects


def test_each_hour_has_an_object_that_begins_with_what_is_recorded(run: Run) -> None:
    run.diary.note(note("one"))
    run.go_to(START_MS + HOUR_MS + CLOSE_AFTER_MS)
    run.go_to(START_MS + 2 * HOUR_MS + CLOSE_AFTER_MS)
    run.diary.note(note("two"))

    assert {
        "2025-12-11/08-a": ["recording", "one"],
        "2025-12-11/09-a": ["recording"],
        "2025-12-11/10-a": ["recording", "two"],
    } == run.stop()


def test_a_line_goes_to_its_hour_of_exchange_time_while_that_is_open(run: Run) -> None:
    run.go_to(START_MS + HOUR_MS + CLOSE_AFTER_MS - 1)
    run.diary.note(note("before"), START_MS + HOUR_MS - 1)
    run.diary.note(note("after"), START_MS + HOUR_MS)

    assert {
        "2025-12-11/08-a": ["recording", "before"],
        "2025-12-11/09-a": ["recording", "after"],
    } == run.stop()


def test_a_line_that_comes_too_late_for_its_hour_goes_to_the_next_of_its_day(run: Run) -> None:
    run.go_to(START_MS + HOUR_MS + CLOSE_AFTER_MS)
    run.diary.note(note("late"), START_MS)

    assert {
        "2025-12-11/08-a": ["recording"],
        "2025-12-11/09-a": ["recording", "late"],
    } == run.stop()


def test_a_line_for_a_day_that_is_closed_has_an_object_of_its_own_there(run: Run) -> None:
    midnight_ms = START_MS + 16 * HOUR_MS
    run.go_to(midnight_ms + CLOSE_AFTER_MS)
    for name in ("one", "two"):
        run.diary.note(note(name), midnight_ms - 1)
    run.go_to(midnight_ms + CLOSE_AFTER_MS + 120_000)
    run.diary.note(note("three"), midnight_ms - 1)

    assert {
        "2025-12-11/08-a": ["recording"],
        "2025-12-11/23-aR1": ["recording", "one", "two"],
        "2025-12-11/23-aR2": ["recording", "three"],
        "2025-12-12/00-a": ["recording"],
    } == run.stop()


def test_a_line_from_before_the_run_goes_to_the_day_that_it_is_about(run: Run) -> None:
    run.diary.note(note("today"), START_MS - HOUR_MS)
    run.diary.note(note("yesterday"), START_MS - 20 * HOUR_MS)

    assert {
        "2025-12-10/12-aR1": ["recording", "yesterday"],
        "2025-12-11/08-a": ["recording", "today"],
    } == run.stop()


def test_objects_are_written_within_two_minutes_after_their_hour() -> None:
    assert CLOSE_AFTER_MS < 120_000


def test_what_is_recorded_from_now_on_is_noted_and_begins_later_objects(run: Run) -> None:
    run.diary.record({**RECORDING, "symbols": ["ETHUSDT"]})
    run.go_to(START_MS + HOUR_MS + CLOSE_AFTER_MS)
    run.stop()
    first, second = journals(run.place.lake).values()

    assert [[SYMBOL], ["ETHUSDT"]] == [json.loads(line)["symbols"] for line in first]
    assert [["ETHUSDT"]] == [json.loads(line)["symbols"] for line in second]


def test_the_aggregator_reads_what_is_written(run: Run) -> None:
    run.diary.note(covered(START_MS, START_MS + 1000), START_MS)
    run.stop()
    journal = read_journal(run.place.lake.read(key)[0] for key in journals(run.place.lake))

    assert [frozenset({SYMBOL})] == [each.symbols for each in journal.recordings]
    assert [(Stream.TRADES, SYMBOL, START_MS, START_MS + 1000)] == [
        (each.stream, each.symbol, each.from_ms, each.to_ms) for each in journal.covered
    ]
    assert 0 == journal.unreadable_lines


def test_every_line_says_when_it_was_written(run: Run) -> None:
    run.clock.now_ns += 1_234_567_890
    run.diary.note({"event": "stalled", "from": 7, "cause": None})
    run.stop()
    line = journals(run.place.lake)["journal/2025-12-11/08-a.jsonl"][1]

    assert {"event": "stalled", "at": "2025-12-11T08:00:01.234Z", "from": 7} == json.loads(line)


def test_a_time_is_written_to_the_ms() -> None:
    assert "1970-01-01T00:00:00.999Z" == at(999_999_999)


def test_another_run_of_the_process_has_a_journal_of_its_own(run: Run) -> None:
    run.diary.note(note("one"))
    run.clock.now_ns -= 3600 * 10**9
    assert run.spool.rename("b")
    run.diary.rename({**RECORDING, "run": "b"})
    run.diary.note(note("two"))

    assert {
        "2025-12-11/07-b": ["recording", "two"],
        "2025-12-11/08-a": ["recording", "one"],
    } == run.stop()
    assert [] == [path for path in run.place.spool.iterdir() if path.name != ".lock"]


def test_nothing_is_noted_after_the_end(run: Run) -> None:
    run.stop()

    with pytest.raises(ValueError, match="closed"):
        run.diary.note(note("one"))


def test_the_journal_follows_the_chunks_of_its_hour(run: Run) -> None:
    uploads = list[str]()
    for number in range(3):
        received_ns = START_NS + number * MINUTE_NS
        run.spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
    run.stop()
    order = sorted(
        (path for path in (run.place.root / "lake").rglob("*.*") if path.is_file()),
        key=lambda path: path.stat().st_mtime_ns,
    )
    uploads = [path.suffix for path in order]

    assert [".gz", ".gz", ".gz", ".jsonl"] == uploads
    assert 3 == len(chunks(run.place.lake))


# What a crash leaves


def test_a_line_is_on_the_disk_at_once(run: Run) -> None:
    run.diary.note(note("one"))

    assert ["recording", "one"] == [name_of(line) for line in run.on_disk().splitlines()]
    run.stop()


def test_a_claim_is_on_the_disk_only_after_the_rows_that_it_vouches_for(run: Run) -> None:
    run.spool.append(TRADES, SYMBOL, START_NS, trade(1, START_NS))
    run.diary.note(covered(START_MS, START_MS + 1), START_MS)
    run.diary.checkpoint([covered(START_MS + 1, START_MS + 2)])
    run.spool.syncer.sync()

    assert b"covered" not in run.on_disk()
    assert [] == run.checkpoint()
    run.spool.flush()
    assert b"covered" not in run.on_disk()
    run.spool.syncer.sync()
    assert 1 == run.on_disk().count(b"covered")
    assert ["recording", "covered"] == [name_of(line) for line in run.checkpoint()]
    assert 2 == len(run.stop()["2025-12-11/08-a"])


def test_a_checkpoint_replaces_the_one_before(run: Run) -> None:
    for to_ms in (START_MS + 1, START_MS + 2):
        run.diary.checkpoint([covered(START_MS, to_ms)])
        run.spool.flush()
        run.spool.syncer.sync()

    assert [START_MS + 2] == [json.loads(line)["to"] for line in run.checkpoint()[1:]]
    run.stop()


def test_what_was_claimed_of_rows_that_are_lost_is_never_on_the_disk(tmp_path: Path) -> None:
    place = Place(tmp_path)
    spool = place.open(memory_bytes=100)
    diary = Diary(spool, RECORDING)
    with no_file_longer_than(150):
        for number in range(5):
            spool.append(TRADES, SYMBOL, START_NS, trade(number, START_NS))
        diary.checkpoint([covered(START_MS, START_MS + 1)])
        spool.flush()
    spool.flush()
    spool.syncer.sync()

    assert not (place.spool / "a" / "checkpoint").exists()


def test_a_full_disk_is_told_and_no_line_is_lost(run: Run) -> None:
    with no_file_longer_than(150):
        for number in range(5):
            run.diary.note(note(str(number)))

        refused = run.diary.error
    run.diary.save()

    assert ("File too large", None) == (refused, run.diary.error)
    expected = ["recording", "0", "1", "2", "3", "4"]
    assert expected == [name_of(line) for line in run.on_disk().splitlines()]
    assert {"2025-12-11/08-a": expected} == run.stop()
