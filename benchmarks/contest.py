"""The same day, built by everyone in turn, several times; then the outputs are compared."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.candidates import CANDIDATES, US, Candidate
from benchmarks.compare import first_difference
from benchmarks.inputs import Input
from benchmarks.measure import ROOT, Failed, Usage, measure

WARM_UP = Input(trades=700, snapshots=900)
"""A small day that everyone builds before anything counts: libraries are on their way from the
disk, and what is compiled once for a machine is compiled."""


@dataclass(frozen=True)
class Result:
    """What a candidate used, run by run; `fault` says why the figures do not count."""

    candidate: Candidate
    runs: tuple[Usage, ...] = ()
    fault: str | None = None


def contest(made: Input, rounds: int, tell: Callable[[str], None]) -> list[Result]:
    """Let all build the day in turn, and compare; raise `Failed` if we cannot build it."""
    for each in (WARM_UP, made):
        each.make()
    results = [_warmed_up(candidate) for candidate in CANDIDATES]
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        results = [_once_more(result, made, tell) for result in results]
    if fault := ours(results).fault:
        raise Failed(fault)
    return [_checked(result, made) for result in results]


def run_once(candidate: Candidate, made: Input) -> Usage:
    """Let a candidate build the day into an empty folder."""
    shutil.rmtree(ROOT / candidate.output(made), ignore_errors=True)
    return measure(candidate.command(made))


def _warmed_up(candidate: Candidate) -> Result:
    if not candidate.is_installed():
        return Result(candidate, fault=f"{candidate.needs} is not installed")
    try:
        run_once(candidate, WARM_UP)
    except Failed as failed:
        return Result(candidate, fault=str(failed))
    return Result(candidate)


def _once_more(result: Result, made: Input, tell: Callable[[str], None]) -> Result:
    if result.fault:
        return result
    try:
        used = run_once(result.candidate, made)
    except Failed as failed:
        return replace(result, fault=str(failed))
    tell(f"  {result.candidate.name}: {used.wall_s:.2f} s, {used.cpu_s:.2f} s of CPU")
    return replace(result, runs=(*result.runs, used))


def _checked(result: Result, made: Input) -> Result:
    if result.fault or result.candidate is US or not result.candidate.is_checked:
        return result
    ours, theirs = (ROOT / each.output(made) for each in (US, result.candidate))
    return replace(result, fault=first_difference(ours, theirs))


def ours(results: Sequence[Result]) -> Result:
    """Return our own result."""
    return next(result for result in results if result.candidate is US)
