import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.fetch.names import trades_name
from aggregator.fetch.patience import FetchError, Unanswered
from aggregator.fetch.site import Absent, Found, Published, Site
from tests.archive_site import ArchiveSite, Body, Cut, Status, klines_path, trades_path
from tests.fetch.days import DAY, QUICK, SYMBOL, day_lines, new_folder

TRADES = trades_path(SYMBOL, DAY)
CHECKSUM = TRADES + ".CHECKSUM"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as archive:
        archive.publish_trades(SYMBOL, DAY, day_lines(count=5))
        yield archive


@pytest.fixture
def site(archive: ArchiveSite, tmp_path: Path) -> Iterator[Site]:
    with Site(archive.url, new_folder(tmp_path, "down"), patience=QUICK) as site:
        yield site


def test_trades_come_down_verified(archive: ArchiveSite, site: Site, tmp_path: Path) -> None:
    found = site.trades(SYMBOL, DAY)

    data = archive.place(TRADES).read_bytes()
    name = f"{SYMBOL}-trades-{DAY}.zip"
    expected = Found(
        tmp_path / "down" / name, hashlib.sha256(data).hexdigest(), archive.url + TRADES
    )
    assert expected == found
    assert data == expected.path.read_bytes()
    assert [CHECKSUM, TRADES] == archive.paths()


def test_klines_come_down_the_same_way(archive: ArchiveSite, site: Site) -> None:
    archive.publish_klines(SYMBOL, DAY, ["1,2,3"], interval="5m")

    found = site.klines(SYMBOL, "5m", DAY)

    assert isinstance(found, Found)
    assert archive.url + klines_path(SYMBOL, DAY, "5m") == found.url


def test_what_is_not_published_is_absent(archive: ArchiveSite, site: Site) -> None:
    assert Absent(archive.url + trades_path("ETHUSDT", DAY)) == site.trades("ETHUSDT", DAY)


def test_a_checksum_that_came_before_its_file_is_of_nothing_yet(
    archive: ArchiveSite, site: Site
) -> None:
    archive.withdraw(TRADES)

    assert Absent(archive.url + TRADES) == site.trades(SYMBOL, DAY)


def test_a_file_without_a_checksum_is_not_taken(archive: ArchiveSite, site: Site) -> None:
    archive.withdraw(CHECKSUM)

    with pytest.raises(FetchError, match=r"no \.CHECKSUM beside it, and nothing was taken"):
        site.trades(SYMBOL, DAY)

    assert [] == [
        asked for asked in archive.asked if asked.method == "GET" and asked.path == TRADES
    ]


def test_a_wrong_checksum_is_never_believed(archive: ArchiveSite, site: Site) -> None:
    wrong = f"{'0' * 64}  {SYMBOL}-trades-{DAY}.zip".encode()
    archive.publish(TRADES, archive.place(TRADES).read_bytes(), checksum=wrong)

    with pytest.raises(FetchError, match="not the sha256 of its"):
        site.trades(SYMBOL, DAY)

    assert 3 == len(archive.paths(".zip"))


@pytest.mark.parametrize("text", [b"", b"<html>", b"0" * 64 + b"  ETHUSDT-trades-2025-12-11.zip"])
def test_a_checksum_that_says_nothing_is_an_error(
    archive: ArchiveSite, site: Site, text: bytes
) -> None:
    archive.publish(TRADES, b"zip", checksum=text)

    with pytest.raises(FetchError, match=r"cannot read .*CHECKSUM: it "):
        site.trades(SYMBOL, DAY)


def test_a_file_that_is_replaced_between_checksum_and_download_is_brought_again(
    archive: ArchiveSite, site: Site
) -> None:
    old = archive.place(CHECKSUM).read_bytes()
    archive.publish_trades(SYMBOL, DAY, day_lines(count=6))
    archive.fail(CHECKSUM, Body(old))

    found = site.trades(SYMBOL, DAY)

    assert isinstance(found, Found)
    assert archive.place(TRADES).read_bytes() == found.path.read_bytes()


def test_bytes_that_changed_on_the_way_are_brought_again(archive: ArchiveSite, site: Site) -> None:
    data = archive.place(TRADES).read_bytes()
    archive.fail(TRADES, Body(data[:100] + b"!" + data[101:]))

    found = site.trades(SYMBOL, DAY)

    assert isinstance(found, Found)
    assert data == found.path.read_bytes()


def test_a_file_that_was_published_damaged_is_named(archive: ArchiveSite, site: Site) -> None:
    archive.publish(TRADES, archive.place(TRADES).read_bytes()[:-30])

    with pytest.raises(FetchError, match="has the published checksum; the archive's own file"):
        site.trades(SYMBOL, DAY)


def test_the_checksum_alone_can_be_asked_for(archive: ArchiveSite, site: Site) -> None:
    found = site.published(trades_name(SYMBOL, DAY))

    assert isinstance(found, Published)
    assert [CHECKSUM] == archive.paths()
    assert archive.place(CHECKSUM).read_text(encoding="utf-8").startswith(found.sha256)


def test_faults_on_the_way_are_survived(archive: ArchiveSite, site: Site) -> None:
    archive.fail(CHECKSUM, Status(503), Cut(0.5), Status(429, {"Retry-After": "0"}))
    archive.fail(TRADES, Status(500), Cut(0.1), Cut(0.5))

    assert isinstance(site.trades(SYMBOL, DAY), Found)


def test_an_archive_that_is_down_is_an_error(archive: ArchiveSite, site: Site) -> None:
    archive.fail_always(CHECKSUM, Status(502))

    with pytest.raises(Unanswered, match="HTTP 502"):
        site.trades(SYMBOL, DAY)
