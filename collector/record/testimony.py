"""What a run says of its channels in the journal: covered time, gaps. No clock, no disk."""

from collections.abc import Iterable, Iterator
from typing import Any

from collector.fleet.tracks import BookGap, Track
from collector.record.cover import Span
from collector.trades.holes import Hole
from lake.layout import Stream

Event = dict[str, Any]


def covered(track: Track, before_ms: int, holes: Iterable[Hole] = ()) -> list[Event]:
    """Return what is proved of a channel before a time and has not been told; count it as told."""
    spans = track.cover.tell(before_ms, _lost(track, holes))
    return [_covered(track, span) for span in spans]


def claims(track: Track, holes: Iterable[Hole] = ()) -> Iterator[Event]:
    """Yield what could be told now: all that is proved and not told yet."""
    for span in track.cover.untold(track.cover.until_ms, _lost(track, holes)):
        yield _covered(track, span)


def _lost(track: Track, holes: Iterable[Hole]) -> list[Span]:
    """Return the time in which something is missing: of trades, from one to the next that came."""
    return [*track.lost, *((hole.from_ms, hole.to_ms + 1) for hole in holes)]


def _covered(track: Track, span: Span) -> Event:
    symbol, stream = track.channel
    return {
        "event": "covered", "stream": str(stream), "symbol": symbol, "from": span[0], "to": span[1],
    }  # fmt: skip


def gap_of_trades(hole: Hole, cause: str) -> Event:
    """Return the gap of ids that cannot be had; its time includes that of the trades around it."""
    return {
        "event": "gap", "stream": str(Stream.TRADES), "symbol": hole.symbol,
        "first_id": hole.first_id, "last_id": hole.last_id,
        "from": hole.from_ms, "to": hole.to_ms + 1, "cause": cause,
    }  # fmt: skip


def gap_of_books(gap: BookGap) -> Event:
    """Return the gap between two books."""
    return gap_of_time(Stream.DEPTH20, gap.symbol, (gap.from_ms, gap.to_ms), gap.cause)


def gap_of_time(stream: Stream, symbol: str, span: Span, cause: str) -> Event:
    """Return the gap of a time in which rows were lost."""
    return {
        "event": "gap", "stream": str(stream), "symbol": symbol, "from": span[0], "to": span[1],
        "cause": cause,
    }  # fmt: skip
