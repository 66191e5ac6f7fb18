"""The certificate of a day, as later runs read it. No clock, no disk."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from aggregator.inputs import Testimony, unpack_members
from aggregator.quality import Spans
from aggregator.resolutions import Resolution
from lake.journal import Refill, Unfilled
from lake.layout import BarsFormat, Stream
from lake.schemas import TradeType

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
        symbol = str(self.whole["symbol"])
        return Testimony(
            covered,
            frozenset(Stream(name) for name in said["recorded"]),
            tuple(_refill(symbol, each) for each in said.get("refills", ())),
            tuple(Unfilled(symbol, *each) for each in said.get("unfilled", ())),
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Return the published files."""
        return tuple(Output(**each) for each in self.whole["outputs"])

    @property
    def parquet(self) -> bool:
        """Tell whether the bars are published as Parquet too."""
        return any(output.name.endswith(f".{BarsFormat.PARQUET}") for output in self.outputs)


def _refill(symbol: str, said: dict[str, Any]) -> Refill:
    sources = tuple((each["file"], each["sha256"], each["url"]) for each in said["sources"])
    return Refill(symbol, said["run"], said["rows"], said["unpublished"], sources)


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
    absent = [f"no {stream}" for stream in Stream if stream not in manifest.whole["streams"]]
    return ", ".join(_said(counted) + absent + warnings(manifest))


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
