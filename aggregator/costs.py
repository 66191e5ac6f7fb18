"""What a backfill takes: time, and what a bucket charges for its requests. No clock, no disk.

All of it is an estimate. Not in it: storage, and moving data out of the bucket's region; reading
within the region is free.
"""

from dataclasses import dataclass

PRICES_OF = "2026-09"
"""The list prices of Google Cloud Storage, Standard class in one region."""
CLASS_A_USD = 0.005 / 1000
"""For a write, or a page of a listing."""
CLASS_B_USD = 0.0004 / 1000
"""For a read."""

MEASURED = "2026-11"
"""On days of 15, 20 and 95 MB of gzip chunks in a local folder, on a shared cloud machine."""
CORE_SECONDS_PER_DAY = 0.7
CORE_SECONDS_PER_MB = 0.05

_PAGE = 1000
"""Objects that one page of a listing has."""
_STREAMS = 2
_JOURNAL_OBJECTS = 24
"""Of a date: one an hour, of a collector that did not start again."""
_MARKER_READS = 2
"""Before the first write of a day it is made sure whose lake it is."""


@dataclass(frozen=True)
class Operations:
    """Requests to a bucket, by how they are charged."""

    class_a: int = 0
    class_b: int = 0

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(self.class_a + other.class_a, self.class_b + other.class_b)

    @property
    def usd(self) -> float:
        """Return the price."""
        return self.class_a * CLASS_A_USD + self.class_b * CLASS_B_USD


def reading_the_journal() -> Operations:
    """Return what the journal of a date takes, once for all symbols."""
    return Operations(class_b=_JOURNAL_OBJECTS)


def looking(chunks: int) -> Operations:
    """Return what it takes to see whether a symbol's day is up to date."""
    pages = max(1, -(-chunks // (_STREAMS * _PAGE)))
    # The journal and what is published are listed too, and the manifest is read.
    return Operations(_STREAMS * pages + 2, 1)


def building(chunks: int, outputs: int, *, replaces: bool) -> Operations:
    """Return what it takes to build a day that was looked at."""
    # The manifest is written too, and the change if another day was published there.
    return Operations(outputs + 1 + replaces, chunks + _MARKER_READS)


def seconds(days: int, size: int, cores: int) -> float:
    """Return how long it takes to build so many days from chunks of so many bytes."""
    return (days * CORE_SECONDS_PER_DAY + size / 1e6 * CORE_SECONDS_PER_MB) / cores


def about(length: float) -> str:
    """Write so many seconds as roughly as they are known."""
    if length < 90:
        return f"{length:.0f} s"
    return f"{length / 60:.0f} min" if length < 90 * 60 else f"{length / 3600:.1f} h"


def dollars(usd: float) -> str:
    """Write a price."""
    return f"{usd:,.2f} USD" if usd >= 0.01 else "less than 0.01 USD"
