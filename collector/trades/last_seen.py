"""The last trade of each symbol that the lake has: where the ids of a new run continue."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from queue import Empty, SimpleQueue
from threading import Event, Thread

from collector.clock import Clock
from collector.trades.greatest import LastTrade, Unreadable, greatest_trade
from lake.errors import LakeError
from lake.layout import (
    MINUTES_PER_DAY,
    ChunkKey,
    Stream,
    last_part,
    parse_date,
    raw_day_prefix,
    raw_minute_bound,
    raw_symbol_prefix,
)
from lake.storage import Storage

__all__ = ["LastSeen", "LastTrade", "last_seen"]

_LOOKS_BACK = (20, 120, MINUTES_PER_DAY)
"""Minutes before the end that are listed, one after the other until the newest ones are there."""
_NEWEST_MINUTES = 10
"""In which the greatest id is looked for; an import cuts chunks of so many minutes."""
_CHUNKS_PER_RUN = 2
"""A late row may lie in the minute after."""
_MOST_READS, _MOST_DATES = 12, 3


@dataclass(frozen=True)
class LastSeen:
    """What was found, and why for some symbols nothing could be; new symbols are in neither."""

    found: Mapping[str, LastTrade]
    failed: Mapping[str, str]

    def or_later(self, others: Mapping[str, LastTrade]) -> "LastSeen":
        """Return the same with other trades of which the lake has no later ones."""
        later = {
            symbol: max(trade, self.found.get(symbol, trade)) for symbol, trade in others.items()
        }
        failed = {symbol: why for symbol, why in self.failed.items() if symbol not in later}
        return LastSeen({**self.found, **later}, failed)


def last_seen(
    storage: Storage, symbols: Iterable[str], clock: Clock, *, workers: int = 16,
    deadline_s: float = 30.0,
) -> LastSeen:  # fmt: skip
    """Return the last trade of each symbol; what takes longer than the deadline has failed."""
    search = _Search(storage, sorted(symbols), _moment(clock))
    for _ in range(workers):
        Thread(target=search.work, name="last-seen", daemon=True).start()
    clock.wait(search.done, deadline_s)
    return search.result(f"no answer from {storage.url} in {deadline_s:g} s")


def _moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ns() / 1e9, UTC)


class _Search:
    """Looks for the last trades in several threads, which nobody has to wait for."""

    def __init__(self, storage: Storage, symbols: list[str], now: datetime) -> None:
        self.done = Event()
        self._storage, self._symbols, self._now = storage, symbols, now
        self._questions: SimpleQueue[str] = SimpleQueue()
        for symbol in symbols:
            self._questions.put(symbol)
        self._answers: dict[str, LastTrade | None] = {}
        self._failed: dict[str, str] = {}

    def work(self) -> None:
        with suppress(Empty):
            while not self.done.is_set():
                self._answer(self._questions.get_nowait())
        if len(self._answers) + len(self._failed) == len(self._symbols):
            self.done.set()

    def _answer(self, symbol: str) -> None:
        try:
            self._answers[symbol] = _last_trade(self._storage, symbol, self._now)
        except (LakeError, Unreadable) as error:
            self._failed[symbol] = str(error)

    def result(self, why_not: str) -> LastSeen:
        """Return what is known by now, and let the threads end."""
        self.done.set()
        answers, failed = dict(self._answers), dict(self._failed)
        late = (symbol for symbol in self._symbols if symbol not in answers | failed)
        found = {symbol: trade for symbol, trade in answers.items() if trade}
        return LastSeen(found, failed | dict.fromkeys(late, why_not))


def _last_trade(storage: Storage, symbol: str, now: datetime) -> LastTrade | None:
    """Return the last trade of a symbol; None if the lake has no chunk of it."""
    trouble = ""
    keys = list(_newest_keys(storage, symbol, now))
    for same_date in _by_date(keys[:_MOST_READS]):
        found: list[LastTrade] = []
        for key in same_date:
            try:
                trade = greatest_trade(storage.read(str(key))[0], key.format)
            except Unreadable as error:
                trouble = f"; {storage.url}/{key}: {error}"
            else:
                found += [trade] if trade else []
        if found:
            return max(found)
    if keys:
        raise Unreadable(f"the newest chunks of {symbol} have no trade id{trouble}")
    return None


def _by_date(keys: Iterable[ChunkKey]) -> list[list[ChunkKey]]:
    dates: defaultdict[date, list[ChunkKey]] = defaultdict(list)
    for key in keys:
        dates[key.date].append(key)
    return list(dates.values())


def _newest_keys(storage: Storage, symbol: str, now: datetime) -> Iterator[ChunkKey]:
    """Yield the chunks that may have the last trade, the newest date first."""
    folders = storage.folders(raw_symbol_prefix(Stream.TRADES, symbol))
    dates = sorted((day for day in map(parse_date, map(last_part, folders)) if day), reverse=True)
    for day in dates[:_MOST_DATES]:
        yield from _newest_of(_end_of(storage, symbol, day, now))


def _end_of(storage: Storage, symbol: str, day: date, now: datetime) -> list[ChunkKey]:
    """Return the chunks at the end of a date, without listing all of it if that can be."""
    end = now.hour * 60 + now.minute + 1 if day == now.date() else MINUTES_PER_DAY
    prefix = raw_day_prefix(Stream.TRADES, symbol, day)
    chunks: list[ChunkKey] = []
    for minutes in _LOOKS_BACK:
        start = max(0, end - minutes)
        stats = storage.list(prefix, raw_minute_bound(Stream.TRADES, symbol, day, start))
        chunks = [key for key in (ChunkKey.parse(stat.key) for stat in stats) if key]
        if any(chunk.minute >= start + _NEWEST_MINUTES for chunk in chunks):
            break
    return chunks


def _newest_of(chunks: list[ChunkKey]) -> list[ChunkKey]:
    """Return the newest chunks of each run in the last minutes, the newest first."""
    newest = max((chunk.minute for chunk in chunks), default=0)
    by_run: defaultdict[str, list[ChunkKey]] = defaultdict(list)
    for chunk in sorted(chunks, key=lambda each: each.minute, reverse=True):
        if chunk.minute > newest - _NEWEST_MINUTES:
            by_run[chunk.run].append(chunk)
    few = [chunk for run in by_run.values() for chunk in run[:_CHUNKS_PER_RUN]]
    return sorted(few, key=lambda each: each.minute, reverse=True)
