"""A collector against a misbehaving exchange: one seed, one verdict.

`python -m tests.exchange.trial 1 2 3` runs seeds and prints those that fail; each replays alone.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.exchange.clock import Clock
from tests.exchange.commands import write_fault
from tests.exchange.faults import Fault
from tests.exchange.judge import ledger_equals_lake
from tests.exchange.judged import Terms
from tests.exchange.schedules import random_schedule
from tests.exchange.server import Exchange
from tests.exchange.settings import Settings
from tests.exchange.synthetic import Mix, Pace
from tests.exchange.verdict import Verdict

_PATIENCE_S = 120.0
_ATTEMPTS = 3
SYMBOLS = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")


@dataclass(frozen=True)
class Trial:
    """How long, how fast, with what market and which faults (seconds after the start).

    `start_ms` is what the clocks of exchange and collector say at the start; None: the truth.
    """

    settings: Settings
    duration_s: float = 60.0
    faults: Sequence[tuple[float, Fault]] = ()
    options: tuple[str, ...] = ()
    terms: Terms = Terms()
    start_ms: float | None = None

    def clock(self) -> Clock:
        """Return the clock of the exchange, which starts now."""
        speed = self.settings.speed
        return Clock(speed) if self.start_ms is None else Clock.starting_at(self.start_ms, speed)


def random_trial(seed: int, duration_s: float = 90.0, speed: float = 4.0) -> Trial:
    """Return a trial of a busy, a middling and a quiet symbol under random faults."""
    settings = Settings(
        symbols=SYMBOLS,
        seed=seed,
        paces={"BTCUSDT": Pace(40), "ETHUSDT": Pace(8), "DOGEUSDT": Pace(0.2, 500)},
        mix=Mix(never=0.01, na=0.02),
        speed=speed,
    )
    return Trial(settings, duration_s, random_schedule(seed, duration_s, SYMBOLS))


class Paused(Exception):
    """The machine stood still in a trial, which says nothing then."""


def run_trial(trial: Trial, folder: Path) -> Verdict:
    """Let a collector record for the time of a trial, and judge its lake.

    Raise `Paused` if the machine gave the exchange no time for a second or longer.
    """
    with Exchange(trial.settings, trial.clock()) as exchange:
        for at_s, fault in trial.faults:
            exchange.plan(at_s, fault)
        _collect(exchange, trial, folder)
        time.sleep(0.1)
    if exchange.ledger.stalls_s:
        raise Paused(f"the exchange stood still for {max(exchange.ledger.stalls_s):.1f} s")
    return ledger_equals_lake(exchange.ledger, folder / "lake", trial.terms)


def command(exchange: Exchange, folder: Path, *options: str) -> list[str]:
    """Return the command line of a collector for an exchange."""
    clock = exchange.clock
    return [
        sys.executable, "-m", "collector.cli", "run",
        "--symbols", ",".join(exchange.world.markets.by_symbol),
        "--lake", str(folder / "lake"), "--spool", str(folder / "spool"),
        "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url,
        "--speed", str(clock.speed), "--anchor-ns", str(clock.anchor_ns), *options,
    ]  # fmt: skip


def _collect(exchange: Exchange, trial: Trial, folder: Path) -> None:
    options = "--duration", str(trial.duration_s), *trial.options
    patience_s = exchange.clock.real_s(trial.duration_s) + _PATIENCE_S
    with (folder / "collector.log").open("wb") as log:
        done = subprocess.run(
            command(exchange, folder, *options), stdout=log, stderr=log, timeout=patience_s
        )
    if done.returncode:
        raise RuntimeError((folder / "collector.log").read_text(errors="replace"))


def main() -> None:
    """Run seeds; exit 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.trial", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--for", dest="duration", type=float, default=90.0, metavar="SECONDS")
    parser.add_argument("--speed", type=float, default=4.0)
    parser.add_argument("--keep", type=Path, help="a folder for lake, spool and log of each seed")
    given = parser.parse_args()
    failed = [seed for seed in given.seeds if not _passes(seed, given)]
    if failed:
        sys.exit(f"failed: {' '.join(map(str, failed))}")


def _passes(seed: int, given: argparse.Namespace) -> bool:
    trial = random_trial(seed, given.duration, given.speed)
    verdict = _verdict(trial, given.keep / str(seed) if given.keep else None)
    print(f"seed {seed}: {verdict}", flush=True)
    if not verdict.good:
        for at_s, fault in trial.faults:
            print(f"{at_s:8.1f} s  {write_fault(fault)}")
    return verdict.good


def _verdict(trial: Trial, kept: Path | None) -> Verdict:
    """Run a trial, again if the machine stood still."""
    for attempt in range(_ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="trial-") as temporary:
            folder = kept / str(attempt) if kept else Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                return run_trial(trial, folder)
            except Paused as paused:
                print(f"once more: {paused}", flush=True)
    raise Paused(f"the machine stood still in {_ATTEMPTS} trials; let it do less and run again")


if __name__ == "__main__":
    main()
