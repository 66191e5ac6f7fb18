import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.fetch.ledger import close_seams, files_of
from aggregator.fetch.seams import Seam
from aggregator.fetch.site import Site
from lake.journal import write_event
from lake.layout import ChunkKey, JournalKey
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite
from tests.fetch.days import (
    DAY_MS,
    QUICK,
    START,
    SYMBOL,
    THREADS,
    at,
    day,
    day_lines,
    fetcher,
    line,
    objects,
    publish,
)

MIDNIGHT = START + DAY_MS


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as archive:
        yield archive


def fetch(lake: LocalFolder, archive: ArchiveSite, folder: Path, *numbers: int) -> None:
    folder.mkdir(exist_ok=True)
    with Site(archive.url, folder, patience=QUICK) as site:
        list(fetcher(lake, site).run([SYMBOL], [day(number) for number in numbers], THREADS))


def close(lake: LocalFolder, *numbers: int) -> list[Seam]:
    return [*close_seams(lake, [SYMBOL], [day(number) for number in numbers], "0.1.0")]


def test_the_lake_alone_says_which_files_it_has(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    publish(archive, [0])
    fetch(lake, archive, tmp_path / "down", 0)
    # What others say at that hour is no hindrance.
    key = JournalKey(day(0), 0, "k3v9")
    said = write_event("recording", "2025-12-11T00:00:00.000Z", run="k3v9", by="collector")
    lake.write(str(key), said + b"rubbish\n")

    found = files_of(lake, day(0), [SYMBOL, "ETHUSDT"])

    assert [SYMBOL] == [*found]
    assert (1, 1440) == (found[SYMBOL][0].first.id, found[SYMBOL][0].last.id)
    assert (START, MIDNIGHT) == found[SYMBOL][0].covered
    assert {} == files_of(lake, day(0), ["ETHUSDT"])
    assert {} == files_of(lake, day(1), [SYMBOL])


def test_ids_spent_between_two_days_are_found_whenever_the_second_comes(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    publish(archive, [0])
    archive.publish_trades(SYMBOL, day(1), [line(1443, MIDNIGHT + 5), line(1444, MIDNIGHT + 6)])
    fetch(lake, archive, tmp_path / "down", 0)
    assert [] == close(lake, 0)
    fetch(lake, archive, tmp_path / "down", 1)

    (seam,) = close(lake, 1)

    assert range(1441, 1443) == seam.unpublished
    chunks = [stat.key for stat in lake.list("raw/") if seam.run in stat.key]
    (key,) = [ChunkKey.parse(key) for key in chunks]
    assert key
    assert (day(0), 1430) == (key.date, key.minute)
    text = gzip.decompress(lake.read(chunks[0])[0]).decode()
    assert 2 == text.count("UNPUBLISHED")


def test_closing_again_changes_nothing(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    archive.publish_trades(SYMBOL, day(0), at(0, (1, 5), (2, 7_200_000)))
    archive.publish_trades(SYMBOL, day(1), at(1, (5, 9_000_000), (6, 80_000_000)))
    fetch(lake, archive, tmp_path / "down", 0, 1)
    first = close(lake, 0, 1)
    before = objects(lake)

    assert first == close(lake, 1)
    assert before == objects(lake)


def test_a_quiet_midnight_is_covered(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    hour = 3_600_000
    archive.publish_trades(SYMBOL, day(0), at(0, (1, 5), (2, 6), (3, 20 * hour)))
    archive.publish_trades(SYMBOL, day(1), at(1, (4, 23 * hour), (5, 23 * hour + 1)))
    fetch(lake, archive, tmp_path / "down", 0, 1)

    (seam,) = close(lake, 0)

    assert ((day(1), (MIDNIGHT, MIDNIGHT + 23 * hour)),) == seam.covered


def test_a_file_that_another_one_goes_on_from_has_no_seam(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    publish(archive, [0, 1])
    archive.publish_trades(SYMBOL, day(0), [line(n, START + 50 + n) for n in range(1, 1001)])
    fetch(lake, archive, tmp_path / "down", 0, 1)
    publish(archive, [0])
    archive.publish_trades(SYMBOL, day(0), day_lines(0)[:1438])
    fetch(lake, archive, tmp_path / "down", 0)

    found = close(lake, 0)

    assert 2 == len(files_of(lake, day(0), [SYMBOL])[SYMBOL])
    assert [(2, None)] == [(len(seam.unpublished), seam.lost) for seam in found]


def test_a_day_that_is_absent_has_no_neighbours(
    lake: LocalFolder, archive: ArchiveSite, tmp_path: Path
) -> None:
    publish(archive, [0, 2])
    fetch(lake, archive, tmp_path / "down", 0, 1, 2)

    assert [] == close(lake, 0, 1, 2)
