"""What an import has read and written, for whoever tells it. No clock, no disk."""

from dataclasses import dataclass
from datetime import date

from aggregator.archive.holes import LongHole
from aggregator.archive.sources import IdAt


@dataclass(frozen=True)
class ImportedDate:
    """A date's chunks. `rows` are the exchange's; `covered` is `[from, to)` in ms."""

    date: date
    last_ms: int
    rows: int
    unpublished: int
    chunks_written: int
    chunks_already_there: int
    covered: tuple[int, int] | None


@dataclass(frozen=True)
class ImportReport:
    """What an import read and wrote.

    `rows_read` counts every row of the files; `duplicates` of them repeat another in every cell
    that is kept, and `out_of_order` of them have a lower time or id than the row before in their
    file. `long_holes` are the first `MAX_NAMED_HOLES` of `long_hole_count`;
    `first` and `last` are the least and the greatest id.
    """

    symbol: str
    run: str
    dates: tuple[ImportedDate, ...]
    rows_read: int
    duplicates: int
    out_of_order: int
    unpublished: int
    long_holes: tuple[LongHole, ...]
    long_hole_count: int
    first: IdAt
    last: IdAt
