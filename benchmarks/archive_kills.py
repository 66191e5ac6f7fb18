"""A command that is killed at random and begun again, until it comes to its end."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import ROOT, Failed, Usage, shown


def measure_killed(command: Sequence[str], kills: int, within_s: float, seed: int = 1) -> Usage:
    """Kill a command so many times, each within so many seconds; return what all of it cost."""
    chance, total = random.Random(seed), Usage(0, 0, 0)
    for number in range(kills + 1):
        wait_s = chance.uniform(1, within_s) if number < kills else None
        used, status = _run(command, wait_s)
        total = Usage(
            total.wall_s + used.wall_s, total.cpu_s + used.cpu_s, max(total.peak_mb, used.peak_mb)
        )
        if status not in (0, -signal.SIGKILL):
            raise Failed(f"{shown(command)} ended with {status}")
    return total


def _run(command: Sequence[str], kill_after_s: float | None) -> tuple[Usage, int]:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        # Popen would look first, and reap one that has ended, before its costs are asked for.
        os.kill(process.pid, signal.SIGKILL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    usage = Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)
    return usage, process.returncode


def differing(one: Path, other: Path) -> list[str]:
    """Return the files of two folders that are not the same in both."""
    names = {
        path.relative_to(root)
        for root in (one, other)
        for path in root.rglob("*")
        if path.is_file()
    }
    return sorted(str(name) for name in names if _content(one / name) != _content(other / name))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
