"""Brings one (symbol, day) up to date: look at what there is, decide, build, publish."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import tenacity

from aggregator import published
from aggregator.day import build
from aggregator.decide import Action, Decision, Standing, decide
from aggregator.inputs import InputChunk, Inputs, Testimony, sorted_out, testimony, window
from aggregator.load import Loader, carry_chunks
from aggregator.manifest import Manifest, compose, is_pending, remarks
from aggregator.published import Published, publish
from aggregator.settings import BuildSettings
from aggregator.unit import Outcome, Status, Unit
from lake.errors import AlreadyExists, LakeError, VersionConflict
from lake.journal import Journal, read_journal
from lake.layout import JournalKey, Stream, journal_prefix, raw_day_prefix, raw_symbol_prefix
from lake.storage import Storage

_RACES = 8
"""Times that a builder may lose against another before it gives up."""


def journal_of(storage: Storage, day: date) -> Journal:
    """Read what the journals of a day say."""
    keys = [stat.key for stat in storage.list(journal_prefix(day)) if JournalKey.parse(stat.key)]
    return read_journal(storage.read_many(keys))


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
        """
        races = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((VersionConflict, AlreadyExists)),
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
            raise LakeError(_refusal(unit))
        if decision.action is not Action.BUILD and found.manifest:
            status = Status(decision.action)
            detail = self._expired(found.manifest) if status is Status.KEPT else ""
            return Outcome(unit, status, found.manifest.condition, detail)
        if not standing.inputs.has_chunk_of(unit.day):
            return _empty(unit)
        return self._build(unit, standing.inputs, found, decision)

    def _look(self, unit: Unit) -> tuple[Standing, Published]:
        said = testimony(journal_of(self.storage, unit.day), unit.symbol, unit.day)
        inputs = self._inputs(unit, self.settings.margin_minutes, said)
        found = published.find(self.storage, unit)
        if found.manifest is None:
            return Standing(inputs, None, inputs, outputs_agree=False), found
        comparable = self._comparable(unit, found.manifest, inputs)
        return Standing(inputs, found.manifest, comparable, found.agrees(self.storage)), found

    def _inputs(self, unit: Unit, margin: int, said: Testimony) -> Inputs:
        chunks: dict[Stream, tuple[InputChunk, ...]] = {}
        left_alone: list[str] = []
        for stream in Stream:
            start, end = window(stream, unit.symbol, unit.day, margin)
            prefix = raw_symbol_prefix(stream, unit.symbol)
            chunks[stream], strays = sorted_out(self.storage.list(prefix, start, end))
            own = raw_day_prefix(stream, unit.symbol, unit.day)
            left_alone += [key for key in strays if key.startswith(own)]
        return Inputs(chunks[Stream.TRADES], chunks[Stream.DEPTH20], tuple(left_alone), said)

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

    def _build(self, unit: Unit, inputs: Inputs, found: Published, decision: Decision) -> Outcome:
        # The clock is read before the work: a day that ends meanwhile counts as pending.
        began = self.now()
        margin = self.settings.margin_minutes
        total = len(inputs.trades) + len(inputs.depth20)
        loader = Loader(
            self.storage, unit.symbol, unit.day, margin, self.settings.threads,
            lambda chunks: self.advance(chunks, total),
        )  # fmt: skip
        loaded = loader.load(inputs)
        already = found.manifest.resolutions if found.manifest else ()
        wanted = {*self.settings.resolutions, *already}
        day = build(unit.day, loaded.trades, loaded.books, inputs.testimony, sorted(wanted))
        pending = is_pending(unit.day, margin, began)
        manifest = compose(unit.symbol, unit.day, margin, loaded, day, pending=pending)
        written = publish(
            self.storage, unit, manifest, day.files, found, decision.reason, self.now()
        )
        condition = manifest.condition
        return Outcome(unit, Status.BUILT, condition, remarks(manifest), total, written)

    def _expired(self, manifest: Manifest) -> str:
        absent = {*self.settings.resolutions} - {*manifest.resolutions}
        labels = ", ".join(each.label for each in sorted(absent))
        lost = f"; {labels} cannot be made any more" if absent else ""
        return f"raw chunks have expired{lost}"


def _empty(unit: Unit) -> Outcome:
    if unit.required:
        raise LakeError(
            f"cannot build {unit}: the lake has no chunk of it; check the symbol's name, and "
            "whether its collector was running"
        )
    return Outcome(unit, Status.EMPTY, detail="no chunk under this date")


def _refusal(unit: Unit) -> str:
    return (
        f"cannot rebuild {unit}: new chunks came, but some that the published day was built from "
        "are gone; restore them, or build from what is there with backfill --force"
    )
