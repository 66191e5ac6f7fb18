"""What Prometheus is told of a run: the newest status, as metric families. No clock, no disk.

Names have units and, of counters, the ending `_total`. Labels are bounded: symbols and streams of
this process, and a fixed number of reasons.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collector.view.condition import condition
from collector.view.status import (
    Counters,
    RunStatus,
    SpoolStatus,
    StreamState,
    StreamStatus,
    UploadStatus,
)
from lake.layout import Stream

_PREFIX = "flowlake_"
_MOST_REASONS = 20
"""Reasons with a label of their own; the rest is `other`."""


class StatusMetrics(Collector):
    """Answers a scrape with the newest status."""

    def __init__(
        self, latest: Callable[[], RunStatus | None], monotonic: Callable[[], float]
    ) -> None:
        self._latest, self._monotonic = latest, monotonic

    def collect(self) -> Iterator[Metric]:
        """Yield the families of the moment."""
        status, now_s = self._latest(), self._monotonic()
        yield _gauge("healthy", "1 while /healthz says 200.", condition(status, now_s).well)
        if status:
            yield from families(status)


def families(status: RunStatus) -> Iterator[Metric]:
    """Yield everything that one status says."""
    yield _info(status)
    yield _gauge("uptime_seconds", "Since the start of the run.", status.uptime_s)
    yield _gauge("connections", "WebSocket connections that are open.", status.open_connections)
    yield _gauge("symbols_left_out", "Symbols asked for that do not trade.", len(status.left_out))
    yield from _of_counters(status.counters)
    yield from _of_spool(status.spool)
    yield from _of_uploads(status.uploads)
    yield from _of_streams(status.streams)


def _info(status: RunStatus) -> Metric:
    family = GaugeMetricFamily(
        f"{_PREFIX}info", "Always 1; says which run of which release this is.",
        labels=["run", "version"],
    )  # fmt: skip
    family.add_metric([status.run, version("flowlake")], 1)
    return family


def _of_counters(counters: Counters) -> Iterator[Metric]:
    yield _counter("messages", "Frames that left the sockets.", counters.frames)
    yield _counter("received_bytes", "Bytes of these frames.", counters.received_bytes)
    yield _by_stream("rows", "Rows written.", counters.rows)
    yield _by_stream("duplicates", "Rows that were there already.", counters.duplicates)
    yield _by_stream("unwritten_rows", "Rows lost to a full disk.", counters.unwritten)
    yield _by_stream("gaps", "Stretches that are lost.", counters.gaps)
    yield _by("reason", "strange_messages", "Frames set aside.", _bounded(counters.strange))
    yield _counter("missing_trade_ids", "Trade ids inside gaps.", counters.missing_ids)
    yield _counter("refilled_trades", "Lost trades got back over REST.", counters.refilled)
    yield _counter("unpublished_trade_ids", "Ids that no trade ever had.", counters.unpublished)
    yield _counter("reconnects", "Connections that were made again.", counters.reconnects)
    yield _counter("hand_overs", "Connections replaced in peace.", counters.handed_over)
    yield _counter("stalls", "Streams that fell silent.", counters.stalled)
    yield _counter("reader_waits", "Times that a reader waited for us.", counters.waits)
    yield _counter("uploads", "Objects brought to the lake.", counters.uploaded)
    yield _counter("uploaded_bytes", "Bytes of these objects.", counters.uploaded_bytes)
    yield _counter("upload_failures", "Attempts that failed.", counters.upload_failures)


def _bounded(reasons: Mapping[str, int]) -> dict[str, int]:
    """Return the reasons that came first, and the sum of the others.

    The first keep their labels, whichever grows fastest: a counter must never fall.
    """
    named = list(reasons.items())
    others = sum(number for _, number in named[_MOST_REASONS:])
    return dict(named[:_MOST_REASONS]) | ({"other": others} if others else {})


def _of_spool(spool: SpoolStatus) -> Iterator[Metric]:
    yield _gauge("spool_bytes", "On the disk, not in the lake yet.", spool.used_bytes)
    yield _gauge("spool_limit_bytes", "How far the spool may grow.", spool.limit_bytes)
    yield _gauge(
        "spool_pressure", "0 none, 1 early warning, 2 no books, 3 no trades.", spool.pressure
    )
    if spool.free_bytes is not None:
        yield _gauge("spool_disk_free_bytes", "Free on the spool's disk.", spool.free_bytes)


def _of_uploads(uploads: UploadStatus) -> Iterator[Metric]:
    yield _gauge("uploads_pending", "Objects that wait for the lake.", uploads.pending)
    yield _gauge("uploads_pending_bytes", "Bytes of these objects.", uploads.pending_bytes)
    yield _gauge(
        "oldest_pending_upload_age_seconds", "How long the oldest waits; 0 if none does.",
        uploads.oldest_age_s or 0,
    )  # fmt: skip
    if uploads.last_age_s is not None:
        yield _gauge("upload_age_seconds", "Since the last upload.", uploads.last_age_s)


def _of_streams(streams: Sequence[StreamStatus]) -> Iterator[Metric]:
    yield _of_states(streams)
    for name, text, value in _STREAM_GAUGES:
        family = GaugeMetricFamily(f"{_PREFIX}stream_{name}", text, labels=["symbol", "stream"])
        for stream in streams:
            number = value(stream)
            if number is not None:
                family.add_metric([stream.symbol, stream.stream], number)
        yield family
    frames = CounterMetricFamily(
        f"{_PREFIX}stream_messages", "Frames of the stream.", labels=["symbol", "stream"]
    )
    for stream in streams:
        frames.add_metric([stream.symbol, stream.stream], stream.frames)
    yield frames


def _of_states(streams: Sequence[StreamStatus]) -> Metric:
    family = GaugeMetricFamily(f"{_PREFIX}streams", "Streams in each state.", labels=["state"])
    counts = Counter(stream.state for stream in streams)
    for state in StreamState:
        family.add_metric([state.replace(" ", "_")], counts[state])
    return family


def _seconds(stream: StreamStatus) -> float | None:
    return None if stream.lag_ms is None else stream.lag_ms / 1000


_STREAM_GAUGES: tuple[tuple[str, str, Callable[[StreamStatus], float | None]], ...] = (
    ("fresh", "1 while the watchdog is content.", lambda each: each.state is StreamState.FRESH),
    ("lag_seconds", "Received after its event time.", _seconds),
    ("age_seconds", "Since the last frame.", lambda each: each.age_s),
)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}{name}", text, value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{_PREFIX}{name}", text, value)


def _by_stream(name: str, text: str, values: Mapping[Stream, int]) -> Metric:
    return _by("stream", name, text, {stream: values.get(stream, 0) for stream in Stream})


def _by(label: str, name: str, text: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
