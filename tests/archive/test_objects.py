import gzip
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from aggregator.archive.objects import Statement, write_chunk, write_journal
from aggregator.archive.sources import IdAt, Imported, Source, imported_files
from lake.errors import LakeError
from lake.layout import ChunkKey, JournalKey, Stream
from lake.storage import LocalFolder

DAY = date(2025, 12, 11)
START = 1_765_411_200_000
KEY = ChunkKey(Stream.TRADES, "BTCUSDT", DAY, 10, "i0123")
WHOLE = Statement("BTCUSDT", DAY, (START, START + 86_400_000), START + 86_399_999, "0.1.0")
PART = replace(WHOLE, covered=(START + 5, START + 80_000_000))


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


def lines(lake: LocalFolder, run: str) -> list[dict[str, object]]:
    text, _ = lake.read(str(JournalKey(DAY, 0, run)))
    return [json.loads(line) for line in text.splitlines()]


def journal_keys(lake: LocalFolder) -> list[str]:
    return [stat.key for stat in lake.list("journal/")]


def test_a_chunk_is_created_once(lake: LocalFolder) -> None:
    assert write_chunk(lake, KEY, b"rows\n")
    before = lake.read(str(KEY))

    assert not write_chunk(lake, KEY, b"rows\n")
    assert before == lake.read(str(KEY))
    assert b"rows\n" == gzip.decompress(before[0])


def test_the_same_rows_compressed_by_another_release_are_there_already(lake: LocalFolder) -> None:
    lake.write(str(KEY), gzip.compress(b"rows\n" * 1000, 1, mtime=0))

    assert not write_chunk(lake, KEY, b"rows\n" * 1000)


@pytest.mark.parametrize("other", [b"other", gzip.compress(b"other rows\n", mtime=0), b""])
def test_other_rows_under_the_name_of_a_chunk_are_an_error(lake: LocalFolder, other: bytes) -> None:
    lake.write(str(KEY), other)

    with pytest.raises(LakeError, match="other rows are there") as caught:
        write_chunk(lake, KEY, b"rows\n")

    assert str(KEY) in str(caught.value)
    assert other == lake.read(str(KEY))[0]


def test_a_journal_says_who_wrote_and_what_is_covered(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", WHOLE)

    at = "2025-12-11T23:59:59.999Z"
    recording = {
        "event": "recording", "at": at, "run": "i0123", "by": "import", "version": "0.1.0",
        "symbols": ["BTCUSDT"], "streams": ["trades"],
    }  # fmt: skip
    covered = {
        "event": "covered", "at": at, "stream": "trades", "symbol": "BTCUSDT",
        "from": START, "to": START + 86_400_000,
    }  # fmt: skip
    assert [recording, covered] == lines(lake, "i0123")


def test_a_journal_without_covered_time_only_says_who_wrote(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", replace(WHOLE, covered=None))
    write_journal(lake, "i0123", replace(WHOLE, covered=None, version="9"))

    assert ["recording"] == [line["event"] for line in lines(lake, "i0123")]


@pytest.mark.parametrize("again", [WHOLE, replace(WHOLE, version="9.9.9"), PART])
def test_a_journal_that_says_as_much_is_left_alone(lake: LocalFolder, again: Statement) -> None:
    write_journal(lake, "i0123", WHOLE)
    before = lake.read("journal/2025-12-11/00-i0123.jsonl")
    write_journal(lake, "i0123", again)

    assert before == lake.read("journal/2025-12-11/00-i0123.jsonl")
    assert 1 == len(journal_keys(lake))


def test_a_wider_promise_is_added_once(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", PART)
    first = lake.read("journal/2025-12-11/00-i0123.jsonl")
    for version in ("0.1.0", "0.1.0", "0.2.0"):
        write_journal(lake, "i0123", replace(WHOLE, version=version))

    keys = [key for key in map(JournalKey.parse, journal_keys(lake)) if key]
    assert 2 == len(keys)
    assert first == lake.read("journal/2025-12-11/00-i0123.jsonl")
    added = next(key.run for key in keys if key.run != "i0123")
    recording, covered = lines(lake, added)
    assert (added, "0.1.0") == (recording["run"], recording["version"])
    assert (START, START + 86_400_000) == (covered["from"], covered["to"])


def test_something_else_under_the_names_of_a_journal_is_an_error(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", PART)
    write_journal(lake, "i0123", WHOLE)
    added = next(key for key in journal_keys(lake) if "C" in key)
    place = lake.root / added
    place.write_bytes(b"not a journal\n")

    with pytest.raises(LakeError, match="something else is there"):
        write_journal(lake, "i0123", WHOLE)


def test_what_a_killed_writer_left_beside_a_journal_is_removed(lake: LocalFolder) -> None:
    folder = lake.root / "journal" / "2025-12-11"
    folder.mkdir(parents=True)
    left = folder / ".00-i0123.jsonl.0123456789ab.tmp"
    left.write_bytes(b"half")

    write_journal(lake, "i0123", WHOLE)

    assert not left.exists()


SOURCE = Source("BTCUSDT-trades-2025-12-11.zip", "ab" * 32, "https://archive.example/a.zip")
WHOLE_FILE = Imported(SOURCE, 100, IdAt(1, START), IdAt(9, START + 9))
FETCHED = replace(WHOLE, sources=(WHOLE_FILE,))


def test_a_journal_says_where_the_rows_came_from(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", FETCHED)

    entry = {
        "file": SOURCE.file, "sha256": SOURCE.sha256, "url": SOURCE.url, "max_unpublished": 100,
        "first_id": 1, "first_ms": START, "last_id": 9, "last_ms": START + 9,
    }  # fmt: skip
    assert [entry] == lines(lake, "i0123")[0]["sources"]


def test_where_rows_came_from_is_added_if_it_was_not_known(lake: LocalFolder) -> None:
    write_journal(lake, "i0123", WHOLE)
    write_journal(lake, "i0123", FETCHED)
    added = journal_keys(lake)
    for said in (WHOLE, FETCHED, replace(FETCHED, version="9")):
        write_journal(lake, "i0123", said)

    assert 2 == len(added)
    assert added == journal_keys(lake)
    texts = [lake.read(key)[0] for key in added]
    assert 1 == len([found for text in texts for found in imported_files(text)])


def test_each_file_of_the_same_rows_is_named(lake: LocalFolder) -> None:
    other = replace(SOURCE, sha256="cd" * 32)
    write_journal(lake, "i0123", FETCHED)
    write_journal(lake, "i0123", replace(FETCHED, sources=(replace(WHOLE_FILE, source=other),)))

    texts = [lake.read(key)[0] for key in journal_keys(lake)]
    assert {"ab" * 32, "cd" * 32} == {
        file.source.sha256 for text in texts for _, file in imported_files(text)
    }
