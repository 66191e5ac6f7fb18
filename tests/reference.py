"""A slow, obvious judge of a day: every rule in plain Python, one after another.

It shares nothing with the programs but the names of keys and columns, so the two can only agree
by being right. Rounding is an error here: sums are exact, means are fractions.
"""

import csv
import json
import re
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

import zstandard

from lake.layout import ChunkKey, Format, JournalKey, Stream
from lake.schemas import COUNTED_TYPES, RAW_TABLES, Column, Kind, TradeType, required

DAY_MS = 86_400_000
BOOK_PAUSE_MS = 2_000
LISTED_HOLES = 1_000
CARRY_MINUTES_BEFORE = 5
_GZIP_MAGIC = b"\x1f\x8b"
_EXACT = Context(prec=10_000, traps=[Inexact])

Value = str | Fraction | None
"""A cell: text that must be met exactly, the exact value of a mean, or nothing."""

Interval = tuple[int, int]
"""`[from, to)` in ms."""

Levels = tuple[tuple[Decimal, Decimal], ...]


# What is in a chunk


class _Malformed(Exception):
    """A row has a fault; the argument is its name."""


@dataclass(frozen=True)
class _Line:
    """A row as it was read: the texts and values of the columns that are known."""

    key: str
    number: int
    chunk_date: date
    texts: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Content:
    """What a chunk yields: rows, the faults of others by line, or why it is set aside whole."""

    lines: Sequence[_Line] = ()
    faults: Sequence[str] = ()
    set_aside: str | None = None


def _gunzip(data: bytes) -> tuple[bytes, bool]:
    """Return the content of all members, and whether the stream is whole."""
    content = b""
    while data:
        if not data.startswith(_GZIP_MAGIC[: len(data)]):
            raise zlib.error("no gzip member")
        member = zlib.decompressobj(wbits=31)
        content += member.decompress(data)
        if not member.eof:
            return content, False
        data = member.unused_data.lstrip(b"\0")
    return content, True


def _unzstd(data: bytes) -> tuple[bytes, bool]:
    """Return the content of all frames, and whether the stream is whole."""
    content = b""
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        content += frame.decompress(data)
        if not frame.eof:
            return content, False
        data = frame.unused_data
    return content, True


def _unpack(format: Format, data: bytes) -> tuple[bytes, bool]:
    match format:
        case Format.PLAIN:
            return data, True
        case Format.GZIP:
            return _gunzip(data)
        case Format.ZSTD:
            return _unzstd(data)


def _read_chunk(key: ChunkKey, data: bytes) -> _Content:
    """Read a chunk: rows are lines, the first line that is not empty is the header."""
    try:
        content, whole = _unpack(key.format, data)
    except (zlib.error, zstandard.ZstdError):
        return _Content(set_aside="corrupt")
    *complete, last = content.split(b"\n")
    texts = [text.decode(errors="replace").removesuffix("\r") for text in [*complete, last]]
    cut = len(texts) if not whole else None
    lines = [(number, text) for number, text in enumerate(texts, 1) if text]
    if not lines or lines[0][0] == cut:
        return _Content(set_aside="empty")
    names = _split(lines[0][1])
    if required(RAW_TABLES[key.stream]) - set(names):
        return _Content(set_aside="columns")
    return _read_lines(key, names, lines[1:], cut)


def _read_lines(
    key: ChunkKey, names: Sequence[str], lines: Iterable[tuple[int, str]], cut: int | None
) -> _Content:
    good, faults = [], []
    for number, text in lines:
        try:
            if number == cut:
                raise _Malformed("truncated")
            good.append(_read_line(key, names, number, text))
        except _Malformed as fault:
            faults.append(str(fault))
    return _Content(good, faults)


def _read_line(key: ChunkKey, names: Sequence[str], number: int, text: str) -> _Line:
    fields = _split(text)
    if len(fields) != len(names):
        raise _Malformed("fields")
    columns = {column.name: column for column in RAW_TABLES[key.stream]}
    texts = {name: cell for name, cell in zip(names, fields, strict=True) if name in columns}
    values = {name: _read_cell(columns[name], cell, key.date) for name, cell in texts.items()}
    return _Line(str(key), number, key.date, texts, values)


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text]))
    except csv.Error as error:
        raise _Malformed("fields") from error


def _read_cell(column: Column, text: str, chunk_date: date) -> object:
    if not text and not column.required:
        return None
    value = _READERS[column.kind](text)
    if column.name == "timestamp":
        _check_range(value, chunk_date)
    return value


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text, re.ASCII) or not -(2**63) <= Decimal(text) < 2**63:
        raise _Malformed("integer")
    return int(Decimal(text))


def _check_range(timestamp: object, chunk_date: date) -> None:
    """Refuse what is more than a day before the start or after the end of the chunk's date."""
    start = start_ms(chunk_date)
    assert isinstance(timestamp, int)
    if timestamp < start - DAY_MS or timestamp > start + DAY_MS + DAY_MS:
        raise _Malformed("timestamp")


def _number(text: str) -> Decimal:
    matches = re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII)
    if not matches or len(re.sub(r"\D", "", text).lstrip("0")) > 18:
        raise _Malformed("number")
    return Decimal(text)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _Malformed("boolean")
    return text.lower() == "true"


def _levels(text: str) -> Levels:
    """Read an array of pairs; numbers keep their digits by being read as text."""
    try:
        pairs = json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise _Malformed("json") from error
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise _Malformed("json")
    return tuple((_number(price), _number(quantity)) for price, quantity in pairs)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)


def _no_json(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


_READERS: dict[Kind, Callable[[str], object]] = {
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _number,
    Kind.BOOLEAN: _boolean,
    Kind.LEVELS: _levels,
    Kind.TEXT: str,
}


# Trades and snapshots


@dataclass(frozen=True, kw_only=True)
class _Row:
    """What rows of both streams have; `id` is the trade id or the update id."""

    key: str
    line: int
    chunk_date: date
    timestamp: int
    received_ns: int | None
    id: int | None


@dataclass(frozen=True, kw_only=True)
class Trade(_Row):
    """A row of `trades`. `taker_sold` is `is_buyer_maker`."""

    price: Decimal
    quantity: Decimal
    taker_sold: bool
    type: str

    @property
    def counts(self) -> bool:
        """Tell whether the trade makes bars."""
        return self.price > 0 and self.quantity > 0 and self.type in COUNTED_TYPES

    @property
    def signed_quantity(self) -> Decimal:
        """Return the quantity, negative if the taker sold."""
        return -self.quantity if self.taker_sold else self.quantity


@dataclass(frozen=True, kw_only=True)
class Snapshot(_Row):
    """A row of `depth20`: the first 20 levels of each side, and the texts of its cells."""

    texts: tuple[str, str, str]
    bids: Levels
    asks: Levels

    @property
    def spread(self) -> Decimal:
        """Return best ask - best bid."""
        return self.asks[0][0] - self.bids[0][0]

    @property
    def mid(self) -> Decimal:
        """Return the middle between best bid and best ask."""
        return (self.bids[0][0] + self.asks[0][0]) / 2


_AnyRow = TypeVar("_AnyRow", bound=_Row)


def _trade(line: _Line) -> Trade:
    values = line.values
    return Trade(
        key=line.key,
        line=line.number,
        chunk_date=line.chunk_date,
        timestamp=values["timestamp"],
        received_ns=values.get("received_ns"),
        id=values.get("trade_id"),
        price=values["price"],
        quantity=values["quantity"],
        taker_sold=values["is_buyer_maker"],
        type=values.get("trade_type") or "",
    )


def _snapshot(line: _Line) -> Snapshot:
    values, texts = line.values, line.texts
    return Snapshot(
        key=line.key,
        line=line.number,
        chunk_date=line.chunk_date,
        timestamp=values["timestamp"],
        received_ns=values.get("received_ns"),
        id=values.get("update_id"),
        texts=(texts["timestamp"], texts["bids"], texts["asks"]),
        bids=values["bids"][:20],
        asks=values["asks"][:20],
    )


def _receive_order(row: _Row) -> tuple[bool, int, str, int]:
    return row.received_ns is None, row.received_ns or 0, row.key, row.line


def _exchange_order(row: _Row) -> tuple[int, bool, int, str, int]:
    return row.timestamp, row.id is None, row.id or 0, row.key, row.line


@dataclass(frozen=True)
class _Trades:
    """Trades in order, and the rows that were another's double (conflicts are among them)."""

    kept: tuple[Trade, ...]
    duplicates: tuple[Trade, ...]
    conflicts: tuple[Trade, ...]


def _clean_trades(rows: Iterable[Trade]) -> _Trades:
    """Make one trade of each id; rows without an id are trades of their own."""
    twins: dict[int, list[Trade]] = defaultdict(list)
    kept: list[Trade] = []
    duplicates: list[Trade] = []
    conflicts: list[Trade] = []
    for row in rows:
        (kept if row.id is None else twins[row.id]).append(row)
    for group in twins.values():
        first, *others = sorted(group, key=lambda row: (_is_unpublished(row), _receive_order(row)))
        trade = first if first.type else replace(first, type=_first_type(others))
        kept.append(trade)
        duplicates += others
        conflicts += [other for other in others if _contradicts(other, trade)]
    in_order = sorted(kept, key=_exchange_order)
    return _Trades(tuple(in_order), tuple(duplicates), tuple(conflicts))


def _is_unpublished(row: Trade) -> bool:
    return row.type == TradeType.UNPUBLISHED


def _first_type(others: Iterable[Trade]) -> str:
    return next((row.type for row in others if row.type and not _is_unpublished(row)), "")


def _contradicts(other: Trade, trade: Trade) -> bool:
    if _is_unpublished(other):
        return False
    if other.type and trade.type and other.type != trade.type:
        return True
    return _terms(other) != _terms(trade)


def _terms(trade: Trade) -> tuple[int, bool, Decimal, Decimal]:
    return trade.timestamp, trade.taker_sold, trade.price, trade.quantity


@dataclass(frozen=True)
class _Snapshots:
    """Snapshots in order, valid rows that were another's double, and invalid rows by reason."""

    used: tuple[Snapshot, ...]
    duplicates: tuple[Snapshot, ...]
    set_aside: tuple[tuple[str, Snapshot], ...]


def _clean_snapshots(rows: Iterable[Snapshot]) -> _Snapshots:
    """Keep the first received valid row of each id, or of equal texts where there is no id."""
    used: dict[object, Snapshot] = {}
    duplicates: list[Snapshot] = []
    set_aside: list[tuple[str, Snapshot]] = []
    for row in sorted(rows, key=_receive_order):
        reason = _invalid(row)
        identity = row.texts if row.id is None else row.id
        if reason:
            set_aside.append((reason, row))
        elif identity in used:
            duplicates.append(row)
        else:
            used[identity] = row
    in_order = sorted(used.values(), key=_exchange_order)
    return _Snapshots(tuple(in_order), tuple(duplicates), tuple(set_aside))


def _invalid(row: Snapshot) -> str | None:
    """Say why a snapshot is set aside; None if it is valid."""
    bids, asks = [price for price, _ in row.bids], [price for price, _ in row.asks]
    if not bids or not asks:
        return "empty_side"
    if any(price <= 0 or quantity <= 0 for price, quantity in row.bids + row.asks):
        return "not_positive"
    if not _rises(asks) or not _rises(bids[::-1]):
        return "unordered"
    return "crossed" if asks[0] <= bids[0] else None


def _rises(prices: Sequence[Decimal]) -> bool:
    return all(before < after for before, after in pairwise(prices))


# Which chunks a day reads


@dataclass(frozen=True)
class _Reading:
    """The chunks of a symbol that a day reads, and what is in them."""

    contents: Mapping[ChunkKey, _Content]
    carry: str | None

    def lines(self, stream: Stream) -> Iterator[_Line]:
        for key, content in self.contents.items():
            if key.stream is stream:
                yield from content.lines


def _opening(key: ChunkKey) -> int:
    return start_ms(key.date) + key.minute * 60_000


def _read_day(objects: Mapping[str, bytes], symbol: str, day: date, margin_ms: int) -> _Reading:
    """Read the day's chunks, the margin, and the carry if no price is known at midnight."""
    chunks = {str(key): key for key in map(ChunkKey.parse, objects) if key and key.symbol == symbol}
    first, end = start_ms(day) - margin_ms, start_ms(day) + DAY_MS + margin_ms
    near = {
        key: _read_chunk(key, objects[name])
        for name, key in sorted(chunks.items())
        if first <= _opening(key) < end
    }
    if _knows_price(near, day):
        return _Reading(near, None)
    earlier = [
        key
        for key in chunks.values()
        if key.stream is Stream.TRADES
        and key.date == day - timedelta(days=1)
        and _opening(key) < first
    ]
    carry = _read_carry(objects, earlier, day)
    opening = min(map(_opening, carry), default=None)
    return _Reading({**near, **carry}, None if opening is None else _iso_minute(opening))


def _read_carry(
    objects: Mapping[str, bytes], earlier: Sequence[ChunkKey], day: date
) -> dict[ChunkKey, _Content]:
    """Read minute by minute backwards until one holds a counted trade, and five minutes more."""
    carry: dict[ChunkKey, _Content] = {}
    last = 0
    for minute in sorted({key.minute for key in earlier}, reverse=True):
        if minute >= last - CARRY_MINUTES_BEFORE:
            keys = [key for key in earlier if key.minute == minute]
            found = {key: _read_chunk(key, objects[str(key)]) for key in keys}
            carry |= found
            last = minute if not last and _knows_price(found, day) else last
    return carry


def _knows_price(contents: Mapping[ChunkKey, _Content], day: date) -> bool:
    """Tell whether there is a counted trade with a timestamp before the day."""
    trades = _clean_trades(map(_trade, _Reading(contents, None).lines(Stream.TRADES))).kept
    return any(trade.counts and trade.timestamp < start_ms(day) for trade in trades)


# What the journals say


def _events(objects: Mapping[str, bytes], day: date) -> Iterator[dict[str, Any]]:
    """Yield what the journals of the day's date say; a line that is no event says nothing."""
    for name, data in objects.items():
        key = JournalKey.parse(name)
        for line in data.splitlines() if key and key.date == day else ():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


def _recorded(events: Iterable[dict[str, Any]], symbol: str) -> list[Stream]:
    """Return the streams that a `recording` line names with the symbol."""
    lines = [event for event in events if event.get("event") == "recording"]
    named = [event.get("streams", ()) for event in lines if symbol in event.get("symbols", ())]
    return [stream for stream in Stream if any(stream in streams for streams in named)]


def _covered(
    events: Iterable[dict[str, Any]], symbol: str, stream: Stream, day: date
) -> tuple[Interval, ...]:
    """Return the covered time of a stream, clipped to the day."""
    lines = [event for event in events if event.get("event") == "covered"]
    named = [
        event for event in lines if (event.get("symbol"), event.get("stream")) == (symbol, stream)
    ]
    spans = [(event.get("from"), event.get("to")) for event in named]
    return _clip([(a, b) for a, b in spans if type(a) is int and type(b) is int], day)


# Seen time


def _union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the union in order; intervals that touch are one."""
    merged: list[Interval] = []
    for start, end in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def _without(intervals: Iterable[Interval], hole: Interval) -> list[Interval]:
    """Return the intervals less one; a hole that ends before it starts takes nothing."""
    if hole[0] >= hole[1]:
        return list(intervals)
    parts = [
        part
        for start, end in intervals
        for part in ((start, min(end, hole[0])), (max(start, hole[1]), end))
    ]
    return [(start, end) for start, end in parts if start < end]


def _contains(intervals: Sequence[Interval], start: int, end: int) -> bool:
    at = bisect_right(intervals, start, key=lambda interval: interval[0]) - 1
    return at >= 0 and end <= intervals[at][1]


@dataclass(frozen=True)
class Hole:
    """Ids that no row has; `from_ms` and `to_ms` are the timestamps of the trades around it."""

    first_id: int
    last_id: int
    from_ms: int
    to_ms: int

    @property
    def missing(self) -> int:
        """Return the number of ids."""
        return self.last_id - self.first_id + 1


def _times(trades: Iterable[Trade]) -> dict[int, int]:
    """Return the timestamp of every id, sorted by id."""
    return dict(sorted((trade.id, trade.timestamp) for trade in trades if trade.id is not None))


def _holes(times: Mapping[int, int]) -> tuple[Hole, ...]:
    return tuple(
        Hole(before + 1, after - 1, times[before], times[after])
        for before, after in pairwise(times)
        if after - before > 1
    )


def _seen_trades(times: Mapping[int, int], covered: Sequence[Interval]) -> tuple[Interval, ...]:
    """Each stretch of consecutive ids and covered time, less the holes."""
    ids = list(times)
    firsts = [id for at, id in enumerate(ids) if at == 0 or ids[at - 1] != id - 1]
    lasts = [id for at, id in enumerate(ids) if at == len(ids) - 1 or ids[at + 1] != id + 1]
    seen = list(covered)
    seen += [(times[first] + 1, times[last]) for first, last in zip(firsts, lasts, strict=True)]
    for hole in _holes(times):
        seen = _without(seen, (hole.from_ms, hole.to_ms + 1))
    return _union(seen)


def _seen_book(used: Sequence[Snapshot], covered: Sequence[Interval]) -> tuple[Interval, ...]:
    """Each stretch of snapshots without a pause, and covered time.

    Two neighbours within the pause are a stretch, and stretches that touch are one.
    """
    near = [
        (before.timestamp, after.timestamp)
        for before, after in pairwise(used)
        if after.timestamp - before.timestamp <= BOOK_PAUSE_MS
    ]
    return _union([*near, *covered])


# Bars


@dataclass(frozen=True)
class _Evidence:
    """All that bars are made of; `seen` has the expected streams only."""

    day: date
    last_close: Decimal | None
    trades: Sequence[Trade]
    snapshots: Sequence[Snapshot]
    missing: Sequence[tuple[int, int]] | None
    seen: Mapping[Stream, Sequence[Interval]]


class ReferenceBars:
    """The bars of one resolution. Bars that nothing happened in are described when asked for."""

    def __init__(self, evidence: _Evidence, resolution_seconds: int) -> None:
        self.count = 86_400 // resolution_seconds
        self._day = evidence.day
        self._width = resolution_seconds * 1000
        self._seen = tuple(evidence.seen.values())
        self._trades = _by_bar(evidence.trades, self._bar)
        self._snapshots = _by_bar(evidence.snapshots, self._bar)
        self._has_ids = evidence.missing is not None
        self._missing = Counter[int]()
        for timestamp, missing in evidence.missing or ():
            self._missing[self._bar(timestamp)] += missing
        self.active = sorted({*self._trades, *self._snapshots, *self._missing})
        """Indexes of the bars with a counted trade, a used snapshot or missing ids."""
        self._known = self._running(evidence.last_close)

    def _bar(self, timestamp: int) -> int:
        return (timestamp - start_ms(self._day)) // self._width

    def _running(self, close: Decimal | None) -> list[tuple[int, Decimal | None, Decimal]]:
        """Return last close and cvd from each bar with trades on, and before the first."""
        known, cvd = [(-1, close, Decimal(0))], Decimal(0)
        with localcontext(_EXACT):
            for index, trades in sorted(self._trades.items()):
                cvd += sum(trade.signed_quantity for trade in trades)
                known.append((index, trades[-1].price, cvd))
        return known

    def cell(self, index: int, column: str) -> Value:
        """Return the cell of a bar."""
        return self.row(index)[column]

    def row(self, index: int) -> dict[str, Value]:
        """Return all cells of a bar by column."""
        at = bisect_right(self._known, index, key=lambda known: known[0]) - 1
        _, close, cvd = self._known[at]
        trades, snapshots = self._trades.get(index, []), self._snapshots.get(index, [])
        with localcontext(_EXACT):
            prices = _price_cells(trades) if trades else _flat_cells(close)
            book = _book_cells(snapshots) if snapshots else dict.fromkeys(_BOOK_COLUMNS)
            volumes = _volume_cells(trades)
        return {
            "timestamp": _iso(start_ms(self._day) + index * self._width),
            **prices,
            **volumes,
            "cvd": plain(cvd),
            **book,
            "snapshot_count": str(len(snapshots)),
            "missing_trades": str(self._missing[index]) if self._has_ids else None,
            "quality": self.quality(index) or None,
        }

    def quality(self, index: int) -> str:
        """Say what the inputs prove of a bar; empty if no stream is expected."""
        start = start_ms(self._day) + index * self._width
        inside = [_contains(seen, start, start + self._width) for seen in self._seen]
        if not inside:
            return ""
        if all(inside):
            return "ok"
        silent = index not in self._trades and index not in self._snapshots
        return "gap" if silent and not any(inside) else "partial"

    def stretches(self) -> list[range]:
        """Cut the day where a cell other than the timestamp can change."""
        cuts = {0, self.count, *self.active, *(index + 1 for index in self.active)}
        for start, end in (interval for seen in self._seen for interval in seen):
            cuts |= {self._bar(start + self._width - 1), self._bar(end)}
        return [range(*ends) for ends in pairwise(sorted(c for c in cuts if 0 <= c <= self.count))]

    def qualities(self) -> dict[str, int]:
        """Count the bars of each quality."""
        counts = Counter[str]()
        for stretch in self.stretches():
            counts[self.quality(stretch.start)] += len(stretch)
        return dict(counts)


def _by_bar(rows: Iterable[_AnyRow], bar: Callable[[int], int]) -> dict[int, list[_AnyRow]]:
    bars: dict[int, list[_AnyRow]] = defaultdict(list)
    for row in rows:
        bars[bar(row.timestamp)].append(row)
    return dict(bars)


def _price_cells(trades: Sequence[Trade]) -> dict[str, Value]:
    prices = [trade.price for trade in trades]
    value = sum(trade.price * trade.quantity for trade in trades)
    return {
        "open": plain(prices[0]),
        "high": plain(max(prices)),
        "low": plain(min(prices)),
        "close": plain(prices[-1]),
        "vwap": Fraction(value) / Fraction(sum(trade.quantity for trade in trades)),
    }


def _flat_cells(close: Decimal | None) -> dict[str, Value]:
    text = None if close is None else plain(close)
    return dict.fromkeys(("open", "high", "low", "close", "vwap"), text)


def _volume_cells(trades: Sequence[Trade]) -> dict[str, Value]:
    bought = [trade.quantity for trade in trades if not trade.taker_sold]
    sold = [trade.quantity for trade in trades if trade.taker_sold]
    zero = Decimal(0)
    return {
        "vol_total": plain(sum(bought + sold, zero)),
        "vol_buy": plain(sum(bought, zero)),
        "vol_sell": plain(sum(sold, zero)),
        "vol_delta": plain(sum(bought, zero) - sum(sold, zero)),
        "trade_count": str(len(trades)),
        "trade_count_buy": str(len(bought)),
        "trade_count_sell": str(len(sold)),
        "quote_volume": plain(sum((trade.price * trade.quantity for trade in trades), zero)),
        "max_trade_qty": plain(max(bought + sold, default=zero)),
    }


def _book_cells(snapshots: Sequence[Snapshot]) -> dict[str, Value]:
    spreads = [snapshot.spread for snapshot in snapshots]
    cells: dict[str, Value] = {
        "avg_spread": _mean(spreads),
        "min_spread": plain(min(spreads)),
        "max_spread": plain(max(spreads)),
        "avg_spread_bps": _mean(Fraction(s.spread) / Fraction(s.mid) * 10_000 for s in snapshots),
        "mid_close": plain(snapshots[-1].mid),
    }
    for levels in (1, 5, 10, 20):
        bids = [sum(quantity for _, quantity in s.bids[:levels]) for s in snapshots]
        asks = [sum(quantity for _, quantity in s.asks[:levels]) for s in snapshots]
        ratios = [Fraction(b) / Fraction(b + a) for b, a in zip(bids, asks, strict=True)]
        cells[f"imbalance_l{levels}"] = _mean(ratios)
        if levels > 1:
            cells |= {f"bid_qty_l{levels}": _mean(bids), f"ask_qty_l{levels}": _mean(asks)}
    return cells


_BOOK_COLUMNS = (
    "avg_spread", "min_spread", "max_spread", "avg_spread_bps", "mid_close",
    "imbalance_l1", "imbalance_l5", "imbalance_l10", "imbalance_l20",
    "bid_qty_l5", "ask_qty_l5", "bid_qty_l10", "ask_qty_l10", "bid_qty_l20", "ask_qty_l20",
)  # fmt: skip


def _mean(values: Iterable[Decimal | Fraction | int]) -> Fraction:
    exact = [Fraction(value) for value in values]
    return sum(exact, Fraction(0)) / len(exact)


# The day


@dataclass(frozen=True)
class TradeFacts:
    """What the manifest says of the trades of the day; `holes` are the first thousand."""

    rows: int
    counted: int
    duplicates: int
    conflicts: int
    without_id: int
    excluded: Mapping[str, int]
    first_id: int | None
    last_id: int | None
    missing: int
    hole_count: int
    holes: tuple[Hole, ...]


@dataclass(frozen=True)
class BookFacts:
    """What the manifest says of the snapshots of the day."""

    rows: int
    used: int
    duplicates: int
    set_aside: Mapping[str, int]
    coverage: Fraction


@dataclass(frozen=True)
class InputFacts:
    """What the manifest says of the chunks of one stream that were read."""

    chunks: int
    bytes: int
    runs: Mapping[str, int]


@dataclass(frozen=True)
class ReferenceDay:
    """A day as it must be published.

    `malformed` counts rows per reason and `malformed_in` names their chunks; `chunks_set_aside`
    gives the reason of every chunk that was set aside whole; `carry` is a minute like
    `2025-12-10T23:41Z`; `left_alone` are strays in the day's own folders.
    """

    symbol: str
    date: date
    trades: TradeFacts
    depth20: BookFacts
    late: Mapping[Stream, int]
    malformed: Mapping[str, int]
    malformed_in: Mapping[str, frozenset[str]]
    chunks_set_aside: Mapping[str, str]
    inputs: Mapping[Stream, InputFacts]
    left_alone: frozenset[str]
    carry: str | None
    evidence: _Evidence

    @property
    def condition(self) -> str:
        """Judge the day by its bars, its ids and its faulty rows."""
        flawless = set(self.bars(1).qualities()) == {"ok"}
        faults = self.trades.missing or self.trades.conflicts or self.malformed
        return "complete" if flawless and not faults else "degraded"

    def bars(self, resolution_seconds: int) -> ReferenceBars:
        """Return the bars of a resolution."""
        return ReferenceBars(self.evidence, resolution_seconds)


def reference_day(
    objects: Mapping[str, bytes], symbol: str, day: date, margin_minutes: int = 10
) -> ReferenceDay:
    """Build the day of a symbol from all objects of a lake, by key."""
    reading = _read_day(objects, symbol, day, margin_minutes * 60_000)
    trade_rows = [_trade(line) for line in reading.lines(Stream.TRADES)]
    book_rows = [_snapshot(line) for line in reading.lines(Stream.DEPTH20)]
    trades, snapshots = _clean_trades(trade_rows), _clean_snapshots(book_rows)
    events = list(_events(objects, day))
    covered = {stream: _covered(events, symbol, stream, day) for stream in Stream}
    seen = {
        Stream.TRADES: _seen_trades(_times(trades.kept), covered[Stream.TRADES]),
        Stream.DEPTH20: _seen_book(snapshots.used, covered[Stream.DEPTH20]),
    }
    recorded = _recorded(events, symbol)
    expected = [s for s in Stream if any(reading.lines(s)) or covered[s] or s in recorded]
    evidence = _weigh(day, trades.kept, snapshots.used, {s: seen[s] for s in expected})
    return ReferenceDay(
        symbol=symbol,
        date=day,
        trades=_trade_facts(day, trade_rows, trades, evidence),
        depth20=_book_facts(day, book_rows, snapshots, seen[Stream.DEPTH20]),
        late={Stream.TRADES: _late(trade_rows, day), Stream.DEPTH20: _late(book_rows, day)},
        malformed=_malformed(reading),
        malformed_in=_malformed_in(reading),
        chunks_set_aside={
            str(key): found.set_aside for key, found in reading.contents.items() if found.set_aside
        },
        inputs={stream: _input_facts(objects, reading, stream) for stream in Stream},
        left_alone=_left_alone(objects, symbol, day),
        carry=reading.carry,
        evidence=evidence,
    )


def _clip(intervals: Iterable[Interval], day: date) -> tuple[Interval, ...]:
    start, end = start_ms(day), start_ms(day) + DAY_MS
    return _union((max(from_, start), min(to, end)) for from_, to in intervals)


def _weigh(
    day: date,
    kept: Sequence[Trade],
    used: Sequence[Snapshot],
    seen: Mapping[Stream, Sequence[Interval]],
) -> _Evidence:
    counted = [trade for trade in kept if trade.counts]
    before = [trade for trade in counted if trade.timestamp < start_ms(day)]
    times = _times(kept)
    missing = [(h.to_ms, h.missing) for h in _holes(times) if _in_day(h.to_ms, day)]
    return _Evidence(
        day=day,
        last_close=before[-1].price if before else None,
        trades=_of_day(counted, day),
        snapshots=_of_day(used, day),
        missing=missing if times else None,
        seen=seen,
    )


def _in_day(timestamp: int, day: date) -> bool:
    return start_ms(day) <= timestamp < start_ms(day) + DAY_MS


def _of_day(rows: Iterable[_AnyRow], day: date) -> list[_AnyRow]:
    return [row for row in rows if _in_day(row.timestamp, day)]


def _late(rows: Iterable[_Row], day: date) -> int:
    return sum(row.chunk_date != day for row in _of_day(rows, day))


def _trade_facts(
    day: date, rows: Sequence[Trade], trades: _Trades, evidence: _Evidence
) -> TradeFacts:
    kept = _of_day(trades.kept, day)
    ids = [trade.id for trade in kept if trade.id is not None]
    holes = [
        hole
        for hole in _holes(_times(trades.kept))
        if hole.from_ms < start_ms(day) + DAY_MS and hole.to_ms >= start_ms(day)
    ]
    return TradeFacts(
        rows=len(_of_day(rows, day)),
        counted=sum(trade.counts for trade in kept),
        duplicates=len(_of_day(trades.duplicates, day)),
        conflicts=len(_of_day(trades.conflicts, day)),
        without_id=sum(row.id is None for row in _of_day(rows, day)),
        excluded=dict(Counter(trade.type for trade in kept if not trade.counts)),
        first_id=min(ids, default=None),
        last_id=max(ids, default=None),
        missing=sum(missing for _, missing in evidence.missing or ()),
        hole_count=len(holes),
        holes=tuple(holes[:LISTED_HOLES]),
    )


def _book_facts(
    day: date, rows: Sequence[Snapshot], snapshots: _Snapshots, seen: Sequence[Interval]
) -> BookFacts:
    whole_seconds = [(-(-start // 1000), end // 1000) for start, end in _clip(seen, day)]
    invalid = [reason for reason, row in snapshots.set_aside if _in_day(row.timestamp, day)]
    return BookFacts(
        rows=len(_of_day(rows, day)),
        used=len(_of_day(snapshots.used, day)),
        duplicates=len(_of_day(snapshots.duplicates, day)),
        set_aside=dict(Counter(invalid)),
        coverage=Fraction(sum(max(0, end - start) for start, end in whole_seconds), 86_400),
    )


def _input_facts(objects: Mapping[str, bytes], reading: _Reading, stream: Stream) -> InputFacts:
    keys = [key for key in reading.contents if key.stream is stream]
    size = sum(len(objects[str(key)]) for key in keys)
    return InputFacts(len(keys), size, dict(Counter(key.run for key in keys)))


def _malformed(reading: _Reading) -> dict[str, int]:
    return dict(Counter(x for content in reading.contents.values() for x in content.faults))


def _malformed_in(reading: _Reading) -> dict[str, frozenset[str]]:
    places: dict[str, set[str]] = defaultdict(set)
    for key, content in reading.contents.items():
        for fault in content.faults:
            places[fault].add(str(key))
    return {fault: frozenset(keys) for fault, keys in places.items()}


def _left_alone(objects: Mapping[str, bytes], symbol: str, day: date) -> frozenset[str]:
    folders = tuple(f"raw/{stream}/{symbol}/{day}/" for stream in Stream)
    return frozenset(
        name for name in objects if name.startswith(folders) and not ChunkKey.parse(name)
    )


# Texts and times


def start_ms(day: date) -> int:
    """Return 00:00 UTC of the day in ms since 1970."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def plain(value: Decimal | int) -> str:
    """Write a number without exponent, trailing zeros or a minus before zero."""
    text = f"{Decimal(value):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def iso_ms(timestamp: int) -> str:
    """Write a time as `2025-12-11T08:01:02.117Z`."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=timestamp)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _iso(timestamp: int) -> str:
    return iso_ms(timestamp)[:-5] + "Z"


def _iso_minute(timestamp: int) -> str:
    return iso_ms(timestamp)[:-8] + "Z"
