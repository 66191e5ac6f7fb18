"""Uploads: in order, create-only, for as long as it takes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.spool.news import Refused, Uploaded
from collector.spool.outbox import Outbox
from collector.spool.pack import Pack, write_pack
from collector.spool.runfolder import RunFolder
from collector.spool.spoolnames import MINUTE_NS
from lake.gcs import Bucket
from tests.bucket import BucketServer, Kind, Refuse
from tests.collector.spools import Place, wait_until

QUICK = 100.0
"""Speed of a clock whose pauses pass quickly."""


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def folder(place: Place) -> RunFolder:
    return RunFolder.create(place.spool, "a")


@pytest.fixture
def outbox(bucket: BucketServer) -> Iterator[Outbox]:
    outbox = Outbox(Bucket(bucket.lake, patience_s=0.01), Clock(QUICK), workers=4)
    outbox.start()
    yield outbox
    outbox.stop(0)


def pack(folder: RunFolder, minute: int, count: int = 3, *, journal: bool = False) -> Pack:
    where = "journal" if journal else "raw"
    objects = [(f"{where}/{minute:02d}/{number}", b"%d" % minute, 2) for number in range(count)]
    return write_pack(folder, f"{where}-{minute:02d}", minute, objects, journal=journal)


def keys_in_order(bucket: BucketServer) -> list[str]:
    stored = bucket.store.objects(bucket.lake.removeprefix("gs://"))
    return sorted(stored, key=lambda key: stored[key].generation)


def minutes_in_order(bucket: BucketServer) -> list[str]:
    return [key.split("/")[1] for key in keys_in_order(bucket)]


def is_empty(outbox: Outbox) -> bool:
    return outbox.status().oldest_age_s is None


def test_packs_are_uploaded_in_their_order_and_removed(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder
) -> None:
    for minute in range(5):
        outbox.add(pack(folder, minute))
    wait_until(lambda: is_empty(outbox))

    assert [f"{minute:02d}" for minute in range(5) for _ in range(3)] == minutes_in_order(bucket)
    assert [] == folder.files()
    assert 15 == outbox.totals().objects


def test_while_the_bucket_is_away_nothing_is_lost_and_order_is_kept(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder
) -> None:
    bucket.script.add(Refuse(503), times=10**9)
    for minute in range(10):
        outbox.add(pack(folder, minute))
    wait_until(lambda: outbox.totals().failures > 20)

    assert [] == keys_in_order(bucket)
    status = outbox.status()
    assert (30, True) == (status.pending, "503" in (status.error or ""))
    assert status.pending_bytes > 0
    bucket.script.mend()
    wait_until(lambda: is_empty(outbox))
    arrived = minutes_in_order(bucket)
    assert [f"{minute:02d}" for minute in range(10) for _ in range(3)] == sorted(arrived)
    # Three packs ask whether the lake is back: any of them may be the first to hear so.
    assert sorted(arrived)[9:] == arrived[9:]
    assert outbox.status().error is None


def test_a_lake_that_is_away_is_asked_ever_less_often(
    bucket: BucketServer, folder: RunFolder
) -> None:
    outbox = Outbox(Bucket(bucket.lake, patience_s=0.01), Clock(), workers=1)
    bucket.script.add(Refuse(403), times=10**9)
    for minute in range(50):
        outbox.add(pack(folder, minute, 1))
    outbox.start()
    time.sleep(0.5)

    assert 3 == outbox.totals().failures
    assert "raw/00/0" in (outbox.status().error or "")
    outbox.stop(0)


def test_one_object_that_fails_holds_up_no_later_minute_but_every_journal_of_its_run(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder, place: Place
) -> None:
    other = RunFolder.create(place.spool, "b")
    bucket.script.add(Refuse(403), Kind.WRITE, "raw/00/1", times=10**9)
    outbox.add(pack(folder, 0))
    outbox.add(pack(folder, 1, journal=True))
    outbox.add(pack(other, 2, journal=True))
    outbox.add(pack(folder, 3))
    wait_until(lambda: "raw/03/2" in keys_in_order(bucket))

    assert {"raw/00/0", "raw/00/2", "journal/02/0"} <= set(keys_in_order(bucket))
    assert "journal/01/0" not in keys_in_order(bucket)
    bucket.script.mend()
    wait_until(lambda: is_empty(outbox))
    order = keys_in_order(bucket)
    assert order.index("raw/00/1") < order.index("journal/01/0")


def test_a_refused_object_is_told_kept_and_holds_up_nothing(
    place: Place, folder: RunFolder
) -> None:
    place.lake.write("raw/00/1", b"another's")
    outbox = Outbox(place.lake, Clock())
    outbox.start()
    folder.over()
    outbox.add(pack(folder, 0))
    outbox.add(pack(folder, 1))
    wait_until(lambda: is_empty(outbox))
    outbox.stop(1)

    assert 1 == outbox.totals().refused
    assert ["raw/00/1"] == [each.key for each in outbox.news if isinstance(each, Refused)]
    assert [2, 3] == [each.objects for each in outbox.news if isinstance(each, Uploaded)]
    assert ["refused"] == [path.name for path in folder.files()]


def test_what_the_disk_has_changed_stays_there(place: Place, folder: RunFolder) -> None:
    outbox = Outbox(place.lake, Clock())
    outbox.start()
    damaged = pack(folder, 0)
    damaged.path.write_bytes(b"?" + damaged.path.read_bytes()[1:])
    outbox.add(damaged)
    wait_until(lambda: is_empty(outbox))
    outbox.stop(1)

    assert ["raw-00.damaged"] == [path.name for path in folder.files()]


def test_the_folder_of_a_run_that_is_over_goes_with_its_last_pack(
    place: Place, folder: RunFolder
) -> None:
    outbox = Outbox(place.lake, Clock())
    outbox.start()
    folder.over()
    outbox.add(pack(folder, 0))
    wait_until(lambda: not folder.path.exists())

    assert 0 == outbox.stop(1)


def test_at_the_end_what_waits_for_its_next_attempt_is_tried_at_once(
    bucket: BucketServer, folder: RunFolder
) -> None:
    outbox = Outbox(Bucket(bucket.lake, patience_s=0.01), Clock(0.01), workers=4)
    outbox.start()
    bucket.script.add(Refuse(503), times=10**9)
    outbox.add(pack(folder, 0))
    wait_until(lambda: outbox.totals().failures)
    bucket.script.mend()

    assert 0 == outbox.stop(5)
    assert 3 == len(keys_in_order(bucket))


def test_at_the_end_what_does_not_arrive_in_time_is_counted_and_stays(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder
) -> None:
    bucket.script.add(Refuse(503), times=10**9)
    outbox.add(pack(folder, 0))
    outbox.add(pack(folder, 1, journal=True))
    began = time.monotonic()

    assert 6 == outbox.stop(0.2)
    assert time.monotonic() - began < 5
    assert ["journal-01.pack", "raw-00.pack"] == [path.name for path in folder.files()]


def test_it_is_known_how_old_the_oldest_is_and_when_the_last_arrived(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder
) -> None:
    assert (None, None) == (outbox.status().oldest_age_s, outbox.status().last_age_s)
    outbox.add(pack(folder, 0))
    wait_until(lambda: is_empty(outbox))
    bucket.script.add(Refuse(503), times=10**9)
    outbox.add(pack(folder, 1))
    time.sleep(0.02)
    status = outbox.status()

    assert (status.oldest_age_s or 0) >= 0.02 * QUICK
    assert (status.last_age_s or 0) >= (status.oldest_age_s or 0)


def test_the_oldest_row_is_of_the_minute_in_which_it_was_received(
    bucket: BucketServer, outbox: Outbox, folder: RunFolder
) -> None:
    assert 0 == outbox.status().oldest_row_age_s
    bucket.script.add(Refuse(503), times=10**9)
    minute = Clock(QUICK).wall_ns() // MINUTE_NS - 60
    outbox.add(pack(folder, minute))

    status = outbox.status()
    assert 3600 <= status.oldest_row_age_s - (status.oldest_age_s or 0) < 1_000_000
    bucket.script.mend()
    wait_until(lambda: is_empty(outbox))
    assert 0 == outbox.status().oldest_row_age_s


def test_a_row_that_is_in_no_pack_yet_has_an_age_too(outbox: Outbox) -> None:
    outbox.usage.add(logs=100)
    time.sleep(0.02)

    assert outbox.status().oldest_row_age_s >= 0.02 * QUICK
    outbox.usage.add(logs=-100)
    assert 0 == outbox.status().oldest_row_age_s
