"""Tells the journal what time is covered, hour by hour, and what is lost. No clock, no disk."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from collector.fleet.fleet import Fleet
from collector.fleet.tracks import Track
from collector.record.chronicle import Chronicle
from collector.record.cover import HOUR_MS
from collector.record.intake import Intake
from collector.record.testimony import Event, claims, covered, gap_of_books, gap_of_time
from collector.spool.news import Lost
from collector.trades.holes import Hole
from lake.layout import Stream

_AROUND_MS = 5_000
"""Around a time by our clock, in which rows were lost, lies the exchange time of these rows."""
_FOREVER_MS = 1 << 62


class Pages(Protocol):
    """The journal, as far as covered time goes; see `Diary`."""

    def checkpoint(self, claims: Iterable[Event]) -> None:
        """Replace what would be claimed if this process died now."""

    def close_hour(self, before_ms: int) -> None:
        """Close the objects of the hours that are over."""


class Witness:
    """Knows when to tell what; `close_after_ms` is how long after an hour its lines are due."""

    def __init__(
        self, fleet: Fleet, intake: Intake, pages: Pages, chronicle: Chronicle, close_after_ms: int
    ) -> None:  # fmt: skip
        self._fleet, self._intake = fleet, intake
        self._pages, self._chronicle = pages, chronicle
        self._close_after_ms = close_after_ms
        self._told_ms = 0

    def tick(self, exchange_ms: int) -> None:
        """Tell of the hours that have been over for long enough, and of gaps."""
        self._tell_gaps(self._fleet.tracks.values())
        edge_ms = (exchange_ms - self._close_after_ms) // HOUR_MS * HOUR_MS
        if edge_ms <= self._told_ms:
            return
        if self._told_ms:
            self._tell(self._fleet.tracks.values(), edge_ms)
        self._told_ms = edge_ms
        self._pages.close_hour(edge_ms)

    def _tell(self, tracks: Iterable[Track], before_ms: int) -> None:
        for track in tracks:
            track.settle()
            self._chronicle.covered(covered(track, before_ms, self._holes(track)))
            if before_ms != _FOREVER_MS:
                track.forget_before(before_ms)

    def _holes(self, track: Track) -> tuple[Hole, ...]:
        tape = self._intake.tapes.get(track.channel.symbol)
        return tape.chain.holes if tape and track.channel.stream is Stream.TRADES else ()

    def _tell_gaps(self, tracks: Iterable[Track]) -> None:
        gaps = [gap_of_books(gap) for track in tracks for gap in track.take_gaps()]
        if gaps:
            self._chronicle.gaps_of(gaps)

    def leave(self, tracks: Iterable[Track]) -> None:
        """Tell all of channels that are followed no more."""
        left = [*tracks]
        self._tell(left, _FOREVER_MS)
        self._tell_gaps(left)

    def checkpoint(self) -> None:
        """Put down what could be claimed now."""
        self._pages.checkpoint(self._claims())

    def _claims(self) -> Iterator[Event]:
        for track in self._fleet.tracks.values():
            track.settle()
            yield from claims(track, self._holes(track))

    def lost(self, lost: Lost, ahead_ms: int) -> None:
        """Record that rows were lost on their way to the disk."""
        span = (
            lost.from_ns // 1_000_000 - ahead_ms - _AROUND_MS,
            lost.to_ns // 1_000_000 - ahead_ms + _AROUND_MS,
        )  # fmt: skip
        events = []
        for track in self._fleet.tracks.values():
            symbol, stream = track.channel
            if stream is lost.stream and lost.symbol in (None, symbol):
                track.lose(*span)
                events.append(gap_of_time(stream, symbol, span, lost.cause))
        self._chronicle.gaps_of(events)

    def tell_all(self) -> None:
        """Tell all that is proved so far."""
        tracks = [*self._fleet.tracks.values()]
        self._tell_gaps(tracks)
        self._tell(tracks, _FOREVER_MS)

    def end(self, exchange_ms: int) -> None:
        """Tell everything that is left: the run is over."""
        tracks = [*self._fleet.tracks.values()]
        for track in tracks:
            track.end(exchange_ms)
        self.tell_all()
