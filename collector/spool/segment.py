"""The rows of one receive minute: in memory until the next flush, then in the log."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from collector.spool.batches import OWN_MINUTE, Block, Group, Lines, encode
from collector.spool.logfile import LogFile
from collector.spool.spoolnames import LogName
from lake.layout import Stream

Rows = defaultdict[str, list[bytes]]
"""Lines by symbol."""


@dataclass
class Index:
    """Where the rows of each group lie in a log: offsets and lengths, in the order of arrival."""

    places: "dict[Group, array[int]]" = field(default_factory=dict)
    rows: dict[Group, int] = field(default_factory=dict)

    def add(self, block: Block, start: int = 0) -> None:
        """Note a block; its offset counts from `start`."""
        group = block.group
        if group not in self.places:
            self.places[group], self.rows[group] = array("Q"), 0
        self.places[group].extend((start + block.offset, block.length))
        self.rows[group] += block.rows


@dataclass(frozen=True)
class Sealed:
    """A segment that gets no more rows, in the folder of its run."""

    name: LogName
    run: str
    log: LogFile
    index: Index


class Segment:
    """One segment of the log while it is open.

    `trades` and `depth` hold by symbol what was not written yet, `late` by symbol and the minute of
    the exchange. From `due_ns` on, of every reader's receive time, it can be sealed.
    """

    def __init__(self, name: LogName, due_ns: int) -> None:
        self.name, self.due_ns = name, due_ns
        self.trades: Rows = defaultdict(list)
        self.depth: Rows = defaultdict(list)
        self.late: defaultdict[tuple[str, int], list[bytes]] = defaultdict(list)
        self.log: LogFile | None = None
        self.index = Index()

    def _unwritten(self) -> Iterator[Lines]:
        for stream, table in ((Stream.TRADES, self.trades), (Stream.DEPTH20, self.depth)):
            for symbol, lines in table.items():
                if lines:
                    yield Group(stream, symbol), lines
        for (symbol, minute), lines in self.late.items():
            if lines:
                yield Group(Stream.TRADES, symbol, self._late_minute(minute)), lines

    def _late_minute(self, minute: int) -> int:
        """Return the minute of a late row's group; none if our own chunk would have its key."""
        has_its_key = self.name.again and minute == self.name.minute
        return OWN_MINUTE if has_its_key else minute

    def unwritten_bytes(self) -> int:
        """Return how many bytes of rows are in memory only."""
        return sum(sum(map(len, lines)) for _, lines in self._unwritten())

    def write(self, folder: Path, newest_ns: int) -> int:
        """Write to the log what is in memory and return its bytes; raise `OSError`."""
        groups = list(self._unwritten())
        if not groups:
            return 0
        if self.log is None:
            self.log = LogFile(folder / f"{self.name}.log")
        head, rows, blocks = encode(groups, newest_ns)
        start = self.log.append((head, rows))
        for block, (_, lines) in zip(blocks, groups, strict=True):
            self.index.add(block, start)
            lines.clear()
        return len(rows)

    def drop(self, stream: Stream) -> int:
        """Forget the rows of a stream that could not be written, and return how many."""
        dropped = 0
        for group, lines in self._unwritten():
            if group.stream is stream:
                dropped += len(lines)
                lines.clear()
        return dropped

    def sealed(self, run: str) -> Sealed | None:
        """Return it as one that gets no more rows; None if it never had any."""
        return Sealed(self.name, run, self.log, self.index) if self.log else None
