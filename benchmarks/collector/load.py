"""What a candidate is put under: phases of frames at a rate. No clock, no socket."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.collector.market import Rate

BOOKS_PER_S, TRADES_PER_S = 10.0, 5.0
"""Of one symbol, as the exchange sends them over a busy day."""


@dataclass(frozen=True)
class Phase:
    """Some seconds at one rate."""

    name: str
    duration_s: float
    rate: Rate


@dataclass(frozen=True)
class Load:
    """So many symbols, and what they send; before it a warm-up that nobody measures."""

    name: str
    symbols: int
    phases: Sequence[Phase]
    tls: bool = True
    warm_up_s: float = 3.0


def usual(symbols: int) -> Rate:
    """Return what so many symbols send on average."""
    return Rate(symbols * BOOKS_PER_S, symbols * TRADES_PER_S)


def steady(symbols: int, duration_s: float, *, tls: bool = True) -> Load:
    """Return an even load."""
    return Load("steady", symbols, (Phase("steady", duration_s, usual(symbols)),), tls)


def burst(symbols: int, trades_per_s: float, duration_s: float, *, tls: bool = True) -> Load:
    """Return a burst of trades between an even load before and after it."""
    calm = usual(symbols)
    wild = Rate(calm.books_per_s, trades_per_s)
    phases = (
        Phase("before", duration_s / 2, calm), Phase("burst", duration_s, wild),
        Phase("after", duration_s, calm),
    )  # fmt: skip
    return Load("burst", symbols, phases, tls)


def ramp(symbols: int, frames_per_s: Sequence[float], step_s: float, *, tls: bool = True) -> Load:
    """Return ever more frames, books and trades in the usual proportion."""
    books = BOOKS_PER_S / (BOOKS_PER_S + TRADES_PER_S)
    rates = [Rate(each * books, each * (1 - books)) for each in frames_per_s]
    phases = [Phase(f"{rate.frames_per_s:,.0f}/s", step_s, rate) for rate in rates]
    return Load("ramp", symbols, phases, tls)
