"""What a repair says in the journal, and the name of its run. No clock, no disk."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aggregator.archive.sources import Source
from aggregator.repair.lacking import Lack
from aggregator.utc import iso
from lake.journal import REPAIR, write_event
from lake.layout import Stream

MOST_NAMED = 1000
_RUN = re.compile(r"(m[0-9a-f]{16})(C[0-9a-f]{8})?", re.ASCII)


@dataclass(frozen=True)
class Statement:
    """What a repair has done to a day. `newest_ms` is the time of the file's last trade."""

    symbol: str
    run: str
    version: str
    newest_ms: int
    rows: int
    unpublished: int
    sources: tuple[Source, ...]
    lacks: tuple[Lack, ...]
    covered: tuple[int, int] | None

    def journal(self) -> bytes:
        """Return the journal object. No clock: a repeated repair must write the same bytes."""
        at, symbol, stream = iso(self.newest_ms), self.symbol, Stream.TRADES
        lines = [
            write_event(
                "recording", at, run=self.run, by=REPAIR, version=self.version,
                symbols=[symbol], streams=[stream], rows=self.rows, unpublished=self.unpublished,
                sources=[source.fields() for source in self.sources],
            )
        ]  # fmt: skip
        for lack in self.lacks[:MOST_NAMED]:
            bounds = {"from": lack.from_ms, "to": lack.to_ms}
            lines.append(
                write_event(
                    "gap", at, stream=stream, symbol=symbol, by=REPAIR,
                    first_id=lack.ids[0], last_id=lack.ids[-1], **bounds, cause=lack.why,
                )
            )  # fmt: skip
        if self.covered:
            bounds = dict(zip(("from", "to"), self.covered, strict=True))
            lines.append(write_event("covered", at, stream=stream, symbol=symbol, **bounds))
        return b"".join(lines)


def run_name(symbol: str, day: date, max_unpublished: int, hashes: Sequence[str]) -> str:
    """Name the run after what it repairs and what with: the hashes of the archive's files."""
    said = f"{symbol} {day} {max_unpublished} {' '.join(hashes)}"
    return f"m{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def other_name(run: str, text: bytes) -> str:
    """Name a chunk whose place another of the same run has: the lake changed between the two."""
    return f"{run}C{hashlib.sha256(text).hexdigest()[:8]}"


def repair_run(run: str) -> str | None:
    """Return the repair that a chunk's run belongs to; None if it belongs to none."""
    match = _RUN.fullmatch(run)
    return match[1] if match else None
