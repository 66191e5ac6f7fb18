"""Compares one published day with its klines, explains what differs, and writes it down."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import localcontext
from enum import StrEnum

from aggregator.manifest import Manifest
from aggregator.parity.bars import comparable, read_bars
from aggregator.parity.candles import Bar
from aggregator.parity.case import Evidence, Hole
from aggregator.parity.compare import Minute, Verdict, compare
from aggregator.parity.explain import Finding, explain
from aggregator.parity.klines import Klines
from aggregator.parity.raw import read_fills
from aggregator.parity.report import Compared, Parity
from aggregator.parity.sources import Fetched, Nothing, Source
from aggregator.unit import Unit
from aggregator.utc import day_start_ms
from lake.errors import LakeError, NoSuchObject, VersionConflict
from lake.layout import ProductKey, Stream, bars_key, last_part, manifest_key
from lake.storage import Storage

PARITY = "parity.json"
_MOST_EXPLAINED = 60
"""Minutes whose single trades are looked at: more differ for one reason, not for many."""
_DIGITS = 80
"""Of sums and products of any two numbers of a row: they are exact."""
_LOOKS = 3


class Fate(StrEnum):
    """What became of the comparison of a day."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"
    NO_KLINES = "no klines"
    FAILED = "failed"


@dataclass(frozen=True)
class Verified:
    """What became of a day; `parity` if it was compared, `detail` in one line what matters."""

    unit: Unit
    fate: Fate
    detail: str = ""
    parity: Parity | None = None


@dataclass(frozen=True)
class _Published:
    manifest: Manifest
    name: str
    data: bytes
    certified: bool


@dataclass(frozen=True)
class Verifier:
    """Verifies days of a lake against one source of klines."""

    storage: Storage
    source: Source

    def run(self, unit: Unit) -> Verified:
        """Verify a day; a failure is its own."""
        try:
            return self._verified(unit)
        except LakeError as error:
            return Verified(unit, Fate.FAILED, str(error))

    def _verified(self, unit: Unit) -> Verified:
        found = self._published(unit)
        fetched = self.source.klines(unit.symbol, unit.day)
        if isinstance(fetched, Nothing):
            return Verified(unit, Fate.NO_KLINES, f"{fetched.name} has no kline of the day")
        with localcontext() as context:
            context.prec = _DIGITS
            parity = self._compared(unit, found, fetched)
        _write(self.storage, unit, parity.text())
        return Verified(unit, Fate(parity.verdict), _detail(parity), parity)

    def _published(self, unit: Unit) -> _Published:
        """Read manifest and bars; a day may be rebuilt while it is read."""
        for _ in range(_LOOKS):
            manifest = self._manifest(unit)
            resolution = comparable(manifest.resolutions)
            if resolution is None:
                raise LakeError(
                    f"cannot verify {unit}: it is published without bars that divide a minute; "
                    f"{_how_to_build(self.storage, unit)} --resolutions 1m"
                )
            key = bars_key(unit.symbol, unit.day, resolution.label)
            (output,) = (each for each in manifest.outputs if each.name == last_part(key))
            found = self._read(unit, key)
            certified = hashlib.sha256(found).hexdigest() == output.sha256
            if certified:
                break
        return _Published(manifest, output.name, found, certified)

    def _manifest(self, unit: Unit) -> Manifest:
        try:
            return Manifest.parse(self.storage.read(manifest_key(unit.symbol, unit.day))[0])
        except NoSuchObject:
            why = "it is not published"
        except ValueError:
            why = "its manifest cannot be read"
        build = _how_to_build(self.storage, unit)
        raise LakeError(f"cannot verify {unit}: {why}; {build}")

    def _read(self, unit: Unit, key: str) -> bytes:
        try:
            return self.storage.read(key)[0]
        except NoSuchObject as error:
            raise LakeError(
                f"cannot verify {unit}: {key} is not there; {_how_to_build(self.storage, unit)}"
            ) from error

    def _compared(self, unit: Unit, found: _Published, fetched: Fetched) -> Parity:
        try:
            bars = read_bars(found.data)
        except ValueError as error:
            raise LakeError(
                f"cannot verify {unit}: {found.name}: {error}; "
                f"{_how_to_build(self.storage, unit)} --force"
            ) from error
        has_trades = Stream.TRADES in found.manifest.whole["streams"]
        minutes = compare(bars, fetched.klines, has_trades=has_trades)
        findings = self._findings(unit, found.manifest, bars, fetched.klines, minutes)
        compared = Compared(
            found.name, hashlib.sha256(found.data).hexdigest(), found.certified,
            fetched.source, fetched.name, fetched.sha256, fetched.klines.twice,
        )  # fmt: skip
        return Parity(unit, compared, minutes, findings)

    def _findings(
        self, unit: Unit, manifest: Manifest, bars: tuple[Bar, ...], klines: Klines,
        minutes: Iterable[Minute],
    ) -> dict[int, Finding]:  # fmt: skip
        """Explain each minute that differs; of many, only the first by single trades."""
        different = [each for each in minutes if each.verdict is Verdict.DIFFERENT]
        if not different:
            return {}
        looked_at = [each.minute for each in different[:_MOST_EXPLAINED]]
        trades = manifest.whole["trades"]
        evidence = Evidence(
            day_start_ms(unit.day), bars, klines.by_minute, _holes(trades["holes"]),
            trades["excluded"], manifest.testimony.covered[Stream.TRADES].pairs(),
            read_fills(self.storage, unit, looked_at),
        )  # fmt: skip
        return {each.minute: explain(each, evidence) for each in different}


def _holes(listed: Iterable[dict[str, str]]) -> list[Hole]:
    return [
        Hole(
            int(each["first_id"]),
            int(each["last_id"]),
            _ms(each["from"]),
            _ms(each["to"]),
            each.get("why", ""),
        )  # fmt: skip
        for each in listed
    ]


def _ms(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _detail(parity: Parity) -> str:
    """Say in one line what a person must know."""
    notes = {Verdict.DIFFERENT: f" ({parity.unexcused:,} that no hole explains)"}
    said = [
        f"{parity.count(verdict):,} minutes {verdict}{notes.get(verdict, '')}"
        for verdict in Verdict
        if parity.count(verdict)
    ]
    said += [f"{each['minutes']:,} have {each['why']}" for each in _longest_first(parity)[:2]]
    if not parity.compared.certified:
        said.append(f"{parity.compared.bars} is not what its manifest says")
    return ", ".join(said)


def _longest_first(parity: Parity) -> list[dict[str, int]]:
    return sorted(parity.not_compared(), key=lambda each: -each["minutes"])


def _write(storage: Storage, unit: Unit, text: bytes) -> None:
    """Write the comparison, unless it is there already; of two writers the later looks again."""
    key = str(ProductKey(unit.symbol, unit.day, PARITY))
    try:
        there, version = storage.read(key)
    except NoSuchObject:
        storage.write(key, text)
        return
    if there == text:
        return
    try:
        storage.write(key, text, version)
    except VersionConflict:
        storage.write(key, text, storage.read(key)[1])


def _how_to_build(storage: Storage, unit: Unit) -> str:
    return (
        f"build it with: aggregator backfill --lake {storage.url} --symbols {unit.symbol} "
        f"--start {unit.day} --end {unit.day}"
    )
