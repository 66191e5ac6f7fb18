"""A lake in a bucket: what it asks of it, and how it endures one that misbehaves."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gcsfs  # type: ignore[import-untyped]
import pytest

from lake.errors import AlreadyExists, LakeError, NoSuchObject, VersionConflict
from lake.gcs import Bucket, connect, content_type
from lake.storage import Stat
from tests.bucket import (
    BucketServer,
    Corrupt,
    Cut,
    Draft,
    Drop,
    Fault,
    First,
    Kind,
    Object,
    Refuse,
    Request,
    Reset,
)

ROOT = Path(__file__).parent.parent
LARGE = bytes(range(256)) * 40_000
CSV = "aggregated/BTCUSDT/2025-12-11_1s.csv"


@pytest.fixture
def lake(bucket: BucketServer) -> Bucket:
    return Bucket(bucket.lake)


@pytest.fixture(params=["bucket", "fake_bucket"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty lake: in our bucket, and in one that others wrote."""
    place: str | BucketServer = request.getfixturevalue(request.param)
    return place if isinstance(place, str) else place.lake


def stored(bucket: BucketServer) -> dict[str, Object]:
    return bucket.store.objects(bucket.lake.removeprefix("gs://"))


def put(bucket: BucketServer, key: str, data: bytes, **properties: str) -> None:
    """Write an object as somebody else does."""
    bucket.store.put(bucket.lake.removeprefix("gs://"), Draft(key, data, properties))


# What is written


@pytest.mark.parametrize(
    ("key", "kind", "cache_control"),
    [
        ("lake.json", "application/json", None),
        ("raw/trades/币USDT/2025-12-11/0801-k.csv.gz", "application/gzip", None),
        ("raw/trades/BTCUSDT/2025-12-11/0801-k.csv.zst", "application/zstd", None),
        ("raw/trades/BTCUSDT/2025-12-11/0801-k.csv", "text/csv; charset=utf-8", None),
        ("journal/2025-12-11/08-k.jsonl", "application/x-ndjson", None),
        (CSV, "text/csv; charset=utf-8", "no-cache"),
        ("aggregated/BTCUSDT/2025-12-11_manifest.json", "application/json", "no-cache"),
        ("aggregated/BTCUSDT/2025-12-11_1s.parquet", "application/vnd.apache.parquet", "no-cache"),
        ("aggregated/BTCUSDT/2025-12-11.png", "image/png", "no-cache"),
        ("other", "application/octet-stream", None),
    ],
)
@pytest.mark.parametrize("data", [b"data", LARGE], ids=len)
def test_browsers_and_caches_are_told_what_an_object_is(
    bucket: BucketServer, lake: Bucket, key: str, kind: str, cache_control: str | None, data: bytes
) -> None:
    lake.write(key, data)
    properties = stored(bucket)[key].properties

    assert kind == content_type(key) == properties["contentType"]
    assert cache_control == properties.get("cacheControl")
    assert "contentEncoding" not in properties


def test_an_object_is_written_in_one_request_and_a_large_one_in_two(
    bucket: BucketServer, lake: Bucket
) -> None:
    lake.write("a/x", b"data")
    assert [Request(Kind.WRITE, "a/x")] == bucket.script.asked
    lake.write("a/y", LARGE)
    assert [Request(Kind.WRITE, "a/y")] * 2 == bucket.script.asked[1:]


def test_what_an_analyst_reads_and_writes_beside_us_are_the_same_objects(url: str) -> None:
    ours = Bucket(url)
    files = gcsfs.GCSFileSystem(
        endpoint_url=os.environ["STORAGE_EMULATOR_HOST"], token="anon", skip_instance_cache=True
    )
    theirs = url.removeprefix("gs://")
    files.pipe(f"{theirs}/raw/币/their.csv", b"their")
    ours.write("raw/币/our.csv", b"our")

    assert b"our" == files.cat(f"{theirs}/raw/币/our.csv")
    assert b"ur" == files.cat_file(f"{theirs}/raw/币/our.csv", start=1)
    assert [f"{theirs}/raw/币/{name}.csv" for name in ("our", "their")] == files.ls(
        f"{theirs}/raw/币"
    )
    assert [b"our", b"their"] == [*ours.read_many([*ours.list("raw/")])]
    assert b"their" == ours.read("raw/币/their.csv")[0]


def test_an_object_that_says_it_is_compressed_is_read_as_it_is_stored(
    bucket: BucketServer, lake: Bucket
) -> None:
    packed = bytes.fromhex("1f8b0800000000000003cb48cdc9c9070086a6103605000000")
    put(bucket, "raw/x.csv.gz", packed, contentEncoding="gzip", contentType="text/csv")

    assert packed == lake.read("raw/x.csv.gz")[0]
    assert [packed] == [*lake.read_many([*lake.list("raw/")])]


# What is listed


def test_a_listing_comes_in_pages(bucket: BucketServer, lake: Bucket) -> None:
    keys = [f"a/{number:02}/x" for number in range(10)]
    for key in keys:
        put(bucket, key, b"")
    bucket.page_size = 3

    assert keys == [stat.key for stat in lake.list("a/")]
    assert keys[2:7] == [stat.key for stat in lake.list("a/", "a/02", "a/07")]
    assert [key[:-1] for key in keys] == list(lake.folders("a/"))
    assert {Kind.LIST: 4 + 2 + 4} == bucket.script.counts()


def test_a_folder_that_a_console_has_made_is_no_object(bucket: BucketServer, lake: Bucket) -> None:
    for key in ("raw/", "raw/trades/", "raw/trades/x"):
        put(bucket, key, b"")

    assert ["raw/trades/x"] == [stat.key for stat in lake.list("")]
    assert ["raw/trades/"] == list(lake.folders("raw/"))


def test_a_lake_below_a_prefix_sees_nothing_beside_it(bucket: BucketServer) -> None:
    for key in ("raw/x", "lakes/one/raw/x", "lakes/one2/raw/x", "lakes/two/raw/x"):
        put(bucket, key, key.encode())
    lake = Bucket(f"{bucket.lake}/lakes/one")

    assert ["raw/x"] == [stat.key for stat in lake.list("")]
    assert ["raw/"] == list(lake.folders(""))
    assert b"lakes/one/raw/x" == lake.read("raw/x")[0]


# Requests that fail for a while

PASSING: list[Fault] = [
    Refuse(503), Refuse(429, retry_after_s=1), Refuse(408), Refuse(500), Refuse(502), Refuse(504),
    Reset(), Drop(), Cut(0.5), Cut(0),
]  # fmt: skip
TIMES = 3

OPERATIONS: dict[str, tuple[Kind, Callable[[Bucket, list[Stat]], object]]] = {
    "list": (Kind.LIST, lambda lake, _: [stat.key for stat in lake.list("a/")]),
    "folders": (Kind.LIST, lambda lake, _: [*lake.folders("")]),
    "read": (Kind.READ, lambda lake, _: lake.read("a/x")[0]),
    "read_many": (Kind.READ, lambda lake, listed: [*lake.read_many(listed)]),
}
ANSWERS: dict[str, object] = {
    "list": ["a/x"], "folders": ["a/"], "read": b"data" * 9999, "read_many": [b"data" * 9999],
}  # fmt: skip


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", PASSING, ids=repr)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_bucket_that_recovers_is_waited_for(
    bucket: BucketServer, lake: Bucket, operation: str, fault: Fault
) -> None:
    put(bucket, "a/x", b"data" * 9999)
    listed = [*lake.list("a/")]
    bucket.script.forget()
    kind, do = OPERATIONS[operation]
    bucket.script.add(fault, kind, times=TIMES)

    assert ANSWERS[operation] == do(lake, listed)
    assert {kind: TIMES + 1} == bucket.script.counts()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("operation", ["read", "read_many"])
def test_a_body_that_was_changed_on_its_way_is_read_again(
    bucket: BucketServer, lake: Bucket, operation: str
) -> None:
    put(bucket, "a/x", b"data" * 9999)
    listed = [*lake.list("a/")]
    kind, do = OPERATIONS[operation]
    bucket.script.add(Corrupt(), kind, times=TIMES)

    assert ANSWERS[operation] == do(lake, listed)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", PASSING, ids=repr)
@pytest.mark.parametrize("data", [b"", b"data", LARGE], ids=len)
@pytest.mark.parametrize("replaces", [False, True])
def test_a_write_whose_answer_is_lost_has_written_once(
    bucket: BucketServer, lake: Bucket, fault: Fault, data: bytes, replaces: bool
) -> None:
    before = lake.write("a/x", b"before") if replaces else None
    bucket.script.forget()
    bucket.script.add(fault, Kind.WRITE, times=TIMES)
    version = lake.write("a/x", data, before)

    assert (data, version) == lake.read("a/x")
    assert bucket.script.counts()[Kind.WRITE] <= TIMES + 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", [Refuse(503), Drop(), Reset()], ids=repr)
@pytest.mark.parametrize("data", [b"data", LARGE], ids=len)
def test_another_writer_is_not_taken_for_ourselves(
    bucket: BucketServer, lake: Bucket, fault: Fault, data: bytes
) -> None:
    bucket.script.add(First(lambda: put(bucket, "a/x", data[::-1])), Kind.WRITE, "a/x")
    with pytest.raises(AlreadyExists, match="a/x: it exists already"):
        lake.write("a/x", data)
    version = lake.read("a/x")[1]
    # Our first attempt fails; before the second, another writer replaces the object.
    bucket.script.add(fault, Kind.WRITE, "a/x")
    bucket.script.add(First(lambda: put(bucket, "a/x", b"other")), Kind.WRITE, "a/x")
    with pytest.raises(VersionConflict, match="a/x: another writer was faster"):
        lake.write("a/x", data, version)

    assert b"other" == lake.read("a/x")[0]


def test_who_finds_the_same_bytes_is_told_that_they_were_there(lake: Bucket) -> None:
    lake.write("a/x", b"data")

    with pytest.raises(AlreadyExists):
        lake.write("a/x", b"data")


# Requests that fail for good


@pytest.mark.parametrize("data", [b"data", LARGE], ids=len)
def test_what_is_changed_on_its_way_is_never_stored(
    bucket: BucketServer, lake: Bucket, data: bytes
) -> None:
    # The second request of a large upload is the one with the data.
    bucket.script.add(First(lambda: None), Kind.WRITE, times=int(data is LARGE))
    bucket.script.add(Corrupt(), Kind.WRITE)

    with pytest.raises(LakeError, match="400 Bad Request, Provided crc32c doesn't match"):
        lake.write("a/x", data)
    assert {} == stored(bucket)


@pytest.mark.parametrize(
    ("operation", "permission"),
    [
        (lambda lake: [*lake.list("a/")], "storage.objects.list"),
        (lambda lake: [*lake.folders("a/")], "storage.objects.list"),
        (lambda lake: lake.read("a/x"), "storage.objects.get"),
        (lambda lake: [*lake.read_many([Stat("a/x", 1, "1")])], "storage.objects.get"),
        (lambda lake: lake.write("a/x", b""), "storage.objects.create"),
        (
            lambda lake: lake.write("a/x", b"", "1"),
            "storage.objects.create and storage.objects.delete",
        ),
    ],
)
def test_a_missing_permission_is_named_and_not_asked_for_twice(
    bucket: BucketServer, lake: Bucket, operation: Callable[[Bucket], object], permission: str
) -> None:
    bucket.script.add(Refuse(403), times=99)

    with pytest.raises(LakeError) as raised:
        operation(lake)
    assert f"{lake.url}/a/" in str(raised.value)
    assert f"403 Forbidden, as the script says; grant {permission} to" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len({*bucket.script.asked}) == len(bucket.script.asked)


ENDLESS: list[tuple[str, Fault]] = [
    *((what, fault) for what in (*OPERATIONS, "write") for fault in PASSING[:3]),
    ("read", Reset()),
    ("read_many", Reset()),
    ("write", Reset()),
    ("read", Corrupt()),
    ("read_many", Corrupt()),
]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("operation", "fault"), ENDLESS, ids=repr)
def test_patience_ends_and_says_how_long_it_was(
    bucket: BucketServer, operation: str, fault: Fault
) -> None:
    put(bucket, "a/x", b"data" * 9999)
    lake = Bucket(bucket.lake, patience_s=0.2)
    listed = [*lake.list("a/")]
    bucket.script.add(fault, times=9999)
    _, do = OPERATIONS.get(operation, (Kind.WRITE, lambda lake, _: lake.write("a/y", b"")))

    with pytest.raises(LakeError, match=r"no success in 0.2s, at last: .*; check the network"):
        do(lake, listed)


def test_a_bucket_that_is_gone_while_we_work_is_said_to_be(bucket: BucketServer) -> None:
    lake = Bucket("gs://absent")

    with pytest.raises(LakeError, match="there is no bucket absent"):
        lake.write("a/x", b"")
    with pytest.raises(LakeError, match="there is no bucket absent"):
        [*lake.list("")]
    assert Kind.WRITE in bucket.script.counts()


def test_without_credentials_we_say_how_to_get_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))

    with pytest.raises(LakeError, match="run gcloud auth application-default login") as raised:
        Bucket("gs://lake")
    assert "\n" not in str(raised.value)


# One process


@pytest.mark.usefixtures("bucket")
def test_all_buckets_of_a_process_share_a_client_and_none_goes_to_another_process() -> None:
    address = os.environ["STORAGE_EMULATOR_HOST"]
    lake: Any = Bucket("gs://lake")

    assert connect(address) is connect(address)
    with pytest.raises(pickle.PicklingError, match="not supported"):
        pickle.dumps(lake)


def test_threads_share_a_bucket(lake: Bucket) -> None:
    def work(name: int) -> bytes:
        lake.write(f"a/{name}/x", b"%d" % name)
        (listed,) = lake.list(f"a/{name}/")
        (data,) = lake.read_many([listed])
        return data + lake.read(listed.key)[0]

    with ThreadPoolExecutor(16) as pool:
        assert [b"%d%d" % (name, name) for name in range(64)] == [*pool.map(work, range(64))]


def test_nothing_that_an_upload_leaves_has_to_be_removed(lake: Bucket) -> None:
    lake.write(CSV, b"data")

    assert 0 == lake.sweep("aggregated/")
    assert b"data" == lake.read(CSV)[0]


def test_an_object_that_went_since_it_was_listed_is_missed(
    bucket: BucketServer, lake: Bucket
) -> None:
    for key in ("a/x", "a/y"):
        put(bucket, key, b"data")
    listed = [*lake.list("a/")]
    bucket.store.delete(bucket.lake.removeprefix("gs://"), "a/y")
    contents = lake.read_many(listed)

    assert b"data" == next(contents)
    with pytest.raises(NoSuchObject, match="a/y: no such object"):
        next(contents)


@pytest.mark.parametrize("module", ["aggregator.cli", "lake.open", "synthetic.cli"])
def test_a_local_lake_does_not_wait_for_the_clients_of_buckets(module: str) -> None:
    clients = {"google.cloud.storage", "google.auth", "obstore", "requests"}
    program = f"import sys, {module}; print(*({clients!r} & {{*sys.modules}}))"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert ("\n", "", 0) == (said.stdout, said.stderr, said.returncode)
