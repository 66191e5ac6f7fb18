"""What becomes of a day that is to be repaired. No clock, no disk."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from aggregator.repair.lacking import Lack
from aggregator.unit import Unit
from aggregator.utc import iso

_NAMED = 3


class Fate(StrEnum):
    """What became of a day."""

    REPAIRED = "repaired"
    WHOLE = "whole"
    NOTHING_NEW = "nothing new"
    ABSENT = "absent"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of a day, and in words whatever a person must know.

    `reaches` are the neighbouring days that a hole over midnight reaches into.
    """

    unit: Unit
    fate: Fate
    remarks: tuple[str, ...] = ()
    rows: int = 0
    unpublished: int = 0
    lacking: int = 0
    reaches: tuple[date, ...] = ()

    def __str__(self) -> str:
        said = f"{self.unit} {self.fate}"
        return f"{said}: {'; '.join(self.remarks)}" if self.remarks else said


def lack_words(lacks: tuple[Lack, ...]) -> tuple[str, ...]:
    """Say which ids stay missing, and why."""
    said = [
        f"{len(lack.ids):,} ids stay missing, {lack.ids[0]} to {lack.ids[-1]}, between "
        f"{iso(lack.from_ms)} and {iso(lack.to_ms)}: {lack.why}"
        for lack in lacks[:_NAMED]
    ]
    more = len(lacks) - _NAMED
    return (*said, f"and {more:,} more holes") if more > 0 else tuple(said)


def sentence(outcomes: list[Outcome]) -> str:
    """Say in one line how a repair ended."""
    counts = {fate: sum(each.fate is fate for each in outcomes) for fate in Fate}
    said = ", ".join(f"{count} {fate}" for fate, count in counts.items() if count)
    rows = sum(each.rows for each in outcomes)
    return f"{len(outcomes)} days looked at: {said or 'nothing to do'}; {rows:,} trades refilled"
