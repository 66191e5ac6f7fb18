"""A day to look at: two symbols, and one of each trouble at a known time. No clock, no disk."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from lake.journal import Covered
from lake.layout import Format, Stream
from synthetic.chunks import (
    Chunk,
    Object,
    Session,
    Tape,
    books_tape,
    day_start_ms,
    edited,
    record,
    trades_tape,
)
from synthetic.days import GENERATION, MARGIN_MS, packed
from synthetic.faults import Outage, crossed, liquidated, lost, malformed, truncated
from synthetic.journals import Gap, Record, first_row, journal_objects, last_row, seen
from synthetic.market import DAY_MS, HOUR_MS, MINUTE_MS, Market, Pace
from synthetic.noise import salt
from synthetic.rows import Books, Rows, Trades, instrument

BTC, ETH = "BTCUSDT", "ETHUSDT"
SYMBOLS = (BTC, ETH)


def at(hour: int, minute: int, second: float = 0.0) -> int:
    """Return a time of day in ms."""
    return hour * HOUR_MS + minute * MINUTE_MS + round(second * 1000)


SILENT_MINUTES = (213, 214)
"""Minutes of the day in which nobody trades ETHUSDT, while its feed is alive: quiet, and no gap."""

RECONNECT = (at(14, 20, 30), at(14, 21, 30))
"""The second run starts, and the first one stops: between, both record."""

OUTAGES = (
    Outage(BTC, tuple(Stream), at(9, 41, 7.3), at(9, 45, 31.9), "connection reset"),
    Outage(ETH, (Stream.TRADES,), at(17, 12, 30), at(17, 12, 48), "stream silent"),
)
"""In ms of the day."""

LIQUIDATIONS = {BTC: (665, 667), ETH: (1180,)}
"""Minutes of the day whose first trade is an insurance fund print."""

CROSSED = {BTC: (750, 751), ETH: ()}
"""Minutes of the day whose first snapshot is crossed."""

MALFORMED = ((Stream.TRADES, BTC, 902), (Stream.DEPTH20, BTC, 960))
"""Chunks with a row of each kind that a reader must set aside."""

TRUNCATED = (Stream.TRADES, ETH, 1217)
"""The chunk that breaks off."""


@dataclass(frozen=True)
class Demo:
    """The demo of a date."""

    date: date
    seed: int = 1
    btc: Pace = Pace(trades=250_000, snapshots=108_000)
    eth: Pace = Pace(trades=120_000, snapshots=72_000, silent=SILENT_MINUTES)

    @property
    def name(self) -> str:
        """Return a name that only a demo of the same bytes has."""
        return f"demo{salt(GENERATION, repr(self)):08x}"

    @property
    def start_ms(self) -> int:
        """Return the first ms of the date."""
        return day_start_ms(self.date)

    @property
    def sessions(self) -> tuple[Session, Session]:
        """Return the two runs: the clock of the first is behind, that of the second ahead."""
        opened, closed = (self.start_ms + time for time in RECONNECT)
        end = self.start_ms + DAY_MS + MARGIN_MS
        return (
            Session(f"{self.name}a", self.start_ms - MARGIN_MS, closed, -640),
            Session(f"{self.name}b", opened, end, 1_800),
        )

    @property
    def markets(self) -> tuple[Market, Market]:
        """Return the markets, which know no trouble."""
        return (
            Market(instrument(BTC), self.btc, self.seed),
            Market(instrument(ETH), self.eth, self.seed),
        )

    def outages(self, stream: Stream, symbol: str) -> list[Outage]:
        """Return the outages of a stream in ms since 1970."""
        return [
            replace(
                outage,
                from_ms=self.start_ms + outage.from_ms,
                to_ms=self.start_ms + outage.to_ms,
            )
            for outage in OUTAGES
            if outage.symbol == symbol and stream in outage.streams
        ]

    def minutes(self, minutes: tuple[int, ...]) -> list[int]:
        """Return minutes of the day as minutes since 1970."""
        return [self.start_ms // MINUTE_MS + minute for minute in minutes]


def demo_objects(demo: Demo) -> Iterator[Object]:
    """Yield all objects of the demo."""
    for session in demo.sessions:
        for market in demo.markets:
            for trades in record(_trades_that_arrive(demo, market), session):
                yield _stored(demo, trades)
            for books in record(_books_that_arrive(demo, market), session):
                yield _stored(demo, books)
        for key, data in journal_objects(_journal(demo, session)):
            yield Object(str(key), data)


def _trades_that_arrive(demo: Demo, market: Market) -> Tape[Trades]:
    symbol = market.instrument.symbol
    outages = demo.outages(Stream.TRADES, symbol)
    minutes = demo.minutes(LIQUIDATIONS[symbol])
    return edited(trades_tape(market), lambda rows: lost(liquidated(rows, minutes), outages))


def _books_that_arrive(demo: Demo, market: Market) -> Tape[Books]:
    symbol = market.instrument.symbol
    outages = demo.outages(Stream.DEPTH20, symbol)
    minutes = demo.minutes(CROSSED[symbol])
    return edited(books_tape(market), lambda rows: lost(crossed(rows, minutes), outages))


def _stored(demo: Demo, chunk: Chunk[Rows]) -> Object:
    """Return the object as it lies in the lake, with what its writer or disk did to it."""
    place = (chunk.key.stream, chunk.key.symbol, chunk.key.minute)
    whole = chunk.rows.timestamp.size
    if chunk.key.date == demo.date and place in MALFORMED:
        chunk = malformed(chunk)
    stored = packed(chunk, Format.GZIP, 6)
    if chunk.key.date == demo.date and place == TRUNCATED:
        chunk, data = truncated(chunk, stored.data)
        stored = Object(stored.key, data, chunk)
    return replace(stored, unreadable=whole - chunk.rows.timestamp.size)


def _journal(demo: Demo, session: Session) -> Record:
    """Return what the run knows: its outages, but not what became of its chunks."""
    covered: list[Covered] = []
    gaps: list[Gap] = []
    for market in demo.markets:
        for told in (
            _told(demo, session, _trades_that_arrive(demo, market)),
            _told(demo, session, _books_that_arrive(demo, market)),
        ):
            covered += told[0]
            gaps += told[1]
    return Record(session, SYMBOLS, tuple(Stream), covered, gaps)


def _told(demo: Demo, session: Session, tape: Tape[Rows]) -> tuple[list[Covered], list[Gap]]:
    """Return covered time and gaps of one stream in a session."""
    outages = [
        outage
        for outage in demo.outages(tape.stream, tape.instrument.symbol)
        if session.from_ms <= outage.from_ms and outage.to_ms <= session.to_ms
    ]
    edges = [session.from_ms]
    for outage in outages:
        edges += [outage.from_ms, outage.to_ms]
    edges += [session.to_ms]
    pieces = [seen(tape, start, end) for start, end in list(pairwise(edges))[::2]]
    gaps = [_gap(tape, session, outage) for outage in outages]
    return [piece for piece in pieces if piece], [gap for gap in gaps if gap]


def _gap(tape: Tape[Rows], session: Session, outage: Outage) -> Gap | None:
    """Return the gap between the rows around an outage; only trades have ids to name."""
    before = last_row(tape, session.from_ms, outage.from_ms)
    after = first_row(tape, outage.to_ms, session.to_ms)
    if before is None or after is None:
        return None
    gap = Gap(
        tape.stream,
        tape.instrument.symbol,
        int(before.timestamp[0]),
        int(after.timestamp[0]),
        outage.cause,
    )
    if tape.stream is not Stream.TRADES:
        return gap
    return replace(gap, first_id=int(before.ids[0]) + 1, last_id=int(after.ids[0]) - 1)
