"""The bucket that the tests misbehave with is like the one that others wrote, where that is whole.

What both do is checked on both, through a client that knows neither.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[import-untyped]
from google.cloud.storage.exceptions import InvalidResponse  # type: ignore[import-untyped]

from lake.gcs import Bucket
from lake.storage import LocalFolder
from tests.bucket import BucketServer, Corrupt, First, Kind, Refuse

ROOT = Path(__file__).parent.parent
STEP = 256 * 1024
DATA = bytes(range(256)) * 3000


def folder_of(url: str) -> Any:
    """Return the bucket as Google's client sees it."""
    return storage.Client(project="test").bucket(url.removeprefix("gs://"))


@pytest.fixture(params=["bucket", "fake_bucket"])
def theirs(request: pytest.FixtureRequest) -> Any:
    place: str | BucketServer = request.getfixturevalue(request.param)
    return folder_of(place if isinstance(place, str) else place.lake)


@pytest.fixture
def ours(bucket: BucketServer) -> Any:
    return folder_of(bucket.lake)


def test_an_upload_in_parts_is_one_object(theirs: Any) -> None:
    blob = theirs.blob("a/币", chunk_size=STEP)
    with blob.open("wb", content_type="text/plain") as file:
        file.write(DATA)
    blob.reload()

    assert (len(DATA), "text/plain") == (blob.size, blob.content_type)
    assert DATA == blob.download_as_bytes()


@pytest.mark.parametrize(("start", "end"), [(0, 9), (100, 199), (len(DATA) - 5, None), (5, 10**9)])
def test_a_range_of_bytes_is_read(theirs: Any, start: int, end: int | None) -> None:
    blob = theirs.blob("a/x")
    blob.upload_from_string(DATA)

    assert DATA[start : None if end is None else end + 1] == blob.download_as_bytes(
        start=start, end=end
    )


def test_what_is_deleted_is_gone(theirs: Any) -> None:
    blob = theirs.blob("a/x")
    blob.upload_from_string(DATA)
    blob.delete()

    assert not blob.exists()
    with pytest.raises(NotFound):
        blob.delete()


def test_every_call_keeps_its_preconditions(ours: Any) -> None:
    blob = ours.blob("a/x")
    blob.upload_from_string(DATA)
    other = blob.generation + 1
    refused: list[Callable[[], object]] = [
        lambda: blob.download_as_bytes(if_generation_match=other),
        lambda: blob.reload(if_generation_match=other),
        lambda: blob.delete(if_generation_match=other),
        lambda: blob.upload_from_string(b"", if_generation_match=other),
        lambda: blob.upload_from_string(DATA * 20, if_generation_match=0),
    ]
    for call in refused:
        with pytest.raises(PreconditionFailed):
            call()

    assert DATA == blob.download_as_bytes(if_generation_match=blob.generation)


def test_an_upload_in_parts_keeps_its_precondition_to_the_end(
    bucket: BucketServer, ours: Any
) -> None:
    with pytest.raises(InvalidResponse, match="412"):  # noqa: SIM117 (it ends with the inner one)
        with ours.blob("a/x", chunk_size=STEP).open("wb", if_generation_match=0) as file:
            file.write(DATA)
            bucket_name = bucket.lake.removeprefix("gs://")
            ours.blob("a/x").upload_from_string(b"other")

    assert b"other" == bucket.store.get(bucket_name, "a/x").data


@pytest.mark.parametrize("times", [1, 20], ids=["in one request", "in two"])
def test_what_is_changed_on_its_way_is_refused(bucket: BucketServer, ours: Any, times: int) -> None:
    # The first of two requests has no data.
    bucket.script.add(First(lambda: None), Kind.WRITE, times=int(times > 1))
    bucket.script.add(Corrupt(), Kind.WRITE)

    with pytest.raises(BadRequest, match="doesn't match"):
        ours.blob("a/x").upload_from_string(DATA * times, checksum="crc32c")
    assert not ours.blob("a/x").exists()


def test_faults_happen_as_often_as_they_are_asked_for(bucket: BucketServer, ours: Any) -> None:
    ours.blob("a/x").upload_from_string(DATA)
    bucket.script.add(Refuse(403), Kind.READ, "a/*", times=2)
    for _ in range(2):
        with pytest.raises(Forbidden):
            ours.blob("a/x").download_as_bytes()

    assert DATA == ours.blob("a/x").download_as_bytes()
    assert (1, 3) == (len(bucket.script.keys(Kind.WRITE)), len(bucket.script.keys(Kind.READ)))


def test_it_runs_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LocalFolder(tmp_path).write("raw/x", DATA)
    command = [
        sys.executable, "-m", "tests.bucket", "--bucket", "lake", "--load", str(tmp_path),
        "--latency-ms", "1", "--page-size", "2", "--fault", "list:503:2", "--fault", "read:cut:1",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        name, _, url = process.stdout.readline().strip().partition("=")
        monkeypatch.setenv(name.removeprefix("export "), url)
        lake = Bucket("gs://lake")
        assert [DATA] == [*lake.read_many([*lake.list("")])]
        assert (
            b"bucket" in urlopen(f"{os.environ['STORAGE_EMULATOR_HOST']}/storage/v1/b/lake").read()
        )
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate()

    assert {"list": 3, "read": 2, "bucket": 1} == json.loads(said)
