"""A day in two minutes: midnight, hour ends, rotations, a restart and a crash; it is complete."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lake.layout import JournalKey
from lake.storage import LocalFolder
from tests.collector.promises import judged
from tests.exchange import Clock, Exchange, Pace, Settings, Terms
from tests.exchange.collectors import Collector, collecting, wait_for
from tests.exchange.faults import Burst, Lifetime
from tests.exchange.klines import bars_equal_klines
from tests.exchange.standstill import unless_the_machine_stood_still

DAY = date(2026, 11, 19)
SPEED = 1000.0
HOUR_S = 3600.0
BEFORE_S, AFTER_S = 1.5 * HOUR_S, 15 * 60.0
OVERLAP_S = HOUR_S
PACES = {
    "BTCUSDT": Pace(0.3, 20_000),
    "ETHUSDT": Pace(0.03, 30_000),
    "DOGEUSDT": Pace(5e-4, 40_000),
}
LIFETIME_S = 8 * HOUR_S
# A second of this machine is a quarter of an hour of the exchange: nobody is late before that.
OPTIONS = (
    "--rotate-after", "6h", "--connection-limit", "8h", "--start-within", "12h",
    "--first-snapshot-within", "1h", "--first-trade-within", "3h", "--silent-after", "1h",
    "--lag-limit", "1h", "--lag-patience", "3h", "--dead-after", "3h", "--connect-timeout", "3h",
    "--fsync", "600",
)  # fmt: skip


def midnight_ms(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000


def sleep_until(exchange: Exchange, at_ms: float) -> None:
    time.sleep(max(0.0, exchange.clock.real_s((at_ms - exchange.clock.now_ms()) / 1000)))


def hears_all(exchange: Exchange, number: int) -> bool:
    """Tell whether every symbol's newest book was sent to this connection."""
    books = exchange.ledger.books.values()
    return len(books) == len(PACES) and all(number in each.sent[-1] for each in books)


def wait_until_it_hears_all(exchange: Exchange, collector: Collector, before: int) -> None:
    """Wait until the connection of a collector that was started beside others is in use."""
    wait_for(lambda: collector.said("connected"))
    number = next(each for each in exchange.ledger.visits if each > before)
    wait_for(lambda: hears_all(exchange, number))


def day_of_three_runs(exchange: Exchange, folder: Path) -> None:
    """Record from before the day until after it: each run ends while the next one is there.

    The first is asked to stop, the second is killed, and the third is followed by a fourth, which
    finds what the second has left.
    """
    start_ms = midnight_ms(DAY)
    with collecting(exchange, folder, *OPTIONS) as first:
        wait_until_it_hears_all(exchange, first, 0)
        assert exchange.clock.now_ms() < start_ms
        sleep_until(exchange, start_ms + 7.5 * HOUR_S * 1000)
        with beside(exchange, folder) as second:
            first.stop()
            sleep_until(exchange, start_ms + 15.5 * HOUR_S * 1000)
            with beside(exchange, folder) as third:
                second.kill()
                sleep_until(exchange, start_ms + (24 * HOUR_S + AFTER_S) * 1000)
                third.stop()
    with collecting(exchange, folder, *OPTIONS) as fourth:
        wait_for(lambda: "recovered run" in fourth.log())
        wait_for(lambda: fourth.said("connected"))
        fourth.stop()

    assert [0, 0, 0] == [each.exit_code for each in (first, third, fourth)]


@contextmanager
def beside(exchange: Exchange, folder: Path) -> Iterator[Collector]:
    """Start another collector on the same spool; wait until it knows the pace of every stream."""
    before = max(exchange.ledger.visits)
    with collecting(exchange, folder, *OPTIONS) as collector:
        wait_until_it_hears_all(exchange, collector, before)
        sleep_until(exchange, exchange.clock.now_ms() + OVERLAP_S * 1000)
        yield collector


def aggregated(lake: Path) -> dict[str, dict[str, Any]]:
    """Run the day's job; return the manifests."""
    job = [sys.executable, "-c", "from aggregator.cli import main; main()", "daily"]
    done = subprocess.run(
        [*job, "--lake", str(lake), "--date", DAY.isoformat()], capture_output=True, text=True
    )
    assert 0 == done.returncode, done.stderr
    files = sorted((lake / "aggregated").glob(f"*/{DAY}_manifest.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in files}


@unless_the_machine_stood_still
def test_a_day_with_a_restart_and_a_crash_is_complete(tmp_path: Path) -> None:
    settings = Settings(symbols=tuple(PACES), paces=PACES, speed=SPEED)
    clock = Clock.starting_at(midnight_ms(DAY) - BEFORE_S * 1000, SPEED)
    with Exchange(settings, clock) as exchange:
        exchange.do(Lifetime(LIFETIME_S))
        # An exchange that has never seen a trade of a symbol has nothing to prove its silence with.
        exchange.do(Burst(0.02, "DOGEUSDT", for_s=1800))
        day_of_three_runs(exchange, tmp_path)

    manifests = aggregated(tmp_path / "lake")
    assert dict.fromkeys(PACES, "complete") == {
        symbol: manifest["condition"] for symbol, manifest in manifests.items()
    }
    for manifest in manifests.values():
        assert {"1s": {"ok": 86_400}, "1m": {"ok": 1_440}} == manifest["bars"]
    bars = bars_equal_klines(exchange.ledger, LocalFolder(tmp_path / "lake"))
    assert bars.good, str(bars)
    assert 3 * 1_440 == bars.counts["bars compared"]
    judged(exchange, tmp_path / "lake", Terms(patience_s=HOUR_S, healed_gaps=True))
    assert_every_hour_has_its_journal(tmp_path / "lake", runs=3)


def assert_every_hour_has_its_journal(lake: Path, runs: int) -> None:
    keys = [JournalKey.parse(stat.key) for stat in LocalFolder(lake).list("journal/")]
    of_day = [key for key in keys if key and key.date == DAY]

    assert set(range(24)) == {key.hour for key in of_day}
    assert runs <= len({key.run.partition("R")[0] for key in of_day})
