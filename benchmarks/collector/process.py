"""What a process uses, as the system counts it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """Seconds of CPU of a process, and of everybody on its core, idle time aside."""

    cpu_s: float
    core_s: float


def used(process: int, core: int) -> Used:
    """Return what was used so far."""
    return Used(cpu_s(process), core_s(core))


def cpu_s(process: int) -> float:
    """Return the seconds that a process used, its ended threads included."""
    return _in_s(_after_name(Path(f"/proc/{process}/stat"))[11:13])


def core_s(core: int) -> float:
    """Return the seconds in which a core was not idle."""
    lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    fields = next(line.split()[1:] for line in lines if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return _in_s([user, nice, system, irq, softirq, steal])


def threads_s(process: int) -> dict[int, float]:
    """Return the seconds of each living thread."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return {int(task.name): _in_s(_after_name(task / "stat")[11:13]) for task in tasks}


def peak_mb(process: int) -> float:
    """Return the most memory that a process had at once."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _after_name(file: Path) -> Sequence[str]:
    """Return the fields of a `stat` file from the state on; the name may hold anything."""
    return file.read_text(encoding="utf-8").rpartition(")")[2].split()


def _in_s(ticks: Sequence[str]) -> float:
    return sum(map(int, ticks)) / _TICKS_PER_S
