from pathlib import Path

import pytest

from lake.errors import LakeError, WrongLake
from lake.layout import LAKE_FILE
from lake.marker import claim
from lake.open import open_lake
from tests.bucket import BucketServer, Kind, Refuse, Request


def test_an_existing_folder_is_a_lake(tmp_path: Path) -> None:
    storage = open_lake(str(tmp_path))
    storage.write("raw/x", b"data")

    assert b"data" == (tmp_path / "raw" / "x").read_bytes()
    assert str(tmp_path) == storage.url


def test_a_folder_that_does_not_exist_is_no_lake(tmp_path: Path) -> None:
    with pytest.raises(WrongLake, match="there is no lake at .*absent; name an existing folder"):
        open_lake(str(tmp_path / "absent"))


def test_a_lake_to_be_created_is_made_by_its_first_write(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "lake"
    storage = open_lake(str(folder), create=True)

    assert not folder.exists()
    storage.write("raw/x", b"data")
    assert b"data" == open_lake(str(folder)).read("raw/x")[0]


@pytest.mark.parametrize("create", [False, True])
def test_a_file_is_no_lake(tmp_path: Path, create: bool) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(WrongLake, match="it is no folder"):
        open_lake(str(tmp_path / "file"), create=create)
    with pytest.raises(LakeError):
        open_lake(str(tmp_path / "file" / "below"), create=create).write("raw/x", b"")


@pytest.mark.parametrize("url", ["", "s3://bucket", "file:///tmp", "://"])
def test_a_place_that_is_neither_folder_nor_bucket_is_refused(url: str) -> None:
    with pytest.raises(WrongLake, match="name gs://bucket"):
        open_lake(url, create=True)


def test_a_path_that_the_system_refuses_is_an_error_of_the_lake() -> None:
    with pytest.raises(LakeError, match="cannot open lake xxx"):
        open_lake("x" * 5000)


@pytest.mark.parametrize("path", ["", "/", "/lakes/one", "/lakes/one/", "/币"])
def test_a_bucket_or_a_prefix_in_it_is_a_lake(bucket: BucketServer, path: str) -> None:
    storage = open_lake(bucket.lake + path)
    storage.write("raw/x", b"data")
    (name,) = bucket.store.objects(bucket.lake.removeprefix("gs://"))

    assert bucket.lake + path.rstrip("/") == storage.url
    assert f"{storage.url}/raw/x" == f"{bucket.lake}/{name}"


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("server", ["bucket", "fake_bucket"])
def test_a_bucket_that_does_not_exist_is_no_lake_and_is_not_created(
    request: pytest.FixtureRequest, server: str, create: bool
) -> None:
    request.getfixturevalue(server)
    for _ in range(2):
        with pytest.raises(WrongLake, match="gs://absent/x: there is no bucket absent; check"):
            open_lake("gs://absent/x", create=create)


def test_a_lake_without_permission_is_not_opened(bucket: BucketServer) -> None:
    bucket.script.add(Refuse(403))

    with pytest.raises(LakeError, match="403 Forbidden.*; grant storage.objects.get to") as raised:
        open_lake(bucket.lake)
    assert "\n" not in str(raised.value)


def test_a_bucket_with_a_marker_is_asked_for_nothing_else(bucket: BucketServer) -> None:
    claim(open_lake(bucket.lake))
    bucket.script.forget()
    open_lake(bucket.lake)

    assert [Request(Kind.READ, LAKE_FILE)] == bucket.script.asked


@pytest.mark.parametrize("url", ["gs://", "gs:///prefix", "gs://-bad-", "gs://No/x", "gs://币"])
def test_an_address_without_a_bucket_is_refused(url: str) -> None:
    with pytest.raises(WrongLake, match="name gs://bucket"):
        open_lake(url)


def test_a_lake_of_another_venue_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / LAKE_FILE).write_text('{"venue": "bybit", "schema_version": 1}')

    with pytest.raises(WrongLake, match="bybit"):
        open_lake(str(tmp_path), create=True)
