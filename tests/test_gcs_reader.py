"""Reading many objects at once: in order, bounded, as whom, and with or without obstore."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.oauth2.credentials import Credentials

from lake import gcs_reader
from lake.gcs import Bucket
from lake.gcs_reader import Place, Reader, Source
from lake.storage import Stat
from tests.bucket import BucketServer, Draft, First, Kind, Refuse

MANY = 40


@pytest.fixture
def name(bucket: BucketServer) -> str:
    return bucket.lake.removeprefix("gs://")


@pytest.fixture
def listed(bucket: BucketServer, name: str) -> list[Stat]:
    """Return many objects of a thousand bytes each, as a listing shows them."""
    for number in range(MANY):
        bucket.store.put(name, Draft(f"raw/{number:02}", b"%03d," % number * 250))
    return [*Bucket(bucket.lake).list("raw/")]


def numbers(contents: list[bytes]) -> list[int]:
    return [int(content[:3]) for content in contents]


def test_objects_are_read_in_order_however_late_they_arrive(
    bucket: BucketServer, listed: list[Stat]
) -> None:
    lake = Bucket(bucket.lake, in_flight=8)
    answered: list[int] = []
    # The first is not answered before the last of those that are asked for with it.
    bucket.script.add(First(lambda: wait_for(lambda: len(answered) == 7)), Kind.READ, "raw/00")
    for number in range(1, 8):
        note = First(lambda number=number: answered.append(number))  # type: ignore[misc]
        bucket.script.add(note, Kind.READ, f"raw/{number:02}")

    assert [*range(MANY)] == numbers([*lake.read_many(listed)])


def wait_for(condition: Callable[[], bool]) -> None:
    give_up = datetime.now(UTC) + timedelta(seconds=60)
    while not condition():
        assert datetime.now(UTC) < give_up


def test_no_more_is_read_ahead_than_is_allowed(bucket: BucketServer, listed: list[Stat]) -> None:
    lake = Bucket(bucket.lake, in_flight=4)
    contents = lake.read_many(listed)
    for taken in range(1, MANY + 1):
        next(contents)

        assert bucket.script.counts()[Kind.READ] <= taken + 2 * 4


def test_of_large_objects_fewer_are_read_ahead(
    bucket: BucketServer, listed: list[Stat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_reader, "_AHEAD_BYTES", 3_000)
    contents = Bucket(bucket.lake).read_many(listed)
    for taken in range(1, MANY + 1):
        next(contents)

        assert bucket.script.counts()[Kind.READ] <= taken + 3


def test_an_object_larger_than_all_that_may_be_ahead_is_read_alone(
    bucket: BucketServer, listed: list[Stat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_reader, "_AHEAD_BYTES", 10)

    assert [*range(MANY)] == numbers([*Bucket(bucket.lake).read_many(listed)])


def test_when_the_reader_goes_nothing_is_asked_again(
    bucket: BucketServer, listed: list[Stat]
) -> None:
    lake = Bucket(bucket.lake, in_flight=4, patience_s=3600)
    bucket.script.add(Refuse(503), Kind.READ, "raw/[123]?", times=9999)
    contents = lake.read_many(listed)
    next(contents)
    del contents

    # This ends within the pause of a moment, and not after an hour of patience.
    lake._reader._threads.shutdown(wait=True)
    assert bucket.script.counts()[Kind.READ] < MANY


def test_without_obstore_or_where_it_finds_nothing_googles_client_reads(
    bucket: BucketServer, listed: list[Stat], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_reader, "find_spec", lambda _: None)
    bucket.script.forget()

    assert [*range(MANY)] == numbers([*Bucket(bucket.lake).read_many(listed)])
    assert {Kind.READ: MANY} == bucket.script.counts()


def test_an_emulator_that_knows_one_protocol_only_is_found_out_once(
    bucket: BucketServer, listed: list[Stat]
) -> None:
    lake = Bucket(bucket.lake, in_flight=1)
    bucket.script.forget()
    bucket.script.add(Refuse(404), Kind.READ, "raw/00")

    assert [*range(MANY)] == numbers([*lake.read_many(listed)])
    asked = ["/download/" in request.path for request in bucket.script.asked]
    assert [False] + [True] * MANY == asked


def test_obstore_goes_with_the_token_of_googles_client(
    bucket: BucketServer, name: str, listed: list[Stat]
) -> None:
    reader = Reader(Source(Place(name, ""), Renewed(), bucket.url, nothing), 1, 60)
    bucket.script.forget()

    assert [*range(MANY)] == numbers([*reader.read(listed)])
    assert {"Bearer renewed"} == {request.authorization for request in bucket.script.asked}


def nothing(key: str) -> tuple[bytes, str]:
    raise AssertionError(f"Google's client was asked for {key}")


class Renewed(Credentials):
    """Credentials that have to be renewed before their first use."""

    def __init__(self) -> None:
        super().__init__(token=None)  # type: ignore[no-untyped-call]

    def refresh(self, request: Any) -> None:
        assert callable(request)
        self.token = "renewed"
        self.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
