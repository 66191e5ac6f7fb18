"""Brings one (symbol, day) up to date: look at what there is, decide, build, publish."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import tenacity

from aggregator import published
from aggregator.carry import carry_chunks
from aggregator.decide import Action, Decision, Reason, Standing, decide
from aggregator.inputs import (
    NO_TESTIMONY,
    InputChunk,
    Inputs,
    Testimony,
    sorted_out,
    testimony,
    window,
)
from aggregator.manifest import Manifest, is_pending, remarks, warnings
from aggregator.memory import spare_imports
from aggregator.parallel import in_parallel
from aggregator.published import Published, publish
from aggregator.settings import BuildSettings
from aggregator.unit import Outcome, Status, Unit
from lake.errors import AlreadyExists, LakeError, NoSuchObject, VersionConflict
from lake.journal import Journal, read_journal
from lake.layout import JournalKey, Stream, journal_prefix, raw_day_prefix, raw_symbol_prefix
from lake.storage import Stat, Storage

if TYPE_CHECKING:
    from aggregator.make import Maker

_RACES = 8
"""Times that a builder may lose against another before it gives up."""


@dataclass(frozen=True)
class _JournalObjects:
    """The journal objects of a day as they were listed: who finds the same need not read them."""

    url: str
    stats: tuple[Stat, ...]
    storage: Storage = field(compare=False)


def journal_of(storage: Storage, day: date) -> Journal:
    """Read what the journals of a day say; those that were read for another symbol, only once."""
    listed = storage.list(journal_prefix(day))
    stats = tuple(stat for stat in listed if JournalKey.parse(stat.key))
    return _journal(_JournalObjects(storage.url, stats, storage))


@lru_cache(maxsize=4)
def _journal(objects: _JournalObjects) -> Journal:
    return read_journal(objects.storage.read_many(objects.stats))


@dataclass(frozen=True)
class Builder:
    """Builds units of a lake.

    `now` is the clock, `advance` is told of chunks that are done: how many more, of how many.
    """

    storage: Storage
    settings: BuildSettings
    now: Callable[[], datetime]
    advance: Callable[[int, int], None] = lambda _done, _total: None

    def run(self, unit: Unit) -> Outcome:
        """Bring a unit up to date; raise `LakeError` where that is not possible.

        Who loses the race against another builder looks again: the other may have done the work.
        So does who finds that a chunk went while it was read.
        """
        races = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((VersionConflict, AlreadyExists, NoSuchObject)),
            stop=tenacity.stop_after_attempt(_RACES),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
            reraise=True,
        )
        published.sweep(self.storage, unit)
        return races(self._run_once, unit)

    def survey(self, unit: Unit) -> tuple[Standing, Decision]:
        """Say what there is of a unit and what would be done about it; change nothing."""
        standing, _ = self._look(unit)
        return standing, decide(standing, self.settings)

    def _run_once(self, unit: Unit) -> Outcome:
        standing, found = self._look(unit)
        decision = decide(standing, self.settings)
        if decision.action is Action.REFUSED:
            raise LakeError(_refusal(unit, decision))
        if decision.action is not Action.BUILD and found.manifest:
            status = Status(decision.action)
            detail = self._expired(found.manifest) if status is Status.KEPT else ""
            return Outcome(unit, status, found.manifest.condition, detail)
        if not standing.inputs.has_chunk_of(unit.day):
            return _empty(unit)
        return self._build(unit, standing, found, decision)

    def _look(self, unit: Unit) -> tuple[Standing, Published]:
        # What is published comes first: of a day that another builder publishes after we have
        # listed the chunks, those that we have not seen would seem to be gone.
        found = published.find(self.storage, unit)
        with ThreadPoolExecutor(1, thread_name_prefix="journal") as beside:
            reading = beside.submit(journal_of, self.storage, unit.day)
            chunks = self._inputs(unit, self.settings.margin_minutes, NO_TESTIMONY)
            journal = reading.result()
        said = testimony(journal, unit.symbol, unit.day)
        inputs = comparable = replace(chunks, testimony=said)
        if found.manifest:
            comparable = self._comparable(unit, found.manifest, inputs)
        agree = found.agrees(self.storage)
        return Standing(inputs, found.manifest, comparable, agree, journal.unreadable_lines), found

    def _inputs(self, unit: Unit, margin: int, said: Testimony) -> Inputs:
        def listed(stream: Stream) -> tuple[tuple[InputChunk, ...], list[str]]:
            start, end = window(stream, unit.symbol, unit.day, margin)
            prefix = raw_symbol_prefix(stream, unit.symbol)
            chunks, strays = sorted_out(self.storage.list(prefix, start, end))
            own = raw_day_prefix(stream, unit.symbol, unit.day)
            return chunks, [key for key in strays if key.startswith(own)]

        (trades, strays), (books, others) = in_parallel(listed, (Stream.TRADES, Stream.DEPTH20))
        return Inputs(trades, books, (*strays, *others), said)

    def _comparable(self, unit: Unit, manifest: Manifest, inputs: Inputs) -> Inputs:
        """Return the inputs in the window that the published day was built from."""
        margin, carry = manifest.margin_minutes, manifest.carry
        if margin != self.settings.margin_minutes:
            inputs = self._inputs(unit, margin, inputs.testimony)
        if carry is None:
            return inputs
        return inputs.with_carry(
            carry_chunks(self.storage, unit.symbol, unit.day, margin, carry), carry
        )

    def _build(
        self, unit: Unit, standing: Standing, found: Published, decision: Decision
    ) -> Outcome:
        # The clock is read before the work: a day that ends meanwhile counts as pending.
        inputs, began = standing.inputs, self.now()
        total = len(inputs.trades) + len(inputs.depth20)
        maker = _maker()(self.storage, self.settings, lambda chunks: self.advance(chunks, total))
        pending = is_pending(unit.day, self.settings.margin_minutes, began)
        made = maker.make(unit, inputs, found.manifest, pending=pending)
        manifest = made.manifest
        written = publish(
            self.storage, unit, manifest, made.files, found, decision.reason, self.now()
        )
        unread = _unread(standing)
        detail = ", ".join(filter(None, (remarks(manifest), unread)))
        warned = bool(unread or warnings(manifest))
        return Outcome(
            unit, Status.BUILT, manifest.condition, detail, total, written, warned, made.counts()
        )

    def _expired(self, manifest: Manifest) -> str:
        absent = {*self.settings.resolutions} - {*manifest.resolutions}
        labels = [each.label for each in sorted(absent)]
        labels += ["Parquet"] if self.settings.parquet and not manifest.parquet else []
        lost = f"; {', '.join(labels)} cannot be made any more" if labels else ""
        return f"raw chunks have expired{lost}"


@cache
def _maker() -> "type[Maker]":
    """Import what makes a day: half of a start, and a task may find all of its days up to date."""
    from aggregator.make import Maker

    spare_imports()
    return Maker


def _unread(standing: Standing) -> str:
    lines = standing.unreadable_lines
    return f"{lines:,} lines of the journals unreadable" if lines else ""


def _empty(unit: Unit) -> Outcome:
    if unit.required:
        raise LakeError(
            f"cannot build {unit}: the lake has no chunk of it; check the symbol's name, and "
            "whether its collector was running"
        )
    return Outcome(unit, Status.EMPTY, detail="no chunk under this date")


def _refusal(unit: Unit, decision: Decision) -> str:
    new = decision.reason is Reason.INPUTS
    why = "new inputs came" if new else "its files are not its manifest's"
    return (
        f"cannot rebuild {unit}: {why}, but some that the published day was built from "
        "are gone; restore them, or build from what is there with backfill --force"
    )
