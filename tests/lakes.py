"""Small raw lakes full of traps, drawn by Hypothesis.

A lake is a market walk (rows with the minute and the run that wrote them) to which a drawn list of
traps is done, one after another; then its rows are written into chunks, some of them damaged.
Everything shrinks towards few rows, no traps and plain gzip.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, TypeVar

import zstandard
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from lake.layout import ChunkKey, Format, JournalKey, Stream
from lake.schemas import RAW_TABLES
from tests.reference import DAY_MS, start_ms

DAY = date(2025, 12, 11)
SYMBOLS = ("TESTUSDT", "币安人生USDT")
OTHER_SYMBOL = "OTHERUSDT"
START_MS = start_ms(DAY)
MINUTE_MS = 60_000
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class RawLake:
    """All objects of a lake by key; `symbol` is the one to build, the day is `DAY`."""

    symbol: str
    objects: dict[str, bytes]


@dataclass(frozen=True)
class Row:
    """One raw row before it is written: its cells, and the chunk that it goes to.

    `named_ms` is the time whose minute names the chunk. `line` replaces the cells by a text.
    """

    stream: Stream
    named_ms: int
    run: str
    cells: Mapping[str, str]
    minutes: int = 1
    line: str | None = None

    @property
    def timestamp(self) -> int:
        return int(self.cells["timestamp"])

    def having(self, **cells: str) -> "Row":
        """Return the row with other cells."""
        return replace(self, cells={**self.cells, **cells})


Rows = list[Row]
Trap = Callable[[DrawFn, Rows], Rows]
_T = TypeVar("_T")


# The market

_STARTS = (
    9 * HOUR_MS + 30_250,
    0,
    -1,
    -700,
    -5 * MINUTE_MS,
    -10 * MINUTE_MS,
    -12 * MINUTE_MS - 1,
    -4 * HOUR_MS,
    -11 * MINUTE_MS - 500,
    -40 * MINUTE_MS,
    -18 * HOUR_MS,
    12 * HOUR_MS - 2_000,
    12 * HOUR_MS,
    13 * HOUR_MS + 59 * MINUTE_MS,
    DAY_MS - 1_500,
    DAY_MS - 1,
    DAY_MS + 30_000,
)
_TRADE_GAPS = (0, 1, 40, 250, 999, 1_000, 2_001, 59_999, 61_000)
_BOOK_GAPS = (500, 100, 0, 1_000, 1_999, 2_000, 2_001, 30_000)
_QUANTITIES = ("1", "0.001", "2.50", "10", "0.123")
_FIRST_IDS = (1, 100, 7_947_000_001, 0, -3)
_LATENCIES_MS = (120, 0, -1_270, 3_000, None)


@st.composite
def _trade_walk(draw: DrawFn, most: int = 25) -> list[tuple[int, str, str, bool]]:
    """Draw (timestamp, price, quantity, taker sold) from one start on."""
    start = START_MS + draw(st.sampled_from(_STARTS))
    step = st.tuples(
        st.sampled_from(_TRADE_GAPS),
        st.integers(-3, 3),
        st.sampled_from(_QUANTITIES),
        st.booleans(),
    )
    steps = draw(st.lists(step, min_size=1, max_size=most))
    times = accumulate((gap for gap, *_ in steps), initial=start)
    prices = accumulate((change for _, change, *_ in steps), initial=1_000)
    return [
        (time, f"{price / 10:.1f}", quantity, sold)
        for time, price, (_, _, quantity, sold) in zip(times, prices, steps, strict=False)
    ]


@st.composite
def _trades(draw: DrawFn) -> Rows:
    """Draw trades of up to four stretches of time, with ids in their order."""
    walks = draw(st.lists(_trade_walk(), max_size=4))
    first_id, latency = draw(st.sampled_from(_FIRST_IDS)), draw(st.sampled_from(_LATENCIES_MS))
    fills = sorted(fill for walk in walks for fill in walk)
    return [
        _trade_row(first_id + at, latency, time, price, quantity, sold)
        for at, (time, price, quantity, sold) in enumerate(fills)
    ]


def _trade_row(
    id: int, latency: int | None, time: int, price: str, quantity: str, sold: bool
) -> Row:
    cells = {
        "timestamp": str(time),
        "price": price,
        "quantity": quantity,
        "is_buyer_maker": str(sold).lower(),
        "trade_id": str(id),
        "trade_type": "MARKET",
        "event_time": str(time + 5),
        "received_ns": _received(time, latency),
    }
    return Row(Stream.TRADES, time + (latency or 0), "k3v9", cells)


def _received(time: int, latency: int | None) -> str:
    return "" if latency is None else str((time + latency) * 1_000_000 + 17)


def _levels(best: int, step: int, count: int) -> str:
    quantities = ("1.5", "0.25", "3", "10.001", "0.7")
    return _pairs(
        [(f"{(best + step * n) / 10:.1f}", quantities[(best + n) % 5]) for n in range(count)]
    )


def _pairs(levels: Sequence[tuple[str, str]]) -> str:
    return json.dumps(levels, separators=(",", ":"))


@st.composite
def _walking_book(draw: DrawFn) -> list[tuple[int, str, str]]:
    """Draw (timestamp, bids, asks) at uneven times, of few and of many levels."""
    start = START_MS + draw(st.sampled_from(_STARTS))
    sizes = st.sampled_from((2, 1, 5, 6, 20, 21))
    step = st.tuples(st.sampled_from(_BOOK_GAPS), st.integers(-2, 2), st.integers(1, 3), sizes)
    steps = draw(st.lists(step, min_size=1, max_size=20))
    times = accumulate((gap for gap, *_ in steps), initial=start)
    best = accumulate((change for _, change, *_ in steps), initial=999)
    return [
        (time, _levels(bid, -1, size), _levels(bid + spread, 1, size))
        for time, bid, (_, _, spread, size) in zip(times, best, steps, strict=False)
    ]


@st.composite
def _pausing_book(draw: DrawFn) -> list[tuple[int, str, str]]:
    """Draw a book that stands still for 30 seconds of every minute."""
    start = START_MS + draw(st.sampled_from(_STARTS)) // MINUTE_MS * MINUTE_MS
    minutes, gap = draw(st.integers(1, 3)), draw(st.sampled_from((1_000, 2_000, 500)))
    times = [
        start + minute * MINUTE_MS + at for minute in range(minutes) for at in range(0, 30_001, gap)
    ]
    return [(time, _levels(999 + time // 1_000 % 3, -1, 2), _levels(1_002, 1, 2)) for time in times]


@st.composite
def _books(draw: DrawFn) -> Rows:
    """Draw snapshots of up to three stretches of time."""
    walks = draw(st.lists(_walking_book() | _pausing_book(), max_size=3))
    latency, first_id = draw(st.sampled_from(_LATENCIES_MS)), draw(st.sampled_from(_FIRST_IDS))
    return [
        _book_row(first_id + 7 * at, latency, *snapshot)
        for at, snapshot in enumerate(sorted(snapshot for walk in walks for snapshot in walk))
    ]


def _book_row(id: int, latency: int | None, time: int, bids: str, asks: str) -> Row:
    cells = {
        "timestamp": str(time),
        "bids": bids,
        "asks": asks,
        "update_id": str(id),
        "event_time": str(time + 3),
        "received_ns": _received(time, latency),
    }
    return Row(Stream.DEPTH20, time + (latency or 0), "k3v9", cells)


# Traps of both streams


def _part(draw: DrawFn, rows: Rows, most: int) -> tuple[int, int]:
    """Draw a range of neighbouring rows; empty if there are none."""
    if not rows:
        return 0, 0
    start = draw(st.integers(0, len(rows) - 1))
    return start, min(len(rows), start + draw(st.integers(1, most)))


def _changing(change: Callable[[DrawFn, Row], Row], most: int = 6) -> Trap:
    """Make a trap that changes neighbouring rows."""

    def trap(draw: DrawFn, rows: Rows) -> Rows:
        start, end = _part(draw, rows, most)
        return rows[:start] + [change(draw, row) for row in rows[start:end]] + rows[end:]

    return trap


def _doubling(change: Callable[[DrawFn, Row], Row], most: int = 6) -> Trap:
    """Make a trap that adds a changed double of neighbouring rows, before or behind them."""

    def trap(draw: DrawFn, rows: Rows) -> Rows:
        start, end = _part(draw, rows, most)
        doubles = [change(draw, row) for row in rows[start:end]]
        return doubles + rows if draw(st.booleans()) else rows + doubles

    return trap


def _lose(draw: DrawFn, rows: Rows) -> Rows:
    start, end = _part(draw, rows, 5)
    return rows[:start] + rows[end:]


def _lose_ends(draw: DrawFn, rows: Rows) -> Rows:
    """Keep one hour only."""
    hour = START_MS + draw(st.sampled_from((9, 12, 0, 23))) * HOUR_MS
    return [row for row in rows if hour <= row.timestamp < hour + HOUR_MS]


def _other_run(draw: DrawFn, row: Row) -> Row:
    """Write the row by another run, that received it sooner or later."""
    run, delay_ms = draw(st.sampled_from((("k3vA", 3), ("k3vA", -50), ("a1", 61_000))))
    received = row.cells.get("received_ns")
    moved = replace(row, run=run, named_ms=row.named_ms + delay_ms)
    if not received:
        return moved
    return moved.having(received_ns=str(int(received) + delay_ms * 1_000_000))


def _refill(draw: DrawFn, row: Row) -> Row:
    """Write the row late, into a chunk that is named by exchange time."""
    late_ms = draw(st.sampled_from((5 * MINUTE_MS + 1, HOUR_MS, 2 * DAY_MS)))
    run = draw(st.sampled_from(("k3v9R1", "k3v9R2")))
    refilled = replace(row, run=run, named_ms=row.timestamp)
    return refilled.having(received_ns=str((row.timestamp + late_ms) * 1_000_000))


def _import(_draw: DrawFn, row: Row) -> Row:
    """Write the row as the archive has it: chunks of ten minutes, nothing received."""
    imported = replace(row, run="i0f3a", named_ms=row.timestamp, minutes=10)
    blank = {name: "" for name in ("trade_type", "event_time", "received_ns") if name in row.cells}
    return imported.having(**blank)


def _misplace(draw: DrawFn, row: Row) -> Row:
    """Write the row into a chunk of another time."""
    shifts = (DAY_MS, -DAY_MS, 10 * MINUTE_MS, -10 * MINUTE_MS, HOUR_MS, MINUTE_MS)
    return replace(row, named_ms=row.named_ms + draw(st.sampled_from(shifts)))


def _lean(_draw: DrawFn, row: Row) -> Row:
    """Write the row as an older lake has it: the required columns only."""
    names = [column.name for column in RAW_TABLES[row.stream] if column.required]
    cells = {name: row.cells[name] for name in names}
    return replace(row, run="old", named_ms=row.timestamp, cells=cells)


def _blank(draw: DrawFn, row: Row) -> Row:
    """Empty an optional cell."""
    names = [c.name for c in RAW_TABLES[row.stream] if not c.required and c.name in row.cells]
    return row.having(**{draw(st.sampled_from(names)): ""}) if names else row


def _without_id(_draw: DrawFn, row: Row) -> Row:
    return row.having(**{name: "" for name in ("trade_id", "update_id") if name in row.cells})


def _all_without_id(draw: DrawFn, rows: Rows) -> Rows:
    return [_without_id(draw, row) for row in rows]


def _all_unreceived(_draw: DrawFn, rows: Rows) -> Rows:
    return [replace(row, named_ms=row.timestamp).having(received_ns="") for row in rows]


def _all_imported(draw: DrawFn, rows: Rows) -> Rows:
    return [_import(draw, row) for row in rows]


def _far_id(draw: DrawFn, row: Row) -> Row:
    """Give the row an id at the end of what 64 bits hold, or one that is written oddly."""
    ids = ("9223372036854775807", "-9223372036854775808", "-5", "007", "-0", "1000000000000")
    name = "trade_id" if row.stream is Stream.TRADES else "update_id"
    return row.having(**{name: draw(st.sampled_from(ids))})


def _shuffle(draw: DrawFn, rows: Rows) -> Rows:
    return draw(st.permutations(rows)) if len(rows) < 30 else rows[::-1]


_BAD_INTEGERS = ("1.0", "", "+1", "1e3", " 1", "٣", "9223372036854775808", "-", "0x1")
_NINETEEN = ("1234567890123456789", "1.000000000000000000")
_BAD_NUMBERS = ("", "1e5", ".5", "1.", "+1", "1,5", "NaN", *_NINETEEN)
_BAD_BOOLEANS = ("", "1", "yes", "true ")
_BAD_JSON = (
    "", "[", "{}", "7", "null", "[[1]]", "[[1,2,3]]", "[1,2]", '{"1":2}',
    "[[NaN,1]]", "[[01,1]]", "[[1,2],]",
)  # fmt: skip
_BAD_LEVELS = (
    '[["1e2","1"]]', "[[1E2,1]]", '[["","1"]]', '[["1 ",1]]', f"[[1,{_NINETEEN[0]}]]",
)  # fmt: skip


def _faulty_cell(draw: DrawFn, row: Row) -> Row:
    """Spoil one cell."""
    book = row.stream is Stream.DEPTH20
    spoilt = [("timestamp", _BAD_INTEGERS), ("received_ns", ("x", "1.5")), ("event_time", ("-",))]
    if book:
        spoilt += [("bids", _BAD_JSON), ("asks", _BAD_LEVELS), ("update_id", _BAD_INTEGERS[2:])]
    else:
        spoilt += [("price", _BAD_NUMBERS), ("quantity", _BAD_NUMBERS)]
        spoilt += [("is_buyer_maker", _BAD_BOOLEANS), ("trade_id", _BAD_INTEGERS[2:])]
    name, texts = draw(st.sampled_from([(n, texts) for n, texts in spoilt if n in row.cells]))
    return row.having(**{name: draw(st.sampled_from(texts))})


def _distant(draw: DrawFn, row: Row) -> Row:
    """Give the row a timestamp around the edge of what its chunk's date allows."""
    start = row.named_ms // DAY_MS * DAY_MS
    edges = (start - DAY_MS, start - DAY_MS - 1, start + 2 * DAY_MS, start + 2 * DAY_MS + 1, 0)
    return row.having(timestamp=str(draw(st.sampled_from(edges))))


def _faulty_line(draw: DrawFn, row: Row) -> Row:
    """Replace the row by a line that has too many or too few fields."""
    return replace(row, line=draw(st.sampled_from(("x", ",", " ", "1,2,3,4,5,6,7,8,9,10,11,12"))))


def _at_end(trap: Callable[[DrawFn, Row], Row]) -> Trap:
    """Do to one or two rows what other traps, which read the cells, would not understand."""
    return _doubling(trap, most=2)


_ANY_TRAPS: tuple[Trap, ...] = (
    _lose,
    _lose_ends,
    _changing(_other_run),
    _changing(_other_run, most=40),
    _doubling(_other_run),
    _doubling(_other_run, most=40),
    _changing(_refill),
    _doubling(_refill),
    _changing(_import),
    _doubling(_import),
    _all_imported,
    _changing(_misplace),
    _doubling(_misplace),
    _changing(_lean),
    _changing(_blank),
    _changing(_without_id),
    _doubling(_without_id),
    _all_without_id,
    _all_unreceived,
    _changing(_far_id, most=1),
    _shuffle,
)
_FAULTS: tuple[Trap, ...] = (_at_end(_faulty_cell), _at_end(_distant), _at_end(_faulty_line))


# Traps of trades

_TYPES = ("RPI", "", "NA", "INSURANCE_FUND", "ADL", "UNPUBLISHED", "LIQUIDATION", "market")
_DIGITS_18 = "123456789012345678"
_TINY = "0.000000000000000001"
_NUMBERS = (
    "0.00000001", "40123.12345678", "1000000000", _TINY, _DIGITS_18, "1.23456789012345678",
    "000000000000000000000001.50", "0.0000000000000000000000001", "100.10", "0", "-1", "-0.0",
)  # fmt: skip


def _retype(draw: DrawFn, row: Row) -> Row:
    return row.having(trade_type=draw(st.sampled_from(_TYPES)))


def _spend(_draw: DrawFn, row: Row) -> Row:
    """Make the row an id that was spent without a fill."""
    return row.having(trade_type="NA", price="0", quantity="0")


def _reprice(draw: DrawFn, row: Row) -> Row:
    name = draw(st.sampled_from(("price", "quantity")))
    return row.having(**{name: draw(st.sampled_from(_NUMBERS))})


def _unpublish(draw: DrawFn, row: Row) -> Row:
    """Say that the exchange never published the id."""
    run = draw(st.sampled_from(("k3v9", "i0f3a", "k3vA")))
    nothing = {"price": "0", "quantity": "0", "is_buyer_maker": "false", "event_time": ""}
    time = str(row.timestamp - draw(st.sampled_from((0, 1, 700))))
    return replace(row, run=run).having(**nothing, trade_type="UNPUBLISHED", timestamp=time)


def _contradict(draw: DrawFn, row: Row) -> Row:
    """Change one term of the trade; the second and third changes are none."""
    other_side = "FALSE" if row.cells["is_buyer_maker"] == "true" else "True"
    changes = (
        {"price": "99.9"},
        {"price": row.cells["price"] + "0"},
        {"is_buyer_maker": row.cells["is_buyer_maker"].upper()},
        {"quantity": "7"},
        {"is_buyer_maker": other_side},
        {"timestamp": str(row.timestamp + draw(st.sampled_from((1, -1_000, HOUR_MS))))},
        {"trade_type": "RPI"},
        {"trade_type": ""},
    )
    return _other_run(draw, row).having(**draw(st.sampled_from(changes)))


_TRADE_TRAPS: tuple[Trap, ...] = (
    _changing(_retype),
    _changing(_spend, most=2),
    _doubling(_retype),
    _changing(_reprice, most=3),
    _changing(_unpublish, most=2),
    _doubling(_unpublish, most=3),
    _doubling(_contradict, most=3),
)


# Traps of books


def _reshape(draw: DrawFn, row: Row) -> Row:
    """Spoil the book; the last three forms are sound."""
    bids, asks = json.loads(row.cells["bids"]), json.loads(row.cells["asks"])
    deep = [[f"{price / 10:.1f}", "1"] for price in range(900, 870, -1)]
    forms: tuple[tuple[Any, Any], ...] = (
        ([], asks),
        (bids, []),
        (asks[:1], asks),
        (asks[::-1], bids[::-1]),
        (bids[::-1] + bids, asks),
        (bids, asks + asks[:1]),
        ([["0", "1"]], asks),
        (bids, [[asks[0][0], "-0.0"]] if asks else []),
        ([["-1", "1"]], asks),
        (deep[:20] + [["5000", "0"]], asks),
        (deep, asks),
        ([["99.0", _DIGITS_18]], [["99.000000000000001", _TINY]]),
    )
    new_bids, new_asks = draw(st.sampled_from(forms))
    return row.having(bids=_pairs(new_bids), asks=_pairs(new_asks))


def _rewrite(draw: DrawFn, row: Row) -> Row:
    """Write the same levels in another way."""
    spaced = json.dumps(json.loads(row.cells["bids"]))
    numbers = row.cells["bids"].replace('"', "")
    return row.having(bids=draw(st.sampled_from((spaced, numbers, f" {numbers} "))))


def _bad_twin(draw: DrawFn, row: Row) -> Row:
    """Make an invalid snapshot of the same id that was received first, or last."""
    sooner = draw(st.booleans())
    twin = _reshape(draw, replace(row, run="a1" if sooner else "k3vA"))
    received = row.cells.get("received_ns")
    shift = -1_000_000 if sooner else 1_000_000
    return twin.having(received_ns=str(int(received) + shift)) if received else twin


_BOOK_TRAPS: tuple[Trap, ...] = (
    _changing(_reshape),
    _doubling(_bad_twin),
    _changing(_rewrite),
    _doubling(_rewrite),
)


# Chunks

_Damage = Callable[[DrawFn, bytes], tuple[Format, bytes]]


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _halves(data: bytes) -> tuple[bytes, bytes]:
    return data[: len(data) // 2], data[len(data) // 2 :]


def _zstd_blocks(data: bytes) -> bytes:
    """Compress each line in a block of its own, so that a cut loses the last ones only."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    lines = data.splitlines(keepends=True)
    packed = (packer.compress(x) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for x in lines)
    return b"".join(packed) + packer.flush()


def _cut(draw: DrawFn, data: bytes) -> bytes:
    """Cut off an end, at least a byte."""
    return data[: len(data) * draw(st.integers(0, 15)) // 16]


def _broken_block(data: bytes) -> bytes:
    """Give the first block of a gzip stream the type that does not exist."""
    packed = bytearray(_gzip(data))
    packed[10] |= 0b110
    return bytes(packed)


def _broken_checksum(packed: bytes, at: int) -> bytes:
    flipped = bytearray(packed)
    flipped[at] ^= 0x55
    return bytes(flipped)


def _two_frames(data: bytes) -> bytes:
    return b"".join(zstandard.compress(half) for half in _halves(data))


def _without_required(data: bytes) -> bytes:
    return data.replace(b"timestamp", b"time", 1)


_PACKINGS: tuple[_Damage, ...] = (
    lambda _, data: (Format.GZIP, _gzip(data)),
    lambda _, data: (Format.ZSTD, zstandard.compress(data)),
    lambda _, data: (Format.PLAIN, data),
    lambda _, data: (Format.GZIP, b"".join(map(_gzip, _halves(data)))),
    lambda _, data: (Format.GZIP, _gzip(data) + bytes(512)),
    lambda _, data: (Format.ZSTD, _two_frames(data)),
    lambda _, data: (Format.ZSTD, _zstd_blocks(data)),
    lambda _, data: (Format.PLAIN, data.replace(b"\n", b"\r\n")),
    lambda _, data: (Format.GZIP, _gzip(data.replace(b"\n", b"\n\n"))),
    lambda _, data: (Format.GZIP, _gzip(data.removesuffix(b"\n"))),
)
_DAMAGES: tuple[_Damage, ...] = (
    lambda draw, data: (Format.GZIP, _cut(draw, _gzip(data))),
    lambda draw, data: (Format.ZSTD, _cut(draw, _zstd_blocks(data))),
    lambda draw, data: (Format.PLAIN, _cut(draw, data)),
    lambda _, data: (Format.GZIP, _gzip(data)[:-6]),
    lambda _, data: (Format.GZIP, _gzip(data.removesuffix(b"\n"))[:-3]),
    lambda _, data: (Format.GZIP, _gzip(_halves(data)[0]) + _gzip(_halves(data)[1])[:-9]),
    lambda _, data: (Format.GZIP, _broken_block(data)),
    lambda _, data: (Format.GZIP, _broken_checksum(_gzip(data), -6)),
    lambda _, data: (Format.GZIP, _gzip(data) + b"garbage"),
    lambda _, data: (Format.GZIP, data),
    lambda _, data: (Format.ZSTD, _broken_checksum(_zstd_blocks(data), -2)),
    lambda _, data: (Format.ZSTD, data),
    lambda _, _data: (Format.GZIP, b""),
    lambda _, _data: (Format.ZSTD, b""),
    lambda _, _data: (Format.PLAIN, b"\n"),
    lambda _, _data: (Format.GZIP, _gzip(b"")),
    lambda _, data: (Format.GZIP, _gzip(data.partition(b"\n")[0])),
    lambda _, data: (Format.PLAIN, _without_required(data)),
)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"') else cell


def _csv(draw: DrawFn, rows: Rows) -> bytes:
    """Write rows as a chunk: columns in the usual order, shuffled, or with unknown ones."""
    known = [column.name for column in RAW_TABLES[rows[0].stream]]
    columns = [name for name in known if any(name in row.cells for row in rows)]
    form = draw(st.sampled_from(("usual", "backwards", "unknown", "shuffled")))
    if form == "backwards":
        columns.reverse()
    if form == "shuffled":
        columns = draw(st.permutations(columns))
    if form == "unknown":
        columns[1:1] = ["note"]
    lines = [row.line or ",".join(_cells(row, columns)) for row in rows]
    return "\n".join([",".join(columns), *lines, ""]).encode()


def _cells(row: Row, columns: Sequence[str]) -> list[str]:
    cells = {"note": 'said "yes", twice', **row.cells}
    return [_quoted(cells.get(name, "")) for name in columns]


def _chunk_of(symbol: str, row: Row) -> ChunkKey:
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=row.named_ms)
    minute = (moment.hour * 60 + moment.minute) // row.minutes * row.minutes
    return ChunkKey(row.stream, symbol, moment.date(), minute, row.run)


def _write(draw: DrawFn, symbol: str, rows: Rows) -> dict[str, bytes]:
    """Write rows into chunks: all sound, or about every fifth damaged."""
    chunks: dict[ChunkKey, Rows] = defaultdict(list)
    for row in rows:
        chunks[_chunk_of(symbol, row)].append(row)
    packings = draw(st.sampled_from((_PACKINGS, _PACKINGS * 6 + _DAMAGES)))
    objects = {}
    for key, chunk in chunks.items():
        pack = draw(st.sampled_from(packings))
        format, data = pack(draw, _csv(draw, chunk))
        objects[str(replace(key, format=format))] = data
    return objects


# Journals and strays

_MOMENTS = (
    0,
    DAY_MS,
    -HOUR_MS,
    9 * HOUR_MS,
    12 * HOUR_MS,
    12 * HOUR_MS + 1_234,
    1,
    500,
    DAY_MS + 5,
)
_UNREADABLE = (
    b"{", b"[1, 2]", b'"covered"', b"\xff\xfe", b"{}", b'{"event": "gap", "stream": "trades"}',
    b'{"event": "covered", "stream": "trades"}', b'{"event": "covered", "from": "x"}', b"",
)  # fmt: skip


def _recordings(symbol: str) -> SearchStrategy[bytes]:
    symbols = st.sampled_from(([symbol], [OTHER_SYMBOL, symbol], [OTHER_SYMBOL]))
    streams = st.sampled_from((["trades", "depth20"], ["trades"], ["depth20"], ["klines"]))
    return st.builds(
        lambda symbols, streams: _event("recording", run="k3v9", symbols=symbols, streams=streams),
        symbols,
        streams,
    )


def _coverings(symbol: str) -> SearchStrategy[bytes]:
    """Draw covered time: often the whole day, sometimes of another symbol, or backwards."""
    moments = st.sampled_from(_MOMENTS)
    span = st.sampled_from(((0, DAY_MS), (0, 12 * HOUR_MS))) | st.tuples(moments, moments)
    return st.builds(
        lambda stream, name, span: _event(
            "covered", stream=stream, symbol=name, **_span(START_MS + span[0], START_MS + span[1])
        ),
        st.sampled_from(list(Stream)),
        st.sampled_from((symbol, symbol, OTHER_SYMBOL)),
        span,
    )


def _whole_day(symbol: str, stream: Stream) -> bytes:
    return _event("covered", stream=stream, symbol=symbol, **_span(START_MS, START_MS + DAY_MS))


def _span(from_: int, to: int) -> dict[str, int]:
    return {"from": from_, "to": to}


def _event(event: str, **fields: object) -> bytes:
    line = {"event": event, "at": "2025-12-11T08:00:00.012Z", **fields}
    return json.dumps(line, ensure_ascii=False).encode()


@st.composite
def _journals(draw: DrawFn, symbol: str) -> dict[str, bytes]:
    """Draw journal objects of several runs, few of them of a neighbouring date."""
    lines = _coverings(symbol) | _recordings(symbol) | st.sampled_from(_UNREADABLE)
    shifts = st.sampled_from((0, 0, 0, 1, -1))
    names = st.tuples(shifts, st.sampled_from((0, 8, 23)), st.sampled_from(("k3v9", "k3vA")))
    drawn = draw(st.dictionaries(names, st.lists(lines, max_size=5), max_size=3))
    if draw(st.booleans()):
        drawn[(0, 12, "k3v9")] = [_whole_day(symbol, stream) for stream in Stream]
    return {
        str(JournalKey(DAY + timedelta(days=shift), hour, run)): b"\n".join(texts) + b"\n"
        for (shift, hour, run), texts in drawn.items()
    }


def _strays(symbol: str) -> SearchStrategy[dict[str, bytes]]:
    folder = f"raw/trades/{symbol}/{DAY}"
    names = (
        f"{folder}/0930-k3v9.csv.bz2",
        f"{folder}/0930-k3v9.CSV.GZ",
        f"{folder}/0930_k3v9.csv.gz",
        f"{folder}/2400-k3v9.csv.gz",
        f"{folder}/930-k3v9.csv.gz",
        f"{folder}/0930-k3-v9.csv.gz",
        f"{folder}/sub/0930-k3v9.csv.gz",
        f"raw/depth20/{symbol}/{DAY}/README",
        f"raw/depth5/{symbol}/{DAY}/0930-k3v9.csv.gz",
        f"raw/trades/{symbol}/2025-13-11/0930-k3v9.csv.gz",
        f"raw/trades/{OTHER_SYMBOL}/{DAY}/0930-k3v9.csv.gz",
    )
    chunk = _gzip(f"timestamp,price,quantity,is_buyer_maker\n{START_MS},1,1,true\n".encode())
    return st.dictionaries(st.sampled_from(names), st.just(chunk), max_size=2)


# Lakes


def _trapped(draw: DrawFn, rows: Rows, traps: Sequence[Trap]) -> Rows:
    """Do up to eight traps, and add a few malformed rows."""
    for trap in draw(st.lists(st.sampled_from(traps), max_size=8)):
        rows = trap(draw, rows)
    for fault in draw(st.lists(st.sampled_from(_FAULTS), max_size=2)):
        rows = fault(draw, rows)
    return rows


def _copied(draw: DrawFn, objects: dict[str, bytes]) -> dict[str, bytes]:
    """Repeat a chunk under the name of another run."""
    keys = [key for key in map(ChunkKey.parse, objects) if key]
    if not keys or not draw(st.booleans()):
        return {}
    key = draw(st.sampled_from(keys))
    return {str(replace(key, run="copy")): objects[str(key)]}


@st.composite
def raw_lakes(draw: DrawFn) -> RawLake:
    """Draw a lake of at most a few hundred rows around one day."""
    symbol = draw(st.sampled_from(SYMBOLS))
    trades = _trapped(draw, draw(_trades()), _ANY_TRAPS + _TRADE_TRAPS * 2)
    books = _trapped(draw, draw(_books()), _ANY_TRAPS + _BOOK_TRAPS * 3)
    chunks = _write(draw, symbol, trades) | _write(draw, symbol, books)
    others = draw(_journals(symbol)) | draw(_strays(symbol))
    return RawLake(symbol, {**chunks, **_copied(draw, chunks), **others})
