"""The simulation, against sums by hand, and on a small scale against tasks that really run."""

import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isclose

import pytest

from aggregator.cloud.simulation import (
    EPOCH_DAY,
    MACHINE,
    Forecast,
    Machine,
    dealt,
    forecast,
)
from aggregator.cloud.work import EFFORT, Effort, Market
from aggregator.plan import Task
from aggregator.unit import Unit
from lake.layout import ChunkKey, JournalKey, Stream
from tests.bucket import BucketServer, Draft, Kind
from tests.cases import COMMAND, finished, recording, started, trades

SMALL = Market(symbols=5, days=4, chunks=12, journal_objects=1, quietest_mb=0, busiest_mb=0)
TASKS = 3
START = date(1970, 1, 1) + timedelta(days=EPOCH_DAY)
DAYS = [START + timedelta(days=number) for number in range(SMALL.days)]


def test_days_are_dealt_out_as_tasks_deal_them() -> None:
    market = Market(symbols=40, days=9)
    counted = Counter(
        next(task for task in range(7) if Task(task, 7).has(Unit(START + timedelta(day), name)))
        for name in market.names() for day in range(market.days)
    )  # fmt: skip

    assert [counted[task] for task in range(7)] == [
        share.days for share in dealt(market, 7, EFFORT)
    ]


def test_every_day_is_somebodys_whatever_the_number_of_tasks() -> None:
    for tasks in (1, 7, 100):
        shares = dealt(Market(symbols=30, days=50), tasks, EFFORT)
        assert 30 * 50 == sum(share.days for share in shares)


def test_one_task_takes_as_long_as_the_sum_of_its_parts() -> None:
    market = Market(symbols=2, days=3, chunks=640, busiest_mb=10, quietest_mb=10)
    effort = Effort(1, 2, 0.01, 0.1, 0.5, 0.02, 64, 8)
    machine = Machine(vcpus=1, workers=1, boot_s=5)

    # Six days of 2 + 6.4 + 1 s; three journals of two symbols; seven listings, 16 at a time.
    expected = 5 + 1 + 7 / 16 * 0.02 + 3 * 2 * 0.5 + 6 * 9.4
    assert expected == pytest.approx(forecast(market, 1, machine, effort).seconds)


def test_who_waits_for_the_bucket_longer_than_he_works_takes_that_long() -> None:
    market, machine = Market(symbols=1, days=10), Machine(vcpus=1, workers=1)
    slow = forecast(market, 1, machine, replace(EFFORT, answer_s=10))

    assert 10 * (8 + 2_880 / 64) * 10 == pytest.approx(slow.seconds, rel=0.02)


def test_who_waits_gains_by_more_workers_than_processors() -> None:
    market = Market(symbols=10, days=100, busiest_mb=1, quietest_mb=1)
    two, four = (forecast(market, 1, Machine(2, workers)).seconds for workers in (2, 4))

    assert four < 0.8 * two


def test_more_tasks_take_less_time_until_the_bucket_gives_no_more() -> None:
    hours = [forecast(Market(), tasks).seconds / 3600 for tasks in (10, 100, 1_000)]

    assert hours[0] > 4 * hours[1]
    # 2.5 thousand million reads, of 5,000 a second doubled every 20 minutes: 8.7 doublings.
    assert hours[2] == pytest.approx(8.7 / 3, rel=0.1)


def test_tasks_that_wait_for_the_bucket_are_paid_for() -> None:
    assert forecast(Market(), 1_000).compute_usd > 3 * forecast(Market(), 100).compute_usd


def test_not_more_run_than_the_region_lets() -> None:
    market = Market(symbols=10, days=40, chunks=10)
    free, bound = (
        forecast(market, 40, replace(MACHINE, at_once=most)).seconds for most in (40, 10)
    )

    assert 4 * free == pytest.approx(bound, rel=0.1)


def test_reading_one_minute_chunks_is_most_of_the_price() -> None:
    minutes, fives = forecast(Market(), 100), forecast(Market(chunks=576), 100)

    assert 1_011 == pytest.approx(800 * 1_096 * 2_880 * 0.4e-6, rel=0.001)
    assert minutes.requests_usd > 1_011
    assert fives.requests_usd < minutes.requests_usd / 4


# Against the real thing


@dataclass(frozen=True)
class Real:
    """What tasks really took, one after the other: the longest, and what the bucket was asked."""

    seconds: float
    class_a: int
    class_b: int
    days: list[int]


@pytest.fixture
def lake(bucket: BucketServer) -> BucketServer:
    """Return a bucket with the small market, every answer of which takes a while."""
    name = bucket.lake.removeprefix("gs://")
    for day in DAYS:
        bucket.store.put(name, Draft(str(JournalKey(day, 0, "a")), recording(*SMALL.names())))
        for symbol in SMALL.names():
            for minute in range(SMALL.chunks - 1):
                key = ChunkKey(Stream.TRADES, symbol, day, 10 + minute, "a")
                bucket.store.put(name, Draft(str(key), trades(day, minute)))
            last = ChunkKey(Stream.TRADES, symbol, day, 1435, "a")
            bucket.store.put(name, Draft(str(last), trades(day, 1435)))
    bucket.latency_s = 0.05
    return bucket


def really(lake: BucketServer, tasks: int) -> Real:
    """Run the tasks over the lake as if nobody had before."""
    name, took, days = lake.lake.removeprefix("gs://"), [], []
    for key in lake.store.objects(name):
        if key.startswith(("aggregated/", "lake.json")):
            lake.store.delete(name, key)
    lake.script.forget()
    for task in range(tasks):
        start_s = time.monotonic()
        ran = finished(
            started(COMMAND, "backfill", "--lake", lake.lake, "--task", f"{task}/{tasks}",
                    "--start", DAYS[0], "--end", DAYS[-1], "--workers", 1)
        )  # fmt: skip
        assert 0 == ran.code, ran
        took.append(time.monotonic() - start_s)
        days.append(list(ran.units.values()).count("built"))
    counts = lake.script.counts()
    return Real(max(took), counts[Kind.LIST] + counts[Kind.WRITE], counts[Kind.READ], days)


def calibrated(lake: BucketServer) -> tuple[Machine, Effort]:
    """Return what a day takes here, from one task that does all of them."""
    machine = Machine(vcpus=1, workers=1, boot_s=0)
    effort = Effort(start_s=1, day_s=0, chunk_s=0, journal_symbol_s=0, answer_s=lake.latency_s)
    rest_s = really(lake, 1).seconds - forecast(SMALL, 1, machine, replace(effort, looks=0)).seconds
    return machine, replace(effort, day_s=rest_s / (SMALL.symbols * SMALL.days))


def predicted(lake: BucketServer) -> Forecast:
    return forecast(SMALL, TASKS, *calibrated(lake))


@pytest.mark.alone  # on a busy machine clients ask again, and that counts too
def test_it_counts_days_and_requests_as_they_are(lake: BucketServer) -> None:
    said, done = forecast(SMALL, TASKS), really(lake, TASKS)

    assert (said.fewest_days, said.most_days) == (min(done.days), max(done.days))
    assert said.asked.class_b == pytest.approx(done.class_b, rel=0.1)
    assert said.asked.class_a == pytest.approx(done.class_a, rel=0.1)


@pytest.mark.alone
def test_the_longest_task_takes_about_as_long_as_it_says(lake: BucketServer) -> None:
    # Machines are shared: one of three tries has to be undisturbed.
    tries = ((predicted(lake).seconds, really(lake, TASKS).seconds) for _ in range(3))

    assert any(isclose(said, done, rel_tol=0.4) for said, done in tries)
