"""What `collector run` is asked to do. No clock, no disk, no environment.

The command line builds it once; everything below is handed what it needs of it.
"""

from dataclasses import dataclass, field

WS_URL = "wss://fstream.binance.com"
REST_URL = "https://fapi.binance.com"
MOST_STREAMS = 1024
"""That the exchange takes on one connection; with one more it closes it."""


@dataclass(frozen=True)
class Shard:
    """The part `index` of `count` of the symbols that this process takes."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read `I/N`, I from 0."""
        first, slash, second = text.partition("/")
        if not (slash and first.isdecimal() and second.isdecimal()):
            raise ValueError(f"{text!r} is no shard; write it as 0/4")
        shard = cls(int(first), int(second))
        if shard.index >= shard.count:
            raise ValueError(f"shard {text}: the last of {shard.count} is {shard.count - 1}")
        return shard

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclass(frozen=True)
class Deadlines:
    """How long is waited for what, in seconds of the collector's clock.

    `first_frame_s`: from the subscription to the first snapshot of a symbol.
    `first_trade_s`: the same of its first trade; then the exchange's list of trades is asked.
    `any_frame_s`: from the start until at least one stream has spoken, else the run fails.
    `silence_s`: without a snapshot, on a connection that talks, until the stream is stalled.
    `lag_s`: received later than this after its event time is late ...
    `lagging_s`: ... and this long late without a pause is answered by a fresh connection.
    `dead_s`: without any byte, pongs included, until the connection is taken for dead.
    `ping_s`: between two pings that ask whether the other side lives.
    `connect_s`: for a handshake, and for an answer over REST.
    `rotate_s`: age at which a connection is replaced; `limit_s`: at which the exchange ends it;
    `force_s` before that it is replaced whatever the new one has proved.
    `symbols_s`: between two looks at which symbols trade.
    `stop_s`: from the wish to stop to the exit.
    """

    first_frame_s: float = 10.0
    first_trade_s: float = 60.0
    any_frame_s: float = 30.0
    silence_s: float = 10.0
    lag_s: float = 3.0
    lagging_s: float = 30.0
    dead_s: float = 30.0
    ping_s: float = 20.0
    connect_s: float = 10.0
    rotate_s: float = 23 * 3600.0
    limit_s: float = 24 * 3600.0
    force_s: float = 600.0
    symbols_s: float = 3600.0
    stop_s: float = 8.0


@dataclass(frozen=True)
class RunSettings:
    """Everything that one run is told.

    `symbols` are in upper case; None stands for all that trade. `spool_folder` holds what is not
    in the lake yet. `spool_limit_bytes` bounds it, `fsync_s` what a power cut can lose.
    `duration_s`: None runs until it is told to stop. `metrics_port`: None serves nothing, 0 lets
    the system choose. `speed` and `anchor_ns` make the collector's clock run through a day in
    minutes; see `Clock`.
    """

    lake: str
    symbols: tuple[str, ...] | None
    ws_url: str = WS_URL
    rest_url: str = REST_URL
    spool_folder: str = "./spool"
    spool_limit_bytes: int = 10 << 30
    fsync_s: float = 5.0
    duration_s: float | None = None
    shard: Shard = Shard()
    strict: bool = False
    streams_per_connection: int = 200
    metrics_port: int | None = None
    metrics_host: str = "0.0.0.0"
    deadlines: Deadlines = Deadlines()
    inbox_frames: int = 1 << 16
    upload_workers: int = 16
    speed: float = 1.0
    anchor_ns: int | None = None
    api_key: str | None = field(default=None, repr=False)
