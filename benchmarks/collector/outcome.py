"""What trials have shown. No clock, no socket, no disk."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.collector.candidates import Candidate
from benchmarks.collector.lake_check import Found
from benchmarks.collector.load import Load, Phase

_MOST_OTHERS = 0.25
"""Of the core's time; with more, waiting times say nothing of the candidate."""
_LONGEST_TICK_MS = 400.0


def quantile(ascending: Sequence[float], part: float) -> float:
    """Return the value below which such a part of the values lies; 0 of none."""
    return ascending[min(len(ascending) - 1, int(len(ascending) * part))] if ascending else 0.0


@dataclass(frozen=True)
class Measured:
    """What happened in one phase. `others` is the part of the core's time that others took.

    `lags_ms`, ascending: of what was sent in the phase, from then until the socket was read.
    `longest_tick_ms`: for so long the exchange itself sent nothing.
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
    def frames_per_s(self) -> float:
        """Return the rate at which frames were sent."""
        return self.frames / self.wall_s

    @property
    def us_per_frame(self) -> float:
        """Return the CPU time of a frame, in millionths of a second."""
        return self.cpu_s / max(1, self.frames) * 1e6

    @property
    def core(self) -> float:
        """Return the part of the core that the candidate took."""
        return self.cpu_s / self.wall_s

    @property
    def is_disturbed(self) -> bool:
        """Tell whether others were too busy on this machine."""
        return self.others > _MOST_OTHERS or self.longest_tick_ms > _LONGEST_TICK_MS


@dataclass(frozen=True)
class Queued:
    """How long frames took from the socket read into the queue to the disk: counts by ms."""

    frames: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, seen: Mapping[str, Any]) -> "Queued":
        """Read what the probe has written."""
        return cls({int(took_ms): count for took_ms, count in seen.items()})

    def quantile_ms(self, part: float) -> int | None:
        """Return the time within which such a part of the frames was queued."""
        total, seen = sum(self.frames.values()), 0
        for took_ms in sorted(self.frames):
            seen += self.frames[took_ms]
            if seen >= part * total:
                return took_ms + 1
        return None


@dataclass(frozen=True)
class Life:
    """What a candidate used from its start to its exit.

    CPU until the first phase, and from the last frame to the exit; wall time from the last frame
    until it rested, and from SIGTERM to the exit.
    """

    cpu_s: float
    start_cpu_s: float
    closing_cpu_s: float
    caught_up_s: float
    stopped_s: float
    peak_mb: float
    connections: int
    threads_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """One trial; `found` compares what is stored with what was sent."""

    candidate: Candidate
    load: Load
    phases: Sequence[Measured]
    life: Life
    found: Found
    queued: Queued = Queued()

    @property
    def is_disturbed(self) -> bool:
        """Tell whether others were too busy on this machine."""
        return any(phase.is_disturbed for phase in self.phases)

    @property
    def others(self) -> float:
        """Return the greatest part of the core that others took in a phase."""
        return max(phase.others for phase in self.phases)

    @property
    def stored_us(self) -> float:
        """Return the CPU time of a frame until it is stored, in millionths of a second.

        From the first frame to the exit: what is compressed and closed later counts, too.
        """
        return (self.life.cpu_s - self.life.start_cpu_s) / max(1, self.frames) * 1e6

    @property
    def frames(self) -> int:
        """Return the frames of all phases."""
        return sum(phase.frames for phase in self.phases)


def by_name(threads_s: Mapping[int, float], names: Mapping[int, str]) -> dict[str, float]:
    """Return the CPU seconds of threads, those of one kind together."""
    sums: defaultdict[str, float] = defaultdict(float)
    for number, seconds in threads_s.items():
        sums[names.get(number, "?").rstrip("0123456789-")] += seconds
    return dict(sums)
