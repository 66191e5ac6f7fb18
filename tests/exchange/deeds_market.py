"""Lets faults happen to markets and to REST."""

import math
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial

from tests.exchange import faults
from tests.exchange.listings import Listing
from tests.exchange.rest import Trouble
from tests.exchange.synthetic import Pace, SyntheticMarket
from tests.exchange.world import World


def trade_types(fault: faults.TradeTypes, world: World) -> None:
    """Give the next trades a type."""
    for market in _synthetic(fault.symbol, world):
        market.kinds += [fault.type] * fault.trades


def rest(fault: faults.RestTrouble, world: World) -> None:
    """Let REST fail."""
    until_ms = world.until_ms(fault.for_s)
    left = fault.times or math.inf
    world.rest_troubles.append(
        Trouble(until_ms, left, fault.how, fault.paths, fault.retry_after, fault.slow_s)
    )
    if not fault.times:
        world.ledger.rest_trouble.append((world.clock.now_ms(), until_ms))


def use_weight(fault: faults.UseWeight, world: World) -> None:
    """Use up request weight."""
    world.endpoints.weights.spend(fault.weight, world.clock.now_ms())


def ban(fault: faults.Ban, world: World) -> None:
    """Ban everybody from REST."""
    world.endpoints.weights.banned_until_ms = world.until_ms(fault.for_s)
    world.ledger.rest_trouble.append((world.clock.now_ms(), world.until_ms(fault.for_s)))


def slow_lists(fault: faults.SlowLists, world: World) -> None:
    """List trades later."""
    world.endpoints.lists.after_ms = fault.by_s * 1000


def forget(fault: faults.Forget, world: World) -> None:
    """Let the lists begin after now."""
    world.forget(f"{fault.symbol.lower()}@*")


def burst(fault: faults.Burst, world: World) -> None:
    """Let symbols trade at another rate."""
    for market in _synthetic(fault.symbol, world):
        usual = world.settings.pace_of(market.symbol)
        pace = replace(usual, trades_per_s=fault.trades_per_s)
        market.set_pace(pace, world.clock.now_ms())
        if fault.for_s:
            world.after(fault.for_s, partial(_calm_down, market, pace, world))
    world.markets.reschedule()


def delist(fault: faults.Delist, world: World) -> None:
    """Stop a market."""
    world.list_symbol(Listing(fault.symbol.upper(), fault.status))


def list_symbol(fault: faults.List, world: World) -> None:
    """Start a market."""
    world.list_symbol(Listing(fault.symbol.upper(), contract_type=fault.contract_type))


def _calm_down(market: SyntheticMarket, after: Pace, world: World) -> None:
    """Go back to the usual pace, unless another burst has begun."""
    if market.pace is not after:
        return
    market.set_pace(world.settings.pace_of(market.symbol), world.clock.now_ms())
    world.markets.reschedule()


def _synthetic(symbols: str, world: World) -> list[SyntheticMarket]:
    """Return the made-up markets whose symbol matches; recorded ones cannot be changed."""
    return [
        market
        for market in world.markets.by_symbol.values()
        if isinstance(market, SyntheticMarket) and fnmatchcase(market.symbol, symbols.upper())
    ]
