"""Lets a fault happen to the exchange."""

from collections.abc import Callable
from typing import Any

from tests.exchange import deeds_connections, deeds_frames, deeds_market, faults
from tests.exchange.commands import write_fault
from tests.exchange.ledger import Mishap
from tests.exchange.world import World

_DEEDS: dict[type[Any], Callable[[Any, World], None]] = {
    faults.Drop: deeds_connections.drop,
    faults.HalfOpen: deeds_connections.half_open,
    faults.Silence: deeds_connections.silence,
    faults.Mute: deeds_connections.mute,
    faults.Lose: deeds_connections.lose,
    faults.Refuse: deeds_connections.refuse,
    faults.Mishear: deeds_connections.mishear,
    faults.Ping: deeds_connections.ping,
    faults.Lifetime: deeds_connections.lifetime,
    faults.ShutDown: deeds_connections.shut_down,
    faults.Repeat: deeds_frames.repeat,
    faults.Strange: deeds_frames.strange,
    faults.Reorder: deeds_frames.reorder,
    faults.Delay: deeds_frames.delay,
    faults.Garbage: deeds_frames.garbage,
    faults.TradeTypes: deeds_market.trade_types,
    faults.RestTrouble: deeds_market.rest,
    faults.UseWeight: deeds_market.use_weight,
    faults.Ban: deeds_market.ban,
    faults.SlowLists: deeds_market.slow_lists,
    faults.Forget: deeds_market.forget,
    faults.Burst: deeds_market.burst,
    faults.Delist: deeds_market.delist,
    faults.List: deeds_market.list_symbol,
}


def do(fault: faults.Fault, world: World) -> None:
    """Let a fault happen, and write it down."""
    for_s = getattr(fault, "for_s", 0)
    until_ms = world.until_ms(for_s) if for_s else None
    world.ledger.mishaps.append(Mishap(int(world.clock.now_ms()), write_fault(fault), until_ms))
    _DEEDS[type(fault)](fault, world)
