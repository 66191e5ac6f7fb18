from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.fetch.names import trades_name
from aggregator.fetch.patience import FetchError, Patience, Unanswered
from aggregator.fetch.site import Absent, Found, Site
from aggregator.repair.files import Files
from tests.archive_site import ArchiveSite, Status
from tests.repair.days import DAY, SYMBOL, day, publish, spread

QUICK = Patience(attempts=2, first_wait_s=0.01, longest_wait_s=0.02, timeout_s=2)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        yield site


@pytest.fixture
def files(archive: ArchiveSite, tmp_path: Path) -> Iterator[Files]:
    (tmp_path / "folder").mkdir()
    with Site(archive.url, tmp_path / "folder", patience=QUICK) as site:
        yield Files(site)


def test_a_file_comes_once_and_is_removed_when_it_is_of_no_use(
    archive: ArchiveSite, files: Files
) -> None:
    publish(archive, DAY, spread(1, 10))
    name = trades_name(SYMBOL, DAY)

    found = files.bring(name)
    again = files.bring(name)

    assert isinstance(found, Found)
    assert found is again
    assert 2 == len(archive.asked)
    files.keep([name])
    assert found.path.exists()
    files.keep([])
    assert not found.path.exists()


def test_what_the_archive_does_not_have_is_asked_for_once(
    archive: ArchiveSite, files: Files
) -> None:
    name = trades_name(SYMBOL, DAY)

    answers = [files.published(name), files.bring(name), files.published(name)]

    assert all(isinstance(answer, Absent) for answer in answers)
    assert 1 == len(archive.paths(".CHECKSUM"))


def test_an_archive_that_is_silent_is_not_asked_for_ever(
    archive: ArchiveSite, files: Files
) -> None:
    for number in range(3):
        path = publish(archive, day(number), spread(1, 10))
        archive.fail_always(path + ".CHECKSUM", Status(503))
    for number in range(2):
        with pytest.raises(Unanswered):
            files.published(trades_name(SYMBOL, day(number)))
    asked = len(archive.asked)

    with pytest.raises(FetchError, match="was not asked for"):
        files.published(trades_name(SYMBOL, day(2)))

    assert asked == len(archive.asked)
