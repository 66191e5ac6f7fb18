"""The raw chunks in which trades of some minutes may lie."""

from pathlib import Path

import pytest

from aggregator.parity.raw import read_fills
from aggregator.unit import Unit
from lake.layout import ChunkKey, Format, Stream
from tests.cases import BEFORE, DAY, SYMBOL, Lake, Watched
from tests.parity.days import HEADER, market

TRADES = market(30)
UNIT = Unit(DAY, SYMBOL)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def write(lake: Lake, minute: int, *minutes: int, day: object = DAY, run: str = "a") -> None:
    assert day in (DAY, BEFORE)
    where = DAY if day == DAY else BEFORE
    key = ChunkKey(Stream.TRADES, SYMBOL, where, minute, run, Format.PLAIN)
    rows = "".join(each.row for each in TRADES if each.minute in minutes)
    lake.write(str(key), (HEADER + rows).encode())


def test_trades_come_from_chunks_of_any_run_and_of_other_minutes(lake: Lake) -> None:
    write(lake, 1439, 0, day=BEFORE)
    write(lake, 0, *range(10), run="import")
    write(lake, 4, 2, 3)

    found = read_fills(lake.storage, UNIT, [1, 3])

    assert found
    assert {0, 1, 2, 3, 4} == {*found}
    assert [each.id for each in TRADES if each.minute == 3] == [fill.id for fill in found[3]]


def test_chunks_that_cannot_hold_them_are_not_read(lake: Lake) -> None:
    for minute in range(30):
        write(lake, minute, minute)
    told: list[str] = []

    read_fills(Watched(lake.path, told.append), UNIT, [15])

    assert 2 * 11 + 1 == sum(line.startswith("read ") for line in told)


def test_where_raw_has_expired_nothing_is_known(lake: Lake) -> None:
    assert None is read_fills(lake.storage, UNIT, [3])
