"""Many seeds of random faults, some at a time: `python -m tests.exchange.seeds`.

It says how each seed ends, at the end which failed, and how one of them is run again. A seed is a
process of its own, so that one that hangs or crashes is a failure like any other.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

_TRIAL = (sys.executable, "-m", "tests.exchange.trial")
_PATIENCE_S = 900.0
_GOOD = "ledger equals lake"


@dataclass(frozen=True)
class Run:
    """How one seed ended."""

    seed: int
    failed: bool
    seconds: float
    text: str

    @property
    def covered(self) -> str:
        """Return the share of time that was covered, as the trial says it."""
        return next((line for line in self.text.splitlines() if line.startswith("covered ")), "")


def run_seed(seed: int, options: Iterable[str]) -> Run:
    """Run one seed to its end."""
    began_s = time.monotonic()
    try:
        done = subprocess.run(
            [*_TRIAL, str(seed), *options], capture_output=True, text=True, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return Run(seed, True, _PATIENCE_S, f"not done in {_PATIENCE_S:g} s")
    text = done.stdout + done.stderr
    return Run(seed, bool(done.returncode) or _GOOD not in text, time.monotonic() - began_s, text)


def run_seeds(seeds: Iterable[int], workers: int, options: Iterable[str]) -> Iterator[Run]:
    """Yield how the seeds end, in the order in which they do."""
    with ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(run_seed, seed, tuple(options)) for seed in seeds]
        try:
            for run in as_completed(runs):
                yield run.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def main() -> None:
    """Run seeds; exit 1 if one fails."""
    given = _parser().parse_args()
    seeds = range(given.first, given.first + given.seeds)
    options = "--for", str(given.duration), "--speed", str(given.speed)
    began_s, failed = time.monotonic(), list[int]()
    for number, run in enumerate(run_seeds(seeds, given.workers, options), start=1):
        if run.failed:
            failed.append(run.seed)
        _tell(run, f"{number}/{len(seeds)}")
    minutes = (time.monotonic() - began_s) / 60
    print(f"{len(seeds) - len(failed)} of {len(seeds)} seeds passed in {minutes:.1f} minutes")
    if failed:
        again = " ".join([*_TRIAL[1:], *map(str, sorted(failed)), *options])
        sys.exit(f"failed: {' '.join(map(str, sorted(failed)))}\nagain:  python {again}")


def _tell(run: Run, progress: str) -> None:
    word = "FAILED" if run.failed else "passed"
    print(
        f"{progress:>8s}  seed {run.seed} {word} in {run.seconds:.0f} s  {run.covered}", flush=True
    )
    if run.failed:
        print("".join(f"          {line}\n" for line in run.text.splitlines()), end="", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.seeds", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=200, metavar="N", help="how many (default: %(default)s)")
    add("--first", type=int, default=1, metavar="SEED", help="the first of them")
    add("--workers", type=int, default=2, metavar="N", help="how many at a time")
    add("--for", dest="duration", type=float, default=90.0, metavar="SECONDS",
        help="how long each lasts, by the exchange's clock (default: %(default)s)")  # fmt: skip
    add("--speed", type=float, default=4.0, help="how fast that clock runs (default: %(default)s)")
    return parser


if __name__ == "__main__":
    main()
