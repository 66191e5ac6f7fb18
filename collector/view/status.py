"""What a run is doing, as the recorder publishes it about once a second. No clock, no disk.

The live table, `/healthz` and `/metrics` know nothing else. Ages and rates are as of the moment of
publication; counters count from the start of the run and never fall.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from lake.layout import Stream


class StreamState(StrEnum):
    """What the watchdog says of one stream; only `FRESH` is well."""

    STARTING = "starting"
    FRESH = "fresh"
    NEVER_SPOKE = "never spoke"
    SILENT = "silent"
    LAGGING = "lagging"
    DISCONNECTED = "disconnected"


class Pressure(IntEnum):
    """How near the spool is to its limit, and what is no longer written for it."""

    NONE = 0
    EARLY_WARNING = 1
    NO_DEPTH = 2
    NO_TRADES = 3


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream of one symbol.

    `last`: its last price, of a book the last mid; None before the first frame. `age_s`: since its
    last frame. `lag_ms`: received after its event time, lately. `frames`: since the run's start.
    """

    symbol: str
    stream: Stream
    state: StreamState
    connection: int | None = None
    last: str | None = None
    rate_per_s: float = 0.0
    lag_ms: float | None = None
    age_s: float | None = None
    frames: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One connection; `state` is for people: `open`, `handing over`, `waiting 8 s`.

    `age_s`: since its handshake; None before.
    """

    connection: int
    state: str
    streams: int
    age_s: float | None = None
    lag_ms: float | None = None


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """What is on the disk and not in the lake yet; `error`: why it cannot be written, while so."""

    used_bytes: int = 0
    limit_bytes: int = 0
    free_bytes: int | None = None
    pressure: Pressure = Pressure.NONE
    error: str | None = None


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """The way to the lake: objects that wait, and when the last one arrived.

    `oldest_age_s`: since the oldest waiting object was closed. `last_age_s`: since the last upload
    that succeeded. `error`: why the oldest could not be uploaded, as long as that is so.
    `oldest_row_age_s`: no row that is on the disk and not in the lake is older, whether it waits
    in an object or is still to be made one; 0 if there is none.
    """

    pending: int = 0
    pending_bytes: int = 0
    oldest_age_s: float | None = None
    last_age_s: float | None = None
    error: str | None = None
    oldest_row_age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Counters:
    """What happened since the start of the run.

    `frames` and `received_bytes`: as they left the sockets. `rows`: written, by stream. `strange`:
    frames that are none of ours, by reason. `missing_ids`: in the gaps. `refilled` rows came over
    REST, `unpublished` ones say that there was no trade. `waits`: of a reader for the recorder.
    """

    frames: int = 0
    received_bytes: int = 0
    rows: Mapping[Stream, int] = field(default_factory=dict)
    duplicates: Mapping[Stream, int] = field(default_factory=dict)
    strange: Mapping[str, int] = field(default_factory=dict)
    reconnects: int = 0
    handed_over: int = 0
    stalled: int = 0
    gaps: Mapping[Stream, int] = field(default_factory=dict)
    missing_ids: int = 0
    refilled: int = 0
    unpublished: int = 0
    unwritten: Mapping[Stream, int] = field(default_factory=dict)
    uploaded: int = 0
    uploaded_bytes: int = 0
    upload_failures: int = 0
    waits: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A symbol that was asked for and is not recorded: `why` says what the exchange says of it."""

    symbol: str
    why: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run at one moment.

    `published_s` is the collector's monotonic clock: a status that stays the same is a recorder
    that hangs. `alerts` are sentences about what is wrong and only their authors know of, such as
    a ban at REST; `remarks` about what is worth knowing and not wrong. What streams, spool, uploads
    and symbols left out say by themselves need not be said there.
    """

    run: str
    published_s: float
    uptime_s: float = 0.0
    streams: tuple[StreamStatus, ...] = ()
    connections: tuple[ConnectionStatus, ...] = ()
    spool: SpoolStatus = SpoolStatus()
    uploads: UploadStatus = UploadStatus()
    counters: Counters = Counters()
    left_out: tuple[LeftOut, ...] = ()
    alerts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    stopping: bool = False

    @property
    def open_connections(self) -> int:
        """Return how many connections there are, those that are still awaited aside."""
        return sum(each.age_s is not None for each in self.connections)
