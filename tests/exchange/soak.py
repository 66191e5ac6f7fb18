"""A collector under faults for long: does it grow? `python -m tests.exchange.soak`.

Connections are rotated all the time, and faults happen at random. Memory, threads and descriptors
of the process are measured every second. In the end its lake is judged as in every other trial.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from tests.exchange.collectors import Collector, collecting, is_recording, wait_for
from tests.exchange.commands import write_fault
from tests.exchange.faults import Fault
from tests.exchange.judge import ledger_equals_lake
from tests.exchange.schedules import random_schedule
from tests.exchange.server import Exchange
from tests.exchange.settings import Settings
from tests.exchange.synthetic import Mix, Pace
from tests.exchange.verdict import Verdict

SYMBOLS = (
    "BTCUSDT",
    "ETHUSDT",
    "SOLUSDT",
    "XRPUSDT",
    "ADAUSDT",
    "LINKUSDT",
    "DOGEUSDT",
    "币安人生USDT",
)
_PACES = {"BTCUSDT": Pace(60), "ETHUSDT": Pace(20), "DOGEUSDT": Pace(0.1, 500)}
_EVERY_S, _TELL_EVERY_S = 1.0, 30.0
_MIB = 1 << 20
_PARTS = 4
"""What a process has in the last of so many parts of the time is compared with the second one."""


@dataclass(frozen=True)
class Soak:
    """How long (real seconds), how fast, with which faults, and how much growth is none.

    `rotate_s` is in seconds of the exchange's clock. Memory may grow by `grown_mib`.
    """

    seed: int = 1
    duration_s: float = 600.0
    speed: float = 1.0
    rotate_s: float = 30.0
    grown_mib: float = 6.0

    def options(self) -> tuple[str, ...]:
        """Return what a collector is told besides."""
        return "--rotate-after", f"{self.rotate_s}s", "--connection-limit", f"{2 * self.rotate_s}s"

    def faults(self) -> list[tuple[float, Fault]]:
        """Return what goes wrong, and after how many seconds of the exchange's clock."""
        return random_schedule(self.seed, self.duration_s * self.speed, SYMBOLS)


@dataclass(frozen=True)
class Sample:
    """What a process had at some moment."""

    at_s: float
    rss_mib: float
    threads: int
    descriptors: int


@dataclass(frozen=True)
class Soaked:
    """What came of it; `complaints` is empty if all is well."""

    samples: Sequence[Sample]
    verdict: Verdict
    exit_code: int | None
    connections: int
    complaints: tuple[str, ...]


def soak(plan: Soak, folder: Path, *, tell: bool = False) -> Soaked:
    """Let a collector work under faults, and watch it."""
    settings = Settings(
        SYMBOLS, seed=plan.seed, pace=Pace(5), paces=_PACES, mix=Mix(never=0.01, na=0.02),
        speed=plan.speed,
    )  # fmt: skip
    with (
        Exchange(settings) as exchange,
        collecting(exchange, folder, *plan.options()) as collector,
    ):
        wait_for(lambda: is_recording(collector, exchange))
        for after_s, fault in plan.faults():
            exchange.plan(after_s, fault)
        samples = list(_watch(collector, plan.duration_s, tell=tell))
        collector.stop()
    verdict = ledger_equals_lake(exchange.ledger, folder / "lake")
    wrong = *_leaks(samples, plan), *_wrong(verdict, collector)
    return Soaked(samples, verdict, collector.exit_code, len(exchange.ledger.visits), wrong)


def _watch(collector: Collector, duration_s: float, *, tell: bool) -> Iterator[Sample]:
    process = psutil.Process(collector.process.pid)
    began_s = time.monotonic()
    told = 0
    while (at_s := time.monotonic() - began_s) < duration_s:
        if collector.exit_code is not None:
            raise RuntimeError(f"the collector has ended: {collector.log()[-2000:]}")
        sample = _sample(process, at_s)
        yield sample
        if tell and at_s >= told * _TELL_EVERY_S:
            told += 1
            print(_line(sample), flush=True)
        time.sleep(_EVERY_S)


def _sample(process: psutil.Process, at_s: float) -> Sample:
    with process.oneshot():
        rss = process.memory_info().rss / _MIB
        return Sample(at_s, rss, process.num_threads(), process.num_fds())


def _line(sample: Sample) -> str:
    return (
        f"{sample.at_s:6.0f} s  {sample.rss_mib:6.1f} MiB  {sample.threads:3d} threads  "
        f"{sample.descriptors:3d} descriptors"
    )


def _leaks(samples: Sequence[Sample], plan: Soak) -> Iterator[str]:
    """Compare the last part with the second: in the first much is done for the first time."""
    size = max(1, len(samples) // _PARTS)
    before, after = samples[size : 2 * size], samples[-size:]
    grown = median(each.rss_mib for each in after) - median(each.rss_mib for each in before)
    if grown > plan.grown_mib:
        yield f"memory has grown by {grown:.1f} MiB"
    # What a hand-over or an upload needs for a moment is no leak; what never goes is.
    for what in ("threads", "descriptors"):
        least = [min(getattr(each, what) for each in part) for part in (before, after)]
        if least[1] > least[0] + 1:
            yield f"{what} have grown from {least[0]} to {least[1]}"


def _wrong(verdict: Verdict, collector: Collector) -> Iterator[str]:
    if not verdict.good:
        yield str(verdict)
    if collector.exit_code:
        yield f"exit code {collector.exit_code}: {collector.log()[-500:]}"


def main() -> None:
    """Soak; exit 1 if the collector grows or loses something."""
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.soak", description=__doc__)
    add = parser.add_argument
    add("--seed", type=int, default=1, help="of the market and the faults")
    add("--for", dest="duration", type=float, default=600.0, metavar="SECONDS",
        help="how long (default: %(default)s)")  # fmt: skip
    add("--speed", type=float, default=1.0, help="how fast the exchange's clock runs")
    add("--rotate", type=float, default=30.0, metavar="SECONDS",
        help="age at which connections are replaced (default: %(default)s)")  # fmt: skip
    add("--keep", type=Path, metavar="FOLDER", help="where lake, spool and log are left")
    given = parser.parse_args()
    plan = Soak(given.seed, given.duration, given.speed, given.rotate)
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        soaked = soak(plan, folder, tell=True)
    print(f"{soaked.connections} connections; {soaked.verdict}")
    if soaked.complaints:
        for at_s, fault in plan.faults():
            print(f"{at_s:8.1f} s  {write_fault(fault)}")
        sys.exit("failed: " + "; ".join(soaked.complaints))


if __name__ == "__main__":
    main()
