"""Repairs a day: what the lake lacks and the archive has becomes raw chunks of a run of its own.

Chunks come first, the journal last: a run that is named there is whole. A repair that was killed
is completed by the next, which takes no notice of the chunks of an unfinished run when it looks
for holes, so that it comes to the same run and the same chunks.
"""

import traceback
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain

import polars as pl

from aggregator.archive.chunks import CHUNK_MINUTES, CHUNK_MS, chunk_text, compressed, in_order
from aggregator.archive.chunks import same_text as same_rows
from aggregator.archive.sources import IdAt, Source
from aggregator.archive.spool import Spool, spool
from aggregator.fetch.names import ArchiveName, klines_name, trades_name
from aggregator.fetch.site import Absent, Found, Published
from aggregator.repair.files import Files
from aggregator.repair.known import Known, look
from aggregator.repair.lacking import Gap, Verdict, Volumes, judged, outside
from aggregator.repair.listing import (
    Day,
    Listing,
    gap_edges,
    kline_volumes,
    last_volumes,
    listed,
    of_day,
)
from aggregator.repair.outcome import Fate, Outcome, lack_words
from aggregator.repair.statement import Statement, other_name, run_name
from aggregator.settings import BuildSettings
from aggregator.unit import Unit
from aggregator.utc import DAY_MS, day_start_ms
from lake.errors import AlreadyExists, LakeError
from lake.layout import ChunkKey, JournalKey, Stream, raw_day_prefix
from lake.marker import claim
from lake.schemas import TradeType
from lake.storage import Storage

_ONE = timedelta(days=1)
_ROWS = {
    "timestamp": pl.Int64, "price": pl.String, "quantity": pl.String,
    "is_buyer_maker": pl.Boolean, "trade_id": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """How days are repaired, and how they are read."""

    settings: BuildSettings
    max_unpublished: int
    now: datetime
    version: str


@dataclass(frozen=True)
class _Names:
    """The files that a repair looks at; those of the day before if a hole lies over midnight."""

    trades: ArchiveName
    others: tuple[ArchiveName, ...]

    @property
    def all(self) -> tuple[ArchiveName, ...]:
        return (self.trades, *self.others)


class Mender:
    """Repairs days of one lake; each day's failure is its own."""

    def __init__(self, storage: Storage, files: Files, terms: Terms) -> None:
        self._storage, self._files, self._terms = storage, files, terms

    def mend(self, unit: Unit) -> Outcome:
        """Write what the lake lacks of a day and the archive has."""
        try:
            return self._mend(unit)
        except LakeError as error:
            return Outcome(unit, Fate.FAILED, (str(error),))
        except Exception:  # noqa: BLE001 - a bug in one day must cost neither the others nor the build
            return Outcome(unit, Fate.FAILED, (f"cannot repair {unit}: {traceback.format_exc()}",))

    def _mend(self, unit: Unit) -> Outcome:
        known = look(self._storage, unit, self._terms.settings, self._terms.now)
        if known.why_not:
            return Outcome(unit, Fate.SKIPPED, (known.why_not,))
        if not known.needs:
            return Outcome(unit, Fate.WHOLE)
        names, reaches = _names(unit, known), _reaches(unit, known)
        published = [self._files.published(name) for name in names.all]
        if isinstance(published[0], Absent):
            return Outcome(unit, Fate.ABSENT, (self._absent(unit),), reaches=reaches)
        hashes = [each.sha256 if isinstance(each, Published) else "absent" for each in published]
        run = run_name(unit.symbol, unit.day, self._terms.max_unpublished, hashes)
        if run in known.finished:
            said = ("the archive has nothing that was not looked at already",)
            return Outcome(unit, Fate.NOTHING_NEW, said, reaches=reaches)
        return self._refilled(unit, known, names, run, reaches)

    def _absent(self, unit: Unit) -> str:
        is_new = unit.day >= self._terms.now.date() - _ONE
        return (
            "the archive has not published it yet; repair it again later"
            if is_new else "the archive does not have it"
        )  # fmt: skip

    def _refilled(
        self, unit: Unit, known: Known, names: _Names, run: str, reaches: tuple[date, ...]
    ) -> Outcome:
        self._files.keep(names.all)
        found = {name: self._files.bring(name) for name in names.all}
        files = {name: each for name, each in found.items() if isinstance(each, Found)}
        if names.trades not in files:
            return Outcome(unit, Fate.ABSENT, (self._absent(unit),), reaches=reaches)
        with spool() as rows, spool() as lacking, spool() as before:
            repair = _Repair(unit, known, self._terms, files)
            said, verdict = repair.judge(rows, lacking, before, run)
            self._write(unit, run, lacking, verdict)
        self._publish(unit.day, said)
        remarks = _remarks(said, klines_name(unit.symbol, "1m", unit.day) in files)
        count = sum(len(lack.ids) for lack in said.lacks)
        return Outcome(
            unit, Fate.REPAIRED, remarks, said.rows, said.unpublished, count, reaches
        )  # fmt: skip

    def _write(self, unit: Unit, run: str, lacking: Spool, verdict: Verdict) -> None:
        claim(self._storage)
        unpublished = _by_chunk(verdict)
        starts = sorted({*lacking.starts(), *unpublished})
        for day in {*map(_date_of, starts)}:
            self._storage.sweep(raw_day_prefix(Stream.TRADES, unit.symbol, day))
        for start_ms in starts:
            parts = [pl.DataFrame(schema=_ROWS)]
            if start_ms in lacking.starts():
                parts += lacking.take(start_ms)
            rows = unpublished.get(start_ms, _unpublished([]))
            text = chunk_text(in_order(parts)[0], rows)
            self._create(unit.symbol, start_ms, run, text)

    def _create(self, symbol: str, start_ms: int, run: str, text: bytes) -> None:
        """Write the chunk unless it is there; beside another one, if the lake changed since."""
        day = _date_of(start_ms)
        minute = (start_ms - day_start_ms(day)) // CHUNK_MS * CHUNK_MINUTES
        key = str(ChunkKey(Stream.TRADES, symbol, day, minute, run))
        try:
            self._storage.write(key, compressed(text))
        except AlreadyExists:
            if not same_rows(self._storage.read(key)[0], compressed(text)):
                other = other_name(run, text)
                key = str(ChunkKey(Stream.TRADES, symbol, day, minute, other))
                with suppress(AlreadyExists):
                    self._storage.write(key, compressed(text))

    def _publish(self, day: date, said: Statement) -> None:
        key = str(JournalKey(day, 0, said.run))
        self._storage.sweep(key)
        # Another repair of the same day with the same files was quicker.
        with suppress(AlreadyExists):
            self._storage.write(key, said.journal())


class _Repair:
    """One day's files, read and judged."""

    def __init__(
        self, unit: Unit, known: Known, terms: Terms, files: dict[ArchiveName, Found]
    ) -> None:
        self._unit, self._known, self._terms, self._files = unit, known, terms, files

    def judge(
        self, rows: Spool, lacking: Spool, before: Spool, run: str
    ) -> tuple[Statement, Verdict]:
        """Set down what the lake lacks, judge what the archive lacks too, and say so."""
        unit, known = self._unit, self._known
        listing = self._listed(trades_name(unit.symbol, unit.day), rows)
        edges = gap_edges(listing, known.stretches)
        day = of_day(listing, unit.day, known.stretches, {*chain(*edges)}, lacking)
        first, last = listing.scan.first, listing.scan.last
        gaps, volumes, reach = _gaps(edges, day), day.volumes, first
        earlier = self._earlier(before)
        if earlier and earlier.scan.last.id < first.id and earlier.scan.last.ms <= first.ms:
            gaps.append(Gap(earlier.scan.last, first))
            volumes, reach = {**last_volumes(earlier), **volumes}, earlier.scan.first
        most = self._terms.max_unpublished
        verdict = judged(gaps, known.stretches, Volumes(volumes, self._klines()), most)
        lacks = (*outside(known.holes, reach, last), *verdict.lacks)
        unpublished = sum(len(ids) for _, ids in verdict.unpublished)
        said = Statement(
            unit.symbol, run, self._terms.version, last.ms, day.rows, unpublished,
            self._sources(), tuple(sorted(lacks, key=lambda lack: lack.ids[0])), day.covered,
        )  # fmt: skip
        return said, verdict

    def _listed(self, name: ArchiveName, rows: Spool) -> Listing:
        latest_ms = int((self._terms.now + _ONE).timestamp() * 1000)
        return listed(self._files[name], self._unit.symbol, rows, latest_ms)

    def _earlier(self, rows: Spool) -> Listing | None:
        name = trades_name(self._unit.symbol, self._unit.day - _ONE)
        return self._listed(name, rows) if name in self._files else None

    def _klines(self) -> dict[int, Decimal]:
        unit = self._unit
        found: dict[int, Decimal] = {}
        for day in (unit.day - _ONE, unit.day):
            file = self._files.get(klines_name(unit.symbol, "1m", day))
            found |= kline_volumes(file, day) if file else {}
        return found

    def _sources(self) -> tuple[Source, ...]:
        return tuple(Source(each.path.name, each.sha256, each.url) for each in self._files.values())


def _date_of(ms: int) -> date:
    return datetime.fromtimestamp(ms // 1000, UTC).date()


def _names(unit: Unit, known: Known) -> _Names:
    symbol, day, start = unit.symbol, unit.day, day_start_ms(unit.day)
    others = [klines_name(symbol, "1m", day)]
    if (known.holes.before < start).any():
        others += [trades_name(symbol, day - _ONE), klines_name(symbol, "1m", day - _ONE)]
    return _Names(trades_name(symbol, day), tuple(others))


def _gaps(edges: list[tuple[int, int]], day: Day) -> list[Gap]:
    """Return the gaps inside the day; beyond it only a damaged file has rows."""
    return [
        Gap(IdAt(low, day.times[low]), IdAt(high, day.times[high]))
        for low, high in edges
        if low in day.times and high in day.times
    ]


def _reaches(unit: Unit, known: Known) -> tuple[date, ...]:
    start, holes = day_start_ms(unit.day), known.holes
    before = (unit.day - _ONE,) if (holes.before < start).any() else ()
    after = (unit.day + _ONE,) if (holes.after >= start + DAY_MS).any() else ()
    return before + after


def _by_chunk(verdict: Verdict) -> dict[int, pl.DataFrame]:
    """Return the rows of ids that were never published, by the ten minutes of their time."""
    found: defaultdict[int, list[tuple[int, range]]] = defaultdict(list)
    for ms, ids in verdict.unpublished:
        found[ms // CHUNK_MS * CHUNK_MS].append((ms, ids))
    return {start_ms: _unpublished(holes) for start_ms, holes in found.items()}


def _unpublished(holes: list[tuple[int, range]]) -> pl.DataFrame:
    rows = [(ms, id_) for ms, ids in holes for id_ in ids]
    schema = {"timestamp": pl.Int64, "trade_id": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row").with_columns(
        pl.lit("0").alias("price"),
        pl.lit("0").alias("quantity"),
        pl.lit(value=False).alias("is_buyer_maker"),
        pl.lit(str(TradeType.UNPUBLISHED)).alias("trade_type"),
    )


def _remarks(said: Statement, has_klines: bool) -> tuple[str, ...]:
    remarks = [f"{said.rows:,} trades refilled from {said.sources[0].file}"]
    if said.unpublished:
        remarks.append(f"{said.unpublished:,} ids were never published")
    if not has_klines:
        remarks.append("the archive has no klines of the day to check that with")
    return (*remarks, *lack_words(said.lacks))
