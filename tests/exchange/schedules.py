"""Faults at random, the same for the same seed. No clock, no socket."""

from collections.abc import Callable
from random import Random

from tests.exchange import faults
from tests.exchange.events import depth_stream, trade_stream
from tests.exchange.faults import Fault

Planned = tuple[float, Fault]

_CALM_S = (2.0, 12.0)
_QUIET_END_S = 12.0


def random_schedule(
    seed: int, duration_s: float, symbols: tuple[str, ...], pace: float = 1.0
) -> list[Planned]:
    """Return faults and when they happen; the last seconds are left in peace.

    `pace` 2 is twice as many.
    """
    random = Random(f"schedule/{seed}")
    planned: list[Planned] = []
    at_s = random.uniform(*_CALM_S) / pace
    while at_s < duration_s - _QUIET_END_S:
        planned.append((round(at_s, 3), random_fault(random, symbols)))
        at_s += random.uniform(*_CALM_S) / pace
    return planned


def random_fault(random: Random, symbols: tuple[str, ...]) -> Fault:
    """Draw one fault."""
    return random.choice(_DRAWN)(random, random.choice(symbols))


def _drop(random: Random, symbol: str) -> Fault:
    how = random.choice(("reset", "cut", "1001", "1008", "1011"))
    return faults.Drop(how, random.choice(("*", trade_stream(symbol), depth_stream(symbol))))


def _half_open(random: Random, symbol: str) -> Fault:
    return faults.HalfOpen(random.choice(("*", trade_stream(symbol))))


def _silence(random: Random, symbol: str) -> Fault:
    streams = random.choice((trade_stream(symbol), depth_stream(symbol), "*@trade", "*"))
    return faults.Silence(streams, for_s=random.choice((0, 5, 15)))


def _mute(random: Random, symbol: str) -> Fault:
    streams = random.choice((trade_stream(symbol), depth_stream(symbol)))
    return faults.Mute(streams, for_s=random.choice((5, 10)))


def _lose(random: Random, symbol: str) -> Fault:
    return faults.Lose(trade_stream(symbol), random.randrange(1, 60), random.random() < 0.3)


def _repeat(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Repeat(random.random(), random.randrange(2, 4), for_s=random.uniform(1, 8))


def _reorder(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Reorder(random.randrange(1, 20), for_s=random.uniform(1, 8))


def _delay(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Delay(random.uniform(0.5, 6), random.random() < 0.5, for_s=random.uniform(2, 12))


def _garbage(random: Random, symbol: str) -> Fault:
    streams = random.choice((trade_stream(symbol), depth_stream(symbol), "*"))
    return faults.Garbage("any", random.randrange(1, 20), random.random() < 0.5, streams)


def _strange(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Strange(random.random(), for_s=random.uniform(1, 10))


def _types(random: Random, symbol: str) -> Fault:
    kind = random.choice(("NA", "LIQUIDATION", "ADL", "INSURANCE_FUND", "RPI"))
    return faults.TradeTypes(kind, symbol, random.randrange(1, 30))


def _refuse(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    how = random.choice(("429", "418", "403", "503", "reset", "hang"))
    wait = str(random.randrange(1, 4)) if how in ("429", "418") else ""
    return faults.Refuse(how, wait, times=random.randrange(1, 3), for_s=5)


def _short_lives(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Lifetime(random.uniform(3, 20), for_s=25)


def _mishear(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Mishear(random.choice(("error", "bare", "never")))


def _ping(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.Ping(random.choice((0.0, 1.0, 60.0)))


def _shut_down(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.ShutDown(random.uniform(0, 3))


def _rest(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    how = random.choice(("500", "503", "429", "slow", "reset", "cut", "nonsense", "empty"))
    wait = str(random.randrange(1, 4)) if how == "429" else ""
    slow_s = random.uniform(0.5, 4) if how == "slow" else 0.0
    return faults.RestTrouble(how, "*", wait, slow_s, for_s=random.uniform(1, 10))


def _slow_lists(random: Random, symbol: str) -> Fault:  # noqa: ARG001
    return faults.SlowLists(random.choice((0.1, 0.3, 0.5)))


def _burst(random: Random, symbol: str) -> Fault:
    return faults.Burst(random.choice((0, 50, 300)), symbol, random.uniform(1, 6))


_DRAWN: tuple[Callable[[Random, str], Fault], ...] = (
    _drop, _drop, _drop, _half_open, _silence, _silence, _mute, _lose, _lose, _repeat, _reorder,
    _delay, _garbage, _garbage, _strange, _types, _refuse, _short_lives, _mishear, _ping,
    _shut_down, _rest, _rest, _slow_lists, _burst,
)  # fmt: skip
