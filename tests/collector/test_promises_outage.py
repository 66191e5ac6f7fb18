"""What is promised of outages, with a real process: bucket, disk and clock fail, nothing is lost.

The exchange behaves well here, so all that is missing in a lake is the collector's own loss.
"""

import json
import os
import resource
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import pytest

from lake.layout import ChunkKey, JournalKey
from tests.bucket import BucketServer
from tests.bucket.faults import Fault, Refuse, Reset
from tests.collector.promises import empty_lake, judged
from tests.exchange import Exchange, Mix, Pace, Settings, Terms
from tests.exchange.collectors import Collector, collecting, is_recording, wait_for
from tests.exchange.standstill import unless_the_machine_stood_still
from tests.exchange.stepping import Steps

SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
MIX = Mix(never=0.01, na=0.02)
PACES = {"BTCUSDT": Pace(30), "ETHUSDT": Pace(8), "DOGEUSDT": Pace(0.2, 500)}
FOR_EVER = 1 << 30


def market(speed: float, **paces: Pace) -> Exchange:
    return Exchange(Settings(symbols=SYMBOLS, paces={**PACES, **paces}, mix=MIX, speed=speed))


def health(collector: Collector) -> tuple[int, str]:
    """Ask for the collector's health."""
    port = collector.said("serving")[0]["port"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


# The bucket


@pytest.mark.parametrize("how", [Reset(), Refuse(503)], ids=["gone", "refusing"])
@unless_the_machine_stood_still
def test_a_bucket_may_be_away_for_ten_minutes(
    how: Fault, bucket: BucketServer, tmp_path: Path
) -> None:
    speed, away_s = 40.0, 600.0
    lake = empty_lake(bucket)
    options = "--lake", lake, "--metrics-port", "0", "--metrics-host", "127.0.0.1"
    slow = {symbol: Pace(1.5, 500) for symbol in ("BTCUSDT", "ETHUSDT")}
    with market(speed, **slow) as exchange, collecting(exchange, tmp_path, *options) as collector:
        wait_for(lambda: chunks_in(bucket, lake))
        wait_for(lambda: 200 == health(collector)[0])
        bucket.script.add(how, times=FOR_EVER)
        before = chunks_in(bucket, lake)
        time.sleep(away_s / speed)
        while_away = health(collector)
        assert before == chunks_in(bucket, lake)
        bucket.script.mend()
        wait_for(lambda: chunks_in(bucket, lake) >= before + 10 * 2 * len(SYMBOLS))
        collector.stop()

    assert 0 == collector.exit_code
    assert 503 == while_away[0]
    assert "upload" in while_away[1]
    verdict = judged(exchange, lake)
    assert not verdict.counts["trade gaps"] + verdict.counts["book gaps"]
    assert_in_order(created_in(bucket, lake))


def created_in(bucket: BucketServer, lake: str) -> list[str]:
    """Return the names of what is in a lake, in the order in which it came."""
    return list(bucket.store.objects(lake.removeprefix("gs://")))


def chunks_in(bucket: BucketServer, lake: str) -> int:
    return sum(name.startswith("raw/") for name in created_in(bucket, lake))


def assert_in_order(created: list[str]) -> None:
    """Minutes came one after another, and the journal of an hour after its chunks."""
    minutes = [(day, minute) for day, minute in map(minute_of, created) if day]
    assert minutes == sorted(minutes)

    for place, name in enumerate(created):
        journal = JournalKey.parse(name)
        later = {(day, minute // 60) for day, minute in map(minute_of, created[place:]) if day}
        assert not journal or (journal.date, journal.hour) not in later


def minute_of(name: str) -> tuple[date | None, int]:
    """Return the minute of a chunk that is named after its receive minute."""
    key = ChunkKey.parse(name)
    return (key.date, key.minute) if key and "R" not in key.run else (None, 0)


@unless_the_machine_stood_still
def test_a_hundred_symbols_are_in_the_lake_within_eight_seconds_of_the_wish_to_stop(
    bucket: BucketServer, tmp_path: Path
) -> None:
    lake = empty_lake(bucket)
    bucket.latency_s = 0.05
    symbols = tuple(f"COIN{number:02d}USDT" for number in range(100))
    settings = Settings(symbols=symbols, pace=Pace(5), mix=Mix(never=0.001))
    with (
        Exchange(settings) as exchange,
        collecting(exchange, tmp_path, "--lake", lake) as collector,
    ):
        wait_for(lambda: is_recording(collector, exchange))
        time.sleep(8)
        took_s = collector.stop()

    assert 0 == collector.exit_code
    assert took_s < 8
    bucket.latency_s = 0
    verdict = judged(exchange, lake)
    assert verdict.counts["books delivered"] > 5000
    assert [".lock"] == [path.name for path in (tmp_path / "spool").iterdir()]
    assert collector.said("stopped")


# The disk


DISK_MIB = 24


def on_a_small_disk(folder: Path) -> tuple[str, ...]:
    """Return how to launch a program that finds a small disk of its own at this folder."""
    folder.mkdir()
    mount = f'mount -t tmpfs -o size={DISK_MIB}m tmpfs "$0" && exec "$@"'
    launcher = "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)
    can = shutil.which("unshare") and not subprocess.run([*launcher, "true"]).returncode
    if not can:
        pytest.skip("this machine lets nobody mount a small disk")
    return launcher


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no room on the small disk of a folder for a while."""
    disk = os.statvfs(folder)
    assert disk.f_blocks * disk.f_frsize <= DISK_MIB << 20, "this disk is not to be filled"
    path = folder / ".filler"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        file.write(bytes(DISK_MIB << 20))
        file.write(bytes(1))
    yield
    path.unlink()


@unless_the_machine_stood_still
def test_a_full_disk_is_reported_and_nothing_is_corrupted(tmp_path: Path) -> None:
    launcher = on_a_small_disk(tmp_path / "spool")
    options = "--metrics-port", "0", "--metrics-host", "127.0.0.1"
    with (
        market(speed=4) as exchange,
        collecting(exchange, tmp_path, *options, launcher=launcher) as collector,
    ):
        wait_for(lambda: is_recording(collector, exchange))
        time.sleep(2)
        with filled(Path(f"/proc/{collector.process.pid}/root{tmp_path}/spool")):
            wait_for(lambda: [each["level"] for each in collector.said("pressure")])
            time.sleep(3)
            full = health(collector)
        wait_for(lambda: collector.said("pressure")[-1]["level"] == "none")
        time.sleep(2)
        collector.stop()

    assert 0 == collector.exit_code
    assert 503 == full[0]
    assert "spool" in full[1]
    verdict = judged(exchange, tmp_path / "lake", Terms(depth_gaps_excuse=True))
    assert verdict.counts["books excused"]
    assert len(SYMBOLS) == verdict.counts["book gaps"]
    assert any("No space left" in line["message"] for line in collector.lines())


@pytest.mark.parametrize(
    ("limit", "least"), [(resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 3)],
    ids=["no byte can be written", "no file can be opened"],
)  # fmt: skip
@unless_the_machine_stood_still
def test_a_spool_that_cannot_be_written_for_a_while_costs_nothing(
    limit: int, least: int, tmp_path: Path
) -> None:
    with market(speed=6) as exchange, collecting(exchange, tmp_path) as collector:
        wait_for(lambda: is_recording(collector, exchange))
        time.sleep(1)
        before = resource.prlimit(collector.process.pid, limit)
        resource.prlimit(collector.process.pid, limit, (least, before[1]))
        time.sleep(12)  # more than a minute of the exchange: no new segment can be made either
        resource.prlimit(collector.process.pid, limit, before)
        wait_for(lambda: "works again" in collector.log())
        time.sleep(2)
        collector.stop()

    assert 0 == collector.exit_code
    verdict = judged(exchange, tmp_path / "lake")
    assert not verdict.counts["book gaps"]
    assert verdict.covered_share > 0.9


def test_a_spool_that_can_never_be_written_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with market(speed=1) as exchange, collecting(exchange, tmp_path) as collector:
        assert 1 == collector.wait()

    said = json.loads(collector.log())
    assert "ERROR" == said["severity"]
    assert "--spool" in said["message"]


# The clock


@unless_the_machine_stood_still
def test_a_wall_clock_may_step_back_and_forth(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "steps")
    program = "-m", "tests.exchange.stepping", str(steps.path)
    with (
        steps,
        market(speed=1) as exchange,
        collecting(exchange, tmp_path, program=program) as collector,
    ):
        wait_for(lambda: is_recording(collector, exchange))
        time.sleep(2)
        for by_s in (5, -3, -75, 130, -0.5, 0.5):
            steps.step(by_s)
            time.sleep(2.5)
        collector.stop()

    assert 0 == collector.exit_code
    stepped = [round(each["step_ms"] / 1000, 1) for each in collector.said("clock_stepped")]
    assert [5, -3, -75, 130, -0.5, 0.5] == pytest.approx(stepped, abs=0.1)
    # Back, or so far ahead that minutes to come could be named twice: another run.
    assert 4 == len(collector.said("renamed"))
    verdict = judged(exchange, tmp_path / "lake")
    assert not verdict.counts["repeated rows"] + verdict.counts["book gaps"]
    assert verdict.covered_share > 0.8
