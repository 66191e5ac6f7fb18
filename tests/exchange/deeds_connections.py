"""Lets faults happen to connections."""

import json
import math
from functools import partial

from tests.exchange import faults
from tests.exchange.connection import Connection
from tests.exchange.handshake import Refusal
from tests.exchange.hub import LIFETIME_S, Hub
from tests.exchange.rules import Gate, Misheard, Muted, Refused
from tests.exchange.weather import Parcel, Silent
from tests.exchange.wire import framed
from tests.exchange.world import World

_SERVICE_RESTART = 1012


def drop(fault: faults.Drop, world: World) -> None:
    """End connections."""
    for connection in world.hub.chosen(fault.connection, fault.streams):
        if fault.how == "reset":
            connection.reset()
        elif fault.how in ("cut", "1006"):
            connection.cut()
        else:
            connection.close(int(fault.how), "on command")


def half_open(fault: faults.HalfOpen, world: World) -> None:
    """Neither speak nor listen on sockets that stay open."""
    for connection in world.hub.chosen(fault.connection, fault.streams):
        connection.freeze()


def silence(fault: faults.Silence, world: World) -> None:
    """Say nothing on some streams."""
    until_ms = world.until_ms(fault.for_s)
    if fault.everywhere:
        world.hub.rules.gates.append(Gate(until_ms, streams=fault.streams))
        return
    chosen = world.hub.chosen(fault.connection, fault.streams)
    world.hub.expose(chosen, lambda _: Silent(fault.streams, until_ms))


def mute(fault: faults.Mute, world: World) -> None:
    """Acknowledge subscriptions and deliver nothing."""
    until_ms = world.until_ms(fault.for_s)
    world.hub.rules.muted.append(Muted(until_ms, fault.times or math.inf, fault.streams))


def lose(fault: faults.Lose, world: World) -> None:
    """Send frames to nobody."""
    then = partial(world.forget, fault.streams) if fault.forever else None
    world.hub.rules.gates.append(Gate(left=fault.frames, streams=fault.streams, then=then))


def refuse(fault: faults.Refuse, world: World) -> None:
    """Refuse handshakes."""
    refusal = Refusal(fault.how, fault.retry_after)
    until_ms = world.until_ms(fault.for_s)
    world.hub.rules.refused.append(Refused(until_ms, fault.times or math.inf, refusal))


def mishear(fault: faults.Mishear, world: World) -> None:
    """Answer requests wrongly, or never."""
    world.hub.rules.misheard.append(Misheard(left=fault.times, how=fault.how))


def ping(fault: faults.Ping, world: World) -> None:
    """Ping everybody."""
    if fault.every_s:
        world.hub.ping_every_s = fault.every_s
    for connection in [*world.hub.connections.values()]:
        connection.ping(world.clock.now_ms())


def lifetime(fault: faults.Lifetime, world: World) -> None:
    """Let connections grow no older than that."""
    world.hub.lifetime_s = fault.seconds or LIFETIME_S
    if fault.for_s:
        world.after(fault.for_s, partial(setattr, world.hub, "lifetime_s", LIFETIME_S))


def shut_down(fault: faults.ShutDown, world: World) -> None:
    """Announce the end of connections, then end them."""
    event = {"e": "serverShutdown", "E": int(world.clock.now_ms())}
    for connection in world.hub.chosen(fault.connection, fault.streams):
        connection.deliver(Parcel("", b"", raw=framed(json.dumps(event).encode())))
        world.after(fault.after_s, partial(_restart, world.hub, connection))


def _restart(hub: Hub, connection: Connection) -> None:
    if connection.number in hub.connections:
        connection.close(_SERVICE_RESTART, "server is shutting down")
