"""Compare what was published of a day with the reference, cell by cell and fact by fact."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from lake.layout import Stream
from lake.schemas import BAR_COLUMNS, header
from tests.reference import Hole, ReferenceBars, ReferenceDay, Value, iso_ms

COLUMNS = tuple(column.name for column in BAR_COLUMNS)
MEAN_TOLERANCE = Fraction(1, 10**10)
MEAN_DIGITS = 12
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def assert_same_day(
    reference: ReferenceDay, outputs: Mapping[str, bytes], manifest: dict[str, Any]
) -> None:
    """Compare the CSVs by label (`1s`, `5m`, …) and the manifest with the reference."""
    for label, data in outputs.items():
        bars = reference.bars(resolution_seconds(label))
        assert_same_bars(label, reference.date, bars, data)
        _assert_same("bars", label, bars.qualities(), _nonzero(manifest["bars"][label]))
        _assert_certified(f"{reference.date}_{label}.csv", data, manifest)
    assert_same_facts(reference, manifest)


def resolution_seconds(label: str) -> int:
    """Read a label such as `5m`."""
    return int(label[:-1]) * _UNITS[label[-1]]


def assert_same_bars(label: str, day: date, bars: ReferenceBars, data: bytes) -> None:
    """Compare one file: every bar that something happened in, and the stretches between."""
    head, *lines, end = data.decode().split("\n")
    _assert_same(label, "header", header(BAR_COLUMNS).rstrip("\n"), head)
    _assert_same(label, "number of bars", bars.count, len(lines))
    _assert_same(label, "text after the last newline", "", end)
    active = set(bars.active)
    for stretch in bars.stretches():
        row, found = bars.row(stretch.start), lines[stretch.start : stretch.stop]
        if stretch.start in active:
            _assert_same_row(label, stretch.start, row, found[0])
        else:
            _assert_flat(label, day, stretch, row, found)


def _assert_flat(
    label: str, day: date, stretch: range, row: dict[str, Value], found: list[str]
) -> None:
    """Compare lines that differ in nothing but their time."""
    rest = "," + ",".join(_text(row[column]) for column in COLUMNS[1:])
    starts = _timestamps(day, resolution_seconds(label))[stretch.start : stretch.stop]
    if found == [start + rest for start in starts]:
        return
    for index, start, line in zip(stretch, starts, found, strict=True):
        _assert_same_row(label, index, {**row, "timestamp": start}, line)


@cache
def _timestamps(day: date, seconds: int) -> list[str]:
    moments = [divmod(second, 3_600) for second in range(0, 86_400, seconds)]
    return [f"{day}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}Z" for hour, rest in moments]


def _assert_same_row(label: str, index: int, row: dict[str, Value], line: str) -> None:
    cells = line.split(",")
    place = f"{label} bar {index} ({row['timestamp']})"
    _assert_same(place, "number of cells", len(COLUMNS), len(cells))
    for column, found in zip(COLUMNS, cells, strict=True):
        expected = row[column]
        if isinstance(expected, Fraction):
            _assert_mean(place, column, expected, found)
        else:
            _assert_same(place, column, _text(expected), found)


def _text(value: Value) -> str:
    assert not isinstance(value, Fraction)
    return value or ""


def _assert_mean(place: str, column: str, expected: Fraction, found: str) -> None:
    shown = f"{float(expected)!r} ({expected})"
    if not _PLAIN.fullmatch(found) or found == "-0":
        raise AssertionError(f"{place}, {column}: expected {shown}, found {found!r}: not plain")
    if len(re.sub(r"\D", "", found).strip("0")) > MEAN_DIGITS:
        raise AssertionError(
            f"{place}, {column}: expected {shown}, found {found!r}: over 12 digits"
        )
    if abs(Fraction(Decimal(found)) - expected) > MEAN_TOLERANCE * abs(expected):
        raise AssertionError(f"{place}, {column}: expected {shown}, found {found!r}: too far")


def _assert_same(place: str, what: str, expected: object, found: object) -> None:
    if expected != found:
        raise AssertionError(f"{place}, {what}: expected {expected!r}, found {found!r}")


# The manifest


def assert_same_facts(reference: ReferenceDay, manifest: dict[str, Any]) -> None:
    """Compare everything that the manifest says of the inputs and of the day."""
    for what, expected, found in (
        ("symbol", reference.symbol, manifest["symbol"]),
        ("date", str(reference.date), manifest["date"]),
        ("trades", _trades(reference), _only(manifest["trades"], _trades(reference))),
        ("condition", reference.condition, manifest["condition"]),
        ("late", {str(s): n for s, n in reference.late.items()}, manifest["late"]),
        ("carry", _moment(reference.carry), _moment(manifest["inputs"]["carry"])),
    ):
        _assert_same("manifest", what, expected, found)
    _assert_same_book(reference, manifest["depth20"])
    _assert_same_set_aside(reference, manifest["set_aside"])
    _assert_same_inputs(reference, manifest["inputs"])


def _trades(reference: ReferenceDay) -> dict[str, object]:
    trades = reference.trades
    return {
        "rows": trades.rows,
        "counted": trades.counted,
        "duplicates": trades.duplicates,
        "conflicts": trades.conflicts,
        "without_id": trades.without_id,
        "excluded": dict(trades.excluded),
        "first_id": trades.first_id,
        "last_id": trades.last_id,
        "missing": trades.missing,
        "hole_count": trades.hole_count,
        "holes": [_hole(hole) for hole in trades.holes],
    }


def _hole(hole: Hole) -> dict[str, object]:
    return {
        "first_id": hole.first_id,
        "last_id": hole.last_id,
        "from": iso_ms(hole.from_ms),
        "to": iso_ms(hole.to_ms),
    }


def _assert_same_book(reference: ReferenceDay, found: dict[str, Any]) -> None:
    book = reference.depth20
    expected = {"rows": book.rows, "used": book.used, "duplicates": book.duplicates}
    _assert_same("manifest", "depth20", expected, _only(found, expected))
    reasons = _nonzero(found["set_aside"])
    _assert_same("manifest", "depth20.set_aside", dict(book.set_aside), reasons)
    # Five decimals tell one second of the day from two.
    if abs(Fraction(found["coverage"]) - book.coverage) > Fraction(6, 10**6):
        _assert_same("manifest", "depth20.coverage", float(book.coverage), found["coverage"])


def _assert_same_set_aside(reference: ReferenceDay, found: dict[str, Any]) -> None:
    rows = {reason: entry["rows"] for reason, entry in found["malformed"].items()}
    _assert_same("manifest", "set_aside.malformed", dict(reference.malformed), _nonzero(rows))
    for reason, keys in reference.malformed_in.items():
        example, _, _line = found["malformed"][reason]["example"].rpartition(":")
        if example not in keys:
            _assert_same("manifest", f"example of {reason}", sorted(keys), example)
    for key, reason in reference.chunks_set_aside.items():
        if f'"{reason}"' not in _json(found):
            _assert_same("manifest", "set_aside", f"{reason}: {key}", found)


def _assert_same_inputs(reference: ReferenceDay, found: dict[str, Any]) -> None:
    for stream in Stream:
        facts = reference.inputs[stream]
        expected = {"chunks": facts.chunks, "bytes": facts.bytes, "runs": dict(facts.runs)}
        _assert_same("manifest", f"inputs.{stream}", expected, _only(found[stream], expected))
    named = _json(found["left_alone"])
    for stray in sorted(reference.left_alone):
        if stray not in named:
            _assert_same("manifest", "inputs.left_alone", stray, found["left_alone"])


def _assert_certified(name: str, data: bytes, manifest: dict[str, Any]) -> None:
    """Compare size and checksum of a file with its line in the manifest."""
    lines = [output for output in manifest["outputs"] if output["name"] == name]
    expected = {
        "rows": data.count(b"\n") - 1,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    _assert_same("manifest", f"outputs {name}", [expected], [_only(x, expected) for x in lines])


def _only(found: Mapping[str, object], expected: Mapping[str, object]) -> dict[str, object]:
    """Return the entries that are compared: a manifest may say more."""
    return {name: value for name, value in found.items() if name in expected}


def _nonzero(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
