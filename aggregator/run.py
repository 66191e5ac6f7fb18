"""Builds many units: in this process, or in several; one that fails does not stop the others."""

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from types import FrameType
from typing import NoReturn

from aggregator.builder import Builder
from aggregator.settings import BuildSettings
from aggregator.unit import Outcome, Status, Unit
from lake.errors import LakeError
from lake.open import open_lake
from lake.storage import Storage

Advance = Callable[[Unit, int, int], None]
"""Told of chunks that are done: unit, how many more, of how many."""


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
        yield from _in_processes(job, units, workers)
    else:
        yield from (_outcome(job, unit, advance) for unit in units)


def _in_processes(job: Job, units: Sequence[Unit], workers: int) -> Iterator[Outcome]:
    threads = max(1, job.settings.threads // workers)
    shared = replace(job, settings=replace(job.settings, threads=threads))
    # Not fork: Polars' threads do not survive it.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _follow_parent)
    try:
        pending = {pool.submit(_outcome, shared, unit): unit for unit in units}
        for future in as_completed(pending):
            yield _result(future, pending[future])
    except BaseException:
        # Whoever stops us does not wait for the days in work; the next run does them again.
        for worker in active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Future[Outcome], unit: Unit) -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        return Outcome(
            unit, Status.FAILED,
            detail=f"cannot build {unit}: a worker process died, perhaps for lack of memory; "
            "run again with fewer --workers",
        )  # fmt: skip


def _outcome(job: Job, unit: Unit, advance: Advance = lambda *_: None) -> Outcome:
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


def _follow_parent() -> None:
    """End this worker as soon as its parent is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = parent_process()
    if parent:
        threading.Thread(target=_exit_after, args=(parent.join,), daemon=True).start()


def _exit_after(wait: Callable[[], None]) -> NoReturn:
    wait()
    os._exit(1)


def stop_on_sigterm() -> None:
    """Make SIGTERM end the program as an exit does, so that temporary files are removed."""
    signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
