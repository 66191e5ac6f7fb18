import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.fetch.patience import FetchError, Unanswered
from aggregator.fetch.web import Web
from tests.archive_site import ArchiveSite, Cut, NoRange, Reset, Slow, Status
from tests.fetch.days import QUICK

PATH = "/some/file.zip"
DATA = bytes(range(256)) * 4096


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        site.publish(PATH, DATA)
        yield site


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(patience=QUICK) as web:
        yield web


def ranges(site: ArchiveSite) -> list[str | None]:
    return [asked.headers.get("Range") for asked in site.asked]


def test_a_file_comes_whole(site: ArchiveSite, web: Web, tmp_path: Path) -> None:
    assert web.download(site.url + PATH, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA
    assert [None] == ranges(site)


@pytest.mark.parametrize("fault", [Cut(0.25), Reset(0.25)])
def test_a_download_that_was_cut_goes_on_where_it_was(
    site: ArchiveSite, web: Web, tmp_path: Path, fault: Cut | Reset
) -> None:
    site.fail(PATH, fault, fault)

    assert web.download(site.url + PATH, tmp_path / "got")

    assert (tmp_path / "got").read_bytes() == DATA
    first, second, third = ranges(site)
    assert first is None
    assert second
    assert third
    if isinstance(fault, Cut):
        assert "bytes=262144-" == second


def test_a_server_that_knows_no_ranges_starts_again(
    site: ArchiveSite, web: Web, tmp_path: Path
) -> None:
    site.fail(PATH, Cut(0.5), NoRange())

    assert web.download(site.url + PATH, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA


def test_a_file_that_was_replaced_meanwhile_starts_again(site: ArchiveSite, tmp_path: Path) -> None:
    other = DATA[::-1]
    site.fail(PATH, Cut(0.5))

    def replace_it(_: str) -> None:
        site.publish(PATH, other)

    with Web(patience=QUICK, told=replace_it) as web:
        assert web.download(site.url + PATH, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == other


def test_a_file_that_became_shorter_starts_again(site: ArchiveSite, tmp_path: Path) -> None:
    site.fail(PATH, Cut(0.5), Status(416))

    with Web(patience=QUICK) as web:
        assert web.download(site.url + PATH, tmp_path / "got")

    assert (tmp_path / "got").read_bytes() == DATA
    assert [None, "bytes=524288-", None] == ranges(site)


def test_what_the_archive_does_not_have_is_absent_at_once(
    site: ArchiveSite, web: Web, tmp_path: Path
) -> None:
    assert not web.download(site.url + "/none.zip", tmp_path / "got")
    assert web.text(site.url + "/none.zip") is None
    assert not web.has(site.url + "/none.zip")
    assert 3 == len(site.asked)


def test_it_is_told_whether_a_file_is_there_without_the_file(site: ArchiveSite, web: Web) -> None:
    assert web.has(site.url + PATH)
    assert ["HEAD"] == [asked.method for asked in site.asked]


@pytest.mark.parametrize("code", [429, 503, 418])
def test_a_pause_is_made_as_long_as_the_archive_asks(
    site: ArchiveSite, web: Web, tmp_path: Path, code: int
) -> None:
    site.fail(PATH, Status(code, {"Retry-After": "1"}))

    assert web.download(site.url + PATH, tmp_path / "got")

    first, second = (asked.at_s for asked in site.asked)
    assert second - first >= 1.0


def test_a_pause_holds_for_all_requests(site: ArchiveSite) -> None:
    site.fail_always(PATH, Status(429, {"Retry-After": "1"}))
    other = "/some/other.zip"
    site.publish(other, b"x")
    with Web(patience=replace(QUICK, attempts=1)) as one:
        with pytest.raises(Unanswered, match="HTTP 429 Too Many Requests, wait 1 s"):
            one.text(site.url + PATH)
        began = time.monotonic()
        assert b"x" == one.text(site.url + other)

    assert time.monotonic() - began >= 0.9


def test_a_pause_of_hours_is_not_waited_for(site: ArchiveSite, web: Web) -> None:
    site.fail(PATH, Status(503, {"Retry-After": "7200"}))
    began = time.monotonic()

    with pytest.raises(Unanswered, match="wait 7200 s"):
        web.text(site.url + PATH)

    assert time.monotonic() - began < 60


def test_an_archive_that_is_down_is_asked_a_few_times(site: ArchiveSite, web: Web) -> None:
    site.fail_always(PATH, Status(500))

    with pytest.raises(Unanswered, match="HTTP 500 Internal Server Error; 4 attempts"):
        web.text(site.url + PATH)

    assert 4 == len(site.asked)


def test_nobody_at_home_is_one_line(web: Web) -> None:
    with pytest.raises(Unanswered, match="Connection refused") as caught:
        web.text("http://127.0.0.1:9/x")

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", [403, 400, 451])
def test_a_refusal_is_final(site: ArchiveSite, web: Web, tmp_path: Path, code: int) -> None:
    site.fail_always(PATH, Status(code))

    with pytest.raises(FetchError, match=f"HTTP {code} .*check the address"):
        web.download(site.url + PATH, tmp_path / "got")

    assert 1 == len(site.asked)


@pytest.mark.parametrize("url", ["ftp://somewhere/x", "somewhere/x", "http://"])
def test_an_address_that_is_none_is_final(url: str) -> None:
    told: list[str] = []

    with Web(patience=QUICK, told=told.append) as web, pytest.raises(FetchError, match="address"):
        web.text(url)

    assert [] == told


def test_a_slow_file_comes_too(site: ArchiveSite, web: Web, tmp_path: Path) -> None:
    site.fail(PATH, Slow(0.005, piece=1 << 14))

    assert web.download(site.url + PATH, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == DATA


def test_an_answer_that_all_but_stands_is_given_up_and_goes_on(
    site: ArchiveSite, tmp_path: Path
) -> None:
    site.fail(PATH, Slow(0.05, piece=10))
    told: list[str] = []

    with Web(patience=replace(QUICK, window_s=0.2), told=told.append) as web:
        assert web.download(site.url + PATH, tmp_path / "got")

    assert (tmp_path / "got").read_bytes() == DATA
    assert "bytes in 0 s" in told[0]
    assert ranges(site)[1]


def test_silence_is_given_up(site: ArchiveSite, tmp_path: Path) -> None:
    site.fail_always(PATH, Slow(5.0))

    with (
        Web(patience=replace(QUICK, attempts=2, timeout_s=0.2)) as web,
        pytest.raises(Unanswered, match="timed out"),
    ):
        web.download(site.url + PATH, tmp_path / "got")


def test_bytes_are_heard_of_as_they_come(site: ArchiveSite, tmp_path: Path) -> None:
    counts: list[int] = []

    with Web(patience=QUICK, received=counts.append) as web:
        web.download(site.url + PATH, tmp_path / "got")

    assert sum(counts) == len(DATA)
    assert len(counts) > 4


def test_a_large_file_is_no_small_one(site: ArchiveSite, web: Web) -> None:
    with pytest.raises(FetchError, match="no small file"):
        web.text(site.url + PATH)


def test_a_full_disk_is_said_in_one_line(site: ArchiveSite, web: Web, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FetchError, match="free some space"):
            web.download(site.url + PATH, tmp_path / "got")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
