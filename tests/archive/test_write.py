from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aggregator.archive.holes import Holes
from aggregator.archive.runs import Runs
from aggregator.archive.spool import spool
from aggregator.archive.write import WrittenChunk, run_name, write_chunks
from lake.storage import LocalFolder

START = 1_765_411_200_000
MINUTE = 60_000


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


def written(lake: LocalFolder, *time_and_id: tuple[int, int]) -> list[WrittenChunk]:
    times, ids = zip(*time_and_id, strict=True)
    rows = pl.DataFrame(
        {
            "timestamp": times,
            "price": ["1"] * len(ids),
            "quantity": ["2"] * len(ids),
            "is_buyer_maker": [True] * len(ids),
            "trade_id": ids,
        }
    )
    runs = Runs(1)
    runs.add(np.array(ids, np.int64))
    with spool() as spooled:
        spooled.add(rows)
        return list(write_chunks(lake, "BTCUSDT", "i1", spooled, Holes(runs.gaps(), 100)))


def test_chunks_are_named_after_ten_minutes_of_exchange_time(lake: LocalFolder) -> None:
    written(
        lake,
        (START - 1, 1),
        (START, 2),
        (START + 10 * MINUTE - 1, 3),
        (START + 10 * MINUTE, 4),
        (START + 1439 * MINUTE, 5),
    )

    assert [
        "raw/trades/BTCUSDT/2025-12-10/2350-i1.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0000-i1.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0010-i1.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/2350-i1.csv.gz",
    ] == [stat.key for stat in lake.list("raw/")]


def test_each_chunk_is_told(lake: LocalFolder) -> None:
    day = date(2025, 12, 11)

    chunks = written(lake, (START + 7, 4), (START, 1), (START, 1), (START + MINUTE * 10, 5))

    first = WrittenChunk(day, START, START + 7, 2, 1, 2, is_new=True)
    later = START + MINUTE * 10
    assert [first, WrittenChunk(day, later, later, 1, 0, 0, is_new=True)] == chunks


def test_what_a_killed_writer_left_beside_a_chunk_is_removed(lake: LocalFolder) -> None:
    folder = lake.root / "raw" / "trades" / "BTCUSDT" / "2025-12-11"
    folder.mkdir(parents=True)
    left = folder / ".0000-i1.csv.gz.0123456789ab.tmp"
    left.write_bytes(b"half")

    written(lake, (START, 1))

    assert not left.exists()


def test_a_run_is_named_after_symbol_rows_and_limit_alone() -> None:
    name = run_name("BTCUSDT", frozenset([b"1", b"2"]), 100)

    assert name == run_name("BTCUSDT", frozenset([b"2", b"1"]), 100)
    assert name[0] == "i"
    assert name.isalnum()
    others = {
        run_name("ETHUSDT", frozenset([b"1", b"2"]), 100),
        run_name("BTCUSDT", frozenset([b"1", b"3"]), 100),
        run_name("BTCUSDT", frozenset([b"1"]), 100),
        run_name("BTCUSDT", frozenset([b"1", b"2"]), 101),
    }
    assert 4 == len(others - {name})
