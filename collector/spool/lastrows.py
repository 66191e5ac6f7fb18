"""The newest rows among what dead runs left: where the ids and the time of a new run continue."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from isal import igzip

from collector.spool.batches import OWN_MINUTE
from collector.spool.chunks import Unreadable, rows_of
from collector.spool.deadrun import Remains
from collector.spool.pack import Damaged, Entry, Pack
from collector.spool.segment import Sealed
from collector.trades.last_seen import LastTrade
from lake.layout import ChunkKey, Stream
from lake.schemas import RAW_TABLES

_LOOKED_AT = 2
"""Minutes of a symbol that are looked at: the newest may hold late answers of REST only."""
_COLUMNS = {stream: [column.name for column in table].index for stream, table in RAW_TABLES.items()}
_TIME = _COLUMNS[Stream.TRADES]("timestamp")
_ID = _COLUMNS[Stream.TRADES]("trade_id")
_EVENT = _COLUMNS[Stream.TRADES]("event_time") - len(RAW_TABLES[Stream.TRADES])
"""From the end: a type before it may have commas."""


@dataclass
class LastRows:
    """What was found: the last trade of each symbol, and the exchange time of its last book.

    `refilled` are its last trades that no stream brought: they closed holes.
    """

    trades: dict[str, LastTrade] = field(default_factory=dict)
    snapshots_ms: dict[str, int] = field(default_factory=dict)
    refilled: dict[str, list[LastTrade]] = field(default_factory=dict)


Part = tuple[Stream, str, Callable[[], bytes]]
"""Rows of one stream of one symbol in one minute; they are read when they are needed."""


def last_rows(dead: Iterable[Remains]) -> LastRows:
    """Return the newest rows of all that dead runs, the oldest first, left on the disk."""
    found, looked_at = LastRows(), Counter[tuple[Stream, str]]()
    for stream, symbol, read in _newest_first(list(dead)):
        most = _LOOKED_AT if stream is Stream.TRADES else 1
        if looked_at[stream, symbol] < most:
            looked_at[stream, symbol] += 1
            # What is unreadable is named when it is uploaded.
            with suppress(Unreadable, Damaged, OSError, ValueError):
                _look(found, stream, symbol, read())
    return found


def _newest_first(dead: list[Remains]) -> Iterator[Part]:
    for remains in reversed(dead):
        for sealed in reversed(remains.segments):
            yield from _of_segment(sealed)
        for pack in reversed(remains.packs):
            yield from _of_pack(pack)


def _of_segment(sealed: Sealed) -> Iterator[Part]:
    for group in sealed.index.places:
        if group.late_minute == OWN_MINUTE:
            yield group.stream, group.symbol, partial(rows_of, sealed, group)


def _of_pack(pack: Pack) -> Iterator[Part]:
    for entry in pack.contents.entries:
        key = ChunkKey.parse(entry.key)
        if key and key.run == pack.folder.run:
            yield key.stream, key.symbol, partial(_unpacked, pack, entry)


def _unpacked(pack: Pack, entry: Entry) -> bytes:
    text: bytes = igzip.decompress(pack.read(entry))
    return text.partition(b"\n")[2]


def _look(found: LastRows, stream: Stream, symbol: str, rows: bytes) -> None:
    if stream is Stream.DEPTH20:
        last_line = rows[rows.rfind(b"\n", 0, -1) + 1 :]
        found.snapshots_ms[symbol] = int(last_line.partition(b",")[0])
        return
    lines = [line.split(b",") for line in rows.splitlines()]
    late = (_trade(cells) for cells in lines if not cells[_EVENT])
    found.refilled.setdefault(symbol, []).extend(late)
    last = max(_trade(cells) for cells in lines)
    known = found.trades.get(symbol)
    if known is None or last.trade_id > known.trade_id:
        found.trades[symbol] = last


def _trade(cells: Sequence[bytes]) -> LastTrade:
    return LastTrade(int(cells[_ID]), int(cells[_TIME]))
