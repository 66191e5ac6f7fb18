"""Writes the certificate of a day: what it was made from, what it holds, what is wrong with it.

No clock, no disk. It holds no time of its own making, so the same inputs give the same bytes.
"""

import hashlib
from datetime import date
from typing import Any

from aggregator.day import Day
from aggregator.inputs import (
    InputChunk,
    Inputs,
    Testimony,
    fingerprint,
    members,
    pack_members,
)
from aggregator.manifest import Condition, Manifest, Output
from aggregator.quality import Holes
from aggregator.reduce import Counts, Loaded, Trouble
from aggregator.resolutions import Resolution
from aggregator.utc import DAY_MS, day_start_ms, iso
from lake.journal import SOURCE
from lake.layout import MINUTES_PER_DAY, BarsFormat, Stream, bars_key, last_part
from lake.schemas import SCHEMA_VERSION
from lake.storage import crc32c

HOLES_NAMED = 1000


def compose(
    symbol: str, day: date, margin: int, loaded: Loaded, built: Day, *, pending: bool
) -> Manifest:
    """Return the manifest of a day."""
    inputs, trades, books = loaded.inputs, loaded.trades.counts, loaded.books.counts
    malformed = _malformed(loaded.troubles)
    degraded = not built.whole or built.missing or malformed or trades.conflicts
    condition = Condition.DEGRADED if degraded else Condition.COMPLETE
    return Manifest(
        {
            "schema_version": SCHEMA_VERSION,
            "symbol": symbol,
            "date": str(day),
            "condition": Condition.PENDING if pending else condition,
            "resolutions": [resolution.label for resolution in built.files],
            "margin_minutes": margin,
            "streams": list(built.expected),
            "inputs": _inputs(inputs, day, margin),
            "trades": {
                **_trade_counts(trades),
                **_holes(built, inputs.testimony),
                **_refilled(inputs.testimony),
            },
            "depth20": _book_counts(books, built),
            "set_aside": {"malformed": malformed, "chunks": _unusable(loaded.troubles)},
            "late": {Stream.TRADES: trades.late, Stream.DEPTH20: books.late},
            "bars": {each.label: counts for each, counts in built.qualities.items()},
            "outputs": [
                vars(_output(symbol, day, resolution, form, data))
                for (resolution, form), data in built.outputs.items()
            ],
        }
    )


def _inputs(inputs: Inputs, day: date, margin: int) -> dict[str, Any]:
    said = inputs.testimony
    return {
        "fingerprint": fingerprint(inputs),
        "carry": _minute(day, _first_carried(inputs, day, margin)),
        "carry_searched": _minute(day, inputs.carry),
        "left_alone": list(inputs.left_alone),
        Stream.TRADES: _chunks(inputs.trades),
        Stream.DEPTH20: _chunks(inputs.depth20),
        "journal": {
            "recorded": sorted(said.recorded),
            "covered": {stream: spans.pairs() for stream, spans in said.covered.items()},
            **_repairs(said),
        },
        "members": pack_members(members(inputs)),
    }


def _repairs(said: Testimony) -> dict[str, Any]:
    """Return what repairs have said; nothing of a day that was never repaired."""
    if not said.refills:
        return {}
    refills = [
        {
            "run": each.run,
            "rows": each.rows,
            "unpublished": each.unpublished,
            "sources": [dict(zip(SOURCE, source, strict=True)) for source in each.sources],
        }
        for each in said.refills
    ]
    return {
        "refills": refills,
        "unfilled": [[each.first_id, each.last_id, each.why] for each in said.unfilled],
    }


def _refilled(said: Testimony) -> dict[str, Any]:
    """Say what was refilled from where; nothing of a day that was never repaired."""
    if not said.refills:
        return {}
    return {
        "refilled": {
            "rows": sum(each.rows for each in said.refills),
            "unpublished": sum(each.unpublished for each in said.refills),
            "from": sorted({source[0] for each in said.refills for source in each.sources}),
        }
    }


def _first_carried(inputs: Inputs, day: date, margin: int) -> int | None:
    """Return the first minute of the day before whose trades were read beyond the margin."""
    minutes = [chunk.key.minute for chunk in inputs.trades if chunk.key.date < day]
    return min((each for each in minutes if each < MINUTES_PER_DAY - margin), default=None)


def _minute(day: date, minute: int | None) -> str | None:
    """Write a minute of the day before."""
    if minute is None:
        return None
    ms = day_start_ms(day) - DAY_MS + minute * 60_000
    return iso(ms).replace(".000Z", "Z")


def _chunks(chunks: tuple[InputChunk, ...]) -> dict[str, Any]:
    runs: dict[str, int] = {}
    for chunk in chunks:
        runs[chunk.key.run] = runs.get(chunk.key.run, 0) + 1
    size = sum(chunk.stat.size for chunk in chunks)
    return {"chunks": len(chunks), "bytes": size, "runs": dict(sorted(runs.items()))}


def _trade_counts(counts: Counts) -> dict[str, Any]:
    return {
        "rows": counts.rows,
        "counted": counts.kept,
        "duplicates": counts.duplicates,
        "conflicts": counts.conflicts,
        "without_id": counts.without_id,
        "excluded": counts.left_out,
        "first_id": counts.first_id,
        "last_id": counts.last_id,
    }


def _holes(built: Day, said: Testimony) -> dict[str, Any]:
    return {
        "missing": built.missing,
        "hole_count": len(built.holes.before),
        "holes": _named(built.holes, said),
    }


def _named(holes: Holes, said: Testimony) -> list[dict[str, Any]]:
    why = {(each.first_id, each.last_id): {"why": each.why} for each in said.unfilled}
    columns = (holes.first_id, holes.last_id, holes.before, holes.after)
    rows = zip(*(column[:HOLES_NAMED].tolist() for column in columns), strict=True)
    return [
        {"first_id": first, "last_id": last, "from": iso(before), "to": iso(after)}
        | why.get((first, last), {})
        for first, last, before, after in rows
    ]


def _book_counts(counts: Counts, built: Day) -> dict[str, Any]:
    return {
        "rows": counts.rows,
        "used": counts.kept,
        "duplicates": counts.duplicates,
        "without_id": counts.without_id,
        "set_aside": counts.left_out,
        "coverage": built.coverage,
    }


def _malformed(troubles: tuple[Trouble, ...]) -> dict[str, Any]:
    """Return rows and first place of each kind of malformed row."""
    found: dict[str, dict[str, Any]] = {}
    for trouble in troubles:
        for each in trouble.faults.set_aside:
            place = {"rows": 0, "example": f"{trouble.key}:{each.line}"}
            found.setdefault(each.fault, place)["rows"] += each.rows
    return dict(sorted(found.items()))


def _unusable(troubles: tuple[Trouble, ...]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for trouble in troubles:
        if trouble.faults.unusable:
            place = {"chunks": 0, "example": trouble.key}
            found.setdefault(trouble.faults.unusable, place)["chunks"] += 1
    return dict(sorted(found.items()))


def _output(
    symbol: str, day: date, resolution: Resolution, form: BarsFormat, data: bytes
) -> Output:
    name = last_part(bars_key(symbol, day, resolution.label, form))
    rows = DAY_MS // 1000 // resolution.seconds
    return Output(name, rows, len(data), crc32c(data), hashlib.sha256(data).hexdigest())
