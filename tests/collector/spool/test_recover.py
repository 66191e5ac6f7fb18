"""What dead runs left is closed under their names and uploaded; nothing twice, nothing lost."""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.spool.diary import Diary
from collector.spool.recover import Leftovers, recover
from collector.spool.spool import Spool
from lake.gcs import Bucket
from tests.bucket import BucketServer, Refuse
from tests.collector.spools import (
    DEPTH,
    MINUTE_NS,
    SECOND_NS,
    START_NS,
    SYMBOL,
    TRADES,
    HandClock,
    Place,
    book,
    chunks,
    ids,
    journals,
    killed,
    rows,
    trade,
    wait_until,
)

ROOT = Path(__file__).parents[3]
RECORDING = {"event": "recording", "symbols": [SYMBOL], "streams": ["trades"]}
START_MS = START_NS // 10**6


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def trades(spool: Spool, numbers: range) -> None:
    """Append trades, one each second, and flush."""
    for number in numbers:
        received_ns = START_NS + number * SECOND_NS
        spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
    spool.flush()


def covered(from_ms: int, to_ms: int) -> dict[str, object]:
    return {
        "event": "covered", "stream": "trades", "symbol": SYMBOL, "from": from_ms, "to": to_ms,
    }  # fmt: skip


def ended(spool: Spool) -> None:
    """Let go of a spool that was stopped, as its process does when it exits."""
    wait_until(lambda: not spool.outbox._thread.is_alive())
    killed(spool)


def recovered(place: Place, run: str = "z") -> Leftovers:
    """Recover everything as a new run does, and bring it to the lake."""
    spool = place.started(run, clock=HandClock(START_NS + 3600 * SECOND_NS))
    leftovers = recover(spool)
    spool.seal_all()
    assert 0 == spool.stop(20)
    return leftovers


def left_on_disk(place: Place) -> list[str]:
    return sorted(
        str(path.relative_to(place.spool))
        for path in place.spool.rglob("*")
        if path.is_file() and path.name not in (".lock", "lock")
    )


# After SIGKILL


def test_what_a_dead_run_flushed_is_uploaded_under_its_name(place: Place) -> None:
    spool = place.open("dead")
    trades(spool, range(90))
    spool.append(TRADES, SYMBOL, START_NS + 90 * SECOND_NS, trade(90, START_NS))
    killed(spool)
    (run,) = recovered(place).runs

    assert ["0800-dead.csv.gz", "0801-dead.csv.gz"] == [
        key.rpartition("/")[2] for key in chunks(place.lake)
    ]
    assert list(range(90)) == ids(place.lake)
    assert ("dead", 90, 2, 0, False) == (
        run.run, run.rows, run.chunks, run.cut_bytes, run.stopped,
    )  # fmt: skip
    assert START_NS + 89 * SECOND_NS == run.last_received_ns
    assert [] == [path for path in place.spool.iterdir() if path.name != ".lock"]


def test_the_last_trade_and_the_last_book_of_each_symbol_are_handed_back(place: Place) -> None:
    spool = place.open("dead")
    spool.append(DEPTH, SYMBOL, START_NS, book(1, START_NS))
    trades(spool, range(90))
    killed(spool)
    leftovers = recovered(place)

    assert (89, START_MS + 89_000) == (
        leftovers.last_trades[SYMBOL].trade_id, leftovers.last_trades[SYMBOL].time_ms,
    )  # fmt: skip
    assert {SYMBOL: START_MS} == leftovers.last_snapshots_ms


def test_a_spool_without_leftovers_has_nothing_to_recover(place: Place) -> None:
    assert Leftovers() == recovered(place)


def test_a_torn_flush_is_cut_and_said(place: Place) -> None:
    spool = place.open("dead")
    trades(spool, range(10))
    trades(spool, range(10, 20))
    killed(spool)
    log = place.spool / "dead" / "00000001-2025-12-11T0800.log"
    log.write_bytes(log.read_bytes()[:-10])
    (run,) = recovered(place).runs

    assert list(range(10)) == ids(place.lake)
    assert run.cut_bytes > 0
    assert START_NS + 9 * SECOND_NS == run.last_received_ns


def test_a_living_run_in_the_same_spool_is_not_disturbed(place: Place) -> None:
    living = place.started("living")
    trades(living, range(10))

    assert Leftovers() == recovered(place)
    trades(living, range(10, 20))
    living.seal_all()
    assert 0 == living.stop(10)
    assert list(range(20)) == ids(place.lake)


def test_two_new_runs_share_what_dead_ones_left(place: Place) -> None:
    for number in range(6):
        spool = place.open(f"dead{number}")
        trades(spool, range(number * 10, number * 10 + 10))
        killed(spool)
    first, second = place.started("y"), place.started("z")
    runs = [run.run for spool in (first, second) for run in recover(spool).runs]
    for spool in (first, second):
        spool.seal_all()
        assert 0 == spool.stop(10)

    assert [f"dead{number}" for number in range(6)] == runs
    assert list(range(60)) == sorted(ids(place.lake))


def test_what_was_uploaded_and_not_removed_yet_is_no_conflict(place: Place) -> None:
    spool = place.open("dead")
    trades(spool, range(90))
    spool.seal_all()
    spool.closer.start()
    wait_until(lambda: not spool.closer._left)
    shutil.copytree(place.spool / "dead", place.root / "copy")
    spool.outbox.start()
    assert 0 == spool.stop(10)
    shutil.copytree(place.root / "copy", place.spool / "dead", dirs_exist_ok=True)
    recovered(place)

    assert list(range(90)) == ids(place.lake)
    assert [] == left_on_disk(place)


def test_recovery_that_is_killed_can_be_repeated(place: Place) -> None:
    spool = place.open("dead")
    trades(spool, range(150))
    Diary(spool, RECORDING).checkpoint([covered(START_MS, START_MS + 1000)])
    spool.flush()
    spool.syncer.sync()
    killed(spool)
    again = place.open("y")
    recover(again)
    again.closer.start()
    wait_until(lambda: again.outbox.status().pending >= 2)
    wait_until(lambda: not again.closer._left)
    killed(again)
    recovered(place)

    assert list(range(150)) == ids(place.lake)
    assert 1 == len([key for key in journals(place.lake) if "dead" in key])
    assert [] == left_on_disk(place)


def test_what_waits_for_a_bucket_that_is_away_survives_restarts_in_its_order(
    place: Place, bucket: BucketServer
) -> None:
    bucket.script.add(Refuse(503), times=10**9)
    lake = Bucket(bucket.lake, patience_s=0.01)
    for number in range(3):
        spool = place.started(f"run{number}", storage=lake)
        recover(spool)
        for minute in range(2):
            first = number * 120 + minute * 60
            trades(spool, range(first, first + 60))
        spool.seal_all()
        spool.stop(0.1)
        ended(spool)
    bucket.script.mend()
    last = place.started("run3", storage=lake)
    recover(last)
    last.seal_all()

    assert 0 == last.stop(20)
    stored = bucket.store.objects(bucket.lake.removeprefix("gs://"))
    order = sorted(stored, key=lambda key: stored[key].generation)
    minutes = ["0800-run0", "0801-run0", "0802-run1", "0803-run1", "0804-run2", "0805-run2"]
    assert minutes == [key.rpartition("/")[2].removesuffix(".csv.gz") for key in order]
    assert list(range(360)) == ids(lake)


def test_a_folder_that_cannot_be_read_is_named_and_stops_nothing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    for run in ("dead", "worse"):
        spool = place.open(run)
        trades(spool, range(10))
        killed(spool)
    log = place.spool / "worse" / "00000001-2025-12-11T0800.log"
    log.unlink()
    log.symlink_to("/nonexistent/log")
    leftovers = recovered(place)

    assert ["dead"] == [run.run for run in leftovers.runs]
    assert "cannot recover run worse" in caplog.text
    assert (place.spool / "worse").exists()


# The journal of a dead run


def journal(place: Place) -> dict[str, list[dict[str, object]]]:
    return {
        key.rpartition("/")[2]: [json.loads(line) for line in lines]
        for key, lines in journals(place.lake).items()
    }


def test_the_journal_of_a_dead_run_has_its_lines_its_claims_and_its_end(place: Place) -> None:
    spool = place.open("dead")
    diary = Diary(spool, RECORDING)
    trades(spool, range(10))
    diary.note({"event": "stalled"})
    diary.checkpoint([covered(START_MS, START_MS + 9000)])
    spool.flush()
    spool.syncer.sync()
    killed(spool)
    (run,) = recovered(place).runs
    lines = journal(place)["08-dead.jsonl"]

    assert ["recording", "stalled", "covered", "recovered"] == [line["event"] for line in lines]
    assert (START_MS, START_MS + 9000) == (lines[2]["from"], lines[2]["to"])
    assert {
        "run": "dead",
        "rows": 10,
        "chunks": 1,
        "last_received": "2025-12-11T08:00:09.000Z",
    } == {name: lines[3][name] for name in ("run", "rows", "chunks", "last_received")}
    assert (SYMBOL,) == run.symbols


def test_a_run_that_had_come_to_its_end_is_known_as_such(
    place: Place, bucket: BucketServer
) -> None:
    bucket.script.add(Refuse(503), times=10**9)
    spool = place.started("dead", storage=Bucket(bucket.lake, patience_s=0.01))
    diary = Diary(spool, RECORDING)
    trades(spool, range(90))
    diary.note({"event": "stopped"})
    spool.seal_all()
    diary.stop()
    assert 3 == spool.stop(0.1)
    ended(spool)
    (run,) = recovered(place).runs

    assert run.stopped
    assert (90, 2) == (run.rows, run.chunks)
    assert ["recording", "stopped"] == [line["event"] for line in journal(place)["08-dead.jsonl"]]


def test_an_hour_that_is_in_the_lake_already_is_not_written_again(place: Place) -> None:
    clock = HandClock()
    spool = place.started("dead", clock=clock)
    diary = Diary(spool, RECORDING)
    diary.checkpoint([covered(START_MS, START_MS + 1000)])
    spool.flush()
    spool.syncer.sync()
    clock.now_ns += 3700 * SECOND_NS
    diary.close_hour(START_MS + 3_600_000)
    wait_until(lambda: journals(place.lake))
    killed(spool)
    recovered(place)

    assert {
        "08-dead.jsonl": ["recording"],
        "09-dead.jsonl": ["recording", "covered", "recovered"],
    } == {key: [line["event"] for line in lines] for key, lines in journal(place).items()}


# A power cut


def power_cut(spool: Spool) -> None:
    """Leave of the files of a spool what was synced, as a power cut does at worst."""
    killed(spool)
    logs = [*spool.syncer._logs]
    for log in logs:
        with log.path.open("r+b") as file:
            file.truncate(log.synced)


def test_a_power_cut_loses_what_came_after_the_last_sync_and_no_more(place: Place) -> None:
    spool = place.open("dead")
    diary = Diary(spool, RECORDING)
    trades(spool, range(50))
    diary.checkpoint([covered(START_MS, START_MS + 49_000)])
    diary.note(covered(START_MS - 1000, START_MS), START_MS)
    spool.flush()
    assert spool.syncer.sync()
    trades(spool, range(50, 80))
    diary.checkpoint([covered(START_MS, START_MS + 79_000)])
    diary.note(covered(START_MS, START_MS + 80_000), START_MS)
    spool.flush()
    power_cut(spool)
    (run,) = recovered(place).runs
    claims = [line for line in journal(place)["08-dead.jsonl"] if line["event"] == "covered"]

    assert list(range(50)) == ids(place.lake)
    assert START_NS + 49 * SECOND_NS == run.last_received_ns
    assert [START_MS, START_MS + 49_000] == sorted(claim["to"] for claim in claims)  # type: ignore[type-var]


# A real process, killed at random


@pytest.mark.parametrize("seed", range(2))
def test_a_process_killed_at_random_loses_only_what_was_not_flushed(
    place: Place, seed: int
) -> None:
    chance, acknowledged, first = random.Random(seed), set[int](), 0
    for number in range(4):
        flushed = write_and_kill(place, f"run{number}", first, chance.uniform(0.05, 0.6))
        acknowledged |= set(range(first, flushed + 1))
        first = flushed + 10**6
    place.lake.root.mkdir(exist_ok=True)
    recovered(place)
    found = ids(place.lake)

    assert len(found) == len(set(found))
    assert acknowledged <= set(found)
    # What was flushed and not said yet, or what was being flushed.
    assert len(set(found) - acknowledged) <= 4 * 2 * 500
    assert set(found) == {int(row.split(b",")[-3]) for row in rows(place.lake, DEPTH)}
    assert [] == left_on_disk(place)
    for lines in journals(place.lake).values():
        assert "recording" == json.loads(lines[0])["event"]


def write_and_kill(place: Place, run: str, first: int, after_s: float) -> int:
    """Let a process write for a while, kill it and return the last id that it had flushed."""
    command = [
        sys.executable, "-m", "tests.collector.spool_writer", str(place.spool),
        str(place.lake.root), run, str(first),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        flushed = int(process.stdout.readline())
        time.sleep(after_s)
        process.kill()
        *_, last = [flushed, *map(int, process.stdout.read().splitlines())]
    return last


def test_the_clock_of_a_test_is_no_real_one() -> None:
    assert HandClock().wall_ns() == START_NS < Clock().wall_ns()
    assert START_NS % MINUTE_NS == 0
