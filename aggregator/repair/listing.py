"""The trades of a day as the archive's file lists them: ids, volumes, and what the lake lacks."""

import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from aggregator.archive.chunks import in_order
from aggregator.archive.covered import DateRows, covered_spans
from aggregator.archive.rows import ArchiveError
from aggregator.archive.scan import Scan, scan
from aggregator.archive.spool import Spool
from aggregator.archive.unzip import UNREADABLE
from aggregator.fetch.patience import FetchError
from aggregator.fetch.site import Found
from aggregator.parity.klines import BadKlines, read_table
from aggregator.repair.lacking import MINUTE_MS, is_lacking, unknown
from aggregator.stretches import IdStretches
from aggregator.utc import DAY_MS, day_start_ms

_VOLUME = pl.Decimal(38, 18)
_UNREADABLE = (*UNREADABLE, BadKlines, IndexError, RuntimeError)
"""What reading a zip raises that is damaged or encrypted, though it has its checksum."""


@dataclass(frozen=True)
class Listing:
    """A file's rows set down by ten minutes, and what its first pass found."""

    found: Found
    scan: Scan
    spool: Spool


@dataclass(frozen=True)
class Day:
    """The rows of the day: times of some ids, volumes by minute, where the rows begin and end.

    `rows` were set down in a spool: those that the lake lacks.
    """

    times: dict[int, int]
    volumes: dict[int, Decimal]
    covered: tuple[int, int] | None
    rows: int


def listed(found: Found, symbol: str, spool: Spool, latest_ms: int) -> Listing:
    """Read a file of trades into a spool; raise `FetchError` if it is none."""
    try:
        read = scan([found.path], symbol, spool, latest_ms=latest_ms, advance=lambda _: None)
    except ArchiveError as error:
        raise FetchError(str(error).replace(str(found.path), found.url)) from error
    return Listing(found, read, spool)


def of_day(
    listing: Listing, day: date, known: IdStretches, edges: Collection[int], lacking: Spool
) -> Day:
    """Go through the rows of a day; those that the lake lacks go to another spool."""
    wanted = pl.Series("trade_id", sorted(edges), pl.Int64).implode()
    times: dict[int, int] = {}
    volumes: defaultdict[int, Decimal] = defaultdict(Decimal)
    bounds: list[int] = []
    count = 0
    for rows in _ordered(listing.spool, day):
        found = rows.filter(pl.col("trade_id").is_in(wanted)).select("trade_id", "timestamp")
        times = {**dict(reversed(found.rows())), **times}
        volumes.update(volumes_of(rows))
        bounds += [rows["timestamp"][0], rows["timestamp"][-1]]
        rest = rows.filter(pl.Series(is_lacking(rows["trade_id"].to_numpy(), known)))
        count += rest.height
        lacking.add(rest)
    return Day(times, volumes, _covered(listing, day, bounds), count)


def _ordered(spool: Spool, day: date) -> Iterator[pl.DataFrame]:
    start = day_start_ms(day)
    for at in spool.starts():
        if start <= at < start + DAY_MS:
            yield in_order(spool.take(at))[0]


def _covered(listing: Listing, day: date, bounds: list[int]) -> tuple[int, int] | None:
    if not bounds:
        return None
    from_ms, to_ms = covered_spans([DateRows(day, bounds[0], bounds[-1])], listing.scan.spans)[day]
    return (from_ms, to_ms) if from_ms < to_ms else None


def last_volumes(listing: Listing) -> dict[int, Decimal]:
    """Return the volumes of the last minutes that the file has."""
    rows, _ = in_order(listing.spool.take(listing.spool.starts()[-1]))
    return volumes_of(rows)


def volumes_of(rows: pl.DataFrame) -> dict[int, Decimal]:
    """Return the volume of each minute; a trade that is there twice counts once."""
    minute = pl.col("timestamp") // MINUTE_MS * MINUTE_MS
    once = rows.unique("trade_id", keep="first", maintain_order=True)
    summed = once.group_by(minute).agg(pl.col("quantity").cast(_VOLUME).sum())
    return dict(summed.rows())


def kline_volumes(found: Found, day: date) -> dict[int, Decimal]:
    """Return the volume of each minute that a file of klines has; raise `FetchError`."""
    start = day_start_ms(day)
    try:
        with zipfile.ZipFile(found.path) as archive:
            klines = read_table(archive.read(archive.namelist()[0]), start)
    except _UNREADABLE as error:
        raise FetchError(f"cannot read {found.url}: {error}; run again later") from error
    return {
        start + minute * MINUTE_MS: candle.volume
        for minute, candle in klines.by_minute.items()
        if minute not in klines.contradicting
    }


def gap_edges(listing: Listing, known: IdStretches) -> list[tuple[int, int]]:
    """Return the neighbouring ids of the file between which there are ids that nobody knows."""
    gaps = listing.scan.id_gaps
    pairs = zip(gaps.before.tolist(), gaps.after.tolist(), strict=True)
    return [(low, high) for low, high in pairs if any(unknown(range(low + 1, high), known))]
