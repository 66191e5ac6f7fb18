"""What lies in the folder of a dead run."""

import shutil
from pathlib import Path

import pytest

from collector.spool.deadrun import Remains, events, read_remains
from collector.spool.diary import Diary
from collector.spool.lastwords import event_of
from collector.spool.pack import write_pack
from collector.spool.runfolder import RunFolder, claim_dead
from collector.spool.spool import Spool
from collector.spool.spoolnames import HourName
from tests.collector.spools import (
    MINUTE_NS,
    SECOND_NS,
    START_NS,
    SYMBOL,
    TRADES,
    Place,
    killed,
    trade,
)

RECORDING = {"event": "recording", "symbols": [SYMBOL], "streams": ["trades"]}
LOG = "00000001-2025-12-11T0800.log"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def spool(place: Place) -> Spool:
    """Return a spool with two flushes of ten trades, whose threads never run."""
    spool = place.open()
    for number in range(20):
        received_ns = START_NS + number * SECOND_NS
        spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
        if number % 10 == 9:
            spool.flush()
    return spool


def remains(spool: Spool) -> Remains:
    killed(spool)
    (folder,) = claim_dead(spool.settings.folder)
    return read_remains(folder)


def counted(found: Remains) -> list[int]:
    return [rows for sealed in found.segments for rows in sealed.index.rows.values()]


def test_all_that_was_flushed_is_found(spool: Spool) -> None:
    found = remains(spool)

    assert [20] == counted(found)
    assert START_NS + 19 * SECOND_NS == found.newest_ns
    assert 0 == found.cut_bytes


def test_a_torn_end_is_cut(spool: Spool) -> None:
    path = spool.run_folder.path / LOG
    path.write_bytes(path.read_bytes()[:-1])
    found = remains(spool)

    assert [10] == counted(found)
    assert START_NS + 9 * SECOND_NS == found.newest_ns
    assert found.cut_bytes > 0


@pytest.mark.parametrize("text", [b"", b"\0FL1 torn at once", bytes(5000)])
def test_a_log_without_any_whole_batch_leaves_nothing(spool: Spool, text: bytes) -> None:
    (spool.run_folder.path / LOG).write_bytes(text)
    found = remains(spool)

    assert [] == found.segments
    assert len(text) == found.cut_bytes
    assert [] == found.folder.files()


def test_a_log_whose_pack_is_whole_is_superfluous(spool: Spool) -> None:
    stem = LOG.removesuffix(".log")
    write_pack(spool.run_folder, stem, START_NS // MINUTE_NS, [("raw/x", b"x", 20)])
    found = remains(spool)

    assert [] == found.segments
    assert [f"{stem}.pack"] == [pack.path.name for pack in found.packs]
    assert not (found.folder.path / LOG).exists()


def test_what_was_being_written_is_removed_and_its_log_kept(spool: Spool) -> None:
    stem = LOG.removesuffix(".log")
    (spool.run_folder.path / f".{stem}.pack.tmp").write_bytes(b"half")
    found = remains(spool)

    assert [20] == counted(found)
    assert [LOG] == [path.name for path in found.folder.files()]


def test_a_pack_that_the_disk_has_changed_is_kept_and_named(spool: Spool) -> None:
    pack = write_pack(spool.run_folder, "00000000-2025-12-11T0759", 0, [("raw/x", b"x", 20)])
    pack.path.write_bytes(pack.path.read_bytes()[:-1])
    found = remains(spool)

    assert [] == found.packs
    assert ["00000000-2025-12-11T0759.damaged"] == [path.name for path in found.kept]


def test_refused_chunks_are_named_at_each_start(spool: Spool) -> None:
    (spool.run_folder.path / "refused" / "raw").mkdir(parents=True)

    assert ["refused"] == [path.name for path in remains(spool).kept]


def test_the_journal_is_read_up_to_a_torn_line(spool: Spool) -> None:
    diary = Diary(spool, RECORDING)
    diary.note({"event": "stalled"})
    diary.checkpoint([{"event": "covered", "from": 1, "to": 2}])
    spool.flush()
    spool.syncer.sync()
    with (spool.run_folder.path / "2025-12-11T08.journal").open("ab") as file:
        file.write(b'{"event": "torn')
    found = remains(spool)

    assert [HourName.of(START_NS // 10**6)] == list(found.hours)
    assert ["recording", "stalled"] == [event["event"] for event in events(found)]
    said = [event_of(line) or {} for line in found.checkpoint]
    assert ["recording", "covered"] == [event["event"] for event in said]


def test_files_of_others_are_left_alone(spool: Spool) -> None:
    for name in ("notes.txt", "x.log", "y.journal"):
        (spool.run_folder.path / name).write_text("mine")
    found = remains(spool)

    assert {"notes.txt", "x.log", "y.journal"} < {path.name for path in found.folder.files()}


def test_a_folder_that_cannot_be_read_is_an_error(place: Place) -> None:
    folder = RunFolder.create(place.spool, "a")
    shutil.rmtree(folder.path)

    with pytest.raises(FileNotFoundError):
        read_remains(folder)
