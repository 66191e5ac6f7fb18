"""Many units: in one process or several, killed, stopped, or racing against each other."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from aggregator.run import Job, cores, run
from aggregator.unit import Outcome, Status, Unit
from lake.layout import LAKE_FILE, manifest_key
from tests.cases import (
    AFTER,
    BEFORE,
    COMMAND,
    DAY,
    HOURLY,
    OTHER,
    SYMBOL,
    Lake,
    Watched,
    builder,
    called,
    finished,
    ran,
    started,
    troubled,
)
from tests.product import settings

UNIT = Unit(DAY, SYMBOL)
WHOLE = "degraded"
"""The condition of a day of three minutes that is as whole as it can be."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake that knows the price before the day, and three minutes of the day."""
    lake = Lake(tmp_path / "lake")
    lake.record(BEFORE, [1439])
    lake.record(DAY, range(3))
    return lake


def backfill(lake: Lake, *options: object) -> list[object]:
    days = ["--start", DAY, "--end", DAY]
    return ["backfill", "--lake", lake.path, *days, "--resolutions", "1m,1h", *options]


def products_of(lake: Lake, folder: Path) -> dict[str, bytes]:
    """Return what an undisturbed build of the same chunks publishes, in a lake of its own."""
    undisturbed = Lake(folder)
    for stat in lake.storage.list("raw"):
        undisturbed.write(stat.key, lake.storage.read(stat.key)[0])
    undisturbed.build(labels=("1m", "1h"))
    return undisturbed.products()


def heals(lake: Lake, folder: Path) -> None:
    """Check that the next run finishes the day and cleans up."""
    assert {(SYMBOL, str(DAY)): "built"} == called(*backfill(lake)).units
    changes = {key for key in lake.products() if "/changes/" in key}
    expected = products_of(lake, folder)
    assert expected == {key: data for key, data in lake.products().items() if key not in changes}
    assert [] == lake.hidden()
    assert {(SYMBOL, str(DAY)): "up to date"} == called(*backfill(lake)).units


# Killed

NEW_DAY = [
    ("open", "0001-a.csv.gz"),
    ("os.link", LAKE_FILE),
    ("os.link", "_1m.csv"),
    ("os.link", "_1h.csv"),
    ("os.link", "_manifest.json"),
]
REBUILD = [
    ("open", "0004-late.csv.gz"),
    ("os.rename", "_1m.csv"),
    ("os.rename", "_1h.csv"),
    ("os.rename", "_manifest.json"),
]


@pytest.mark.parametrize(("event", "path"), NEW_DAY)
def test_a_day_that_was_killed_in_the_making_is_not_there(
    lake: Lake, tmp_path: Path, event: str, path: str
) -> None:
    killed = troubled("signal", signal.SIGKILL, event, path, *backfill(lake))

    assert -signal.SIGKILL == killed.code
    assert not (lake.path / manifest_key(SYMBOL, DAY)).exists()
    heals(lake, tmp_path / "undisturbed")


@pytest.mark.parametrize(("event", "path"), REBUILD)
def test_a_rebuild_that_was_killed_leaves_the_old_day_or_one_that_is_being_rebuilt(
    lake: Lake, tmp_path: Path, event: str, path: str
) -> None:
    lake.build(labels=("1m", "1h"))
    before = lake.products()
    lake.record(minutes=[4], run="late")

    killed = troubled("signal", signal.SIGKILL, event, path, *backfill(lake))

    assert -signal.SIGKILL == killed.code
    assert before[manifest_key(SYMBOL, DAY)] == lake.products()[manifest_key(SYMBOL, DAY)]
    assert lake.is_whole() == (path in ("0004-late.csv.gz", "_1m.csv"))
    heals(lake, tmp_path / "undisturbed")
    assert ["inputs"] == [change["reason"] for change in lake.changes()]


@pytest.mark.parametrize(("event", "path"), [NEW_DAY[0], NEW_DAY[2]])
def test_who_is_told_to_stop_leaves_nothing_half_done(
    lake: Lake, tmp_path: Path, event: str, path: str
) -> None:
    stopped = troubled("signal", signal.SIGTERM, event, path, *backfill(lake))

    assert 128 + signal.SIGTERM == stopped.code
    assert "stopped by SIGTERM" in json.loads(stopped.err)["message"]
    assert [] == lake.hidden()
    assert not (lake.path / manifest_key(SYMBOL, DAY)).exists()
    heals(lake, tmp_path / "undisturbed")


# Several processes


@pytest.fixture
def long_lake(lake: Lake) -> Lake:
    """Return a lake of six days."""
    for back in range(2, 7):
        lake.record(DAY - timedelta(days=back), range(3))
    return lake


def all_days(lake: Lake, *options: object) -> list[object]:
    days = ["--start", DAY - timedelta(days=6), "--end", DAY]
    return ["backfill", "--lake", lake.path, *days, "--resolutions", "1m", *options]


TROUBLE = """
import os, signal, sys, time

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def hold():
    try:
        held = os.open(os.environ["HELD"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return  # it was held once: that is enough
    os.write(held, b"%d" % os.getpid())
    time.sleep(600)

def audit(event, about):
    if event == "open" and str(about[0]).endswith(os.environ["AT"]):
        globals()[os.environ["TROUBLE"]]()

sys.addaudithook(audit)
"""
"""What every Python process does before it opens a file, workers too."""


def trouble(folder: Path, what: str, at: str) -> dict[str, str]:
    """Return the environment in which processes get into trouble."""
    (folder / "sitecustomize.py").write_text(TROUBLE, encoding="utf-8")
    held = str(folder / "held")
    return {"PYTHONPATH": str(folder), "TROUBLE": what, "AT": at, "HELD": held}


def held_process(environment: dict[str, str]) -> psutil.Process:
    """Wait until a process is held, and return it."""
    held, deadline = Path(environment["HELD"]), time.monotonic() + 100
    while not (held.exists() and held.read_text()):
        assert time.monotonic() < deadline, "nothing was held"
        time.sleep(0.02)
    return psutil.Process(int(held.read_text()))


ENDS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 128 + signal.SIGTERM, signal.SIGINT: 130}


@pytest.mark.parametrize("number", ENDS)
def test_no_process_outlives_the_program(
    long_lake: Lake, tmp_path: Path, number: signal.Signals
) -> None:
    environment = trouble(tmp_path, "hold", f"{DAY}/0001-a.csv.gz")
    program = started(COMMAND, *all_days(long_lake, "--workers", 2), **environment)
    worker = held_process(environment)
    children = psutil.Process(program.pid).children(recursive=True)

    program.send_signal(number)
    stopped = finished(program)

    assert worker in children
    assert [] == psutil.wait_procs(children, timeout=60)[1]
    assert ENDS[number] == stopped.code
    assert "Traceback" not in stopped.err
    assert 7 == len(called(*all_days(long_lake, "--workers", 1)).units)
    assert [] == long_lake.hidden()


def test_a_worker_that_is_killed_costs_no_day(long_lake: Lake, tmp_path: Path) -> None:
    environment = trouble(tmp_path, "hold", f"{DAY}/0001-a.csv.gz")
    program = started(COMMAND, *all_days(long_lake, "--workers", 2), **environment)

    held_process(environment).kill()

    done = finished(program)
    assert (0, 7) == (done.code, len(done.units))
    assert {"built", "up to date"} >= set(done.units.values())
    assert [] == long_lake.hidden()


def test_a_day_that_kills_its_process_fails_alone(long_lake: Lake, tmp_path: Path) -> None:
    long_lake.record(DAY, [1], run="poison", symbol=OTHER)
    environment = trouble(tmp_path, "die", "0001-poison.csv.gz")

    failed = ran(*all_days(long_lake, "--workers", 2), **environment)

    assert (
        f"1 of 8 days failed: cannot build {OTHER} {DAY}: its process was killed, perhaps for "
        "lack of memory; give it more, and run again"
    ) == failed.failure
    statuses = failed.units
    assert "failed" == statuses.pop((OTHER, str(DAY)))
    assert {"built", "up to date"} >= set(statuses.values())
    assert 7 == len(statuses)


def test_workers_change_no_byte(long_lake: Lake) -> None:
    long_lake.record(DAY, range(10, 14), symbol=OTHER)
    called(*all_days(long_lake, "--workers", 1))
    alone = long_lake.products()
    for key in alone:
        (long_lake.path / key).unlink()

    done = ran(*all_days(long_lake, "--workers", 2))

    assert (0, {"built"}) == (done.code, set(done.units.values()))
    assert alone == long_lake.products()
    assert [] == long_lake.hidden()


@pytest.mark.parametrize("by_platform", [False, True])
def test_tasks_share_the_days_and_change_no_byte(
    long_lake: Lake, by_platform: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_lake.record(DAY, range(10, 14), symbol=OTHER)
    alone, shares = all_days(long_lake, "--workers", 1), []
    for index in range(3):
        if by_platform:
            monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", str(index))
            monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", "3")
            shares.append(called(*alone).units)
        else:
            shares.append(called(*alone, "--task", f"{index}/3").units)
    monkeypatch.undo()
    by_tasks = long_lake.products()
    for key in by_tasks:
        (long_lake.path / key).unlink()
    everything = called(*alone).units

    assert all(shares)
    assert sorted(everything) == sorted(unit for share in shares for unit in share)
    assert by_tasks == long_lake.products()


def test_a_task_that_says_which_it_is_does_not_ask_the_platform(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", "1")
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", "2")

    both = [called(*backfill(lake, "--task", task)).units for task in ("0/2", "1/2")]

    assert [1] == [len(share) for share in both if share]


# In one process


def outcomes(lake: Lake, *units: Unit, workers: int = 1) -> list[Outcome]:
    return [*run(Job(str(lake.path), settings(HOURLY)), units, workers)]


def test_a_unit_that_fails_does_not_stop_the_others(lake: Lake) -> None:
    nothing = Unit(DAY, "NOPEUSDT", required=True)

    failed, built = outcomes(lake, nothing, UNIT)

    assert (Status.FAILED, Status.BUILT) == (failed.status, built.status)
    assert "cannot build NOPEUSDT 2025-12-11: the lake has no chunk of it" in failed.detail


def test_progress_is_told_in_chunks(lake: Lake) -> None:
    told: list[tuple[Unit, int, int]] = []

    [*run(Job(str(lake.path), settings(HOURLY)), [UNIT], 2, lambda *said: told.append(said))]

    assert {(UNIT, 4)} == {(unit, total) for unit, _, total in told}
    assert 4 == sum(chunks for _, chunks, _ in told)


def test_progress_of_several_processes_is_told_too(lake: Lake) -> None:
    lake.record(DAY, [1439])
    lake.record(AFTER, range(5))
    told: Counter[Unit] = Counter()
    after = Unit(AFTER, SYMBOL)

    def advance(unit: Unit, done: int, _: int) -> None:
        told[unit] += done

    [*run(Job(str(lake.path), settings(HOURLY)), [UNIT, after], 2, advance)]

    assert {UNIT: 10, after: 6} == told


def test_no_unit_is_no_work(lake: Lake) -> None:
    assert [] == outcomes(lake, workers=8)


def test_a_lake_that_is_none_fails_every_unit(tmp_path: Path) -> None:
    (failed,) = outcomes(Lake(tmp_path / "nowhere"), UNIT)

    assert Status.FAILED == failed.status
    assert "there is no lake at" in failed.detail


def test_there_is_at_least_one_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


# Two builders of one day


def meddling(lake: Lake, moment: int, meddle: Callable[[], object]) -> tuple[Outcome, int]:
    """Build the day; do something just before the n-th thing that the builder does.

    Return the outcome, and how many things it did.
    """
    count = 0

    def tell(_: str) -> None:
        nonlocal count
        count += 1
        if count == moment:
            meddle()

    return builder(Watched(lake.path, tell)).run(UNIT), count


def moments(make: Callable[[], Lake]) -> range:
    """Return all moments of a build."""
    return range(1, meddling(make(), 0, lambda: None)[1] + 1)


@pytest.mark.parametrize("published_before", [False, True])
@pytest.mark.parametrize("late_chunk", [False, True])
def test_whenever_another_builder_comes_the_day_is_whole(
    tmp_path: Path, published_before: bool, late_chunk: bool
) -> None:
    """Both look at the lake at every possible moment; neither overwrites what it has not seen."""
    folders = (tmp_path / f"{number}" for number in range(1000))

    def make() -> Lake:
        lake = Lake(next(folders))
        lake.record(BEFORE, [1439])
        lake.record(DAY, range(3))
        if published_before:
            lake.build()
            lake.record(DAY, [5])
        return lake

    def come(lake: Lake) -> Outcome:
        if late_chunk:
            lake.record(DAY, [7], run="late")
        return lake.build()

    expected = make()
    come(expected)
    for moment in moments(make):
        lake, other = make(), []
        one, _ = meddling(lake, moment, lambda: other.append(come(lake)))  # noqa: B023 - called now

        both = {one.status, other[0].status}
        assert {Status.BUILT} <= both <= {Status.BUILT, Status.UP_TO_DATE}, moment
        assert expected.manifest() == lake.manifest(), moment
        assert Status.UP_TO_DATE == lake.build().status
        assert [] == lake.hidden()


def test_two_programs_on_one_day_both_succeed(lake: Lake, tmp_path: Path) -> None:
    programs = [started(COMMAND, *backfill(lake)) for _ in range(2)]

    done = [finished(program) for program in programs]

    assert [0, 0] == [each.code for each in done]
    statuses = {each.units[SYMBOL, str(DAY)] for each in done}
    assert {"built"} <= statuses <= {"built", "up to date"}
    assert products_of(lake, tmp_path / "undisturbed") == lake.products()
    assert [] == lake.hidden()
