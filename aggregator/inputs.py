"""What a day is made from: which chunks, what the journals say, and how both are told apart.

No clock, no disk. The decision whether a published day is up to date is made from this alone.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, timedelta

from aggregator.quality import NEVER, Spans
from aggregator.utc import DAY_MS, day_start_ms
from lake.journal import Journal, Refill, Unfilled
from lake.layout import MINUTES_PER_DAY, ChunkKey, Stream, raw_minute_bound
from lake.storage import Stat

_MEMBER_BYTES = 6
"""Of the hash of a chunk: of a day's 2,900 chunks two are alike once in 70 million days."""

CARRY_MINUTES = 5
"""Minutes read before the one that holds the last trade of the day before."""


@dataclass(frozen=True)
class InputChunk:
    """A chunk of the lake as a listing shows it."""

    key: ChunkKey
    stat: Stat


@dataclass(frozen=True)
class Testimony:
    """What the journals of a day say of one symbol: covered time, who was recording, repairs."""

    covered: dict[Stream, Spans]
    recorded: frozenset[Stream]
    refills: tuple[Refill, ...] = ()
    unfilled: tuple[Unfilled, ...] = ()

    def within(self, other: "Testimony") -> bool:
        """Tell whether the other says all of this too."""
        return (
            self.recorded <= other.recorded
            and {*self.refills} <= {*other.refills}
            and {*self.unfilled} <= {*other.unfilled}
            and all(other.covered[stream].holds(self.covered[stream]) for stream in Stream)
        )


@dataclass(frozen=True)
class Inputs:
    """The chunks of day, margin and carry, in the order of their keys, and the journals' word.

    `carry` is the minute of the day before from which its trades were read, if they were.
    """

    trades: tuple[InputChunk, ...]
    depth20: tuple[InputChunk, ...]
    left_alone: tuple[str, ...]
    testimony: Testimony
    carry: int | None = None

    def of(self, stream: Stream) -> tuple[InputChunk, ...]:
        """Return the chunks of a stream."""
        return self.trades if stream is Stream.TRADES else self.depth20

    def has_chunk_of(self, day: date) -> bool:
        """Tell whether any chunk lies under the date itself."""
        return any(chunk.key.date == day for chunk in (*self.trades, *self.depth20))

    def with_carry(self, chunks: Iterable[InputChunk], minute: int) -> "Inputs":
        """Return the inputs with the trades of the day before from a minute on."""
        trades = (*chunks, *self.trades)
        return Inputs(trades, self.depth20, self.left_alone, self.testimony, minute)


def testimony(journal: Journal, symbol: str, day: date) -> Testimony:
    """Return what the journal of a day says of a symbol: the union over all runs."""
    covered = {
        stream: Spans.of_pairs(
            (_clipped(line.from_ms, day), _clipped(line.to_ms, day))
            for line in journal.covered
            if line.stream is stream and line.symbol == symbol
        )
        for stream in Stream
    }
    recorded = (said.streams for said in journal.recordings if symbol in said.symbols)
    refills = {said.run: said for said in journal.refills if said.symbol == symbol}
    unfilled = {said for said in journal.unfilled if said.symbol == symbol}
    return Testimony(
        covered,
        frozenset().union(*recorded),
        tuple(refills[run] for run in sorted(refills)),
        tuple(sorted(unfilled)),
    )


def _clipped(ms: int, day: date) -> int:
    """Return the time of the day that is nearest: what journals say may lie beyond 64 bits."""
    start = day_start_ms(day)
    return min(max(ms, start), start + DAY_MS)


NO_TESTIMONY = Testimony(dict.fromkeys(Stream, NEVER), frozenset())


def window(stream: Stream, symbol: str, day: date, margin: int) -> tuple[str, str]:
    """Return the range of keys of a day's chunks and of a margin, in minutes, on both sides."""
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    return (
        raw_minute_bound(stream, symbol, before, MINUTES_PER_DAY - margin),
        raw_minute_bound(stream, symbol, after, margin),
    )


def carry_window(symbol: str, day: date, margin: int, from_minute: int) -> tuple[str, str]:
    """Return the range of keys of the carry: the day before, up to where the margin starts."""
    before = day - timedelta(days=1)
    return (
        raw_minute_bound(Stream.TRADES, symbol, before, from_minute),
        raw_minute_bound(Stream.TRADES, symbol, before, MINUTES_PER_DAY - margin),
    )


def sorted_out(stats: Iterable[Stat]) -> tuple[tuple[InputChunk, ...], tuple[str, ...]]:
    """Return the chunks among listed objects, and the keys of what is none."""
    chunks: list[InputChunk] = []
    left_alone: list[str] = []
    for stat in stats:
        key = ChunkKey.parse(stat.key)
        if key:
            chunks.append(InputChunk(key, stat))
        else:
            left_alone.append(stat.key)
    return tuple(chunks), tuple(left_alone)


def fingerprint(inputs: Inputs) -> str:
    """Return the hash of keys and sizes of the chunks and of what the journals say."""
    lines = [
        f"{chunk.stat.key} {chunk.stat.size}" for stream in Stream for chunk in inputs.of(stream)
    ]
    for stream in Stream:
        lines.append(f"recorded {stream} {stream in inputs.testimony.recorded}")
        lines += [f"covered {stream} {span}" for span in inputs.testimony.covered[stream].pairs()]
    lines += [f"refill {astuple(said)}" for said in inputs.testimony.refills]
    lines += [f"unfilled {astuple(said)}" for said in inputs.testimony.unfilled]
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def members(inputs: Inputs) -> frozenset[bytes]:
    """Return a short hash of each chunk, by which a later run sees which are still there."""
    return frozenset(
        hashlib.blake2b(
            f"{chunk.stat.key} {chunk.stat.size}".encode(), digest_size=_MEMBER_BYTES
        ).digest()
        for stream in Stream
        for chunk in inputs.of(stream)
    )


def pack_members(found: frozenset[bytes]) -> str:
    """Write the short hashes as one text."""
    return base64.b64encode(b"".join(sorted(found))).decode()


def unpack_members(text: str) -> frozenset[bytes]:
    """Read the short hashes."""
    data = base64.b64decode(text)
    return frozenset(data[i : i + _MEMBER_BYTES] for i in range(0, len(data), _MEMBER_BYTES))
