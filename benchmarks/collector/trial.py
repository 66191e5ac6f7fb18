"""One candidate under one load: what it used in each phase, and whether all of it is stored."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.collector.candidates import LAKE, PROBE, Candidate
from benchmarks.collector.exchange import Count, Exchange, on_core
from benchmarks.collector.lake_check import Found, compare
from benchmarks.collector.load import Load, Phase
from benchmarks.collector.market import Rate
from benchmarks.collector.process import Used, cpu_s, peak_mb, threads_s, used
from benchmarks.measure import ROOT, Failed

CORE, EXCHANGE_CORE = 0, 1
_SUBSCRIBED_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.2
_QUIET = Rate(0, 0)
_QUIET_CPU_S = 0.02
"""A candidate that used less since the look before has nothing left to do."""
_CAUGHT_UP_WITHIN_S = 6.0
"""Less than the ten seconds after which a collector takes a silent stream for dead."""


@dataclass(frozen=True)
class Measured:
    """What happened in one phase. `others` is the part of the core's time that others took.

    Lags are of what was sent in the phase, from that moment until the socket was read.
    """

    phase: Phase
    frames: int
    wall_s: float
    cpu_s: float
    others: float
    waiting_bytes: int
    longest_tick_ms: float
    lags_ms: Sequence[float]

    @property
    def us_per_frame(self) -> float:
        """Return the CPU time of a frame."""
        return self.cpu_s / self.frames * 1e6

    @property
    def load(self) -> float:
        """Return the part of the core that the candidate took."""
        return self.cpu_s / self.wall_s


@dataclass(frozen=True)
class Outcome:
    """What one trial has shown. `whole_us` spreads all CPU from the start to the exit."""

    candidate: Candidate
    load: Load
    measured: Sequence[Measured]
    found: Found
    peak_mb: float
    whole_us: float
    start_cpu_s: float
    closing_cpu_s: float
    caught_up_s: float
    stopped_s: float
    connections: int
    threads_s: dict[int, float]
    probe: dict[str, Any]


def run(candidate: Candidate, load: Load) -> Outcome:
    """Put a candidate under a load, and compare what it stored."""
    with tempfile.TemporaryDirectory(prefix="bench-collector-", dir=_cache()) as folder:
        return _Trial(candidate, load, Path(folder)).run()


def _cache() -> Path:
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    return cache


@dataclass(frozen=True)
class _Mark:
    """The counts at the border of two phases."""

    count: Count
    used: Used
    at_s: float


class _Trial:
    """Runs one candidate against an exchange of its own."""

    def __init__(self, candidate: Candidate, load: Load, folder: Path) -> None:
        self._candidate, self._load, self._folder = candidate, load, folder

    def run(self) -> Outcome:
        load = self._load
        with Exchange(load.symbols, tls=load.tls, core=EXCHANGE_CORE) as exchange:
            process = self._start(exchange)
            try:
                return self._follow(exchange, process)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def _start(self, exchange: Exchange) -> "subprocess.Popen[bytes]":
        command = self._candidate.command(exchange, self._folder)
        exchange.set_rate(self._load.warm_up.rate)
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*on_core(CORE), *command], cwd=ROOT,
                env={**os.environ, **exchange.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def _follow(self, exchange: Exchange, process: "subprocess.Popen[bytes]") -> Outcome:
        self._wait_until_it_listens(exchange, process)
        time.sleep(self._load.warm_up.duration_s)
        marks = [self._mark(exchange, process)]
        for phase in self._load.phases:
            exchange.set_rate(phase.rate)
            time.sleep(phase.duration_s)
            marks.append(self._mark(exchange, process))
        exchange.set_rate(_QUIET)
        caught_up_s = _until_idle(exchange, process)
        threads, peak, idle_s = threads_s(process.pid), peak_mb(process.pid), cpu_s(process.pid)
        connections = exchange.count().connections
        stopped_s, cpu = _stop(process)
        if process.returncode:
            raise Failed(f"{self._candidate.name} exited with {process.returncode}: {self._said()}")
        found = compare(self._folder / LAKE, exchange.sent(self._folder / "sent.json"))
        return Outcome(
            self._candidate, self._load,
            [
                _measured(phase, before, after, found)
                for phase, before, after in zip(self._load.phases, marks, marks[1:], strict=False)
            ],
            found, peak, cpu / max(1, exchange.count().frames) * 1e6, marks[0].used.cpu_s, cpu - idle_s, caught_up_s, stopped_s,
            connections, threads, self._probe(),
        )  # fmt: skip

    def _wait_until_it_listens(
        self, exchange: Exchange, process: "subprocess.Popen[bytes]"
    ) -> None:
        until_s = time.monotonic() + _SUBSCRIBED_WITHIN_S
        while exchange.count().open_streams < 2 * exchange.symbols:
            if process.poll() is not None or time.monotonic() > until_s:
                raise Failed(f"{self._candidate.name} does not listen: {self._said()}")
            time.sleep(_LOOK_EVERY_S)

    def _mark(self, exchange: Exchange, process: "subprocess.Popen[bytes]") -> _Mark:
        return _Mark(exchange.count(), used(process.pid, CORE), time.monotonic())

    def _said(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _probe(self) -> dict[str, Any]:
        file = self._folder / PROBE
        seen: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return seen


def _until_idle(exchange: Exchange, process: "subprocess.Popen[bytes]") -> float:
    """Wait until everything has arrived and the candidate rests; return how long that took."""
    started_s = looked_s = time.monotonic()
    before_s = cpu_s(process.pid)
    while looked_s - started_s < _CAUGHT_UP_WITHIN_S:
        time.sleep(_LOOK_EVERY_S)
        now_s = cpu_s(process.pid)
        if now_s - before_s <= _QUIET_CPU_S and not exchange.count().waiting_bytes:
            break
        before_s, looked_s = now_s, time.monotonic()
    return looked_s - started_s


def _stop(process: "subprocess.Popen[bytes]") -> tuple[float, float]:
    """Stop a candidate; return how long it took, and all CPU seconds of its life."""
    started_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - started_s, used.ru_utime + used.ru_stime


def _measured(phase: Phase, before: _Mark, after: _Mark, found: Found) -> Measured:
    wall_s, cpu = after.at_s - before.at_s, after.used.cpu_s - before.used.cpu_s
    return Measured(
        phase, after.count.frames - before.count.frames, wall_s, cpu,
        (after.used.core_s - before.used.core_s - cpu) / wall_s,
        after.count.waiting_bytes, after.count.longest_tick_ms,
        found.lags.between(before.count.at_ms, after.count.at_ms),
    )  # fmt: skip
