"""What the spool tells the recorder, so that the journal can say it. No clock, no disk."""

from dataclasses import dataclass

from collector.spool.spoolnames import MINUTE_NS
from lake.layout import Stream


@dataclass(frozen=True)
class Uploaded:
    """Chunks of one receive minute, or one journal object (`journal`), arrived in the lake.

    `minute` counts from 1970 UTC. `rows` are those of chunks, `bytes` those of the objects, and
    `seconds` is how long it took.
    """

    run: str
    minute: int
    objects: int
    rows: int
    bytes: int
    seconds: float
    journal: bool = False


@dataclass(frozen=True)
class Lost:
    """Rows that the recorder handed over and that no chunk will hold.

    Received in `[from_ns, to_ns]`; `symbol` None: of any symbol of the stream.
    """

    run: str
    stream: Stream
    symbol: str | None
    from_ns: int
    to_ns: int
    rows: int
    cause: str


@dataclass(frozen=True)
class Refused:
    """Another content has this key in the lake: ours is kept in the spool, at `path`."""

    run: str
    key: str
    path: str


News = Uploaded | Lost | Refused


def lost_minute(run: str, stream: Stream, symbol: str, minute: int, rows: int) -> Lost:
    """Return the news of rows that the disk did not give back; the minute is of their receipt."""
    start_ns = minute * MINUTE_NS
    return Lost(
        run, stream, symbol, start_ns, start_ns + MINUTE_NS - 1, rows,
        "the spool's disk did not give it back",
    )  # fmt: skip
