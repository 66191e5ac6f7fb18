"""What a back-fill is made of: the market's days, and what each takes. No clock, no network.

The seconds were measured, on one core of a shared cloud machine, on lakes behind a bucket of which
every answer took 30 ms: a day of 2,921 chunks of 92 MB, one of 2,920 of 21 MB, and ten days of a
quiet symbol of 1,881 chunks of 1 MB.
"""

from dataclasses import dataclass

from aggregator import costs
from aggregator.costs import Operations

MEASURED = "2026-11"
CHUNKS_PER_DAY = 2_880
"""Of a symbol, both streams: one a minute."""
_PAGE = 1_000
"""Objects or folders that one page of a listing has."""


@dataclass(frozen=True)
class Effort:
    """What a day takes of a processor, and a task beside its days.

    `answer_s`: how long the bucket takes for one small answer; `in_flight`: how many are awaited
    at once.
    """

    start_s: float = 1.1
    day_s: float = 0.4
    chunk_s: float = 0.00028
    megabyte_s: float = 0.022
    journal_symbol_s: float = 0.0002
    answer_s: float = 0.03
    in_flight: int = 64
    looks: int = 8

    def day_cpu_s(self, chunks: int, megabytes: float) -> float:
        """Return the processor time of a day."""
        return self.day_s + chunks * self.chunk_s + megabytes * self.megabyte_s

    def day_wait_s(self, chunks: int) -> float:
        """Return how long a day waits for the bucket if it has it for itself."""
        return (self.looks + chunks / self.in_flight) * self.answer_s


EFFORT = Effort()


@dataclass(frozen=True)
class Market:
    """So many symbols, of so many days; the first trades most, and each next one less.

    The busiest has `busiest_mb` a day, the one of rank r about r^-steepness of that, none less than
    `quietest_mb`: ten books a second come of every symbol, however little it trades.
    """

    symbols: int = 800
    days: int = 1_096
    busiest_mb: float = 92
    quietest_mb: float = 62
    steepness: float = 0.8
    chunks: int = CHUNKS_PER_DAY
    resolutions: int = 2
    journal_objects: int = 24

    def megabytes(self, rank: int) -> float:
        """Return the size of a day of the symbol of a rank, from 1."""
        return max(self.busiest_mb / float(rank**self.steepness), self.quietest_mb)

    def names(self) -> tuple[str, ...]:
        """Return made-up names, by rank: which task has a day is decided by the name."""
        return tuple(f"SYM{rank}USDT" for rank in range(1, self.symbols + 1))


def listing(market: Market) -> Operations:
    """Return what it takes a task to find out which symbols and days there are.

    Both streams, their symbols, the days of each; and the symbols that are published already.
    """
    pages = -(-market.days // _PAGE)
    return Operations(class_a=2 + 2 * market.symbols * pages + 1, class_b=1)


def one_day(market: Market) -> Operations:
    """Return what it takes to look at a symbol's day and to build it."""
    looked = costs.looking(market.chunks)
    return looked + costs.building(market.chunks, market.resolutions, replaces=False)


def one_journal(market: Market) -> Operations:
    """Return what it takes to read what the journals of a date say."""
    return Operations(class_b=market.journal_objects)
