import gzip
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from collector.clock import Clock
from collector.trades.last_seen import LastSeen, LastTrade, last_seen
from lake.gcs import Bucket
from lake.layout import ChunkKey, Format, Stream
from lake.schemas import RAW_TABLES, header
from lake.storage import LocalFolder, Stat, Storage
from tests.bucket import BucketServer, Kind, Refuse

NOW = datetime(2025, 12, 11, 16, 27, 30, tzinfo=UTC)
TODAY = NOW.date()
MINUTE = 16 * 60 + 26
CHINESE = "币安人生USDT"


class FixedClock(Clock):
    """A clock whose wall stands still."""

    def wall_ns(self) -> int:
        return int(NOW.timestamp() * 1e9)


CLOCK = FixedClock(speed=2.0)


class Counting(LocalFolder):
    """A folder that counts what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, durable=False)
        self.reads: list[str] = []
        self.listed = 0

    def read(self, key: str) -> tuple[bytes, str]:
        self.reads.append(key)
        return super().read(key)

    def list(self, prefix: str, start: str = "", end: str | None = None) -> Iterator[Stat]:
        for stat in super().list(prefix, start, end):
            self.listed += 1
            yield stat


@pytest.fixture
def lake(tmp_path: Path) -> Counting:
    return Counting(tmp_path)


def chunk(minute: int, run: str = "k3v9", day: date = TODAY, symbol: str = "BTCUSDT") -> ChunkKey:
    return ChunkKey(Stream.TRADES, symbol, day, minute, run)


def put(lake: Storage, key: ChunkKey, ids: Iterable[int]) -> None:
    rows = "".join(f"{id_ * 10},1.5,2,true,{id_},MARKET,,\n" for id_ in ids)
    text = (header(RAW_TABLES[Stream.TRADES]) + rows).encode()
    lake.write(str(key), gzip.compress(text) if key.format is Format.GZIP else text)


def found(lake: Storage, *symbols: str) -> dict[str, int]:
    seen = last_seen(lake, symbols or ["BTCUSDT"], CLOCK)
    assert {} == seen.failed
    return {symbol: trade.trade_id for symbol, trade in seen.found.items()}


def test_the_last_trade_is_the_greatest_id_of_the_newest_chunk(lake: Counting) -> None:
    for minute in range(MINUTE - 20, MINUTE + 1):
        put(lake, chunk(minute), [minute * 10 + 5, minute * 10 + 7, minute * 10 + 6])

    seen = last_seen(lake, ["BTCUSDT"], CLOCK)

    assert {"BTCUSDT": LastTrade(MINUTE * 10 + 7, (MINUTE * 10 + 7) * 10)} == seen.found


def test_symbols_without_a_chunk_are_new_and_no_failure(lake: Counting) -> None:
    put(lake, chunk(MINUTE), [5])

    seen = last_seen(lake, ["BTCUSDT", "NEWUSDT", CHINESE], CLOCK)

    assert (["BTCUSDT"], {}) == (list(seen.found), seen.failed)


def test_many_symbols_are_looked_up_each_by_itself(lake: Counting) -> None:
    symbols = [f"S{at}USDT" for at in range(60)] + [CHINESE]
    for at, symbol in enumerate(symbols):
        put(lake, chunk(MINUTE, symbol=symbol), [at + 1])

    assert {symbol: at + 1 for at, symbol in enumerate(symbols)} == found(lake, *symbols)


def test_of_several_runs_the_greatest_id_counts(lake: Counting) -> None:
    put(lake, chunk(MINUTE, "aaaa"), [100, 101])
    put(lake, chunk(MINUTE - 1, "zzzz"), [103])
    put(lake, chunk(MINUTE - 1, "zzzzR4"), [50, 102])
    put(lake, chunk(MINUTE - 9, "import"), range(90, 105))

    assert {"BTCUSDT": 104} == found(lake)


def test_an_import_of_the_last_minutes_counts_however_long_ago_they_are(lake: Counting) -> None:
    put(lake, chunk(MINUTE - 18, "k3v9"), [100])
    put(lake, chunk(MINUTE - 27, "import"), range(90, 105))

    assert {"BTCUSDT": 104} == found(lake)


def test_a_late_refill_of_the_newest_minutes_counts_as_well(lake: Counting) -> None:
    put(lake, chunk(MINUTE, "k3v9"), [100])
    put(lake, chunk(MINUTE, "k3v9R1"), [107])

    assert {"BTCUSDT": 107} == found(lake)


def test_few_chunks_are_read_and_few_keys_listed_of_a_long_day(lake: Counting) -> None:
    for minute in range(0, MINUTE + 1):
        put(lake, chunk(minute), [minute + 1])

    assert {"BTCUSDT": MINUTE + 1} == found(lake)
    assert 2 == len(lake.reads)
    assert lake.listed <= 20


def test_many_runs_do_not_make_it_read_without_end(lake: Counting) -> None:
    for at in range(40):
        put(lake, chunk(MINUTE, f"run{at}"), [at + 1])

    found(lake)

    assert len(lake.reads) <= 12


@pytest.mark.parametrize("minute", [0, 700, 1439])
def test_a_symbol_that_traded_last_some_days_ago_is_found(lake: Counting, minute: int) -> None:
    put(lake, chunk(minute, day=TODAY - timedelta(days=40)), [7])
    put(lake, chunk(1439, day=TODAY - timedelta(days=41)), [5])

    assert {"BTCUSDT": 7} == found(lake)


def test_a_symbol_that_traded_last_this_morning_is_found(lake: Counting) -> None:
    put(lake, chunk(3), [7])

    assert {"BTCUSDT": 7} == found(lake)


def test_a_chunk_from_a_clock_that_was_ahead_is_found(lake: Counting) -> None:
    put(lake, chunk(MINUTE), [7])
    put(lake, chunk(5, day=TODAY + timedelta(days=1)), [9])

    assert {"BTCUSDT": 9} == found(lake)


def test_a_plain_chunk_and_what_is_no_chunk(lake: Counting) -> None:
    put(lake, replace(chunk(MINUTE), format=Format.PLAIN), [7])
    lake.write(f"raw/trades/BTCUSDT/{TODAY}/notes.txt", b"hello")
    lake.write("raw/trades/BTCUSDT/latest/1627-k3v9.csv.gz", b"hello")

    assert {"BTCUSDT": 7} == found(lake)


def test_a_corrupt_newest_chunk_gives_way_to_the_one_before(lake: Counting) -> None:
    put(lake, chunk(MINUTE - 1), [7])
    lake.write(str(chunk(MINUTE)), b"this is no chunk at all")

    assert {"BTCUSDT": 7} == found(lake)


def test_a_date_without_an_id_gives_way_to_the_date_before(lake: Counting) -> None:
    put(lake, chunk(MINUTE), [])
    put(lake, chunk(1_439, day=TODAY - timedelta(days=1)), [7])

    assert {"BTCUSDT": 7} == found(lake)


def test_a_symbol_of_which_nothing_can_be_read_is_named(lake: Counting) -> None:
    lake.write(str(chunk(MINUTE)), b"this is no chunk at all")
    put(lake, chunk(MINUTE, symbol="ETHUSDT"), [7])

    seen = last_seen(lake, ["BTCUSDT", "ETHUSDT"], CLOCK)

    assert ["ETHUSDT"] == list(seen.found)
    assert "corrupt" in seen.failed["BTCUSDT"]
    assert str(chunk(MINUTE)) in seen.failed["BTCUSDT"]


class Gate(LocalFolder):
    """A folder that answers only when so many ask at once."""

    def __init__(self, root: Path, many: int) -> None:
        super().__init__(root, durable=False)
        self._barrier = Barrier(many, timeout=20)

    def folders(self, prefix: str) -> Iterator[str]:
        self._barrier.wait()
        return super().folders(prefix)


def test_of_what_a_dead_run_left_and_what_the_lake_has_the_later_counts() -> None:
    early, late = LastTrade(5, 50), LastTrade(7, 70)
    seen = LastSeen({"BTCUSDT": late, "ETHUSDT": early}, {"SOLUSDT": "corrupt", "XRPUSDT": "gone"})
    left = {"BTCUSDT": early, "ETHUSDT": late, "SOLUSDT": early, "NEWUSDT": early}

    assert LastSeen(
        {"BTCUSDT": late, "ETHUSDT": late, "SOLUSDT": early, "NEWUSDT": early}, {"XRPUSDT": "gone"}
    ) == seen.or_later(left)


def test_a_lake_is_asked_about_many_symbols_at_once(lake: Counting, tmp_path: Path) -> None:
    symbols = [f"S{at}USDT" for at in range(32)]
    for symbol in symbols:
        put(lake, chunk(MINUTE, symbol=symbol), [7])

    seen = last_seen(Gate(tmp_path, 16), symbols, CLOCK, workers=16)

    assert 32 == len(seen.found)


def test_a_lake_in_a_bucket_is_asked_in_the_same_way(bucket: BucketServer) -> None:
    lake = Bucket(bucket.lake)
    for minute in range(MINUTE - 30, MINUTE):
        put(lake, chunk(minute, symbol=CHINESE), [minute])

    assert {CHINESE: MINUTE - 1} == found(lake, CHINESE, "NEWUSDT")


def test_a_bucket_that_does_not_answer_holds_nobody_up(bucket: BucketServer) -> None:
    lake = Bucket(bucket.lake)
    put(lake, chunk(MINUTE), [7])
    bucket.script.add(Refuse(503), Kind.LIST, "raw/*", times=10**6)
    begun_s = time.monotonic()

    seen = last_seen(lake, ["BTCUSDT"], CLOCK, deadline_s=0.5)

    assert time.monotonic() - begun_s < 5
    assert {} == seen.found
    assert "no answer" in seen.failed["BTCUSDT"]


def test_a_bucket_that_forbids_reading_is_named(bucket: BucketServer) -> None:
    lake = Bucket(bucket.lake)
    put(lake, chunk(MINUTE), [7])
    bucket.script.add(Refuse(403), Kind.READ, "raw/*", times=10)

    seen = last_seen(lake, ["BTCUSDT"], CLOCK)

    assert "403" in seen.failed["BTCUSDT"]
