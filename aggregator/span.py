"""A part of a day, as a person names it: from `09:30` to `10:00`. No clock, no disk."""

import re
from dataclasses import dataclass

from aggregator.quality import SECONDS_PER_DAY


@dataclass(frozen=True)
class Span:
    """Seconds of the day, `[start, end)`."""

    start: int = 0
    end: int = SECONDS_PER_DAY

    @classmethod
    def parse(cls, start: str, end: str) -> "Span":
        """Read two times such as `09:30`, the second up to `24:00`; raise ValueError."""
        span = cls(_seconds(start), _seconds(end))
        if span.end <= span.start:
            raise ValueError(f"{end} is not after {start}; name an end that is")
        return span

    @property
    def whole_day(self) -> bool:
        """Tell whether it is the day."""
        return self == Span()

    def __str__(self) -> str:
        return f"{clock(self.start)} to {clock(self.end)}"


def clock(second: int) -> str:
    """Write a second of the day as `HH:MM`, with its seconds only if it has any."""
    text = f"{second // 3600:02d}:{second // 60 % 60:02d}"
    return f"{text}:{second % 60:02d}" if second % 60 else text


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(\d\d):([0-5]\d)", text, re.ASCII)
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 if match else SECONDS_PER_DAY + 1
    if seconds > SECONDS_PER_DAY:
        raise ValueError(f"{text!r} is no time of the day; write it as 09:30")
    return seconds
