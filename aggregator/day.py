"""A day's reduced streams become its files and what is known of it. No clock, no disk."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from aggregator import table
from aggregator.bars import filled, roll_up_trades
from aggregator.book import roll_up_books, with_mean_ratios
from aggregator.grid import on_grid
from aggregator.inputs import Testimony
from aggregator.quality import (
    OK,
    SECONDS_PER_DAY,
    Holes,
    quality,
    trades_seen,
)
from aggregator.reduce import Books, Trades
from aggregator.resolutions import Resolution
from aggregator.utc import DAY_MS, day_start_ms
from lake.layout import BarsFormat, Stream


@dataclass(frozen=True)
class Day:
    """The files of a day by resolution, and what the inputs prove about it.

    `files` are the CSVs, `parquet` the same bars as Parquet if they were asked for. `qualities`
    counts the bars of each quality, `missing` the ids that the rows read lack, `coverage` is the
    share of the day's seconds inside the seen time of the book.
    """

    files: dict[Resolution, bytes]
    qualities: dict[Resolution, dict[str, int]]
    expected: tuple[Stream, ...]
    missing: int
    holes: Holes
    coverage: float
    whole: bool
    parquet: dict[Resolution, bytes] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[tuple[Resolution, BarsFormat], bytes]:
        """Return what is to be published, the CSVs first."""
        return {
            (resolution, form): data
            for form, files in ((BarsFormat.CSV, self.files), (BarsFormat.PARQUET, self.parquet))
            for resolution, data in files.items()
        }


def build(
    day: date, trades: Trades, books: Books, said: Testimony, resolutions: Sequence[Resolution]
) -> Day:
    """Build the files of a day."""
    start = day_start_ms(day)
    seen = _seen_seconds(trades, books, said, start)
    expected = _expected(trades, books, said)
    expected_seen = [seen[stream] for stream in expected]
    holes = trades.stretches.holes()
    missing = holes.missing_by_second(start)
    has_data = _has_data(trades, books)
    files: dict[Resolution, bytes] = {}
    qualities: dict[Resolution, dict[str, int]] = {}
    for resolution in resolutions:
        grades = quality(expected_seen, has_data, resolution.seconds)
        in_bars = missing.reshape(-1, resolution.seconds).sum(axis=1) if trades.any_id else None
        files[resolution] = _file(day, trades, books, resolution, in_bars, grades)
        counted = Counter(grades)
        qualities[resolution] = {name: counted[name] for name in sorted(counted, key=_by_worth)}
    return Day(
        files, qualities, expected, int(missing.sum()),
        holes.overlapping(start, start + DAY_MS),
        int(seen[Stream.DEPTH20].sum()) / SECONDS_PER_DAY,
        bool(expected_seen) and bool(np.all(expected_seen)),
    )  # fmt: skip


def with_parquet(day: Day) -> Day:
    """Return the day with its bars as Parquet too."""
    # Imported here: only who asks for it waits for pyarrow.
    from aggregator import parquet

    files = {resolution: parquet.from_csv(text) for resolution, text in day.files.items()}
    return replace(day, parquet=files)


def _by_worth(grade: str) -> int:
    return (OK, "partial", "gap", "").index(grade)


def _file(
    day: date, trades: Trades, books: Books, resolution: Resolution,
    missing: NDArray[np.uint64] | None, grades: Sequence[str],
) -> bytes:  # fmt: skip
    """Roll the seconds up, lay them on the grid and write them."""
    seconds = resolution.seconds
    trade_limbs, book_limbs = trades.scales.limbs, books.scales.limbs
    trade_bars, book_bars = trades.seconds, books.seconds
    # Seconds are bars already: a query that groups them pays for each of 86,400 groups.
    if seconds > 1:
        trade_bars = roll_up_trades(trade_bars.lazy(), trade_limbs, seconds).collect()
        book_bars = roll_up_books(book_bars.lazy(), book_limbs, seconds).collect()
    whole_trades, whole_books = on_grid(trade_bars, seconds), on_grid(book_bars, seconds)
    return table.csv(
        table.DayBars(
            day, seconds,
            filled(whole_trades.lazy(), trade_limbs, trades.before).collect(),
            with_mean_ratios(whole_books.lazy()).collect(),
            trades.scales, books.scales, missing, grades,
        )
    )  # fmt: skip


def _seen_seconds(
    trades: Trades, books: Books, said: Testimony, start: int
) -> dict[Stream, NDArray[np.bool_]]:
    """Tell for each stream which seconds of the day lie inside its seen time."""
    ids, covered = trades.stretches, said.covered
    of_trades = trades_seen(ids.holes(), ids.seen(), covered[Stream.TRADES])
    of_books = books.stretches.seen().union(covered[Stream.DEPTH20])
    return {
        Stream.TRADES: of_trades.whole_seconds(start),
        Stream.DEPTH20: of_books.whole_seconds(start),
    }


def _expected(trades: Trades, books: Books, said: Testimony) -> tuple[Stream, ...]:
    """Return the streams of which the inputs say that they should be there."""
    rows = {Stream.TRADES: trades.edges, Stream.DEPTH20: books.edges}
    return tuple(
        stream
        for stream in Stream
        if rows[stream] or stream in said.recorded or len(said.covered[stream].starts)
    )


def _has_data(trades: Trades, books: Books) -> NDArray[np.bool_]:
    filled_seconds = np.zeros(SECONDS_PER_DAY, dtype=bool)
    for seconds in (trades.seconds, books.seconds):
        filled_seconds[seconds["bar"].to_numpy()] = True
    return filled_seconds
