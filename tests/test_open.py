from pathlib import Path

import pytest

from lake.errors import LakeError, WrongLake
from lake.layout import LAKE_FILE
from lake.open import open_lake


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


def test_a_bucket_needs_a_build_with_bucket_support() -> None:
    with pytest.raises(WrongLake, match="no bucket support"):
        open_lake("gs://bucket/prefix")


def test_a_lake_of_another_venue_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / LAKE_FILE).write_text('{"venue": "bybit", "schema_version": 1}')

    with pytest.raises(WrongLake, match="bybit"):
        open_lake(str(tmp_path), create=True)
