"""The comparison of a day as it is written down. No clock, no disk: equal inputs, equal bytes."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aggregator.parity.candles import COLUMNS, clock, spelled
from aggregator.parity.compare import Minute, Verdict, count_columns, spelled_otherwise
from aggregator.parity.explain import Finding
from aggregator.unit import Unit

SCHEMA_VERSION = 1
MOST_NAMED = 1_000
"""Minutes that are written down one by one."""


@dataclass(frozen=True)
class Compared:
    """Which two files were compared. `certified`: the bars are what their manifest says."""

    bars: str
    bars_sha256: str
    certified: bool
    source: str
    klines: str
    klines_sha256: str
    klines_twice: int = 0


@dataclass(frozen=True)
class Parity:
    """The comparison of a day; `findings` has each minute that differs."""

    unit: Unit
    compared: Compared
    minutes: Sequence[Minute]
    findings: Mapping[int, Finding]

    def count(self, verdict: Verdict) -> int:
        """Return how many minutes are so."""
        return sum(each.verdict is verdict for each in self.minutes)

    @property
    def unexcused(self) -> int:
        """Return how many minutes differ although our record claims to be whole there."""
        return sum(not finding.excused for finding in self.findings.values())

    @property
    def verdict(self) -> Verdict:
        """Return what is said of the day: equal if all is that could be compared."""
        if self.findings:
            return Verdict.DIFFERENT
        return Verdict.EQUAL if self.count(Verdict.EQUAL) else Verdict.NOT_COMPARABLE

    def as_json(self) -> dict[str, Any]:
        """Return the content of the object in the lake."""
        causes = Counter(str(finding.cause) for finding in self.findings.values())
        return {
            "schema_version": SCHEMA_VERSION,
            "symbol": self.unit.symbol,
            "date": str(self.unit.day),
            "verdict": self.verdict,
            "minutes": _counts(Counter(each.verdict for each in self.minutes)),
            "different_though_ok": self.unexcused,
            "causes": dict(sorted(causes.items())),
            "columns": {name: _counts(of) for name, of in count_columns(self.minutes).items()},
            "other_zeros_at_the_end": spelled_otherwise(self.minutes),
            **_files(self.compared),
            "differences": [*self._differences()][:MOST_NAMED],
            "not_compared": [*self.not_compared()],
        }

    def text(self) -> bytes:
        """Return the bytes of the object in the lake."""
        return json.dumps(self.as_json(), ensure_ascii=False, indent=1).encode() + b"\n"

    def _differences(self) -> Iterator[dict[str, Any]]:
        for each in self.minutes:
            if each.minute in self.findings and each.kline is not None:
                finding = self.findings[each.minute]
                ours = dict(zip(COLUMNS, each.bar.candle, strict=True))
                theirs = dict(zip(COLUMNS, each.kline, strict=True))
                yield {
                    "minute": clock(each.minute),
                    "quality": each.bar.quality,
                    "cause": finding.cause,
                    "excused": finding.excused,
                    "explanation": finding.text,
                    "columns": {
                        name: {"bar": spelled(ours[name]), "kline": spelled(theirs[name])}
                        for name in each.different
                    },
                }

    def not_compared(self) -> Iterator[dict[str, Any]]:
        """Yield the stretches of minutes that cannot be compared; `to` is not in them."""
        for why, group in groupby(self.minutes, lambda each: each.why):
            minutes = [*group]
            if why:
                first, last = minutes[0].minute, minutes[-1].minute
                yield {
                    "from": clock(first), "to": clock(last + 1), "minutes": len(minutes),
                    "why": why,
                }  # fmt: skip


def _files(compared: Compared) -> dict[str, Any]:
    return {
        "bars": {
            "name": compared.bars,
            "sha256": compared.bars_sha256,
            "as_in_manifest": compared.certified,
        },
        "klines": {
            "source": compared.source,
            "name": compared.klines,
            "sha256": compared.klines_sha256,
            "rows_twice": compared.klines_twice,
        },
    }


def _counts(counts: Mapping[Verdict, int]) -> dict[str, int]:
    return {verdict.replace(" ", "_"): counts.get(verdict, 0) for verdict in Verdict}
