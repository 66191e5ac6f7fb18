"""A day in a bucket, from raw objects to published files, whatever the bucket does meanwhile."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from threading import Barrier, Timer
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from aggregator.unit import Status, Unit
from lake.errors import LakeError
from lake.gcs import Bucket
from lake.layout import ChunkKey, bars_key, manifest_key
from lake.storage import Storage
from synthetic.days import Day, day_objects
from tests import lakes
from tests.bucket import BucketServer, Cut, Draft, Drop, Fault, First, Kind, Refuse, Reset
from tests.cases import BEFORE, COMMAND, DAY, HOURLY, SYMBOL, Ran, builder, called, ran, started
from tests.lakes import RawLake, raw_lakes
from tests.product import LABELS, lake_of

MINUTES = 25
"""Of the morning of the made day; the rest of it was never recorded."""


@cache
def raw() -> dict[str, bytes]:
    """Return a made morning of two streams, with the margin before it and its journals."""
    made = day_objects(Day((SYMBOL,), DAY, trades=40_000, snapshots=20_000))
    keys = ((ChunkKey.parse(each.key), each) for each in made)
    return {
        each.key: each.data for key, each in keys
        if not key or key.date == BEFORE or (key.date == DAY and key.minute < MINUTES)
    }  # fmt: skip


def products(storage: Storage) -> dict[str, bytes]:
    """Return everything that was published, by key."""
    return {stat.key: storage.read(stat.key)[0] for stat in storage.list("aggregated/")}


def built_locally(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    with lake_of(objects) as folder:
        builder(folder, LABELS).run(Unit(DAY, SYMBOL))
        return products(folder)


@cache
def expected() -> dict[str, bytes]:
    return built_locally(raw())


def fill(storage: Storage, objects: Mapping[str, bytes]) -> None:
    for key, data in objects.items():
        storage.write(key, data)


def put(bucket: BucketServer, objects: Mapping[str, bytes]) -> None:
    for key, data in objects.items():
        bucket.store.put(bucket.lake.removeprefix("gs://"), Draft(key, data))


@pytest.fixture
def lake(bucket: BucketServer) -> Bucket:
    """Return a bucket that holds the raw objects."""
    put(bucket, raw())
    return Bucket(bucket.lake)


def build(storage: Storage, **fields: Any) -> str:
    """Build the day; return what became of it."""
    return builder(storage, LABELS, **fields).run(Unit(DAY, SYMBOL)).status


def daily(bucket: BucketServer) -> Ran:
    return called("daily", "--lake", bucket.lake, "--date", DAY, "--workers", 1)


def test_the_bytes_are_those_of_a_folder(lake: Bucket) -> None:
    assert "built" == build(lake, threads=2)
    assert expected() == products(lake)


def test_the_bytes_are_the_same_in_a_bucket_that_others_wrote(fake_bucket: str) -> None:
    lake = Bucket(f"{fake_bucket}/below/a/prefix")
    fill(lake, raw())

    assert "built" == build(lake)
    assert expected() == products(lake)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=raw_lakes())
def test_whatever_lies_in_a_bucket_is_read_as_in_a_folder(
    bucket: BucketServer, drawn: RawLake
) -> None:
    bucket.store.create_bucket(name := f"b{len(bucket.script.asked)}")
    in_bucket = Bucket(f"gs://{name}")
    fill(in_bucket, drawn.objects)
    with lake_of(drawn.objects) as folder:
        outcomes = {
            builder(storage, HOURLY).run(Unit(lakes.DAY, drawn.symbol))
            for storage in (folder, in_bucket)
        }

        assert 1 == len(outcomes)
        assert products(folder) == products(in_bucket)


def test_a_listing_in_many_pages_is_one_listing(bucket: BucketServer, lake: Bucket) -> None:
    bucket.page_size = 3

    assert "built" == build(lake)
    assert expected() == products(lake)
    assert bucket.script.counts()[Kind.LIST] > len(raw()) / 3


def test_a_night_over_a_day_that_is_up_to_date_downloads_no_chunk_and_no_output(
    bucket: BucketServer, lake: Bucket
) -> None:
    assert "built" == daily(bucket).units[SYMBOL, str(DAY)]
    before = {*lake.list("")}
    bucket.script.forget()

    assert "up to date" == daily(bucket).units[SYMBOL, str(DAY)]
    assert {Kind.LIST, Kind.READ} == bucket.script.counts().keys()
    assert {"lake.json", manifest_key(SYMBOL, DAY)} == {*bucket.script.keys(Kind.READ)}
    assert before == {*lake.list("")}


def test_journals_are_read_once_for_all_symbols_of_a_day(bucket: BucketServer) -> None:
    objects = day_objects(Day(("AUSDT", "BUSDT", "CUSDT"), DAY, trades=60, snapshots=0))
    put(bucket, {each.key: each.data for each in objects})
    assert 0 == daily(bucket).code
    read = [key for key in bucket.script.keys(Kind.READ) if key.startswith("journal/")]

    assert len(read) == len({*read}) > 20


# Others write, too


def test_a_chunk_that_is_replaced_while_it_is_read_is_read_as_it_is_then(
    bucket: BucketServer, lake: Bucket
) -> None:
    key, *_, last = (key for key in raw() if key.startswith("raw/trades"))
    other = {last: raw()[key]}
    bucket.script.add(First(partial(put, bucket, other)), Kind.READ, last)

    assert "built" == build(lake)
    assert built_locally({**raw(), **other}) == products(lake)


def test_a_chunk_that_goes_while_it_is_read_is_done_without(
    bucket: BucketServer, lake: Bucket
) -> None:
    gone = next(key for key in raw() if key.startswith("raw/depth20"))
    name = bucket.lake.removeprefix("gs://")
    bucket.script.add(First(lambda: bucket.store.delete(name, gone)), Kind.READ, gone)

    assert "built" == build(lake)
    left = {key: data for key, data in raw().items() if key != gone}
    assert built_locally(left) == products(lake)


@pytest.mark.parametrize(
    "moment", [bars_key(SYMBOL, DAY, "1s"), bars_key(SYMBOL, DAY, "1m"), manifest_key(SYMBOL, DAY)]
)
def test_who_loses_the_race_of_two_builders_finds_the_day_up_to_date(
    bucket: BucketServer, lake: Bucket, moment: str
) -> None:
    said: list[str] = []
    bucket.script.add(First(lambda: said.append(build(lake))), Kind.WRITE, moment)
    said.append(build(lake))

    assert ["built", "up to date"] == said
    assert expected() == products(lake)


def test_builders_that_start_together_publish_one_day(lake: Bucket) -> None:
    gate = Barrier(3)

    def work(_: int) -> str:
        gate.wait()
        return build(Bucket(lake.url))

    with ThreadPoolExecutor(3) as pool:
        said = {*pool.map(work, range(3))}

    assert "built" in said
    assert said <= {"built", "up to date"}
    assert expected() == products(lake)


@pytest.mark.parametrize(
    "moment",
    ["lake.json", bars_key(SYMBOL, DAY, "1s"), bars_key(SYMBOL, DAY, "1m"),
     manifest_key(SYMBOL, DAY)],
)  # fmt: skip
def test_what_a_killed_builder_leaves_is_finished_by_the_next(
    bucket: BucketServer, lake: Bucket, moment: str
) -> None:
    process = started(COMMAND, "daily", "--lake", bucket.lake, "--date", DAY)
    bucket.script.add(First(process.kill), Kind.WRITE, moment)
    process.communicate()
    assert process.returncode < 0
    keys = {stat.key for stat in lake.list("")}

    assert keys - {*raw()} <= {*expected(), "lake.json"}
    assert build(lake) in ("built", "up to date")
    assert expected() == products(lake)


# A bucket that misbehaves


@pytest.mark.usefixtures("quick")
def test_a_bad_hour_of_the_bucket_changes_no_byte(bucket: BucketServer, lake: Bucket) -> None:
    build(lake)
    name = bucket.lake.removeprefix("gs://")
    undisturbed = len(bucket.script.asked)
    for key in expected():
        bucket.store.delete(name, key)
    bucket.script.forget()
    faults: list[Fault] = [Refuse(503), Refuse(429, 1), Reset(), Cut(0.3), Drop(), Refuse(500)]
    for number, fault in enumerate(faults):
        for kind in (Kind.LIST, Kind.READ, Kind.WRITE):
            bucket.script.add(fault, kind, times=3 + number)
    failures = sum(3 * (3 + number) for number, _ in enumerate(faults))

    assert "built" == build(lake)
    assert expected() == products(lake)
    # A large upload that is interrupted begins anew, with one request more.
    assert len(bucket.script.asked) <= undisturbed + failures + len(faults) * 9


def test_a_bucket_that_is_away_for_seconds_is_waited_for(
    bucket: BucketServer, lake: Bucket
) -> None:
    bucket.script.add(Refuse(503), times=10**6)
    Timer(2, bucket.script.mend).start()

    assert "built" == ran("daily", "--lake", bucket.lake, "--date", DAY).units[SYMBOL, str(DAY)]
    assert expected() == products(lake)


@pytest.mark.parametrize(
    ("kind", "key", "permission"),
    [
        (None, "*", "storage.objects.get"),
        (Kind.LIST, "*", "storage.objects.list"),
        (Kind.READ, "raw/*", "storage.objects.get"),
        (Kind.WRITE, "aggregated/*", "storage.objects.create"),
    ],
)
@pytest.mark.usefixtures("lake")
def test_a_permission_that_lacks_is_one_line_and_exit_code_1(
    bucket: BucketServer, kind: Kind | None, key: str, permission: str
) -> None:
    bucket.script.add(Refuse(403), kind, key, times=10**6)
    said = ran("daily", "--lake", bucket.lake, "--date", DAY).failure

    assert f" {bucket.lake}/" in said
    assert f"403 Forbidden, as the script says; grant {permission} to this account" in said


def test_a_bucket_that_stays_away_is_a_failed_day_and_no_half_one(bucket: BucketServer) -> None:
    put(bucket, raw())
    lake = Bucket(bucket.lake, patience_s=0.5)
    bucket.script.add(Refuse(503), Kind.WRITE, manifest_key(SYMBOL, DAY), times=10**6)

    with pytest.raises(LakeError, match=r"cannot write .*_manifest.json: no success in 0.5s"):
        build(lake)
    bucket.script.mend()
    assert Status.BUILT == build(lake)
    assert expected() == products(lake)


# The other commands


def test_status_reads_each_manifest_once_and_the_newest_of_it(
    bucket: BucketServer, lake: Bucket
) -> None:
    build(lake)
    manifest = expected()[manifest_key(SYMBOL, DAY)]
    symbols = ["AUSDT", "BUSDT", "CUSDT"]
    put(bucket, {manifest_key(symbol, DAY): manifest for symbol in symbols})
    name, replaced = bucket.lake.removeprefix("gs://"), manifest_key("BUSDT", DAY)
    gone = manifest_key("CUSDT", DAY)
    bucket.script.forget()
    bucket.script.add(First(partial(put, bucket, {replaced: b"{}"})), Kind.READ, replaced)
    bucket.script.add(First(partial(bucket.store.delete, name, gone)), Kind.READ, gone)
    said = json.loads(called("status", "--lake", bucket.lake, "--start", DAY, "--json").out)

    conditions = {each["symbol"]: each["condition"] for each in said}
    assert {"AUSDT": "complete", SYMBOL: "complete", "BUSDT": "unreadable"} == conditions
    assert 1 == bucket.script.keys(Kind.READ).count(manifest_key(SYMBOL, DAY))


def test_an_import_into_a_bucket_writes_the_same_objects_and_only_once(
    bucket: BucketServer, tmp_path: Any
) -> None:
    rows = "".join(
        f"{number},0.{number},1,1,{1765411200000 + number * 999},true\n" for number in range(1, 999)
    )
    archive = tmp_path / f"{SYMBOL}-trades-{DAY}.csv"
    archive.write_text(f"id,price,qty,quote_qty,time,is_buyer_maker\n{rows}")
    folder = tmp_path / "lake"
    for place in (folder, bucket.lake, bucket.lake):
        assert 0 == called("import", "--lake", place, "--symbol", SYMBOL, archive).code
    lake = Bucket(bucket.lake)

    assert {stat.key: lake.read(stat.key)[0] for stat in lake.list("")} == {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*") if path.is_file()
    }  # fmt: skip
