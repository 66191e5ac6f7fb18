import json
from pathlib import Path

import pytest

from lake.errors import WrongLake
from lake.layout import LAKE_FILE
from lake.marker import check, claim
from lake.storage import LocalFolder


@pytest.fixture
def storage(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path, durable=False)


def test_the_first_writer_creates_the_marker(storage: LocalFolder) -> None:
    claim(storage)

    expected = {"venue": "binance-usdm", "schema_version": 1}
    assert expected == json.loads(storage.read(LAKE_FILE)[0])


def test_a_claimed_lake_is_claimed_again_without_a_write(storage: LocalFolder) -> None:
    claim(storage)
    before = storage.read(LAKE_FILE)
    claim(storage)

    assert before == storage.read(LAKE_FILE)


def test_a_lake_without_marker_is_taken_for_this_venue_and_stays_as_it_is(
    storage: LocalFolder,
) -> None:
    check(storage)

    assert [] == list(storage.list(""))


def test_an_older_schema_version_is_read(storage: LocalFolder) -> None:
    storage.write(LAKE_FILE, b'{"venue": "binance-usdm", "schema_version": 0, "more": 1}')

    check(storage)


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        (b'{"venue": "bybit", "schema_version": 1}', "holds the data of 'bybit'"),
        (b'{"venue": "binance-usdm", "schema_version": 2}', "install a newer release"),
        (b'{"venue": "binance-usdm", "schema_version": "1"}', "restore it"),
        (b'{"venue": null, "schema_version": 1}', "restore it"),
        (b'{"venue": "binance-usdm"}', "restore it"),
        (b'["binance-usdm", 1]', "restore it"),
        (b'{"venue": "binance', "restore it"),
        (b"\xff\xfe", "restore it"),
        (b"[" * 100_000, "restore it"),
        (b"", "restore it"),
    ],
)
def test_another_lake_is_refused_in_one_line_that_says_what_to_do(
    storage: LocalFolder, marker: bytes, complaint: str
) -> None:
    storage.write(LAKE_FILE, marker)

    for refuse in (check, claim):
        with pytest.raises(WrongLake) as refused:
            refuse(storage)
        message = str(refused.value)
        assert complaint in message
        assert storage.url in message
        assert "\n" not in message
    assert marker == storage.read(LAKE_FILE)[0]


class LateStorage(LocalFolder):
    """A folder in which another writer is always a moment faster."""

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        super().write(key, b'{"venue": "bybit", "schema_version": 1}')
        return super().write(key, data, replaces)


def test_who_loses_the_race_to_create_checks_the_winners_marker(tmp_path: Path) -> None:
    with pytest.raises(WrongLake, match="bybit"):
        claim(LateStorage(tmp_path))
