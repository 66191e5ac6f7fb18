"""Lets faults happen to frames on their way."""

from collections.abc import Callable
from functools import partial

from tests.exchange import faults
from tests.exchange.connection import Connection
from tests.exchange.hub import Lasting
from tests.exchange.rubbish import rubbish, unusual
from tests.exchange.weather import Change, Effect, Late, Parcel, Shuffled, Some
from tests.exchange.world import World


def repeat(fault: faults.Repeat, world: World) -> None:
    """Send frames more than once; only the first time counts."""
    spare = fault.times - 1
    _some(fault, world, lambda _: lambda parcel: [parcel, *[parcel._replace(ref=None)] * spare])


def strange(fault: faults.Strange, world: World) -> None:
    """Write frames in unusual ways."""

    def make(connection: Connection) -> Change:
        random = world.random()

        def change(parcel: Parcel) -> list[Parcel]:
            dress = partial(connection.dressed, parcel.stream)
            return [parcel._replace(raw=unusual(parcel.payload, dress, random))]

        return change

    _some(fault, world, make)


def reorder(fault: faults.Reorder, world: World) -> None:
    """Let frames overtake each other."""
    until_ms = world.until_ms(fault.for_s)
    random = world.random()
    _last(fault, world, lambda _: Shuffled(fault.streams, fault.within, random, until_ms))


def delay(fault: faults.Delay, world: World) -> None:
    """Deliver late, or in bursts."""
    until_ms = world.until_ms(fault.for_s)
    _last(fault, world, lambda _: Late(fault.by_s * 1000, until_ms, fault.bursts))


def garbage(fault: faults.Garbage, world: World) -> None:
    """Send rubbish."""

    def make(connection: Connection) -> Effect:
        random = world.random()

        def change(parcel: Parcel) -> list[Parcel]:
            dress = partial(connection.dressed, parcel.stream)
            wrong = rubbish(fault.kind, parcel.payload, dress, random)
            bad = Parcel(parcel.stream, b"", raw=wrong)
            return [bad] if fault.in_place else [bad, parcel]

        return Some(change, fault.streams, 1.0, random, left=fault.frames)

    world.hub.expose(world.hub.chosen(fault.connection, fault.streams), make)


def _some(
    fault: faults.Repeat | faults.Strange, world: World, make: Callable[[Connection], Change]
) -> None:
    """Change a share of the frames for a while."""
    until_ms = world.until_ms(fault.for_s)

    def effect(connection: Connection) -> Effect:
        return Some(make(connection), fault.streams, fault.share, world.random(), until_ms)

    _last(fault, world, effect)


def _last(
    fault: faults.Repeat | faults.Strange | faults.Reorder | faults.Delay,
    world: World,
    make: Callable[[Connection], Effect],
) -> None:
    """Let an effect last: if it is not about one connection, new ones meet it too."""
    world.hub.expose(world.hub.chosen(fault.connection, fault.streams), make)
    if not fault.connection:
        world.hub.lasting.append(Lasting(world.until_ms(fault.for_s), make))
