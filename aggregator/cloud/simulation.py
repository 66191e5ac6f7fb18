"""How long a back-fill of many tasks takes, and what it costs. No clock, no network.

Days are dealt out as tasks deal them. Each task is a stretch of work; it is slowed down while all
tasks together ask the bucket for more than it gives: 5,000 reads a second to begin with, and no
more than twice as many every twenty minutes (https://cloud.google.com/storage/docs/request-rate).
"""

import heapq
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from aggregator.cloud.prices import PRICES, Prices
from aggregator.cloud.work import EFFORT, Effort, Market, listing, one_day, one_journal
from aggregator.costs import Operations

EPOCH_DAY = 20_000
"""Since 1970, of the first day: any will do, the days after it go round the tasks."""
_READS_PER_S, _DOUBLES_AFTER_S = 5_000, 1_200
_LISTS_AT_ONCE = 16


@dataclass(frozen=True)
class Machine:
    """What one task gets. `boot_s`: from the order until the program starts; it is not measured.

    `workers`: how many days it has in work, each in a process of its own. `at_once`: how many tasks
    the region lets run at a time.
    """

    vcpus: int = 2
    workers: int = 2
    memory_gib: float = 2
    boot_s: float = 10
    at_once: int = 1_000


MACHINE = Machine()


@dataclass(frozen=True)
class Forecast:
    """What comes out: of the whole, and of the longest task."""

    tasks: int
    seconds: float
    longest_task_s: float
    most_days: int
    fewest_days: int
    asked: Operations
    compute_usd: float
    requests_usd: float

    @property
    def usd(self) -> float:
        """Return the price of all of it."""
        return self.compute_usd + self.requests_usd


def forecast(
    market: Market, tasks: int, machine: Machine = MACHINE, effort: Effort = EFFORT,
    prices: Prices = PRICES,
) -> Forecast:  # fmt: skip
    """Return how long it takes and what it costs."""
    shares = dealt(market, tasks, effort)
    lengths = [_length(share, market, machine, effort) for share in shares]
    seconds, billed_s = _under_the_limit(lengths, _reads(market, shares), machine.at_once)
    asked = _asked(market, shares, machine.workers)
    a_second = machine.vcpus * prices.vcpu_second_usd + machine.memory_gib * prices.gib_second_usd
    requests_usd = asked.class_a * prices.class_a_usd + asked.class_b * prices.class_b_usd
    days = [share.days for share in shares]
    return Forecast(
        tasks, seconds, max(lengths), max(days), min(days), asked, billed_s * a_second, requests_usd
    )


@dataclass
class Share:
    """What one task has to do."""

    days: int = 0
    cpu_s: float = 0
    wait_s: float = 0


def dealt(market: Market, tasks: int, effort: Effort) -> Sequence[Share]:
    """Return the shares of the tasks, by the rule that deals out days."""
    shares = [Share() for _ in range(tasks)]
    for rank, name in enumerate(market.names(), 1):
        first = zlib.crc32(name.encode()) + EPOCH_DAY
        cpu_s = effort.day_cpu_s(market.chunks, market.megabytes(rank))
        wait_s = effort.day_wait_s(market.chunks)
        for day in range(market.days):
            share = shares[(first + day) % tasks]
            share.days += 1
            share.cpu_s += cpu_s
            share.wait_s += wait_s
    return shares


def _length(share: Share, market: Market, machine: Machine, effort: Effort) -> float:
    """Return how long a task takes: of its processor, or of the bucket's answers."""
    found_s = listing(market).class_a / _LISTS_AT_ONCE * effort.answer_s
    # Each process reads the journal of every date that it meets.
    dates = min(share.days, market.days * machine.workers)
    journals_s = dates * market.symbols * effort.journal_symbol_s
    busy_s = (share.cpu_s + journals_s) / min(machine.vcpus, machine.workers)
    return machine.boot_s + effort.start_s + found_s + max(busy_s, share.wait_s / machine.workers)


def _reads(market: Market, shares: Sequence[Share]) -> float:
    """Return the reads of a task of average size."""
    return one_day(market).class_b * sum(share.days for share in shares) / len(shares)


def _asked(market: Market, shares: Sequence[Share], processes: int) -> Operations:
    day, journal, found = one_day(market), one_journal(market), listing(market)
    days = sum(share.days for share in shares)
    dates = sum(min(share.days, market.days * processes) for share in shares)
    return Operations(
        days * day.class_a + len(shares) * found.class_a,
        days * day.class_b + dates * journal.class_b + len(shares) * found.class_b,
    )


def _under_the_limit(lengths: Sequence[float], reads: float, at_once: int) -> tuple[float, float]:
    """Return how long all take, and how long their machines are paid for.

    Without a limit the tasks end at known moments. Between two of these the number that runs is
    the same; if they ask for more than the bucket gives, that stretch takes longer.
    """
    ends = _ends(lengths, at_once)
    average = sum(lengths) / len(lengths)
    now = virtual = billed = 0.0
    for place, end in enumerate(ends):
        running = min(at_once, len(ends) - place)
        wanted = running * reads / average
        took = _stretched(now, end - virtual, wanted)
        now, virtual, billed = now + took, end, billed + took * running
    return now, billed


def _ends(lengths: Sequence[float], at_once: int) -> list[float]:
    """Return when tasks end that start in their order, as soon as there is a place for them."""
    places: list[float] = []
    ends: list[float] = []
    for length in lengths:
        start = heapq.heappop(places) if len(places) == at_once else 0.0
        heapq.heappush(places, start + length)
        ends.append(start + length)
    return sorted(ends)


def _stretched(now: float, length: float, wanted: float) -> float:
    """Return how long work takes from now on that asks for so many reads a second."""
    left, at = length * wanted, now
    while left > 0 and wanted > 0:
        doublings = int(at / _DOUBLES_AFTER_S)
        limit = min(_READS_PER_S * 2.0**doublings, wanted)
        until = (doublings + 1) * _DOUBLES_AFTER_S - at if limit < wanted else float("inf")
        took = min(left / limit, until)
        left -= took * limit
        at += took
        if left < 1e-9 * wanted:
            break
    return max(at - now, length)
