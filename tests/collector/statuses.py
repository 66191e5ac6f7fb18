"""Statuses as a recorder would publish them."""

from collector.view.status import (
    ConnectionStatus,
    Counters,
    LeftOut,
    Pressure,
    RunStatus,
    SpoolStatus,
    StreamState,
    StreamStatus,
    UploadStatus,
)
from lake.layout import Stream

NOW_S = 1000.0
FRESH = StreamState.FRESH


def stream(
    symbol: str = "BTCUSDT", kind: Stream = Stream.DEPTH20, state: StreamState = FRESH,
    rate_per_s: float = 9.5, lag_ms: float | None = 84.0,
) -> StreamStatus:  # fmt: skip
    """Return one stream."""
    last = "63113.20" if kind is Stream.TRADES else "63113.15"
    return StreamStatus(symbol, kind, state, 1, last, rate_per_s, lag_ms, 14.0, 1234)


def both(
    symbol: str, state: StreamState = FRESH, rate_per_s: float = 9.5
) -> tuple[StreamStatus, StreamStatus]:
    """Return trades, which are fresh, and depth20 of a symbol."""
    return (
        stream(symbol, Stream.TRADES, rate_per_s=rate_per_s),
        stream(symbol, Stream.DEPTH20, state),
    )


def well(*streams: StreamStatus) -> RunStatus:
    """Return a run with which everything is in order."""
    return RunStatus(
        "k3v9", NOW_S, 192.0, streams or (*both("BTCUSDT"), *both("ETHUSDT")),
        (ConnectionStatus(1, "open", 4, 192.0, 84.0),),
        SpoolStatus(1_234_567, 10 << 30, 50 << 30, Pressure.NONE),
        UploadStatus(2, 20_000, 3.0, 14.0),
        Counters(
            frames=9000, received_bytes=9_000_000,
            rows={Stream.TRADES: 1234, Stream.DEPTH20: 5678}, refilled=17, uploaded=12,
        ),
    )  # fmt: skip


__all__ = ["FRESH", "NOW_S", "LeftOut", "both", "stream", "well"]
