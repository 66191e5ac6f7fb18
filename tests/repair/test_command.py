import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aggregator.archive.importer import import_files
from lake.layout import bars_key, manifest_key
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite, Status, klines_path, trades_path
from tests.cases import COMMAND, Ran, called, finished, started
from tests.product import LONG_AFTER
from tests.repair.days import (
    DAY,
    SYMBOL,
    Trade,
    cut,
    day,
    klines,
    objects,
    publish,
    record,
    recorded_frames,
    recorded_hour,
    recording,
    spread,
    statements,
)
from tests.test_builder import assert_same_as_the_exchange, rows_of
from tests.test_builder import klines as klines_of


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        yield site


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


def repaired(
    lake: LocalFolder, archive: ArchiveSite, *more: object, start: object = DAY, end: object = DAY
) -> Ran:
    return called(
        "repair", "--lake", lake.url, "--start", start, "--end", end, "--resolutions", "1s,1m",
        "--archive-url", archive.url, "--workers", 1, *more,
    )  # fmt: skip


def built(lake: LocalFolder, first: object = DAY, last: object | None = None) -> None:
    ran = called("backfill", "--lake", lake.url, "--start", first, "--end", last or first)
    assert 0 == ran.code, ran


def manifest(lake: LocalFolder, of: Any = DAY, symbol: str = SYMBOL) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(lake.read(manifest_key(symbol, of))[0])
    return said


def bars(lake: LocalFolder, of: Any = DAY, label: str = "1s", symbol: str = SYMBOL) -> bytes:
    return lake.read(bars_key(symbol, of, label))[0]


def fates(ran: Ran) -> dict[str, str]:
    assert ran.code in (0, 1), ran
    return {line["date"]: line["fate"] for line in ran.logged if line.get("event") == "repair"}


def hole_ids(said: dict[str, Any]) -> set[int]:
    holes = said["trades"]["holes"]
    return {id_ for hole in holes for id_ in range(hole["first_id"], hole["last_id"] + 1)}


# --- real recordings ----------------------------------------------------------------------------

HOUR = "2020-12-09"


@pytest.mark.parametrize("seed", range(4))
def test_a_real_hour_that_lost_pieces_becomes_whole_again(
    seed: int, real_data: Path, tmp_path: Path, archive: ArchiveSite, lake: LocalFolder
) -> None:
    folder = real_data / f"binance-usdm-{HOUR}"
    trades, of = recorded_hour(folder), date.fromisoformat(HOUR)
    path = archive.place(publish(archive, of, trades))
    lines = (folder / "BTCUSDT-1m-2020-12-09.csv").read_text().splitlines()
    archive.publish_klines(SYMBOL, of, lines[1:])
    plain = LocalFolder(tmp_path / "plain", durable=False)
    import_files(plain, SYMBOL, [path], now=LONG_AFTER, version="0", progress=None)
    built(plain, HOUR)
    rest = cut(trades, Random(seed))
    record(lake, rest)
    built(lake, HOUR)
    kept = {trade.id for trade in rest}
    lost = {*range(rest[0].id, rest[-1].id + 1)} - kept
    assert lost == hole_ids(manifest(lake, HOUR))

    ran = repaired(lake, archive, start=HOUR, end=HOUR)

    assert (0, {HOUR: "repaired"}) == (ran.code, fates(ran)), ran
    assert bars(plain, HOUR) == bars(lake, HOUR)
    assert bars(plain, HOUR, "1m") == bars(lake, HOUR, "1m")
    refilled = manifest(lake, HOUR)["trades"]["refilled"]
    assert {"rows": len(trades) - len(rest), "unpublished": 1} == {
        name: refilled[name] for name in ("rows", "unpublished")
    }
    assert [] == manifest(lake, HOUR)["trades"]["holes"]
    _assert_same_as_the_exchange(lake, of, SYMBOL, folder / "BTCUSDT-1m-2020-12-09.csv", 60)


def _assert_same_as_the_exchange(
    lake: LocalFolder, of: date, symbol: str, klines: Path, minutes: int
) -> None:
    """Compare the last minutes of the day that have klines: the recording has them whole."""
    own = {row["timestamp"]: row for row in rows_of(bars(lake, of, "1m", symbol))}
    theirs = [(at, kline) for at, kline in klines_of(klines).items() if at in own][-minutes:]
    assert minutes == len(theirs)
    for start, kline in theirs:
        assert_same_as_the_exchange(own[start], kline)


@pytest.mark.parametrize(("symbol", "days"), [("BTCUSDT", 1), ("ETHUSDT", 2)])
def test_frames_up_to_midnight_that_lost_pieces_become_whole_again(
    symbol: str, days: int, real_data: Path, tmp_path: Path, archive: ArchiveSite, lake: LocalFolder
) -> None:
    folder = real_data / "binance-usdm-2024-08-08"
    trades = recorded_frames(folder / f"{symbol}-frames.jsonl.gz")
    dates = [date(2024, 8, 8), date(2024, 8, 9)][:days]
    midnight = 1_723_161_600_000
    publish(archive, dates[0], [t for t in trades if t.ms < midnight], symbol)
    publish(archive, date(2024, 8, 9), [t for t in trades if t.ms >= midnight], symbol)
    lines = (folder / f"{symbol}-1m-2024-08-08.csv").read_text().splitlines()
    archive.publish_klines(symbol, dates[0], lines[1:])
    plain = LocalFolder(tmp_path / "plain", durable=False)
    record(plain, trades, symbol=symbol)
    built(plain, dates[0], dates[-1])
    rest = [t for t in cut(trades, Random(7)) if not midnight - 900 < t.ms < midnight + 20]
    record(lake, {t.id: t for t in [*rest, trades[-1]]}.values(), symbol=symbol)
    built(lake, dates[0], dates[-1])

    # A hole over midnight reaches into the day before, which is repaired too.
    ran = repaired(lake, archive, start=dates[-1], end=dates[-1])

    assert {str(of): "repaired" for of in dates} == fates(ran), ran
    for of in dates:
        ours, theirs = (_prices(bars(each, of, "1m", symbol)) for each in (lake, plain))
        assert theirs == ours
        assert [] == manifest(lake, of, symbol)["trades"]["holes"]
    _assert_same_as_the_exchange(lake, dates[0], symbol, folder / f"{symbol}-1m-2024-08-08.csv", 5)


def _prices(csv: bytes) -> list[bytes]:
    """Return the bars without their last column: the archive proves more time than rows do."""
    return [line.rpartition(b",")[0] for line in csv.splitlines()]


# --- what was never published, and what is lost -------------------------------------------------


def test_what_is_there_is_not_fetched_again_and_a_second_repair_changes_nothing(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    trades = spread(1, 1440)
    publish(archive, DAY, trades)
    archive.publish_klines(SYMBOL, DAY, klines(trades))
    record(lake, [*trades[:100], *trades[150:]])
    built(lake)
    repaired(lake, archive)
    before, asked = objects(lake), len(archive.asked)

    ran = repaired(lake, archive)

    assert (0, {}) == (ran.code, fates(ran))
    assert before == objects(lake)
    assert asked == len(archive.asked)
    recording_line = statements(lake)[0]
    assert ("repair", 50) == (recording_line["by"], recording_line["rows"])
    sources: Any = recording_line["sources"]
    assert archive.url + trades_path(SYMBOL, DAY) == sources[0]["url"]
    assert "complete" == manifest(lake)["condition"]


def holed(*lost: range) -> list[Trade]:
    return [t for t in spread(1, 2880) if not any(t.id in ids for ids in lost)]


def test_short_holes_were_never_published_and_long_ones_stay_with_their_reason(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    published = holed(range(500, 503), range(700, 801))
    publish(archive, DAY, published)
    archive.publish_klines(SYMBOL, DAY, klines(published))
    record(lake, [t for t in published if t.id not in range(400, 1000)])
    built(lake)

    ran = repaired(lake, archive)

    said = manifest(lake)["trades"]
    assert ({"UNPUBLISHED": 3}, 101) == (said["excluded"], said["missing"]), ran
    assert [(700, 800)] == [(hole["first_id"], hole["last_id"]) for hole in said["holes"]]
    assert "max-unpublished" in said["holes"][0]["why"]
    # Nothing new is there, so only the checksums are asked for.
    asked = len(archive.paths(".zip"))
    assert {str(DAY): "nothing new"} == fates(repaired(lake, archive))
    assert asked == len(archive.paths(".zip"))


def test_a_hole_that_the_klines_contradict_stays_one(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    published = holed(range(500, 503), range(600, 601))
    publish(archive, DAY, published)
    archive.publish_klines(SYMBOL, DAY, klines([*published, spread(1, 2880)[600 - 1]]))
    record(lake, published)
    built(lake)

    ran = repaired(lake, archive)

    said = manifest(lake)["trades"]
    assert [(600, 600)] == [(hole["first_id"], hole["last_id"]) for hole in said["holes"]], ran
    assert "klines" in said["holes"][0]["why"]
    assert {"UNPUBLISHED": 3} == said["excluded"]


def test_ids_spent_between_the_files_of_two_days_are_found_by_looking_at_both(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    one, other = spread(1, 1440), spread(1445, 1440, 1)
    for number, trades in enumerate((one, other)):
        publish(archive, day(number), trades)
        archive.publish_klines(SYMBOL, day(number), klines(trades))
        recording(lake, day(number))
    record(lake, [*one[:-3], *other[2:]])
    built(lake, DAY, day(1))
    assert {*range(1438, 1447)} == hole_ids(manifest(lake))

    ran = repaired(lake, archive)

    assert {str(DAY): "repaired", str(day(1)): "repaired"} == fates(ran), ran
    for number in range(2):
        said = manifest(lake, day(number))
        assert ([], "complete") == (said["trades"]["holes"], said["condition"])
    assert {"UNPUBLISHED": 4} == manifest(lake)["trades"]["excluded"]


def test_a_day_of_which_only_the_start_was_recorded_is_filled_up_to_its_end(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    trades = spread(1, 1440)
    publish(archive, DAY, trades)
    record(lake, trades[:200])
    recording(lake, DAY)
    built(lake)

    repaired(lake, archive)

    assert {"ok": 86400} == manifest(lake)["bars"]["1s"]
    assert 1240 == manifest(lake)["trades"]["refilled"]["rows"]


# --- what is not there --------------------------------------------------------------------------


def test_a_day_that_the_archive_does_not_have_is_named_and_left_as_it_is(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    record(lake, holed(range(5, 9)))
    built(lake)
    before = objects(lake)

    ran = repaired(lake, archive)

    assert {str(DAY): "absent"} == fates(ran)
    assert "publishes a day on the day after" in ran.failure
    assert before == objects(lake)


def test_of_several_days_the_absent_ones_are_no_failure(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    for number in range(2):
        trades = spread(1 + 1440 * number, 1440, number)
        record(lake, [*trades[:7], *trades[9:]])
    publish(archive, DAY, spread(1, 1440))
    built(lake, DAY, day(1))

    ran = repaired(lake, archive, end=day(1))

    assert (0, {str(DAY): "repaired", str(day(1)): "absent"}) == (ran.code, fates(ran)), ran


def test_trades_without_ids_are_never_doubled(archive: ArchiveSite, lake: LocalFolder) -> None:
    publish(archive, DAY, spread(1, 1440))
    record(lake, [Trade("", trade.ms) for trade in spread(1, 100)])  # type: ignore[arg-type]
    built(lake)

    assert {str(DAY): "skipped"} == fates(repaired(lake, archive))


@pytest.mark.parametrize("fault", ["checksum", "zip", "unit"])
def test_a_fault_of_the_archive_leaves_the_lake_as_it_was(
    fault: str, archive: ArchiveSite, lake: LocalFolder
) -> None:
    record(lake, holed(range(5, 9)))
    built(lake)
    path = publish(archive, DAY, spread(1, 2880))
    if fault == "checksum":
        archive.publish(path, archive.place(path).read_bytes(), checksum=b"0" * 64)
    elif fault == "zip":
        archive.publish(path, archive.place(path).read_bytes()[:-900])
    else:
        publish(archive, DAY, [Trade(t.id, t.ms * 1000) for t in spread(1, 2880)])
    before = objects(lake)

    ran = repaired(lake, archive)

    assert "could not be repaired" in ran.failure
    assert before == objects(lake)


def test_an_archive_that_refuses_fails_the_day_and_not_the_others(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    for number in range(2):
        trades = spread(1 + 1440 * number, 1440, number)
        record(lake, [*trades[:7], *trades[9:]])
        publish(archive, day(number), trades)
    built(lake, DAY, day(1))
    archive.fail_always(trades_path(SYMBOL, DAY) + ".CHECKSUM", Status(403))

    ran = repaired(lake, archive, end=day(1))

    assert "HTTP 403" in ran.failure
    assert {str(DAY): "failed", str(day(1)): "repaired"} == fates(ran)
    assert [] == manifest(lake, day(1))["trades"]["holes"]


def test_klines_that_are_none_fail_the_day(archive: ArchiveSite, lake: LocalFolder) -> None:
    record(lake, holed(range(5, 9)))
    built(lake)
    publish(archive, DAY, spread(1, 2880))
    archive.publish_klines(SYMBOL, DAY, ["1,2"])

    assert klines_path(SYMBOL, DAY) in repaired(lake, archive).failure


# --- killed, and the nightly job ----------------------------------------------------------------


def test_killed_at_any_object_it_ends_in_the_same_lake(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    trades = holed(range(500, 503), range(700, 801))
    publish(archive, DAY, trades)
    archive.publish_klines(SYMBOL, DAY, klines(trades))
    plain, other = (LocalFolder(tmp_path / name, durable=False) for name in ("plain", "other"))
    for lake in (plain, other):
        record(lake, [t for t in trades if t.id not in range(400, 1800)])
        built(lake)
    count = len(objects(plain))
    repaired(plain, archive)
    arguments = ["--start", DAY, "--end", DAY, "--archive-url", archive.url]
    for more in (3, 17, 40):
        process = started(COMMAND, "repair", "--lake", other.url, *arguments)
        while process.poll() is None and len(objects(other)) < count + more:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    ran = finished(started(COMMAND, "repair", "--lake", other.url, *arguments))

    assert 0 == ran.code, ran
    assert objects(plain) == objects(other)


def test_the_nightly_job_repairs_the_days_that_it_checks_again(
    archive: ArchiveSite, lake: LocalFolder
) -> None:
    script = (
        "import sys; from datetime import UTC, datetime, timedelta, date\n"
        "print((datetime.now(UTC).date() - timedelta(days=2) - date(2025, 12, 11)).days)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    number = int(said)
    for n in (number, number + 1):
        trades = spread(1 + 1440 * (n - number), 1440, n)
        record(lake, [*trades[:7], *trades[9:]])
        publish(archive, day(n), trades)

    ran = called("daily", "--lake", lake.url, "--repair", "--archive-url", archive.url)

    assert (0, {str(day(number)): "repaired"}) == (ran.code, fates(ran)), ran
    assert [] == manifest(lake, day(number))["trades"]["holes"]
    assert 1 == len(manifest(lake, day(number + 1))["trades"]["holes"])
