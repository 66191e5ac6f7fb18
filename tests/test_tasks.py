"""Tasks as a platform runs them: processes over one bucket, killed at random, and retried."""

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Lock

import pytest

from aggregator.plan import Task
from aggregator.unit import Unit
from lake.layout import LAKE_FILE, ChunkKey, JournalKey, Stream, bars_key, manifest_key
from lake.marker import claim
from tests.bucket import BucketServer, Draft, First, Kind
from tests.cases import COMMAND, DAY, OTHER, Lake, Ran, finished, ran, recording, started, trades

TASKS = 3
SYMBOLS = ("BTCUSDT", "ETHUSDT", OTHER)
DAYS = [DAY + timedelta(days=number) for number in range(3)]
UNITS = [Unit(day, symbol) for day in DAYS for symbol in SYMBOLS]
MINUTES = (*range(0, 600, 60), 1435)
"""The last one lies in the margin of the next day, which then needs no carry."""
RANGE = ["--start", DAYS[0], "--end", DAYS[-1], "--resolutions", "1m,1h", "--workers", 1]


def chunks(unit: Unit, minutes: Iterable[int], run: str = "a") -> dict[str, bytes]:
    keys = (ChunkKey(Stream.TRADES, unit.symbol, unit.day, each, run) for each in minutes)
    return {str(key): trades(key.date, key.minute) for key in keys}


def raw_objects() -> dict[str, bytes]:
    """Return some minutes of each symbol and day, with their journals."""
    journals = {str(JournalKey(day, 0, "a")): recording(*SYMBOLS) for day in DAYS}
    return journals | {key: data for unit in UNITS for key, data in chunks(unit, MINUTES).items()}


def put(bucket: BucketServer, objects: Mapping[str, bytes]) -> None:
    for key, data in objects.items():
        bucket.store.put(bucket.lake.removeprefix("gs://"), Draft(key, data))


def there(bucket: BucketServer) -> dict[str, bytes]:
    """Return all that is in the bucket."""
    found = bucket.store.objects(bucket.lake.removeprefix("gs://"))
    return {key: each.data for key, each in found.items()}


def units_of(task: int) -> list[Unit]:
    return [unit for unit in UNITS if Task(task, TASKS).has(unit)]


@dataclass
class Platform:
    """Starts each task, and again until an attempt ends by itself.

    Chance kills some of them at a request: a list, a chunk, or a write, which then arrives all the
    same and is answered to nobody. While tasks start, chunks arrive: some for days that no task has
    begun yet, some of symbols that nobody knew.
    """

    bucket: BucketServer
    folder: Path
    chance: random.Random
    killed: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def run(self) -> list[Ran]:
        """Run all tasks, two at a time; return how the last attempt of each ended."""
        with ThreadPoolExecutor(2) as pool:
            return [*pool.map(self._task, range(TASKS))]

    def _task(self, task: int) -> Ran:
        for unit in units_of(task):
            put(self.bucket, chunks(unit, range(30, 32), "late"))
        for number in range(20):
            put(self.bucket, chunks(Unit(DAYS[number % 3], f"NEW{task}{number}USDT"), range(2)))
            left = [unit for unit in units_of(task) if self._is_unpublished(unit)]
            doomed = number == 0 or self.chance.random() < 0.5
            ended = self._attempt(
                task, number, self.chance.choice(left) if doomed and left else None
            )
            if ended.code != -signal.SIGKILL:
                return ended
        raise AssertionError("chance is cruel")

    def _is_unpublished(self, unit: Unit) -> bool:
        return manifest_key(unit.symbol, unit.day) not in there(self.bucket)

    def _attempt(self, task: int, number: int, dies_of: Unit | None) -> Ran:
        is_known, process = Event(), list[subprocess.Popen[str]]()

        def kill() -> None:
            is_known.wait()
            process[0].send_signal(signal.SIGKILL)
            process[0].wait()

        if dies_of:
            kind, key = self._moment(dies_of)
            self.bucket.script.add(First(kill), kind, key)
            with self._lock:
                self.killed.append(f"{kind} {key}")
        process.append(start(self.bucket, self.folder, task, number))
        is_known.set()
        return finished(process[0])

    def _moment(self, unit: Unit) -> tuple[Kind, str]:
        day, symbol = unit.day, unit.symbol
        return self.chance.choice([
            (Kind.READ, f"raw/trades/{symbol}/{day}/0300-*"),
            (Kind.WRITE, bars_key(symbol, day, "1m")),
            (Kind.WRITE, bars_key(symbol, day, "1h")),
            (Kind.WRITE, manifest_key(symbol, day)),
        ])  # fmt: skip


def start(bucket: BucketServer, folder: Path, task: int, attempt: int) -> subprocess.Popen[str]:
    """Start a task as Cloud Run does, with a folder for temporary files of its own."""
    temporary = folder / f"tmp-{task}-{attempt}"
    temporary.mkdir(parents=True)
    return started(
        COMMAND, "backfill", "--lake", bucket.lake, *RANGE, TMPDIR=str(temporary),
        CLOUD_RUN_TASK_INDEX=str(task), CLOUD_RUN_TASK_COUNT=str(TASKS),
        CLOUD_RUN_TASK_ATTEMPT=str(attempt),
    )  # fmt: skip


@dataclass(frozen=True)
class Night:
    """A bucket after a platform has run the tasks over it once, and what it was asked meanwhile."""

    bucket: BucketServer
    folder: Path
    ended: list[Ran]
    killed: list[str]


@pytest.fixture(params=[1, 2])
def night(bucket: BucketServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Night]:
    put(bucket, raw_objects())
    platform = Platform(bucket, tmp_path / "temporary", random.Random(request.param))
    yield Night(bucket, tmp_path, platform.run(), platform.killed)


def again(night: Night) -> list[Ran]:
    """Run all tasks once more, undisturbed."""
    night.bucket.script.forget()
    processes = [start(night.bucket, night.folder / "again", task, 0) for task in range(TASKS)]
    return [finished(process) for process in processes]


def by_one_process(objects: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """Return what one process makes of the same chunks, in a folder."""
    lake = Lake(folder / "alone")
    claim(lake.storage)
    for key, data in objects.items():
        if not key.startswith(("aggregated/", LAKE_FILE)):
            lake.write(key, data)
    assert 0 == ran("backfill", "--lake", lake.path, *RANGE).code
    return {stat.key: lake.storage.read(stat.key)[0] for stat in lake.storage.list("")}


def test_killed_and_retried_tasks_build_every_unit_once_and_leave_nothing(night: Night) -> None:
    bucket, script = night.bucket, night.bucket.script
    known = {manifest_key(unit.symbol, unit.day) for unit in UNITS}
    written = Counter(script.keys(Kind.WRITE))

    assert {0} == {task.code for task in night.ended}, night.ended
    assert len(night.killed) >= TASKS
    assert known <= written.keys()
    assert {1} == {*written.values()}
    assert [] == read_after_it_was_published(night)
    assert [] == [path for path in (night.folder / "temporary").rglob("*") if path.is_file()]

    published = {key for key in there(bucket) if key.endswith("_manifest.json")}
    rerun = again(night)

    # Only what arrived after the last listing of its task is new to it.
    assert {0} == {task.code for task in rerun}
    built = {unit for task in rerun for unit, status in task.units.items() if status == "built"}
    assert {f"aggregated/{s}/{d}_manifest.json" for s, d in built}.isdisjoint(published)
    assert {s for s, _ in built} == {key.split("/")[2] for key in script.keys(Kind.READ)
                                     if key.startswith("raw/")}  # fmt: skip
    assert by_one_process(there(bucket), night.folder) == there(bucket)


def read_after_it_was_published(night: Night) -> list[str]:
    """Return the chunks that were downloaded again after the day that they belong to was published.

    Its first and last chunks are also read for the days beside it.
    """
    published: set[tuple[str, date]] = set()
    found: list[str] = []
    for request in night.bucket.script.asked:
        key = ChunkKey.parse(request.key)
        if request.kind is Kind.READ and key and 10 < key.minute < 1430:
            found += [request.key] * ((key.symbol, key.date) in published)
        if request.kind is Kind.WRITE and request.key.endswith("_manifest.json"):
            _, symbol, name = request.key.split("/")
            published.add((symbol, date.fromisoformat(name.partition("_")[0])))
    return found


def test_a_task_that_is_run_again_downloads_no_chunk_and_writes_nothing(
    bucket: BucketServer, tmp_path: Path
) -> None:
    put(bucket, raw_objects())
    night = Night(bucket, tmp_path, [], [])
    assert {0} == {task.code for task in again(night)}
    before = there(bucket)
    (tmp_path / "again").rename(tmp_path / "before")
    rerun = again(night)

    assert {"up to date"} == {status for task in rerun for status in task.units.values()}
    assert len(UNITS) == sum(len(task.units) for task in rerun)
    assert [] == bucket.script.keys(Kind.WRITE)
    assert [] == [key for key in bucket.script.keys(Kind.READ) if key.startswith("raw/")]
    assert [] == [key for key in bucket.script.keys(Kind.READ) if key.endswith(".csv")]
    assert before == there(bucket)
