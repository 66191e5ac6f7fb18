"""One (symbol, day): look at what there is, decide, build, publish. Where the lake is touched."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import tenacity

from aggregator.day import build
from aggregator.decide import Action, Decision, Reason, Standing, decide
from aggregator.inputs import InputChunk, Inputs, Testimony, sorted_out, testimony, window
from aggregator.load import Loader, carry_chunks
from aggregator.manifest import Manifest, Output, compose, is_pending
from aggregator.resolutions import Resolution
from aggregator.settings import BuildSettings
from lake.errors import AlreadyExists, LakeError, NoSuchObject, VersionConflict
from lake.journal import Journal, read_journal
from lake.layout import (
    JournalKey,
    ProductKey,
    Stream,
    change_key,
    journal_prefix,
    manifest_key,
    product_bound,
    raw_day_prefix,
    raw_symbol_prefix,
)
from lake.marker import claim
from lake.schemas import TradeType
from lake.storage import Stat, Storage, crc32c_of

_RACES = 8
"""Times that a builder may lose against another before it gives up."""


@dataclass(frozen=True, order=True)
class Unit:
    """A symbol's day. `required`: that it has no chunk is a failure."""

    day: date
    symbol: str
    required: bool = False

    def __str__(self) -> str:
        return f"{self.symbol} {self.day}"


class Status(StrEnum):
    """What became of a unit."""

    BUILT = "built"
    UP_TO_DATE = "up to date"
    KEPT = "kept"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of a unit; `detail` says in one line what a person must know."""

    unit: Unit
    status: Status
    condition: str = ""
    detail: str = ""
    chunks: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class _Seen:
    """A published day as it was found: its manifest with its version, and its files."""

    manifest: Manifest | None
    version: str | None
    files: dict[str, Stat]


def run_unit(
    storage: Storage, unit: Unit, settings: BuildSettings, now: Callable[[], datetime],
    advance: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outcome:  # fmt: skip
    """Bring a unit up to date; raise `LakeError` where that is not possible.

    Who loses the race against another builder looks again: the other may have done the work.
    """
    races = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((VersionConflict, AlreadyExists)),
        stop=tenacity.stop_after_attempt(_RACES),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    storage.sweep(product_bound(unit.symbol, unit.day))
    storage.sweep(change_key(unit.symbol, unit.day, "").removesuffix(".json"))
    return races(_run_once, storage, unit, settings, now, advance)


def survey(storage: Storage, unit: Unit, settings: BuildSettings) -> tuple[Standing, Decision]:
    """Say what there is of a unit and what would be done about it; change nothing."""
    standing, _ = _look(storage, unit, settings)
    return standing, decide(standing, settings)


def _run_once(
    storage: Storage, unit: Unit, settings: BuildSettings, now: Callable[[], datetime],
    advance: Callable[[int, int], None],
) -> Outcome:  # fmt: skip
    standing, seen = _look(storage, unit, settings)
    decision = decide(standing, settings)
    if decision.action is Action.REFUSED:
        raise LakeError(_refusal(unit))
    if decision.action is not Action.BUILD and seen.manifest:
        status = Status(decision.action)
        return Outcome(unit, status, seen.manifest.condition, _kept_detail(decision, seen, settings))
    if not standing.inputs.has_chunk_of(unit.day):
        return _empty(unit)
    return _build(storage, unit, settings, now, advance, standing.inputs, seen, decision)


def _look(storage: Storage, unit: Unit, settings: BuildSettings) -> tuple[Standing, _Seen]:
    said = testimony(journal_of(storage, unit.day), unit.symbol, unit.day)
    inputs = _inputs(storage, unit, settings.margin_minutes, said)
    seen = _published(storage, unit)
    if seen.manifest is None:
        return Standing(inputs, None, inputs, outputs_agree=False), seen
    comparable = _comparable(storage, unit, seen.manifest, inputs, settings.margin_minutes)
    agree = all(_agrees(storage, seen.files.get(each.name), each) for each in seen.manifest.outputs)
    return Standing(inputs, seen.manifest, comparable, agree), seen


def journal_of(storage: Storage, day: date) -> Journal:
    """Read what the journals of a day say."""
    keys = [stat.key for stat in storage.list(journal_prefix(day)) if JournalKey.parse(stat.key)]
    return read_journal(storage.read_many(keys))


def _inputs(storage: Storage, unit: Unit, margin: int, said: Testimony) -> Inputs:
    chunks: dict[Stream, tuple[InputChunk, ...]] = {}
    left_alone: list[str] = []
    for stream in Stream:
        start, end = window(stream, unit.symbol, unit.day, margin)
        listed = storage.list(raw_symbol_prefix(stream, unit.symbol), start, end)
        chunks[stream], strays = sorted_out(listed)
        own = raw_day_prefix(stream, unit.symbol, unit.day)
        left_alone += [key for key in strays if key.startswith(own)]
    return Inputs(chunks[Stream.TRADES], chunks[Stream.DEPTH20], tuple(left_alone), said)


def _comparable(
    storage: Storage, unit: Unit, published: Manifest, inputs: Inputs, margin: int
) -> Inputs:
    """Return the inputs in the window that the published day was built from."""
    if published.margin_minutes != margin:
        inputs = _inputs(storage, unit, published.margin_minutes, inputs.testimony)
    if published.carry is None:
        return inputs
    carry = carry_chunks(
        storage, unit.symbol, unit.day, published.margin_minutes, published.carry
    )
    return inputs.with_carry(carry, published.carry)


def _published(storage: Storage, unit: Unit) -> _Seen:
    """Return what is published of a day. A manifest that cannot be read is to be replaced."""
    bound = product_bound(unit.symbol, unit.day)
    files = {
        stat.key.rpartition("/")[2]: stat
        for stat in storage.list(bound)
        if ProductKey.parse(stat.key)
    }
    try:
        data, version = storage.read(manifest_key(unit.symbol, unit.day))
    except NoSuchObject:
        return _Seen(None, None, files)
    try:
        return _Seen(Manifest.parse(data), version, files)
    except ValueError:
        return _Seen(None, version, files)


def _agrees(storage: Storage, found: Stat | None, output: Output) -> bool:
    return (
        found is not None
        and found.size == output.bytes
        and crc32c_of(storage, found) == output.crc32c
    )


def _build(
    storage: Storage, unit: Unit, settings: BuildSettings, now: Callable[[], datetime],
    advance: Callable[[int, int], None], inputs: Inputs, seen: _Seen, decision: Decision,
) -> Outcome:  # fmt: skip
    total = len(inputs.trades) + len(inputs.depth20)
    loader = Loader(
        storage, unit.symbol, unit.day, settings.margin_minutes, settings.threads,
        lambda chunks: advance(chunks, total),
    )  # fmt: skip
    # Before the work, so that a day that ends meanwhile counts as pending.
    began = now()
    loaded = loader.load(inputs)
    published = seen.manifest.resolutions if seen.manifest else ()
    resolutions = sorted({*settings.resolutions, *published})
    day = build(unit.day, loaded.trades, loaded.books, inputs.testimony, resolutions)
    pending = is_pending(unit.day, settings.margin_minutes, began)
    manifest = compose(
        unit.symbol, unit.day, settings.margin_minutes, loaded, day, pending=pending
    )
    written = _publish(storage, unit, manifest, day.files, seen, decision, now)
    return Outcome(
        unit, Status.BUILT, manifest.condition, _troubles(manifest), total, written
    )


def _publish(
    storage: Storage, unit: Unit, manifest: Manifest, files: dict[Resolution, bytes],
    seen: _Seen, decision: Decision, now: Callable[[], datetime],
) -> int:  # fmt: skip
    """Write the files, then the change, then the manifest; return the bytes written.

    A day is published by its manifest: whoever stops before it leaves a day that readers see is
    being rebuilt.
    """
    claim(storage)
    written = 0
    prefix = product_bound(unit.symbol, unit.day).rpartition("/")[0]
    for output, data in zip(manifest.outputs, files.values(), strict=True):
        found = seen.files.get(output.name)
        if not _agrees(storage, found, output):
            storage.write(f"{prefix}/{output.name}", data, found.version if found else None)
            written += len(data)
    if seen.manifest:
        _note_change(storage, unit, seen.manifest, manifest, decision.reason, now)
    text = manifest.text()
    if not seen.manifest or text != seen.manifest.text():
        storage.write(manifest_key(unit.symbol, unit.day), text, seen.version)
        written += len(text)
    return written


def _note_change(
    storage: Storage, unit: Unit, old: Manifest, new: Manifest, reason: Reason | None,
    now: Callable[[], datetime],
) -> None:  # fmt: skip
    """Write the change object if the bytes of a published output change."""
    before = {output.name: output.sha256 for output in old.outputs}
    after = {output.name: output.sha256 for output in new.outputs}
    if all(after.get(name) == digest for name, digest in before.items()):
        return
    hashes = [f"{name} {before.get(name)} {digest}" for name, digest in sorted(after.items())]
    digest = hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]
    change = {
        "at": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "symbol": unit.symbol,
        "date": str(unit.day),
        "reason": reason,
        "condition": {"old": old.condition, "new": new.condition},
        "outputs": [
            {"name": name, "old_sha256": before.get(name), "new_sha256": new_digest}
            for name, new_digest in sorted(after.items())
        ],
    }
    text = json.dumps(change, ensure_ascii=False, indent=1).encode() + b"\n"
    try:
        storage.write(change_key(unit.symbol, unit.day, digest), text)
    except AlreadyExists:
        return  # of a builder that stopped before its manifest


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


def _kept_detail(decision: Decision, seen: _Seen, settings: BuildSettings) -> str:
    if decision.action is not Action.KEPT or not seen.manifest:
        return ""
    absent = {*settings.resolutions} - {*seen.manifest.resolutions}
    labels = ", ".join(each.label for each in sorted(absent))
    return "raw chunks have expired" + (f"; {labels} cannot be made any more" if absent else "")


def _troubles(manifest: Manifest) -> str:
    """Return in one line what is wrong with a day."""
    whole = manifest.whole
    rows = sum(each["rows"] for each in whole["set_aside"]["malformed"].values())
    chunks = sum(each["chunks"] for each in whole["set_aside"]["chunks"].values())
    bars = whole["bars"][manifest.resolutions[-1].label]
    unknown = _unknown_types(whole["trades"]["excluded"])
    parts = [
        (whole["trades"]["missing"], "trades missing"),
        (bars.get("gap", 0), f"{manifest.resolutions[-1].label} bars gap"),
        (bars.get("partial", 0), f"{manifest.resolutions[-1].label} bars partial"),
        (whole["trades"]["conflicts"], "conflicts"),
        (rows, "malformed rows"),
        (chunks, "chunks unusable"),
    ]
    said = [f"{count:,} {what}" for count, what in parts if count]
    return ", ".join(said + ([f"unknown trade types {unknown}"] if unknown else []))


def _unknown_types(excluded: Iterable[str]) -> str:
    return ", ".join(sorted(set(excluded) - set(TradeType)))
