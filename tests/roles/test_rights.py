"""The bucket refuses what a role lacks, as Google's documentation says that Google does."""

from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[import-untyped]

from deploy.roles import Grant
from tests.bucket import BucketServer, Draft, door

GET, LIST = Grant("storage.objects.get", "a/"), Grant("storage.objects.list", "a/")
CREATE, DELETE = Grant("storage.objects.create", "a/"), Grant("storage.objects.delete", "a/")


@pytest.fixture
def theirs(bucket: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the bucket as Google's client sees it, with an object below each of two folders."""
    # Else the client asks about the bucket too, for traces.
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    name = bucket.lake.removeprefix("gs://")
    for key in ("a/x", "b/x"):
        bucket.store.put(name, Draft(key, b"before"))
    return storage.Client(project="test").bucket(name)


def test_a_right_holds_below_its_prefix_only(bucket: BucketServer, theirs: Any) -> None:
    refused = door(bucket, [GET, LIST, CREATE]).refused

    assert b"before" == theirs.blob("a/x").download_as_bytes()
    assert ["a/x"] == [blob.name for blob in theirs.list_blobs(prefix="a/")]
    theirs.blob("a/y").upload_from_string(b"")
    with pytest.raises(Forbidden, match="storage.objects.get"):
        theirs.blob("b/x").download_as_bytes()
    with pytest.raises(Forbidden, match="storage.objects.create"):
        theirs.blob("b/y").upload_from_string(b"")
    with pytest.raises(Forbidden, match="storage.objects.list"):
        [*theirs.list_blobs(prefix="")]
    assert [(GET.permission, "b/x"), (CREATE.permission, "b/y"), (LIST.permission, "")] == refused


def test_to_replace_is_to_delete(bucket: BucketServer, theirs: Any) -> None:
    door(bucket, [GET, LIST, CREATE])
    with pytest.raises(Forbidden, match="storage.objects.delete"):
        theirs.blob("a/x").upload_from_string(b"after")

    door(bucket, [GET, LIST, CREATE, DELETE])
    theirs.blob("a/x").upload_from_string(b"after")
    assert b"after" == theirs.blob("a/x").download_as_bytes()
    theirs.blob("a/x").delete()
    assert [] == [*theirs.list_blobs(prefix="a/")]


@pytest.mark.parametrize(("first", "error"), [(True, PreconditionFailed), (False, Forbidden)])
def test_to_create_what_is_there_is_refused_for_either_reason(
    bucket: BucketServer, theirs: Any, first: bool, error: type[Exception]
) -> None:
    door(bucket, [GET, LIST, CREATE], create_first=first)

    with pytest.raises(error):
        theirs.blob("a/x").upload_from_string(b"after", if_generation_match=0)
    theirs.blob("a/y").upload_from_string(b"new", if_generation_match=0)
    assert b"new" == theirs.blob("a/y").download_as_bytes()


@pytest.mark.parametrize(("rights", "error"), [([GET, LIST], NotFound), ([GET], Forbidden)])
def test_who_may_not_list_is_not_told_what_is_missing(
    bucket: BucketServer, theirs: Any, rights: list[Grant], error: type[Exception]
) -> None:
    door(bucket, rights)

    with pytest.raises(error):
        theirs.blob("a/nothing").download_as_bytes()


def test_nobody_deletes_or_looks_at_the_bucket_without_the_right(
    bucket: BucketServer, theirs: Any
) -> None:
    door(bucket, [GET, LIST, CREATE])

    with pytest.raises(Forbidden, match="storage.objects.delete"):
        theirs.blob("a/x").delete()
    with pytest.raises(Forbidden, match="storage.buckets.get"):
        theirs.reload()
    assert theirs.blob("a/x").exists()
