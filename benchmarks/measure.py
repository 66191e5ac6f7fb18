"""Run a command as a whole fresh process, and say what it cost."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).parent.parent
AGGREGATOR = str(Path(sys.executable).with_name("aggregator"))


class Failed(Exception):
    """A command did not exit with 0; the message has the last line that it wrote."""


@dataclass(frozen=True)
class Usage:
    """What a process and its children used; `peak_mb` is of the largest of them."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Usage:
    """Run a command in the project's folder from its start to its end; raise `Failed`.

    A process begins with the peak memory of the one that forked it, so whoever calls this must
    itself be small: it imports none of the libraries that are measured.
    """
    with TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise Failed(f"cannot run {shown(command)}: {_last_line(said)}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def shown(command: Sequence[str]) -> str:
    """Write a command as one would type it, wherever the environment lies."""
    names = {sys.executable: "python", AGGREGATOR: "aggregator"}
    return " ".join(names.get(part, part) for part in command)


def typical(runs: Sequence[Usage]) -> Usage:
    """Return the median of each figure."""
    return Usage(
        median(run.wall_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.peak_mb for run in runs),
    )


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
