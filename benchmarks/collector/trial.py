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
from benchmarks.collector.outcome import Life, Measured, Outcome, Queued, by_name
from benchmarks.collector.process import Used, cpu_s, peak_mb, threads_s, used
from benchmarks.measure import ROOT, Failed

_SUBSCRIBED_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.2
_QUIET = Rate(0, 0)
_QUIET_CPU_S = 0.02
"""A candidate that used less since the look before has nothing left to do."""
_CAUGHT_UP_WITHIN_S = 6.0
"""Less than the ten seconds after which a collector takes a silent stream for dead."""

_Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Cores:
    """Where the candidate runs, and where the exchange does: on another core, if there is one."""

    candidate: int
    exchange: int

    @classmethod
    def usual(cls) -> "Cores":
        """Return the first and the last of those that we may use."""
        ours = os.sched_getaffinity(0)
        return cls(min(ours), max(ours))


def run(candidate: Candidate, load: Load, cores: Cores | None = None) -> Outcome:
    """Put a candidate under a load, and compare what it stored; raise `Failed`."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-collector-", dir=cache) as folder:
        return _Trial(candidate, load, Path(folder), cores or Cores.usual()).run()


@dataclass(frozen=True)
class _Mark:
    """The counts at the border of two phases."""

    count: Count
    used: Used
    at_s: float


@dataclass(frozen=True)
class _Trial:
    """A candidate and an exchange of its own."""

    candidate: Candidate
    load: Load
    folder: Path
    cores: Cores

    def run(self) -> Outcome:
        """Start both, follow them to the end, compare."""
        load = self.load
        with Exchange(load.symbols, tls=load.tls, core=self.cores.exchange) as exchange:
            process = self._start(exchange)
            try:
                return self._follow(exchange, process)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def _start(self, exchange: Exchange) -> _Process:
        exchange.set_rate(self.load.phases[0].rate)
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [*on_core(self.cores.candidate), *self.candidate.command(exchange, self.folder)],
                cwd=ROOT, env={**os.environ, **exchange.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def _follow(self, exchange: Exchange, process: _Process) -> Outcome:
        self._wait_until_it_listens(exchange, process)
        marks = self._measure(exchange, process)
        life, threads = self._end(exchange, process, marks[0])
        found = compare(self.folder / LAKE, exchange.sent(self.folder / "sent.json"))
        seen = self._probe()
        names = {int(number): name for number, name in seen.get("threads", {}).items()}
        return Outcome(
            self.candidate, self.load,
            [
                _measured(phase, before, after, found)
                for phase, before, after in zip(self.load.phases, marks, marks[1:], strict=False)
            ],
            Life(**life, threads_s=by_name(threads, names)), found,
            Queued.read(seen.get("frames", {})),
        )  # fmt: skip

    def _wait_until_it_listens(self, exchange: Exchange, process: _Process) -> None:
        until_s = time.monotonic() + _SUBSCRIBED_WITHIN_S
        while exchange.count().open_streams < 2 * exchange.symbols:
            if process.poll() is not None or time.monotonic() > until_s:
                raise Failed(f"{self.candidate.name} does not listen: {self._said()}")
            time.sleep(_LOOK_EVERY_S)
        time.sleep(self.load.warm_up_s)

    def _measure(self, exchange: Exchange, process: _Process) -> Sequence[_Mark]:
        marks = [self._mark(exchange, process)]
        for phase in self.load.phases:
            exchange.set_rate(phase.rate)
            time.sleep(phase.duration_s)
            marks.append(self._mark(exchange, process))
        return marks

    def _mark(self, exchange: Exchange, process: _Process) -> _Mark:
        count = exchange.count()
        if process.poll() is not None:
            raise Failed(f"{self.candidate.name} has died: {self._said()}")
        return _Mark(count, used(process.pid, self.cores.candidate), time.monotonic())

    def _end(
        self, exchange: Exchange, process: _Process, first: _Mark
    ) -> tuple[dict[str, Any], dict[int, float]]:
        """Send nothing more, let it catch up, stop it; return what it used, and each thread."""
        exchange.set_rate(_QUIET)
        caught_up_s = _until_idle(exchange, process)
        idle_s, peak, threads = cpu_s(process.pid), peak_mb(process.pid), threads_s(process.pid)
        stopped_s, whole_s = _stop(process)
        if process.returncode:
            raise Failed(f"{self.candidate.name} exited with {process.returncode}: {self._said()}")
        return {
            "cpu_s": whole_s, "start_cpu_s": first.used.cpu_s, "closing_cpu_s": whole_s - idle_s,
            "caught_up_s": caught_up_s, "stopped_s": stopped_s, "peak_mb": peak,
            "connections": exchange.count().connections,
        }, threads  # fmt: skip

    def _said(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _probe(self) -> dict[str, Any]:
        file = self.folder / PROBE
        seen: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return seen


def _until_idle(exchange: Exchange, process: _Process) -> float:
    """Wait until all has arrived and the candidate rests; return how long it did not."""
    started_s = looked_s = time.monotonic()
    before_s = cpu_s(process.pid)
    while looked_s - started_s < _CAUGHT_UP_WITHIN_S:
        time.sleep(_LOOK_EVERY_S)
        now_s = cpu_s(process.pid)
        if now_s - before_s <= _QUIET_CPU_S and not exchange.count().waiting_bytes:
            break
        before_s, looked_s = now_s, time.monotonic()
    return looked_s - started_s


def _stop(process: _Process) -> tuple[float, float]:
    """Stop a candidate; return how long it took, and all CPU seconds of its life."""
    started_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, status, spent = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - started_s, spent.ru_utime + spent.ru_stime


def _measured(phase: Phase, before: _Mark, after: _Mark, found: Found) -> Measured:
    wall_s, cpu = after.at_s - before.at_s, after.used.cpu_s - before.used.cpu_s
    others_s = after.used.core_s - before.used.core_s - cpu
    return Measured(
        phase, after.count.frames - before.count.frames, wall_s, cpu, max(0.0, others_s / wall_s),
        after.count.waiting_bytes, after.count.longest_tick_ms,
        found.lags.between(before.count.at_ms, after.count.at_ms),
    )  # fmt: skip
