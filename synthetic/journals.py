"""What a run says about itself, hour by hour. No clock, no disk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lake.journal import Covered, write_event
from lake.layout import JournalKey, Stream
from synthetic.chunks import Session, Tape, between, day_of
from synthetic.market import HOUR_MS, MINUTE_MS
from synthetic.rows import Rows, pick

_HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Gap:
    """A time in which a run knows that it lost rows, between the rows around it."""

    stream: Stream
    symbol: str
    from_ms: int
    to_ms: int
    cause: str
    first_id: int | None = None
    last_id: int | None = None


@dataclass(frozen=True)
class Record:
    """All that a run has to say."""

    session: Session
    symbols: tuple[str, ...]
    streams: tuple[Stream, ...]
    covered: Sequence[Covered]
    gaps: Sequence[Gap] = ()


def journal_objects(record: Record) -> Iterator[tuple[JournalKey, bytes]]:
    """Yield one object for each hour of exchange time that the run recorded in."""
    session = record.session
    for hour in range(session.from_ms // HOUR_MS, -(-session.to_ms // HOUR_MS)):
        key = JournalKey(day_of(hour * HOUR_MS // MINUTE_MS), hour % _HOURS_PER_DAY, session.run)
        yield key, b"".join(_lines(record, hour * HOUR_MS, (hour + 1) * HOUR_MS))


def seen(tape: Tape[Rows], from_ms: int, to_ms: int) -> Covered | None:
    """Return what a connection can vouch for: its first row's time to its newest event time."""
    first, last = first_row(tape, from_ms, to_ms), last_row(tape, from_ms, to_ms)
    if first is None or last is None:
        return None
    times = int(first.timestamp[0]), int(last.event_time[0])
    return Covered(tape.stream, tape.instrument.symbol, *times)


def first_row(tape: Tape[Rows], from_ms: int, to_ms: int) -> Rows | None:
    """Return the first row of a time."""
    batches = between(tape, from_ms, to_ms)
    return next((pick(rows, slice(0, 1)) for rows in batches if rows.timestamp.size), None)


def last_row(tape: Tape[Rows], from_ms: int, to_ms: int) -> Rows | None:
    """Return the last row of a time."""
    for start in range(to_ms // MINUTE_MS * MINUTE_MS, from_ms - MINUTE_MS, -MINUTE_MS):
        for rows in between(tape, max(start, from_ms), min(start + MINUTE_MS, to_ms)):
            if rows.timestamp.size:
                return pick(rows, slice(-1, None))
    return None


def iso(ms: int) -> str:
    """Write a time as ISO 8601 with ms."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lines(record: Record, start: int, end: int) -> Iterator[bytes]:
    session = record.session
    began = max(start, session.from_ms) + 12 + session.clock_offset_ms
    yield write_event(
        "recording",
        iso(began),
        run=session.run,
        by="collector",
        version="synthetic",
        symbols=list(record.symbols),
        streams=list(record.streams),
        clock_offset_ms=session.clock_offset_ms,
    )
    for gap in record.gaps:
        if start <= gap.to_ms < end:
            yield _gap_line(gap, session)
    written = min(end, session.to_ms) + 1_500 + session.clock_offset_ms
    for covered in record.covered:
        if covered.from_ms < end and start < covered.to_ms:
            yield _covered_line(covered, start, end, iso(written))


def _gap_line(gap: Gap, session: Session) -> bytes:
    return write_event(
        "gap",
        iso(gap.to_ms + 60 + session.clock_offset_ms),
        stream=gap.stream,
        symbol=gap.symbol,
        first_id=gap.first_id,
        last_id=gap.last_id,
        **{"from": gap.from_ms, "to": gap.to_ms},
        cause=gap.cause,
    )


def _covered_line(covered: Covered, start: int, end: int, at: str) -> bytes:
    """Return the part of covered time that lies in an hour."""
    return write_event(
        "covered",
        at,
        stream=covered.stream,
        symbol=covered.symbol,
        **{"from": max(start, covered.from_ms), "to": min(end, covered.to_ms)},
    )
