"""Lengths of bars and their labels: `1s`, `5m`, `1h`. No clock, no disk."""

import re
from dataclasses import dataclass

from aggregator.quality import SECONDS_PER_DAY

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, order=True)
class Resolution:
    """The length of a bar; `label` is how files are named after it."""

    seconds: int
    label: str

    @classmethod
    def parse(cls, label: str) -> "Resolution":
        """Read a label; raise ValueError with what is wrong with it."""
        match = re.fullmatch(r"([1-9]\d{0,4})([smhd])", label, re.ASCII)
        if not match:
            raise ValueError(f"{label!r} is no resolution; write it as 1s, 5m or 1h")
        seconds = int(match[1]) * _UNITS[match[2]]
        if SECONDS_PER_DAY % seconds:
            raise ValueError(f"{label} does not divide a day; take one that does, such as 15m")
        return cls(seconds, label)


DEFAULT_RESOLUTIONS = (Resolution.parse("1s"), Resolution.parse("1m"))
