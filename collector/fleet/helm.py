"""When a connection is made, handed over, given up. No clock, no socket, no disk."""

from collections.abc import Iterable

from collector.fleet.channel import Channel
from collector.fleet.fleet import Fleet
from collector.fleet.handover import behind, unproved
from collector.fleet.links import Berth, Link, Reason
from collector.fleet.orders import Tell
from collector.view.status import StreamState
from collector.view.words import span

_PROOF_S = 60.0
"""A new connection that has not shown by then that it carries everything is given up."""
_OVERLAP_S = 3.0
"""Both connections are compared for so long at least."""
_BACKLOG_S = 600.0
"""So long a late connection is kept beside the new one, so that what it brings is not lost."""
_STAGGER = 0.05
"""Connections of one age are replaced over this part of it, not all at once."""
_NAMED = 5


def steer(fleet: Fleet, now_s: float) -> None:
    """Look after every berth."""
    for berth in [*fleet.berths]:
        if berth not in fleet.berths:
            continue  # dissolved by the hand-over of another
        if berth.link is None:
            _connect(fleet, berth, now_s)
        elif berth.successor is None:
            _consider(fleet, berth, berth.link, now_s)
        else:
            _judge(fleet, berth, berth.link, berth.successor, now_s)


def _connect(fleet: Fleet, berth: Berth, now_s: float) -> None:
    if fleet.may_connect(berth, now_s):
        first = Reason.ALONE if berth.alone else Reason.START
        reason = Reason.LOST if berth.connected else first
        berth.link = fleet.connect(berth.channels - berth.away, reason, now_s)


def _consider(fleet: Fleet, berth: Berth, link: Link, now_s: float) -> None:
    """Begin a hand-over if there is a reason for one."""
    if link.opened_s is None:
        return
    old = now_s >= _rotate_at_s(fleet, berth, link.opened_s)
    reason = berth.wanted or (Reason.ROTATION if old else None)
    if reason and fleet.may_connect(berth, now_s):
        berth.wanted = None
        berth.successor = fleet.connect(berth.channels, reason, now_s)


def _rotate_at_s(fleet: Fleet, berth: Berth, opened_s: float) -> float:
    stagger = _STAGGER * (berth.number * 0.618 % 1)
    return opened_s + fleet.settings.deadlines.rotate_s * (1 - stagger)


def _judge(fleet: Fleet, berth: Berth, old: Link, new: Link, now_s: float) -> None:
    """Let the new connection take over once it may; give it up if it never will."""
    waited_s = now_s - (new.asked_s if new.opened_s is None else new.opened_s)
    missing = unproved(old, new, _excused(fleet, berth, new, waited_s, now_s))
    spoke = new.opened_s is not None and new.has_spoken() and waited_s >= _OVERLAP_S
    if spoke and _is_forced(fleet, old, now_s):
        _take_over(fleet, berth, old, new, [*missing, *behind(old, new)])
    elif spoke and not missing and (waited_s > _BACKLOG_S or not behind(old, new)):
        _take_over(fleet, berth, old, new, behind(old, new))
    elif waited_s > _PROOF_S and (missing or not spoke):
        _give_up(fleet, berth, new, missing or [*new.channels], now_s)


def _excused(
    fleet: Fleet, berth: Berth, new: Link, waited_s: float, now_s: float
) -> set[Channel]:  # fmt: skip
    """Return the channels that are looked after elsewhere, or that nobody brings."""
    if waited_s < fleet.settings.deadlines.first_frame_s:
        return berth.away
    troubled = (StreamState.NEVER_SPOKE, StreamState.SILENT)
    states = ((channel, fleet.tracks[channel].pulse.state(now_s)) for channel in new.channels)
    return berth.away.union(channel for channel, state in states if state in troubled)


def _is_forced(fleet: Fleet, old: Link, now_s: float) -> bool:
    """Tell whether the exchange is about to end the old connection."""
    times = fleet.settings.deadlines
    latest_s = max(times.rotate_s, times.limit_s - times.force_s)
    return old.opened_s is not None and now_s >= old.opened_s + latest_s


def _take_over(
    fleet: Fleet, berth: Berth, old: Link, new: Link, missing: Iterable[Channel]
) -> None:  # fmt: skip
    fleet.close(old)
    _welcome_back(fleet, berth, new)
    named = [str(channel) for channel in sorted(set(missing))]
    fields = {
        "connection": new.connection_id, "from_connection": old.connection_id,
        "streams": len(new.channels), "cause": str(new.reason), "unproved": named or None,
    }  # fmt: skip
    said = f"connection {new.connection_id} took over from {old.connection_id}: {new.reason}"
    if named:
        said += f"; unproved: {_some(named)}"
    fleet.order(Tell("handed_over", said, fields, "WARNING" if named else "INFO"))


def _welcome_back(fleet: Fleet, berth: Berth, new: Link) -> None:
    """Take streams that had been moved away back, where the new connection brings them."""
    for guest in [each for each in fleet.berths if each.home is berth]:
        for channel in sorted(guest.channels):
            leg = new.leg(channel)
            if leg and leg.spoke:
                fleet.leave(guest, channel)
                berth.away.discard(channel)
            else:
                fleet.unsubscribe(new, channel)


def _give_up(
    fleet: Fleet, berth: Berth, new: Link, missing: list[Channel], now_s: float
) -> None:  # fmt: skip
    """Close a new connection that does not bring what it should, and wait before the next."""
    berth.failures += 1
    wait_s = fleet.wait(berth.failures)
    fleet.close(new)
    berth.not_before_s = now_s + wait_s
    berth.wanted = None if new.reason is Reason.ROTATION else new.reason
    named = [str(channel) for channel in missing]
    said = (
        f"connection {new.connection_id} brought nothing of {_some(named)} within "
        f"{span(_PROOF_S)} and is given up; trying again in {wait_s:.1f} s"
    )
    fields = {
        "connection": new.connection_id, "cause": str(new.reason), "unproved": named,
        "wait_s": round(wait_s, 3),
    }  # fmt: skip
    fleet.order(Tell("given_up", said, fields, "WARNING"))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
