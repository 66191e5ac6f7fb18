"""When a new connection may take over from an old one: make before break. No clock, no socket."""

from collections.abc import Collection, Iterator

from collector.fleet.channel import Channel
from collector.fleet.legs import NEVER, Leg
from collector.fleet.links import Link

_TALKING_NS = 2_000_000_000
"""Between the last frames of two connections, if both talk."""
_UNDERWAY_MS = 1_000
"""Around a subscription, events of this time may have been sent before it."""


def unproved(old: Link, new: Link, excused: Collection[Channel] = ()) -> list[Channel]:
    """Return the channels of which the new connection does not show yet that it carries them.

    It must have brought books of every symbol, and trades of each symbol of which the old one
    brought some meanwhile. `excused` are channels whose silence is known and cared for otherwise.
    """
    missing = {leg.channel for leg in new.books.values() if not leg.spoke}
    return sorted(missing.union(_trades(old, new)) - {*excused})


def behind(old: Link, new: Link) -> list[Channel]:
    """Return the books of which the old connection has yet to bring what the new one began after.

    A late connection that is closed takes with it what is still on its way.
    """
    pairs = ((old.books.get(symbol), leg) for symbol, leg in new.books.items())
    return sorted(leg.channel for before, leg in pairs if before and _is_behind(before, leg))


def _is_behind(old: Leg, new: Leg) -> bool:
    talks = old.heard_ns > new.heard_ns - _TALKING_NS
    began = old.from_ms != NEVER and new.from_ms != NEVER
    return talks and began and old.previous_ms < new.from_ms


def _trades(old: Link, new: Link) -> Iterator[Channel]:
    for symbol, leg in new.trades.items():
        before = old.trades.get(symbol)
        if not leg.listening or (before and not leg.spoke and _spoke_meanwhile(before, leg, new)):
            yield leg.channel


def _spoke_meanwhile(old: Leg, leg: Leg, new: Link) -> bool:
    """Tell whether the old connection brought a trade that the new one should have brought too."""
    book = new.books.get(leg.channel.symbol)
    since_ms = max(new.acknowledged_ms.get(leg.channel, NEVER), book.from_ms if book else NEVER)
    return since_ms > NEVER and old.event_ms > since_ms + _UNDERWAY_MS
