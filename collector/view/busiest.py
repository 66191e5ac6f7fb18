"""Which symbols a table shows: all that are in trouble, and the busiest of the others. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.view.status import StreamState, StreamStatus
from lake.layout import Stream


@dataclass(frozen=True)
class SymbolRow:
    """One symbol; a stream that it does not have is None."""

    symbol: str
    trades: StreamStatus | None = None
    depth20: StreamStatus | None = None

    @property
    def streams(self) -> tuple[StreamStatus, ...]:
        """Return the streams that it has."""
        return tuple(stream for stream in (self.trades, self.depth20) if stream)

    @property
    def troubled(self) -> bool:
        """Tell whether one of its streams is not fresh."""
        return any(stream.state is not StreamState.FRESH for stream in self.streams)

    @property
    def rate_per_s(self) -> float:
        """Return its frames a second."""
        return sum(stream.rate_per_s for stream in self.streams)

    @property
    def last(self) -> str | None:
        """Return the price of its last trade, before the first one the last mid."""
        return next((stream.last for stream in self.streams if stream.last), None)

    @property
    def lag_ms(self) -> float | None:
        """Return the greater lag of its streams."""
        return max((s.lag_ms for s in self.streams if s.lag_ms is not None), default=None)


def symbol_rows(streams: Iterable[StreamStatus]) -> list[SymbolRow]:
    """Put the streams of each symbol together, in the order in which symbols first appear."""
    found: dict[str, dict[Stream, StreamStatus]] = {}
    for stream in streams:
        found.setdefault(stream.symbol, {})[stream.stream] = stream
    return [
        SymbolRow(symbol, by_stream.get(Stream.TRADES), by_stream.get(Stream.DEPTH20))
        for symbol, by_stream in found.items()
    ]


def shown(rows: Sequence[SymbolRow], room: int) -> list[SymbolRow]:
    """Return at most `room` rows: troubled ones first, else each in its place.

    Which of the others fit is decided by how busy they are, but not where they stand: a table whose
    lines jump cannot be read.
    """
    troubled = [row for row in rows if row.troubled][:room]
    others = [row for row in rows if not row.troubled]
    left = room - len(troubled)
    if len(others) > left:
        busiest = sorted(others, key=lambda row: -row.rate_per_s)[:left]
        names = {row.symbol for row in busiest}
        others = [row for row in others if row.symbol in names]
    return troubled + others
