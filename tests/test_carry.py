"""Which chunks of the day before may hold its last price."""

from pathlib import Path

from aggregator.carry import carry_chunks
from lake.layout import Stream
from tests.cases import AFTER, BEFORE, DAY, OTHER, SYMBOL, Lake, chunk_key


def test_the_carry_ends_where_the_margin_begins(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.record(BEFORE, (0, 94, 95, 1_429, 1_430))
    lake.record(BEFORE, (96,), symbol=OTHER)
    lake.record(DAY, (97,))
    lake.write(chunk_key(98, BEFORE, stream=Stream.DEPTH20))
    lake.write(f"{lake.record(BEFORE, (99,))[0]}.stray")

    def minutes(margin: int, start: int) -> list[int]:
        found = carry_chunks(lake.storage, SYMBOL, DAY, margin, start)
        return [chunk.key.minute for chunk in found]

    assert [95, 99, 1_429] == minutes(10, 95)
    assert [0, 94, 95, 99] == minutes(60, 0)
    assert [] == carry_chunks(lake.storage, SYMBOL, AFTER, 1_400, 0)
