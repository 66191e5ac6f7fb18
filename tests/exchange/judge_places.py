"""Judges where rows lie: each in the chunk of the minute that its key names."""

from collections.abc import Iterator
from datetime import UTC, datetime

from lake.layout import ChunkKey
from tests.exchange.judged import Judged
from tests.exchange.lake_rows import Row

_MINUTE_MS = 60_000
_LATE_MS = 5 * _MINUTE_MS


def judge_places(case: Judged) -> None:
    """Note the rows that lie in the wrong chunk."""
    for row in _all(case):
        late = row.received_ms - row.time_ms > _LATE_MS
        named_ms = row.time_ms if late else row.received_ms
        if _minute_of(row.key) != named_ms // _MINUTE_MS:
            case.verdict.blame("a row lies in the chunk of another minute", f"{row}")


def _all(case: Judged) -> Iterator[Row]:
    for table in (case.lake.trades, case.lake.books):
        for rows in table.values():
            for found in rows.values():
                yield from found


def _minute_of(key: ChunkKey) -> int:
    """Return the minute of a key since 1970."""
    midnight = datetime(key.date.year, key.date.month, key.date.day, tzinfo=UTC)
    return int(midnight.timestamp()) // 60 + key.minute
