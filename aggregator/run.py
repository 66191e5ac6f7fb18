"""Builds many units: in this process, or in several; one that fails does not stop the others."""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from types import FrameType
from typing import NoReturn

from aggregator.builder import Builder
from aggregator.memory import keep_freed_blocks, spare_imports
from aggregator.settings import BuildSettings
from aggregator.tally import SLOTS, Tally
from aggregator.unit import Outcome, Status, Unit
from lake.errors import LakeError
from lake.open import open_lake
from lake.stopping import ENDING
from lake.storage import Storage

Advance = Callable[[Unit, int, int], None]
"""Told of chunks that are done: unit, how many more, of how many."""

_GLANCE_S = 0.2
"""Between two looks at how far the workers are."""

_tally: list[Tally] = []
"""Of this process, if it is a worker: shared memory can be handed over at its start only."""


@dataclass(frozen=True)
class Job:
    """What all units of a run share, as it is handed to other processes."""

    lake_url: str
    settings: BuildSettings


def run(
    job: Job, units: Sequence[Unit], workers: int, advance: Advance = lambda *_: None
) -> Iterator[Outcome]:
    """Build the units and yield what became of each, as they end."""
    workers = min(workers, len(units))
    if workers > 1:
        yield from _in_processes(job, units, workers, advance)
    else:
        yield from (_outcome(job, unit, advance) for unit in units)


def _in_processes(
    job: Job, units: Sequence[Unit], workers: int, advance: Advance
) -> Iterator[Outcome]:
    """Build the units in several processes; in fewer, if one is killed for want of memory.

    A pool that loses a process gives up what the others had in work too.
    """
    left = [*units]
    while left:
        ended: set[Unit] = set()
        for outcome in _pooled(job, left, workers, advance):
            ended.add(outcome.unit)
            yield outcome
        left = [unit for unit in left if unit not in ended]
        if left and workers == 1:
            yield _died(left.pop(0))
        workers = max(1, workers // 2)


def _pooled(job: Job, units: Sequence[Unit], workers: int, advance: Advance) -> Iterator[Outcome]:
    """Build units in a pool of processes; of those that were lost with one nothing is said."""
    threads = max(1, job.settings.threads // workers)
    shared = replace(job, settings=replace(job.settings, threads=threads))
    # Not fork: Polars' threads do not survive it.
    context = get_context("spawn")
    tally = Tally(units, context.RawArray("q", SLOTS * len(units)))
    pool = ProcessPoolExecutor(workers, context, _start_worker, (tally,))
    try:
        waiting = {pool.submit(_work, shared, unit) for unit in units}
        while waiting:
            ended, waiting = wait(waiting, _GLANCE_S, FIRST_COMPLETED)
            tally.tell(advance)
            whole = (each for each in ended if not isinstance(each.exception(), BrokenExecutor))
            yield from (future.result() for future in whole)
    except BrokenExecutor:
        return  # it broke before the last unit was handed to it
    except BaseException:
        # Whoever stops us does not wait for the days in work; the next run does them again.
        for worker in active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _died(unit: Unit) -> Outcome:
    return Outcome(
        unit, Status.FAILED,
        detail=f"cannot build {unit}: its process was killed, perhaps for lack of memory; "
        "give it more, and run again",
    )  # fmt: skip


def _work(job: Job, unit: Unit) -> Outcome:
    """Build a unit in a worker, which ends at once when it is told to stop."""
    try:
        return _outcome(job, unit, _tally[0].add)
    except Stopped as stopped:
        os._exit(int(stopped.code or 0))


def _outcome(job: Job, unit: Unit, advance: Advance) -> Outcome:
    """Build a unit; any failure is its outcome, so that the others go on."""
    try:
        builder = Builder(
            _lake(job.lake_url), job.settings, lambda: datetime.now(UTC),
            lambda done, total: advance(unit, done, total),
        )  # fmt: skip
        return builder.run(unit)
    except LakeError as error:
        return Outcome(unit, Status.FAILED, detail=str(error))
    except Exception:  # noqa: BLE001 - the outermost loop: a bug in one unit must not cost the others
        return Outcome(unit, Status.FAILED, detail=f"cannot build {unit}: {traceback.format_exc()}")


@cache
def _lake(url: str) -> Storage:
    """Open the lake once in each process."""
    return open_lake(url)


def _start_worker(tally: Tally) -> None:
    """Take the tally; end this worker as soon as its parent is gone, however it went."""
    _tally.append(tally)
    keep_freed_blocks()
    spare_imports()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop_on_sigterm()
    parent = parent_process()
    if parent:
        threading.Thread(target=_exit_after, args=(parent.join,), daemon=True).start()


def _exit_after(wait: Callable[[], None]) -> NoReturn:
    wait()
    os._exit(1)


class Stopped(SystemExit):
    """A signal has asked the program to end."""


def stop_on_sigterm() -> None:
    """Make SIGTERM end the program as an exit does, so that temporary files are removed.

    Neither it nor an interrupt waits for a bucket that is away.
    """
    signal.signal(signal.SIGTERM, _exit)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    ENDING.set()
    raise Stopped(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    ENDING.set()
    signal.default_int_handler(number, frame)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
