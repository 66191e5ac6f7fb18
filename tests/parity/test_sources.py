"""Klines from the archive, from REST, from a file."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.fetch.patience import FetchError, Patience
from aggregator.fetch.site import Site
from aggregator.parity.rest import Rest
from aggregator.parity.sources import (
    ArchiveSource,
    Fetched,
    FileSource,
    NoKlines,
    Nothing,
    RestSource,
)
from tests.archive_site import ArchiveSite, Body, Status
from tests.archive_site.site import klines_path, zipped
from tests.cases import AFTER, DAY, SYMBOL
from tests.parity.days import kline_lines, market, table

IMPATIENT = Patience(attempts=3, first_wait_s=0.01, longest_wait_s=0.02, timeout_s=5.0)
LINES = kline_lines(market(3))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        yield site


@pytest.fixture
def archive(site: ArchiveSite, tmp_path: Path) -> Iterator[ArchiveSource]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    with Site(site.url, folder, patience=IMPATIENT) as client:
        yield ArchiveSource(client)


@pytest.mark.parametrize("header", [True, False])
def test_the_archive_gives_a_day(
    site: ArchiveSite, archive: ArchiveSource, tmp_path: Path, header: bool
) -> None:
    path = site.publish_klines(SYMBOL, DAY, LINES, header=header)

    found = archive.klines(SYMBOL, DAY)

    assert isinstance(found, Fetched)
    assert [] == [*tmp_path.glob("scratch/*")]
    assert ("archive", site.url + path, 3) == (
        found.source,
        found.name,
        len(found.klines.by_minute),
    )
    assert hashlib.sha256(site.place(path).read_bytes()).hexdigest() == found.sha256


def test_what_the_archive_does_not_have_is_nothing(
    site: ArchiveSite, archive: ArchiveSource
) -> None:
    assert Nothing(site.url + klines_path(SYMBOL, DAY)) == archive.klines(SYMBOL, DAY)


def test_an_archive_that_is_busy_is_asked_again(site: ArchiveSite, archive: ArchiveSource) -> None:
    path = site.publish_klines(SYMBOL, DAY, LINES)
    site.fail(path, Status(503), Status(429, {"Retry-After": "0"}))

    assert isinstance(archive.klines(SYMBOL, DAY), Fetched)


def test_a_truncated_file_is_not_believed(site: ArchiveSite, archive: ArchiveSource) -> None:
    path = site.publish_klines(SYMBOL, DAY, LINES)
    site.fail_always(path, Body(site.place(path).read_bytes()[:50]))

    with pytest.raises(FetchError, match="has not the sha256"):
        archive.klines(SYMBOL, DAY)


@pytest.mark.parametrize(
    "data",
    [zipped("x.txt", b""), zipped("x.csv", b"a,b\n"), zipped("x.csv", LINES[0][:30].encode())],
)
def test_a_file_that_is_no_table_of_klines_is_named(
    site: ArchiveSite, archive: ArchiveSource, data: bytes
) -> None:
    site.publish(klines_path(SYMBOL, DAY), data)

    with pytest.raises(NoKlines, match=f"cannot read the klines of {site.url}"):
        archive.klines(SYMBOL, DAY)


def test_rest_gives_a_day(site: ArchiveSite) -> None:
    listed = (
        "[" + ",".join(f'["{line.replace(",", chr(34) + "," + chr(34))}"]' for line in LINES) + "]"
    )
    site.fail("/fapi/v1/klines", Body(listed.encode()), Body(b"[]"))

    with Rest(site.url, patience=IMPATIENT) as rest:
        found, nothing = (RestSource(rest).klines(SYMBOL, DAY) for _ in range(2))

    assert isinstance(found, Fetched)
    assert ("rest", {0, 1, 2}) == (found.source, {*found.klines.by_minute})
    assert isinstance(nothing, Nothing)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "zip"])
def test_a_file_gives_its_days(tmp_path: Path, ending: str) -> None:
    plain = table(tmp_path / "plain.csv", LINES).read_bytes()
    path = tmp_path / f"BTCUSDT-1m-2025-12-11.{ending}"
    packed = {"csv": plain, "csv.gz": gzip.compress(plain), "zip": zipped("k.csv", plain)}
    path.write_bytes(packed[ending])

    source = FileSource(path)

    found = source.klines(SYMBOL, DAY)
    assert isinstance(found, Fetched)
    assert ("file", path.name, 3) == (found.source, found.name, len(found.klines.by_minute))
    assert isinstance(source.klines(SYMBOL, AFTER), Nothing)


@pytest.mark.parametrize(
    ("name", "data"), [("x.zip", b"no"), ("x.csv.gz", b"no"), ("x.zip", zipped("a.txt", b""))]
)
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(NoKlines, match="cannot read the klines of") as failure:
        FileSource(path)

    assert "\n" not in str(failure.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoKlines, match="No such file"):
        FileSource(tmp_path / "x.csv")
