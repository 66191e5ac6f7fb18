"""The certificate of a day: what it was made from, what it holds, what is wrong with it.

No clock, no disk. It holds no time of its own making, so the same inputs give the same bytes.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from aggregator.day import Day
from aggregator.inputs import (
    InputChunk,
    Inputs,
    Testimony,
    fingerprint,
    members,
    pack_members,
    unpack_members,
)
from aggregator.quality import Holes, Spans
from aggregator.reduce import Counts, Loaded, Trouble
from aggregator.resolutions import Resolution
from aggregator.utc import DAY_MS, day_start_ms, iso
from lake.layout import MINUTES_PER_DAY, BarsFormat, Stream, bars_key, last_part
from lake.schemas import SCHEMA_VERSION, TradeType
from lake.storage import crc32c

HOLES_NAMED = 1000

_READ = (
    "schema_version", "condition", "resolutions", "margin_minutes", "fingerprint", "carry",
    "members", "testimony", "outputs", "parquet",
)  # fmt: skip
"""What later runs read in a manifest."""


class Condition(StrEnum):
    """How far a day can be relied on."""

    COMPLETE = "complete"
    DEGRADED = "degraded"
    PENDING = "pending"


@dataclass(frozen=True)
class Output:
    """A published file as its manifest describes it; `name` is its last part of the key."""

    name: str
    rows: int
    bytes: int
    crc32c: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A manifest as it is written; the fields by which later runs decide, and the whole."""

    whole: dict[str, Any]

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """Read a manifest; raise ValueError if it is none."""
        try:
            manifest = cls(json.loads(data))
            for name in _READ:
                getattr(manifest, name)
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"it lacks {error}") from error
        return manifest

    def text(self) -> bytes:
        """Return the object's content."""
        return json.dumps(self.whole, ensure_ascii=False, indent=1).encode() + b"\n"

    @property
    def schema_version(self) -> int:
        """Return the version of the columns and of their meaning."""
        return int(self.whole["schema_version"])

    @property
    def condition(self) -> Condition:
        """Return how far the day can be relied on."""
        return Condition(self.whole["condition"])

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """Return the resolutions that are published."""
        return tuple(Resolution.parse(label) for label in self.whole["resolutions"])

    @property
    def margin_minutes(self) -> int:
        """Return the minutes read on both sides of the day."""
        return int(self.whole["margin_minutes"])

    @property
    def fingerprint(self) -> str:
        """Return the hash over the inputs."""
        return str(self.whole["inputs"]["fingerprint"])

    @property
    def carry(self) -> int | None:
        """Return the minute of the day before from which its trades were looked at, if so."""
        at = self.whole["inputs"]["carry_searched"]
        return None if at is None else int(at[11:13]) * 60 + int(at[14:16])

    @property
    def members(self) -> frozenset[bytes]:
        """Return the short hashes of the chunks."""
        return unpack_members(self.whole["inputs"]["members"])

    @property
    def testimony(self) -> Testimony:
        """Return what the journals said."""
        said = self.whole["inputs"]["journal"]
        covered = {stream: Spans.of_pairs(said["covered"].get(stream, [])) for stream in Stream}
        return Testimony(covered, frozenset(Stream(name) for name in said["recorded"]))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Return the published files."""
        return tuple(Output(**each) for each in self.whole["outputs"])

    @property
    def parquet(self) -> bool:
        """Tell whether the bars are published as Parquet too."""
        return any(output.name.endswith(f".{BarsFormat.PARQUET}") for output in self.outputs)


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
            "trades": {**_trade_counts(trades), **_holes(built)},
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


def is_pending(day: date, margin: int, now: datetime) -> bool:
    """Tell whether the day and its margin are not over yet."""
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, minutes=margin)
    return now < end


def remarks(manifest: Manifest) -> str:
    """Say in one line what is wrong with a day; nothing if it is whole."""
    coarsest = max(manifest.resolutions).label
    bars = manifest.whole["bars"][coarsest]
    counted = [
        (manifest.whole["trades"]["missing"], "trades missing"),
        (bars.get("gap", 0), f"{coarsest} bars gap"),
        (bars.get("partial", 0), f"{coarsest} bars partial"),
    ]
    return ", ".join(_said(counted) + warnings(manifest))


def warnings(manifest: Manifest) -> list[str]:
    """Say what somebody should look into: that rows are missing is a condition, this is strange."""
    trades, set_aside = manifest.whole["trades"], manifest.whole["set_aside"]
    unknown = sorted(set(trades["excluded"]) - set(TradeType))
    counted = [
        (trades["conflicts"], "conflicts"),
        (sum(each["rows"] for each in set_aside["malformed"].values()), "malformed rows"),
        (sum(each["chunks"] for each in set_aside["chunks"].values()), "chunks unusable"),
        (len(manifest.whole["inputs"]["left_alone"]), "strange files left alone"),
        (_mixed(trades) + _mixed(manifest.whole["depth20"]), "rows without id beside rows with"),
    ]
    return _said(counted) + [f"unknown trade type {name}" for name in unknown]


def _said(counted: list[tuple[int, str]]) -> list[str]:
    return [f"{count:,} {what}" for count, what in counted if count]


def _mixed(stream: dict[str, Any]) -> int:
    """Return the rows without id if others have one: they may be the same."""
    without: int = stream["without_id"]
    return without if without < stream["rows"] else 0


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
        },
        "members": pack_members(members(inputs)),
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


def _holes(built: Day) -> dict[str, Any]:
    return {
        "missing": built.missing,
        "hole_count": len(built.holes.before),
        "holes": _named(built.holes),
    }


def _named(holes: Holes) -> list[dict[str, Any]]:
    columns = (holes.first_id, holes.last_id, holes.before, holes.after)
    rows = zip(*(column[:HOLES_NAMED].tolist() for column in columns), strict=True)
    return [
        {"first_id": first, "last_id": last, "from": iso(before), "to": iso(after)}
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
