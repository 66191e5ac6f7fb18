"""Rows on their way from the recorder to the lake."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.clock import Clock
from collector.errors import CollectorError
from collector.spool.news import Lost, Uploaded
from collector.spool.spool import Spool
from collector.view.status import Pressure
from lake.gcs import Bucket
from tests.bucket import BucketServer, Kind, Refuse
from tests.collector.disks import mounted
from tests.collector.spools import (
    DEPTH,
    MINUTE_NS,
    OTHER,
    SECOND_NS,
    START_NS,
    SYMBOL,
    TRADES,
    Place,
    book,
    chunks,
    ids,
    no_file_longer_than,
    rows,
    trade,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def trades(spool: Spool, count: int, *, start: int = 0, at_ns: int = START_NS) -> None:
    """Append trades, one each second."""
    for number in range(start, start + count):
        received_ns = at_ns + number * SECOND_NS
        spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))


def finish(spool: Spool) -> int:
    spool.seal_all()
    return spool.stop(10)


def flushed(spool: Spool) -> Spool:
    spool.flush()
    return spool


def names(place: Place) -> list[str]:
    return [key.partition("2025-12-11/")[2] for key in chunks(place.lake)]


# Minutes


def test_rows_go_to_the_chunk_of_the_minute_in_which_they_were_received(place: Place) -> None:
    spool = place.started()
    trades(spool, 150)

    assert 0 == finish(spool)
    assert ["0800-a.csv.gz", "0801-a.csv.gz", "0802-a.csv.gz"] == names(place)
    assert list(range(150)) == ids(place.lake)
    assert not (place.spool / "a").exists()


@settings(max_examples=50)
@given(
    seconds=st.lists(st.integers(0, 240), max_size=60),
    steps=st.lists(st.sampled_from(["flush", "seal", ""]), max_size=60),
)
def test_in_whatever_order_rows_come_each_is_in_the_lake_once(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], steps: list[str]
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    spool = place.started()
    for number, second in enumerate(seconds):
        received_ns = START_NS + second * SECOND_NS
        spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
        step = steps[number] if number < len(steps) else ""
        if step == "flush":
            spool.flush()
        elif step == "seal":
            spool.seal(received_ns)

    assert 0 == finish(spool)
    assert list(range(len(seconds))) == sorted(ids(place.lake))
    for key, text in chunks(place.lake).items():
        minutes = {int(row.split(b",")[-1]) // MINUTE_NS for row in text.splitlines()[1:]}
        first = START_NS // MINUTE_NS + int(key.partition("2025-12-11/")[2][2:4])
        assert {first} == minutes


def test_a_minute_is_closed_when_every_reader_has_passed_it_and_not_before(place: Place) -> None:
    spool = place.started()
    trades(spool, 61)
    spool.seal(START_NS + MINUTE_NS - 1)
    time.sleep(0.05)

    assert {} == chunks(place.lake)
    spool.seal(START_NS + MINUTE_NS)
    wait_until(lambda: chunks(place.lake))
    assert ["0800-a.csv.gz"] == names(place)
    finish(spool)


def test_a_row_that_comes_after_its_minute_was_closed_has_a_chunk_of_its_own(place: Place) -> None:
    spool = place.started()
    trades(spool, 10)
    spool.seal(START_NS + MINUTE_NS)
    trades(spool, 5, start=10)
    spool.seal(START_NS + 2 * MINUTE_NS)
    trades(spool, 5, start=15)
    finish(spool)

    assert ["0800-a.csv.gz", "0800-aR2.csv.gz", "0800-aR3.csv.gz"] == sorted(names(place))
    assert list(range(20)) == ids(place.lake)


def test_rows_of_closed_minutes_are_gathered_for_a_minute(place: Place) -> None:
    spool = place.started()
    spool.seal(START_NS + 10 * MINUTE_NS)
    for second in range(30):
        trades(spool, 1, start=second)
        spool.seal(START_NS + 10 * MINUTE_NS + second * SECOND_NS)
    finish(spool)

    assert ["0800-aR1.csv.gz"] == names(place)


def test_late_trades_are_named_after_the_exchange_and_no_key_comes_twice(place: Place) -> None:
    spool = place.started()
    for minute in range(3):
        trades(spool, 1, start=minute * 60)
        late_ms = START_NS // 10**6 - 600_000
        spool.append_late(SYMBOL, late_ms, trade(1000 + minute, START_NS - 600 * SECOND_NS))
        spool.seal(START_NS + (minute + 1) * MINUTE_NS)
    finish(spool)

    assert [f"0750-aR{number}.csv.gz" for number in (1, 2, 3)] == names(place)[:3]
    assert [1000, 1001, 1002] == ids(place.lake)[:3]


def test_late_trades_alone_reach_the_lake_too(place: Place) -> None:
    spool = place.started()
    spool.append_late(SYMBOL, START_NS // 10**6, trade(7, START_NS))
    spool.seal(START_NS + 10 * MINUTE_NS)
    wait_until(lambda: chunks(place.lake))

    assert ["0800-aR1.csv.gz"] == names(place)
    finish(spool)


def test_streams_and_symbols_have_chunks_of_their_own(place: Place) -> None:
    spool = place.started()
    for symbol in (SYMBOL, OTHER):
        spool.append(TRADES, symbol, START_NS, trade(1, START_NS))
        spool.append(DEPTH, symbol, START_NS, book(2, START_NS))
    finish(spool)

    assert {
        f"raw/{stream}/{symbol}/2025-12-11/0800-a.csv.gz"
        for stream in ("trades", "depth20") for symbol in (SYMBOL, OTHER)
    } == set(chunks(place.lake))  # fmt: skip
    assert [book(2, START_NS).strip()] == rows(place.lake, DEPTH, OTHER)


# A clock that steps


def test_after_a_step_of_the_clock_rows_go_on_under_another_run(place: Place) -> None:
    spool = place.started("a")
    trades(spool, 90)

    assert spool.rename("b")
    trades(spool, 30, start=90, at_ns=START_NS - 60 * SECOND_NS)
    finish(spool)

    assert ["0800-a.csv.gz", "0800-b.csv.gz", "0801-a.csv.gz"] == names(place)
    assert list(range(120)) == sorted(ids(place.lake))
    assert [] == [path.name for path in place.spool.iterdir() if path.name != ".lock"]


def test_if_there_is_no_space_for_another_run_the_old_one_goes_on(place: Place) -> None:
    spool = place.started("a")
    (place.spool / "b").write_text("in the way")
    trades(spool, 10)

    assert not spool.rename("b")
    assert "cannot make the spool" in (spool.status().error or "")
    trades(spool, 10, start=10)
    finish(spool)
    assert list(range(20)) == ids(place.lake)


# A disk that fails


def test_rows_that_cannot_be_written_are_kept_and_written_when_the_disk_takes_them(
    place: Place,
) -> None:
    spool = place.started()
    trades(spool, 10)
    spool.flush()
    with no_file_longer_than(1000):
        trades(spool, 20, start=10)
        spool.flush()

        assert "File too large" == spool.status().error
        assert START_NS + 9 * SECOND_NS == spool.written_ns
        trades(spool, 10, start=30)
        spool.flush()
    trades(spool, 10, start=40)
    spool.flush()

    assert spool.status().error is None
    assert START_NS + 49 * SECOND_NS == spool.written_ns
    finish(spool)
    assert list(range(50)) == ids(place.lake)
    assert not [news for news in spool.news() if isinstance(news, Lost)]


def test_memory_stays_bounded_and_what_is_given_up_is_told_books_first(place: Place) -> None:
    spool = place.started(memory_bytes=20_000)
    trades(spool, 1)
    spool.flush()
    with no_file_longer_than(100):
        for number in range(600):
            received_ns = START_NS + number * SECOND_NS // 10
            spool.append(DEPTH, SYMBOL, received_ns, book(number, received_ns))
            if number < 100:
                spool.append(TRADES, SYMBOL, received_ns, trade(1 + number, received_ns))
            if number % 100 == 99:
                spool.flush()
        assert spool.pressure() >= Pressure.EARLY_WARNING
    spool.flush()
    lost = [news for news in spool.news() if isinstance(news, Lost)]

    finish(spool)
    assert {DEPTH} == {each.stream for each in lost}
    assert 600 == sum(each.rows for each in lost) + len(rows(place.lake, DEPTH))
    assert START_NS == lost[0].from_ns
    assert list(range(101)) == ids(place.lake)


def test_what_the_disk_never_took_is_told_at_the_end(place: Place) -> None:
    spool = place.started()
    with no_file_longer_than(100):
        trades(spool, 10)
        finish(spool)
    lost = [news for news in spool.news() if isinstance(news, Lost)]

    assert [(TRADES, 10, "File too large")] == [(e.stream, e.rows, e.cause) for e in lost]
    assert {} == chunks(place.lake)


def test_a_folder_that_someone_takes_away_is_told_and_used_again_when_it_is_back(
    place: Place,
) -> None:
    spool = place.started()
    trades(spool, 10)
    shutil.move(place.spool / "a", place.root / "taken")
    spool.flush()

    assert "No such file or directory" == spool.status().error
    shutil.move(place.root / "taken", place.spool / "a")
    spool.flush()
    assert spool.status().error is None
    finish(spool)
    assert list(range(10)) == ids(place.lake)


def test_a_spool_that_cannot_be_made_is_an_error_before_anything_is_recorded(place: Place) -> None:
    place.spool.write_text("in the way")

    with pytest.raises(CollectorError, match="cannot make the spool"):
        place.open()


@pytest.fixture
def small_disk(place: Place) -> Iterator[None]:
    """Let the spool be on a disk of two MiB."""
    place.spool.mkdir()
    with mounted(place.spool, 2):
        yield


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_corrupts_nothing_and_recording_goes_on_when_there_is_space(
    place: Place, bucket: BucketServer
) -> None:
    bucket.script.add(Refuse(503), Kind.WRITE, times=10**9)
    lake = Bucket(bucket.lake, patience_s=0.01)
    spool = place.started(storage=lake, clock=Clock(20), memory_bytes=300_000)
    accepted, number = list[int](), 0
    seen = set[Pressure]()
    while Pressure.NO_TRADES not in seen or number % 60:
        received_ns = START_NS + number * SECOND_NS
        if spool.pressure() < Pressure.NO_TRADES:
            spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns, pad=9000))
            accepted.append(number)
        spool.flush()
        spool.seal(received_ns)
        seen.add(spool.pressure())
        number += 1
    assert set(Pressure) == seen
    bucket.script.mend()
    wait_until(lambda: flushed(spool).pressure() < Pressure.NO_TRADES)
    received_ns = START_NS + number * SECOND_NS
    spool.append(TRADES, SYMBOL, received_ns, trade(number, received_ns))
    finish(spool)

    assert [*accepted, number] == ids(lake)
    assert not [news for news in spool.news() if isinstance(news, Lost)]


# What a power cut can lose


def test_an_fsync_follows_within_the_set_time(place: Place) -> None:
    spool = place.started(clock=Clock(), fsync_s=0.05)
    trades(spool, 10)
    spool.flush()
    began = time.monotonic()
    log = next(iter(spool._open.values())).log
    assert log
    wait_until(lambda: log.synced == log.end)

    assert time.monotonic() - began < 2
    finish(spool)


def test_a_slow_fsync_does_not_hold_up_the_recorder(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing, done = Event(), Event()

    def slow(descriptor: int) -> None:
        assert descriptor > 0
        syncing.set()
        done.wait(20)

    monkeypatch.setattr(os, "fdatasync", slow)
    spool = place.started(clock=Clock(), fsync_s=0.01)
    trades(spool, 10)
    spool.flush()
    syncing.wait(20)
    began = time.monotonic()
    trades(spool, 10, start=10)
    spool.flush()
    spool.seal(START_NS)

    assert time.monotonic() - began < 0.5
    assert spool.written_ns == START_NS + 19 * SECOND_NS
    done.set()
    finish(spool)
    assert list(range(20)) == ids(place.lake)


def test_a_write_that_holds_up_the_recorder_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = os.pwrite

    def slow(descriptor: int, data: memoryview, offset: int) -> int:
        time.sleep(0.02)
        return write(descriptor, data, offset)

    spool = place.started()
    trades(spool, 10)
    spool.flush()
    monkeypatch.setattr("collector.spool.spool._SLOW_S", 0.02)
    monkeypatch.setattr(os, "pwrite", slow)
    trades(spool, 10, start=10)
    spool.flush()
    finish(spool)

    assert 1 == caplog.text.count("the spool's disk is slow")


# The end, and what is told


def test_what_arrived_is_told_once(place: Place) -> None:
    spool = place.started()
    trades(spool, 10)
    spool.seal(START_NS + MINUTE_NS)
    wait_until(lambda: chunks(place.lake) and spool.outbox.status().oldest_age_s is None)
    (news,) = spool.news()

    assert isinstance(news, Uploaded)
    assert ("a", START_NS // MINUTE_NS, 1, 10) == (news.run, news.minute, news.objects, news.rows)
    assert [] == spool.news()
    finish(spool)


def test_what_is_on_the_disk_is_known(place: Place) -> None:
    spool = place.open(limit_bytes=10**6)
    trades(spool, 10)

    assert 0 == spool.status().used_bytes
    spool.flush()
    log = place.spool / "a" / "00000001-2025-12-11T0800.log"
    assert log.stat().st_size == spool.status().used_bytes
    assert 10**6 == spool.status().limit_bytes
    spool.start()
    finish(spool)
    assert 0 == spool.status().used_bytes


def test_what_does_not_fit_into_the_last_seconds_stays_for_the_next_start(
    place: Place, bucket: BucketServer
) -> None:
    bucket.script.add(Refuse(503), times=10**9)
    spool = place.started(storage=Bucket(bucket.lake, patience_s=0.01))
    trades(spool, 150)
    began = time.monotonic()
    spool.seal_all()

    assert 3 == spool.stop(0.3)
    assert time.monotonic() - began < 5
    kept = sorted(path.name for path in (place.spool / "a").glob("*.pack"))
    assert [f"0000000{n}-2025-12-11T080{n - 1}.pack" for n in (1, 2, 3)] == kept


def test_a_hundred_symbols_are_in_the_bucket_well_before_the_platform_kills(
    place: Place, bucket: BucketServer
) -> None:
    bucket.latency_s = 0.05
    spool = place.started(storage=Bucket(bucket.lake))
    spool.outbox._workers = 16
    for number in range(100):
        for second in range(30):
            received_ns = START_NS + second * SECOND_NS
            spool.append(TRADES, f"S{number}USDT", received_ns, trade(second, received_ns))
            spool.append(DEPTH, f"S{number}USDT", received_ns, book(second, received_ns) * 100)
    began = time.monotonic()
    spool.seal_all()

    assert 0 == spool.stop(8)
    assert time.monotonic() - began < 6
    assert 200 == len(bucket.store.objects(bucket.lake.removeprefix("gs://")))
