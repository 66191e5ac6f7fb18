"""The command, as a person and a job run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archive_site import ArchiveSite, Body
from tests.cases import AFTER, DAY, SYMBOL, Lake, called, in_terminal
from tests.parity.days import kline_lines, market, record, renumbered

TRADES = market()
SHORT = renumbered(TRADES[:8] + TRADES[9:])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        site.publish_klines(SYMBOL, DAY, kline_lines(TRADES))
        yield site


def verify(lake: Lake, site: ArchiveSite, *more: object) -> tuple[object, ...]:
    return ("verify", "--lake", lake.path, "--archive-url", site.url, *more)


def test_clean_data_ends_well_and_status_shows_it(lake: Lake, site: ArchiveSite) -> None:
    record(lake, TRADES)

    ran = called(*verify(lake, site, "--date", DAY))

    assert 0 == ran.code, ran
    day, summary = ran.logged
    assert ("INFO", "parity", 8, 0) == (
        day["severity"],
        day["event"],
        day["equal"],
        day["different"],
    )
    assert ("summary", 1, 0) == (summary["event"], summary["equal"], summary["tolerance"])
    (shown,) = json.loads(called("status", "--lake", lake.path, "--json").out)
    counts = {"equal": 8, "different": 0, "not_comparable": 1432, "different_though_ok": 0}
    assert {**counts, "stale": False} == shown["parity"]


def test_a_difference_fails_above_the_tolerance_only(lake: Lake, site: ArchiveSite) -> None:
    record(lake, SHORT)

    ran = called(*verify(lake, site))

    assert "1 of 1 days are not the exchange's klines: BTCUSDT 2025-12-11" in ran.failure
    assert "at most 0 such minutes a day are tolerated" in ran.failure
    _, difference, _ = ran.logged
    assert ("WARNING", "00:01", "trades lacking") == (
        difference["severity"], difference["minute"], difference["cause"],
    )  # fmt: skip
    assert 0 == called(*verify(lake, site, "--tolerance", 1)).code


def test_a_hole_that_we_know_of_is_no_failure(lake: Lake, site: ArchiveSite) -> None:
    record(lake, TRADES[:8] + TRADES[9:])

    ran = called(*verify(lake, site))

    assert 0 == ran.code
    assert ("NOTICE", "hole") == (ran.logged[1]["severity"], ran.logged[1]["cause"])


def test_a_day_that_is_built_again_makes_its_comparison_stale(
    lake: Lake, site: ArchiveSite
) -> None:
    record(lake, SHORT)
    called(*verify(lake, site))
    lake.record(minutes=[100], run="late")
    lake.build(labels=("1s", "1m"))

    (shown,) = json.loads(called("status", "--lake", lake.path, "--json").out)

    assert shown["parity"]["stale"]


def test_json_is_what_lies_in_the_lake(lake: Lake, site: ArchiveSite) -> None:
    record(lake, SHORT)

    ran = called(*verify(lake, site, "--json"))

    path = lake.path / "aggregated" / SYMBOL / f"{DAY}_parity.json"
    assert (1, [json.loads(path.read_bytes())]) == (ran.code, json.loads(ran.out))


def test_klines_come_from_a_file_or_from_rest(
    lake: Lake, site: ArchiveSite, tmp_path: Path
) -> None:
    record(lake, TRADES)
    path = tmp_path / "BTCUSDT-1m-2025-12-11.csv"
    path.write_text("\n".join(kline_lines(TRADES)), encoding="utf-8")
    listed = [line.split(",") for line in kline_lines(TRADES)]
    site.fail("/fapi/v1/klines", Body(json.dumps(listed).encode()))

    by_file = called("verify", "--lake", lake.path, "--klines", path)
    by_rest = called("verify", "--lake", lake.path, "--rest-url", site.url)

    assert (0, 0) == (by_file.code, by_rest.code), by_rest
    assert 8 == by_file.logged[0]["equal"] == by_rest.logged[0]["equal"]


def test_where_nothing_could_be_compared_it_is_a_failure(lake: Lake, site: ArchiveSite) -> None:
    record(lake, TRADES, day=AFTER)

    assert "nothing was compared" in called(*verify(lake, site, "--date", AFTER)).failure


def test_a_day_that_is_not_published_is_named(lake: Lake, site: ArchiveSite) -> None:
    record(lake, TRADES)
    days = ("--start", DAY, "--end", AFTER, "--symbols", SYMBOL)

    assert (
        "cannot verify BTCUSDT 2025-12-12: it is not published"
        in called(*verify(lake, site, *days)).failure
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ("--date", "2025-12-11", "--start", "2025-12-11"),
        ("--start", "2025-12-12", "--end", "2025-12-11"),
        ("--date", "2999-01-01"),
        ("--date", "yesterday"),
        ("--rest",),
        ("--tolerance", "-1"),
    ],
)
def test_wrong_usage_is_said(lake: Lake, site: ArchiveSite, wrong: tuple[str, ...]) -> None:
    lake.path.mkdir(parents=True)

    assert called(*verify(lake, site, *wrong)).usage_error


def test_a_person_sees_a_table(lake: Lake, site: ArchiveSite) -> None:
    record(lake, SHORT)

    code, text = in_terminal(*verify(lake, site), columns=120)

    assert 1 == code
    for said in (
        "parity",
        "different",
        "00:01",
        "our bar lacks one trade of 0.109",
        "tolerated: 0",
    ):
        assert said in text


def test_status_has_a_column_for_it(lake: Lake, site: ArchiveSite) -> None:
    record(lake, SHORT)
    called(*verify(lake, site))

    _, text = in_terminal("status", "--lake", lake.path, columns=120)

    assert "1 differ" in text
