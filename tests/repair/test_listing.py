import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aggregator.archive.spool import Spool, spool
from aggregator.fetch.patience import FetchError
from aggregator.fetch.site import Found
from aggregator.repair.listing import (
    gap_edges,
    kline_volumes,
    last_volumes,
    listed,
    of_day,
    volumes_of,
)
from aggregator.stretches import IdStretches
from tests.repair.days import DAY, DAY_MS, MINUTE_MS, START, SYMBOL, Trade, klines, spread

LATEST = START + 2 * DAY_MS
URL = "https://archive/x.zip"


@pytest.fixture
def rows() -> Iterator[Spool]:
    with spool() as place:
        yield place


@pytest.fixture
def lacking() -> Iterator[Spool]:
    with spool() as place:
        yield place


def zipped(folder: Path, lines: list[str], name: str = f"{SYMBOL}-trades-{DAY}") -> Found:
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.csv", "".join(f"{line}\n" for line in lines))
    return Found(path, "ab", URL)


def trades(folder: Path, *of: Trade) -> Found:
    return zipped(folder, [trade.archived() for trade in of])


def known(*ids: int) -> IdStretches:
    found = np.array(sorted(ids), dtype=np.int64)
    return IdStretches.of(found, found)


def set_down(place: Spool) -> list[int]:
    return [i for at in place.starts() for part in place.take(at) for i in part["trade_id"]]


def test_rows_that_the_lake_lacks_are_set_down_and_no_other(
    tmp_path: Path, rows: Spool, lacking: Spool
) -> None:
    listing = listed(trades(tmp_path, *spread(1, 300)), SYMBOL, rows, LATEST)

    day = of_day(listing, DAY, known(*range(1, 120), *range(125, 300)), (), lacking)

    assert 6 == day.rows
    assert [*range(120, 125), 300] == set_down(lacking)


def test_rows_of_another_day_are_not_taken(tmp_path: Path, rows: Spool, lacking: Spool) -> None:
    found = trades(tmp_path, *spread(1, 10), Trade(11, START + DAY_MS))

    day = of_day(listed(found, SYMBOL, rows, LATEST), DAY, known(), (), lacking)

    assert 10 == day.rows


def test_volumes_are_exact_and_a_trade_that_is_there_twice_counts_once(
    tmp_path: Path, rows: Spool, lacking: Spool
) -> None:
    twice = Trade(2, START + 30, "101", "0.000000000000000001")
    found = trades(tmp_path, Trade(1, START, "100", "123456789.1"), twice, twice,
                   Trade(3, START + MINUTE_MS, "99", "2"))  # fmt: skip

    day = of_day(listed(found, SYMBOL, rows, LATEST), DAY, known(), (), lacking)

    assert {
        START: Decimal("123456789.100000000000000001"), START + MINUTE_MS: Decimal(2),
    } == day.volumes  # fmt: skip


def test_times_of_ids_are_their_first(tmp_path: Path, rows: Spool, lacking: Spool) -> None:
    found = trades(tmp_path, Trade(1, START), Trade(5, START + 9), Trade(5, START + 700_000, "1"))
    listing = listed(found, SYMBOL, rows, LATEST)

    assert [(1, 5)] == gap_edges(listing, known())
    assert {1: START, 5: START + 9} == of_day(listing, DAY, known(), {1, 5}, lacking).times


def test_a_gap_that_we_know_all_of_is_no_matter(tmp_path: Path, rows: Spool) -> None:
    listing = listed(trades(tmp_path, Trade(1, START), Trade(4, START + 9)), SYMBOL, rows, LATEST)

    assert [] == gap_edges(listing, known(2, 3))
    assert [(1, 4)] == gap_edges(listing, known(2))


def test_a_whole_day_is_covered_to_its_ends_and_a_cut_one_to_its_last_row(
    tmp_path: Path, rows: Spool, lacking: Spool
) -> None:
    whole = of_day(
        listed(trades(tmp_path, *spread(1, 1440)), SYMBOL, rows, LATEST), DAY, known(), (), lacking
    )
    with spool() as more, spool() as rest:
        found = trades(tmp_path, *spread(1, 1440)[:700])
        cut = of_day(listed(found, SYMBOL, more, LATEST), DAY, known(), (), rest)

    assert (START, START + DAY_MS) == whole.covered
    assert (START, START + 50 + 699 * MINUTE_MS) == cut.covered


def test_the_last_minutes_of_a_file_have_volumes(tmp_path: Path, rows: Spool) -> None:
    listing = listed(trades(tmp_path, *spread(1, 1440)), SYMBOL, rows, LATEST)

    volumes = last_volumes(listing)

    assert [START + DAY_MS - n * MINUTE_MS for n in range(10, 0, -1)] == sorted(volumes)
    assert {Decimal("0.25")} == {*volumes.values()}


def test_klines_have_volumes_by_minute(tmp_path: Path) -> None:
    found = zipped(tmp_path, klines(spread(1, 3)), "klines")

    volumes = kline_volumes(found, DAY)

    assert {START + n * DAY_MS // 3: Decimal("0.25") for n in range(3)} == volumes


def test_klines_of_one_minute_that_differ_say_nothing(tmp_path: Path) -> None:
    lines = klines([Trade(1, START, quantity="1")]) + klines([Trade(1, START, quantity="2")])

    assert {} == kline_volumes(zipped(tmp_path, lines, "klines"), DAY)


@pytest.mark.parametrize("lines", [["1,2"], ["no"], []], ids=["short", "text", "empty"])
def test_what_is_no_file_of_trades_is_named_by_its_address(
    tmp_path: Path, rows: Spool, lines: list[str]
) -> None:
    with pytest.raises(FetchError, match=URL):
        listed(zipped(tmp_path, lines), SYMBOL, rows, LATEST)


def test_decimals_of_any_length_that_the_archive_may_have_are_summed() -> None:
    cells = ["123456789012345", "0.1234567890123", "1"]
    rows = pl.DataFrame({"timestamp": [0] * 3, "trade_id": [1, 2, 3], "quantity": cells})

    assert {0: sum(map(Decimal, cells))} == volumes_of(rows)
