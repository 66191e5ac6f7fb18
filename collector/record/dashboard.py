"""The recorder's state as its watchers see it. No clock, no socket, no disk."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from collector.feed.frames import Snapshot
from collector.fleet.channel import Channel
from collector.fleet.fleet import Fleet
from collector.fleet.links import Berth, Link
from collector.fleet.tracks import Track
from collector.record.tape import Tape
from collector.view.status import ConnectionStatus, StreamStatus
from collector.view.words import span
from lake.layout import Stream

_NEWEST_PART = 0.2
_LEVELS = msgspec.json.Decoder(list[tuple[str | float, str | float]])


class Rates:
    """How many frames a second each channel brings, smoothed over some seconds."""

    def __init__(self) -> None:
        self._frames: dict[Channel, int] = {}
        self._rates: dict[Channel, float] = {}
        self._at_s: float | None = None

    def measure(self, tracks: Mapping[Channel, Track], now_s: float) -> None:
        """Take the counts of now."""
        if self._at_s is not None and now_s > self._at_s:
            over_s = now_s - self._at_s
            for channel, track in tracks.items():
                newest = (track.frames - self._frames.get(channel, track.frames)) / over_s
                usual = self._rates.get(channel, newest)
                self._rates[channel] = usual + _NEWEST_PART * (newest - usual)
        self._at_s = now_s
        self._frames = {channel: track.frames for channel, track in tracks.items()}

    def of(self, channel: Channel) -> float:
        """Return the rate of a channel."""
        return self._rates.get(channel, 0.0)


def streams(
    fleet: Fleet, tapes: Mapping[str, Tape], rates: Rates, now_s: float
) -> tuple[StreamStatus, ...]:
    """Return how every stream is, by symbol."""
    return tuple(
        _stream(track, tapes.get(channel.symbol), rates.of(channel), now_s)
        for channel, track in sorted(fleet.tracks.items())
    )


def _stream(track: Track, tape: Tape | None, rate_per_s: float, now_s: float) -> StreamStatus:
    pulse, (symbol, stream) = track.pulse, track.channel
    newest = max(track.legs.values(), key=lambda leg: leg.heard_ns, default=None)
    return StreamStatus(
        symbol, stream, pulse.state(now_s),
        connection=newest.connection_id if newest else None,
        last=_last(stream, tape), rate_per_s=rate_per_s, lag_ms=pulse.lag_ms,
        age_s=None if pulse.heard_s is None else now_s - pulse.heard_s, frames=track.frames,
    )  # fmt: skip


def _last(stream: Stream, tape: Tape | None) -> str | None:
    if tape is None:
        return None
    if stream is Stream.TRADES:
        return tape.trade.price if tape.trade else None
    return _mid(tape.book) if tape.book else None


def _mid(book: Snapshot) -> str | None:
    """Return the middle between the best prices."""
    try:
        bids, asks = _LEVELS.decode(book.bids), _LEVELS.decode(book.asks)
        mid = (Decimal(str(bids[0][0])) + Decimal(str(asks[0][0]))) / 2
    except (msgspec.DecodeError, IndexError, InvalidOperation):
        return None
    return f"{mid:f}"


def connections(fleet: Fleet, now_s: float) -> tuple[ConnectionStatus, ...]:
    """Return how every connection is, and which berths wait for one."""
    return tuple(_connections(fleet, now_s))


def _connections(fleet: Fleet, now_s: float) -> Iterator[ConnectionStatus]:
    for berth in fleet.berths:
        for link in berth.links:
            yield _connection(fleet, berth, link, now_s)
        if berth.link is None:
            wait_s = max(0.0, max(berth.not_before_s, fleet.refused_until_s) - now_s)
            yield ConnectionStatus(0, f"waiting {span(wait_s)}", len(berth.channels))


def _connection(fleet: Fleet, berth: Berth, link: Link, now_s: float) -> ConnectionStatus:
    lags = [lag for leg in link.legs if (lag := fleet.tracks[leg.channel].pulse.lag_ms) is not None]
    age_s = None if link.opened_s is None else now_s - link.opened_s
    return ConnectionStatus(
        link.connection_id, _state(berth, link), len(link.channels), age_s,
        sorted(lags)[len(lags) // 2] if lags else None,
    )  # fmt: skip


def _state(berth: Berth, link: Link) -> str:
    if link.opened_s is None:
        return "connecting"
    if berth.successor:
        return "taking over" if link is berth.successor else "handing over"
    return "open, of its own" if berth.alone else "open"


def alerts(fleet: Fleet, *, behind: bool, trouble: str) -> tuple[str, ...]:
    """Return what is wrong and no stream says."""
    said = []
    if fleet.refused:
        said.append(fleet.refused.message)
    if behind:
        said.append("the recorder falls behind: what it reads is late")
    if trouble:
        said.append(f"lost trades cannot be asked for: {trouble}")
    return tuple(said)
