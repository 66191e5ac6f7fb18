"""What is promised of a crash, with real processes: killed under load, started again, judged."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from lake.storage import LocalFolder
from tests.bucket import BucketServer
from tests.bucket.faults import Reset
from tests.collector.promises import empty_lake, judged
from tests.exchange import Exchange, Mix, Pace, Settings, Terms
from tests.exchange.collectors import collecting, is_recording, wait_for
from tests.exchange.lake_rows import read_lake
from tests.exchange.spans import Span
from tests.exchange.standstill import unless_the_machine_stood_still

SYMBOLS = tuple(f"COIN{number:02d}USDT" for number in range(20))
PACES = {SYMBOLS[0]: Pace(60), SYMBOLS[-1]: Pace(0.2, 500)}
MIX = Mix(never=0.01, na=0.02)
KILLS = 3
LOST_MS = 1_000

Book = tuple[str, int]


def delivered(exchange: Exchange, until_ms: float) -> set[Book]:
    """Return the books that were sent to somebody up to a time of the exchange."""

    def look() -> set[Book]:
        return {
            (symbol, books.ids[row])
            for symbol, books in exchange.ledger.books.items()
            for row, event_ms in enumerate(books.events)
            if event_ms <= until_ms and books.sent[row]
        }

    return exchange.call(look)


@dataclass
class Killed:
    """What collectors went through: when they were killed, and which books must be there.

    Those are all that were sent a second before a kill, or earlier.
    """

    at_ms: list[float] = field(default_factory=list)
    due: set[Book] = field(default_factory=set)

    @property
    def seconds_before(self) -> tuple[Span, ...]:
        """Return the seconds of which books may be missing."""
        return tuple((at_ms - LOST_MS, at_ms) for at_ms in self.at_ms)


def killed_again_and_again(exchange: Exchange, folder: Path, seed: int) -> Killed:
    """Let collectors record and be killed at random moments; the last one ends well."""
    random, killed = Random(seed), Killed()
    for _ in range(KILLS):
        with collecting(exchange, folder) as collector:
            wait_for(lambda: is_recording(collector, exchange))
            time.sleep(random.uniform(0.5, 4))
            killed.at_ms.append(exchange.clock.now_ms())
            killed.due |= delivered(exchange, killed.at_ms[-1] - LOST_MS)
            collector.kill()
    with collecting(exchange, folder) as collector:
        wait_for(lambda: is_recording(collector, exchange))
        time.sleep(5)
        collector.stop()
        assert 0 == collector.exit_code
    return killed


def missing_books(lake: Path, due: set[Book]) -> list[Book]:
    """Return what is due and not there."""
    books = read_lake(LocalFolder(lake)).books
    return sorted(book for book in due if book[1] not in books.get(book[0], {}))


@pytest.mark.parametrize("seed", [1, 2])
@unless_the_machine_stood_still
def test_a_kill_costs_a_second_of_books_and_no_trade(seed: int, tmp_path: Path) -> None:
    settings = Settings(symbols=SYMBOLS, seed=seed, pace=Pace(5), paces=PACES, mix=MIX)
    with Exchange(settings) as exchange:
        killed = killed_again_and_again(exchange, tmp_path, seed)

    assert len(killed.due) > 500
    assert [] == missing_books(tmp_path / "lake", killed.due)
    terms = Terms(excused=killed.seconds_before, healed_gaps=True)
    verdict = judged(exchange, tmp_path / "lake", terms)
    assert 0 == verdict.counts["repeated rows"]


@unless_the_machine_stood_still
def test_what_waited_for_a_bucket_survives_a_kill(bucket: BucketServer, tmp_path: Path) -> None:
    speed, for_ever = 20.0, 1 << 30
    settings = Settings(symbols=SYMBOLS[:4], pace=Pace(2, 500), mix=MIX, speed=speed)
    with Exchange(settings) as exchange:
        lake = empty_lake(bucket)
        with collecting(exchange, tmp_path, "--lake", lake) as first:
            wait_for(lambda: is_recording(first, exchange))
            bucket.script.add(Reset(), times=for_ever)
            time.sleep(
                8
            )  # two minutes of the exchange wait in the outbox, a part of one in the log
            killed_ms = exchange.clock.now_ms()
        bucket.script.mend()
        with collecting(exchange, tmp_path, "--lake", lake) as second:
            wait_for(lambda: is_recording(second, exchange))
            wait_for(lambda: second.said("uploaded"))
            time.sleep(3)
            second.stop()

    assert 0 == second.exit_code
    assert "recovered run" in second.log()
    a_second_before = ((killed_ms - LOST_MS * speed, killed_ms),)
    judged(exchange, lake, Terms(excused=a_second_before, healed_gaps=True))
    assert [".lock"] == [path.name for path in (tmp_path / "spool").iterdir()]
