"""Objects of a pack on their way to the lake."""

import logging
from pathlib import Path

import pytest

from collector.spool.delivery import Delivery, Fate, news_of
from collector.spool.duty import Duty
from collector.spool.news import Lost, Refused, Uploaded
from collector.spool.pack import Object, Pack, write_pack
from collector.spool.runfolder import RunFolder
from lake.gcs import Bucket
from lake.layout import Stream
from lake.storage import LocalFolder, Storage
from tests.bucket import BucketServer, Drop, Kind, Refuse
from tests.collector.spools import MINUTE_NS, START_NS

KEYS = [f"raw/trades/S{number}USDT/2025-12-11/0800-a.csv.gz" for number in range(6)]
MINUTE = START_NS // MINUTE_NS


def packed(tmp_path: Path, objects: list[Object] | None = None) -> Pack:
    folder = RunFolder.create(tmp_path / "spool", "a")
    return write_pack(folder, "stem", MINUTE, objects or [(key, key.encode(), 3) for key in KEYS])


def delivery_of(lake: Storage, pack: Pack) -> Delivery:
    return Delivery(lake, pack, Duty())


def fates(delivery: Delivery) -> dict[str, Fate]:
    return {entry.key: fate for entry, fate in delivery.fates.items()}


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def lake(bucket: BucketServer) -> Bucket:
    return Bucket(bucket.lake, patience_s=0.01)


def test_every_object_arrives_under_its_key(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path / "lake")
    delivery = delivery_of(lake, packed(tmp_path))

    assert delivery.attempt(workers=4)
    assert {key: key.encode() for key in KEYS} == {
        stat.key: lake.read(stat.key)[0] for stat in lake.list("")
    }
    assert 0 == delivery.pending_count()


def test_what_fails_stays_pending_and_the_rest_arrives(
    bucket: BucketServer, lake: Bucket, tmp_path: Path
) -> None:
    bucket.script.add(Refuse(503), Kind.WRITE, "*S3USDT*", times=10**6)
    delivery = delivery_of(lake, packed(tmp_path))

    assert delivery.attempt(workers=2)
    assert [KEYS[3]] == [entry.key for entry in delivery.pending()]
    assert "503" in (delivery.error() or "")
    bucket.script.mend()
    assert delivery.attempt(workers=2)
    assert set(KEYS) == set(fates(delivery))


def test_a_lake_that_is_away_is_not_asked_for_every_object(
    bucket: BucketServer, lake: Bucket, tmp_path: Path
) -> None:
    bucket.script.add(Refuse(403), Kind.WRITE, times=10**6)
    objects: list[Object] = [(f"raw/{number}", b"x", 1) for number in range(200)]
    delivery = delivery_of(lake, packed(tmp_path, objects))

    assert not delivery.attempt(workers=4)
    assert 200 == delivery.pending_count()
    assert 4 <= delivery.failures <= 8


def test_an_object_that_is_there_with_the_same_content_has_arrived(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path / "lake")
    lake.write(KEYS[0], KEYS[0].encode())
    delivery = delivery_of(lake, packed(tmp_path))
    delivery.attempt(workers=2)

    assert {Fate.ARRIVED} == set(delivery.fates.values())


def test_an_upload_whose_answer_was_lost_has_arrived(
    bucket: BucketServer, lake: Bucket, tmp_path: Path
) -> None:
    bucket.script.add(Drop(), Kind.WRITE, times=3)
    delivery = delivery_of(lake, packed(tmp_path))
    while delivery.pending_count():
        delivery.attempt(workers=1)

    assert {Fate.ARRIVED} == set(delivery.fates.values())
    assert set(KEYS) == set(bucket.store.objects(bucket.lake.removeprefix("gs://")))


@pytest.mark.parametrize("there", [b"something else", KEYS[2].upper().encode()])
def test_other_content_under_our_key_is_an_error_and_ours_is_kept(
    tmp_path: Path, there: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    lake = LocalFolder(tmp_path / "lake")
    lake.write(KEYS[2], there)
    pack = packed(tmp_path)
    delivery = delivery_of(lake, pack)
    with caplog.at_level(logging.ERROR, "collector"):
        delivery.attempt(workers=2)

    assert Fate.REFUSED is fates(delivery)[KEYS[2]]
    assert there == lake.read(KEYS[2])[0]
    kept = pack.folder.path / "refused" / KEYS[2]
    assert KEYS[2].encode() == kept.read_bytes()
    assert [KEYS[2]] == [key for key in KEYS if key in caplog.text]
    assert str(kept) in caplog.text


def test_what_the_disk_has_changed_is_not_uploaded(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path / "lake")
    pack = packed(tmp_path)
    pack.path.write_bytes(b"?" + pack.path.read_bytes()[1:])
    delivery = delivery_of(lake, pack)
    delivery.attempt(workers=2)

    assert Fate.DAMAGED is fates(delivery)[KEYS[0]]
    assert KEYS[1:] == [stat.key for stat in lake.list("")]


class Surprising(LocalFolder):
    """A client with a bug."""

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        raise AssertionError(f"never thought of {key}, {len(data)}, {replaces}")


def test_a_bug_of_a_client_is_a_failure_like_others(tmp_path: Path) -> None:
    delivery = delivery_of(Surprising(tmp_path / "lake"), packed(tmp_path))

    assert not delivery.attempt(workers=2)
    assert len(KEYS) == delivery.pending_count()
    assert "never thought of" in (delivery.error() or "")


def test_the_recorder_learns_what_arrived_and_what_did_not(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path / "lake")
    lake.write(KEYS[1], b"other")
    pack = packed(tmp_path)
    pack.path.write_bytes(b"?" + pack.path.read_bytes()[1:])
    delivery = delivery_of(lake, pack)
    delivery.attempt(workers=2)
    uploaded, refused, lost = news_of(delivery, took_s=0.5)

    size = sum(len(key) for key in KEYS[2:])
    assert Uploaded("a", MINUTE, 4, 12, size, 0.5) == uploaded
    assert isinstance(refused, Refused)
    assert KEYS[1] == refused.key
    assert isinstance(lost, Lost)
    assert (Stream.TRADES, "S0USDT", 3) == (lost.stream, lost.symbol, lost.rows)
