"""Which channel belongs to which berth. No clock, no socket, no disk."""

from collections.abc import Iterable

from collector.fleet.channel import Channel, channels_of
from collector.fleet.fleet import Fleet
from collector.fleet.links import Berth
from collector.fleet.tracks import Track
from lake.layout import Stream

_CHANNELS = len(Stream)


def follow(fleet: Fleet, symbols: Iterable[str]) -> list[Track]:
    """Listen to exactly these symbols from now on; return the tracks of those that were left."""
    wanted = set(symbols)
    left = [
        _drop(fleet, channel) for channel in sorted(fleet.tracks) if channel.symbol not in wanted
    ]
    _place(fleet, sorted(wanted - {channel.symbol for channel in fleet.tracks}))
    return left


def _drop(fleet: Fleet, channel: Channel) -> Track:
    """Listen to a channel no more."""
    for berth in [*fleet.berths]:
        if channel in berth.channels:
            fleet.leave(berth, channel)
    return fleet.tracks.pop(channel)


def _place(fleet: Fleet, symbols: list[str]) -> None:
    """Give new symbols to berths with room, the emptiest first, and to new ones."""
    most = max(1, fleet.settings.streams_per_connection // _CHANNELS)
    homes = [berth for berth in fleet.berths if not berth.alone]
    room = sum(most - len(berth.channels) // _CHANNELS for berth in homes)
    homes += [fleet.new_berth() for _ in range(-(-max(0, len(symbols) - room) // most))]
    for symbol in symbols:
        _board(fleet, min(homes, key=lambda berth: (len(berth.channels), berth.number)), symbol)


def _board(fleet: Fleet, berth: Berth, symbol: str) -> None:
    channels = channels_of(symbol)
    for channel in channels:
        fleet.tracks[channel] = Track(channel, fleet.settings.patience(channel.stream))
    berth.channels.update(channels)
    for link in berth.links:
        fleet.subscribe(link, channels)
