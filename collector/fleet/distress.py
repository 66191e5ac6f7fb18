"""What is done for streams that are silent or late. No clock, no socket, no disk.

One silent stream of a connection that talks gets a connection of its own, and its neighbours stay
where they are; a connection that is silent or late as a whole is replaced.
"""

from collector.fleet.channel import Channel
from collector.fleet.fleet import Fleet
from collector.fleet.links import Berth, Link, Reason
from collector.fleet.orders import Tell
from collector.view.status import StreamState
from collector.view.words import count

_MOST_GUESTS = 8
"""With so many streams of one connection moved away, it is replaced instead."""
_CALM_S = 300.0
"""Between two replacements of one connection because of lag, at first."""
_LONGEST_CALM_S = 3_600.0
_NAMED = 20

Troubles = dict[Channel, StreamState]


def relieve(fleet: Fleet, now_s: float) -> None:
    """Help every stream that needs help and gets none yet."""
    for berth in [*fleet.berths]:
        if berth.home is not None and berth in fleet.berths:
            _settle_in(fleet, berth, berth.home, now_s)
    for berth in [*fleet.berths]:
        link = berth.link
        if link and link.opened_s is not None and berth.successor is None:
            troubles = _troubles(fleet, berth, now_s)
            if troubles:
                _help(fleet, berth, link, troubles, now_s)


def _troubles(fleet: Fleet, berth: Berth, now_s: float) -> Troubles:
    pulses = {each: fleet.tracks[each].pulse for each in sorted(berth.channels - berth.away)}
    states = {each: pulse.wants_help(now_s) for each, pulse in pulses.items()}
    return {each: state for each, state in states.items() if state}


def _help(fleet: Fleet, berth: Berth, link: Link, troubles: Troubles, now_s: float) -> None:
    late = {each for each, state in troubles.items() if state is StreamState.LAGGING}
    silent = {each: state for each, state in troubles.items() if each not in late}
    for channel in troubles:
        fleet.tracks[channel].pulse.acted(now_s)
    if silent and _is_silent(fleet, link, now_s):
        _interrupt(fleet, link, {**_books(link), **silent})
        _replace(fleet, berth, link, now_s)
    elif silent:
        _interrupt(fleet, link, silent)
        _help_silent(fleet, berth, link, set(silent), now_s)
    if late and now_s >= berth.calm_until_s:
        _tell(fleet, link, {each: troubles[each] for each in sorted(late)})
        _help_late(fleet, berth, link, late, now_s)


def _books(link: Link) -> Troubles:
    """Return the books of a connection that is silent: all of them miss something."""
    return {leg.channel: StreamState.SILENT for leg in link.books.values()}


def _interrupt(fleet: Fleet, link: Link, silent: Troubles) -> None:
    """Take back the time in which streams were silent, and tell."""
    for channel, state in silent.items():
        fleet.tracks[channel].interrupt(str(state))
    _tell(fleet, link, {each: silent[each] for each in sorted(silent)})


def _replace(fleet: Fleet, berth: Berth, link: Link, now_s: float) -> None:
    """Let another connection take the place of a silent one."""
    if berth.alone:
        fleet.count_failure(berth, link, now_s)
        fleet.close(link)
    else:
        berth.wanted = Reason.SILENCE


def _help_silent(
    fleet: Fleet, berth: Berth, link: Link, silent: set[Channel], now_s: float
) -> None:  # fmt: skip
    guests = sum(len(each.channels) for each in fleet.berths if each.home is berth)
    if berth.alone and silent == berth.channels:
        _replace(fleet, berth, link, now_s)
    elif guests + len(silent) > _MOST_GUESTS:
        berth.wanted = Reason.SILENCE
    else:
        _move(fleet, berth, silent)


def _is_silent(fleet: Fleet, link: Link, now_s: float) -> bool:
    """Tell whether a connection brings nothing at all.

    Its streams fall silent together, but the last frame of each came a little sooner or later.
    """
    silence_s = fleet.settings.deadlines.silence_s / 2
    tracks = (fleet.tracks[leg.channel] for leg in link.legs)
    return all(track.pulse.silent_s(now_s) >= silence_s for track in tracks)


def _help_late(
    fleet: Fleet, berth: Berth, link: Link, late: set[Channel], now_s: float
) -> None:  # fmt: skip
    """Replace a late connection, less and less often: perhaps it is not the connection."""
    berth.calm_until_s = now_s + min(_LONGEST_CALM_S, _CALM_S * 2**berth.lags)
    berth.lags += 1
    heard = sum(leg.spoke for leg in link.legs)
    if berth.alone or 2 * len(late) >= heard:
        berth.wanted = Reason.LAG
    else:
        _move(fleet, berth, late)


def _move(fleet: Fleet, berth: Berth, channels: set[Channel]) -> None:
    """Give streams a connection of their own; they stay on the old one until that brings them."""
    home = berth.home or berth
    if berth.alone:
        berth.channels.difference_update(channels)
    guest = fleet.new_berth(home)
    guest.channels.update(channels)
    home.away.update(channels)


def _settle_in(fleet: Fleet, guest: Berth, home: Berth, now_s: float) -> None:
    """Leave the old connection what it brings again, and take from it what the new one brings."""
    for channel in sorted(guest.channels):
        here = guest.link and guest.link.leg(channel)
        there = home.link and home.link.leg(channel)
        if here and here.spoke:
            if home.link and there:
                fleet.unsubscribe(home.link, channel)
        elif there and _is_well(fleet, channel, now_s):
            fleet.leave(guest, channel)
            home.away.discard(channel)


def _is_well(fleet: Fleet, channel: Channel, now_s: float) -> bool:
    pulse = fleet.tracks[channel].pulse
    return pulse.heard_s is not None and pulse.state(now_s) is StreamState.FRESH


def _tell(fleet: Fleet, link: Link, troubles: Troubles) -> None:
    names = [str(channel) for channel in troubles]
    states = sorted({str(state) for state in troubles.values()})
    cause = ", ".join(states)
    some = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
    said = f"{count(len(names), 'stream')} on connection {link.connection_id} {cause}: {some}"
    fields = {
        "connection": link.connection_id, "streams": len(names), "cause": cause,
        "names": names[:_NAMED],
    }  # fmt: skip
    fleet.order(Tell("stalled", said, fields, "WARNING"))
