"""The demo's troubles in words and numbers. No clock, no disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lake.layout import ChunkKey, Stream
from synthetic.chunks import Tape, between, books_tape, day_start_ms, trades_tape
from synthetic.demo import (
    CROSSED,
    ETH,
    LIQUIDATIONS,
    OUTAGES,
    RECONNECT,
    SILENT_MINUTES,
    SYMBOLS,
    Demo,
)
from synthetic.journals import iso
from synthetic.market import DAY_MS, MINUTE_MS
from synthetic.rows import Rows

_NAMES = {Stream.TRADES: "trades", Stream.DEPTH20: "snapshots"}


@dataclass(frozen=True)
class Trouble:
    """What was planted in `[from_ms, to_ms)`, and what a reader should find there."""

    symbol: str
    from_ms: int
    to_ms: int
    what: str

    def __str__(self) -> str:
        return f"{iso(self.from_ms)} to {iso(self.to_ms)} {self.symbol}: {self.what}"


def planted(demo: Demo, unreadable: Mapping[str, int]) -> list[Trouble]:
    """Return the troubles in the order of their times; `unreadable` counts rows by chunk."""
    found = [
        *_midnights(demo),
        *_outages(demo),
        *_overlap(demo),
        *_silence(demo),
        *_odd_rows(demo),
        *_unreadable(unreadable),
    ]
    return sorted(found, key=lambda trouble: (trouble.from_ms, trouble.symbol))


def _midnights(demo: Demo) -> Iterator[Trouble]:
    start, end = demo.start_ms, demo.start_ms + DAY_MS
    first, second = demo.sessions
    for symbol in SYMBOLS:
        early = start, start - first.clock_offset_ms
        yield Trouble(symbol, *early, "the clock is behind: rows in the chunks of the day before")
        late = end - second.clock_offset_ms, end
        yield Trouble(symbol, *late, "the clock is ahead: rows in the chunks of the day after")


def _outages(demo: Demo) -> Iterator[Trouble]:
    for outage in OUTAGES:
        times = _span(demo, outage.from_ms, outage.to_ms)
        lost = _rows(demo, outage.symbol, *times, outage.streams)
        yield Trouble(outage.symbol, *times, f"{outage.cause}: {lost} never arrived")


def _overlap(demo: Demo) -> Iterator[Trouble]:
    times = _span(demo, *RECONNECT)
    for symbol in SYMBOLS:
        twice = _rows(demo, symbol, *times, tuple(Stream))
        yield Trouble(symbol, *times, f"two runs record: {twice} are there twice")


def _silence(demo: Demo) -> Iterator[Trouble]:
    times = _span(demo, SILENT_MINUTES[0] * MINUTE_MS, (SILENT_MINUTES[-1] + 1) * MINUTE_MS)
    yield Trouble(ETH, *times, "nobody trades, and no row is lost")


def _odd_rows(demo: Demo) -> Iterator[Trouble]:
    for planted_in, what in (
        (LIQUIDATIONS, "an insurance fund print"),
        (CROSSED, "a crossed book"),
    ):
        for symbol, minutes in planted_in.items():
            for minute in minutes:
                times = _span(demo, minute * MINUTE_MS, (minute + 1) * MINUTE_MS)
                yield Trouble(symbol, *times, f"the first row is {what}")


def _unreadable(rows: Mapping[str, int]) -> Iterator[Trouble]:
    for text, count in rows.items():
        key = ChunkKey.parse(text)
        if key:
            start = day_start_ms(key.date) + key.minute * MINUTE_MS
            what = f"{_NAMES[key.stream]} that cannot be read in {text}: {count:,}"
            yield Trouble(key.symbol, start, start + MINUTE_MS, what)


def _span(demo: Demo, from_ms: int, to_ms: int) -> tuple[int, int]:
    return demo.start_ms + from_ms, demo.start_ms + to_ms


def _rows(demo: Demo, symbol: str, from_ms: int, to_ms: int, streams: tuple[Stream, ...]) -> str:
    """Say how many rows the market had in a time."""
    market = next(one for one in demo.markets if one.instrument.symbol == symbol)
    counts = {
        Stream.TRADES: _count(trades_tape(market), from_ms, to_ms),
        Stream.DEPTH20: _count(books_tape(market), from_ms, to_ms),
    }
    return " and ".join(f"{counts[stream]:,} {_NAMES[stream]}" for stream in streams)


def _count(tape: Tape[Rows], from_ms: int, to_ms: int) -> int:
    return sum(rows.timestamp.size for rows in between(tape, from_ms, to_ms))
