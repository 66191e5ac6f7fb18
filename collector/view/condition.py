"""What is wrong with a run, in plain sentences. No clock, no disk.

A run is well while every stream is fresh and uploads are current. What is worth knowing and does
not make it unwell, such as a symbol that no longer trades, is a note.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from collector.view.status import (
    LeftOut,
    Pressure,
    RunStatus,
    SpoolStatus,
    StreamState,
    StreamStatus,
    UploadStatus,
)
from collector.view.words import count, size, span
from lake.layout import Stream

HANGS_AFTER_S = 10.0
"""Without a new status, the recorder hangs."""
UPLOADS_LATE_S = 180.0
"""Since the oldest waiting object was closed, or since the last upload: no longer current."""
_NAMED = 3
"""Streams with the same trouble that are named one by one; of more, some are examples."""
_URGENCY = {
    StreamState.DISCONNECTED: 0,
    StreamState.SILENT: 1,
    StreamState.NEVER_SPOKE: 2,
    StreamState.LAGGING: 3,
    StreamState.STARTING: 4,
}


@dataclass(frozen=True)
class Condition:
    """`wrong` and `notes` are sentences, the most urgent first."""

    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.wrong


def condition(status: RunStatus | None, now_s: float) -> Condition:
    """Say what is wrong with a run; `now_s` is on the clock of the status."""
    if status is None:
        return Condition(("the recorder is starting",))
    return Condition(tuple(_wrong(status, now_s)), tuple(_notes(status)))


def _wrong(status: RunStatus, now_s: float) -> Iterator[str]:
    silent_s = now_s - status.published_s
    if silent_s > HANGS_AFTER_S:
        yield f"the recorder has said nothing for {span(silent_s)}: it hangs"
    if status.stopping:
        yield "the recorder is stopping"
    yield from status.alerts
    yield from _of_spool(status.spool)
    yield from _of_uploads(status)
    if not status.streams:
        yield "no stream is subscribed to yet"
    yield from _of_streams(status.streams)


def _of_spool(spool: SpoolStatus) -> Iterator[str]:
    if spool.error:
        yield f"the spool cannot be written: {spool.error}"
    if spool.pressure >= Pressure.NO_TRADES:
        yield f"{_full(spool)}: neither books nor trades are recorded"
    elif spool.pressure >= Pressure.NO_DEPTH:
        yield f"{_full(spool)}: books are not recorded, trades still are"


def _full(spool: SpoolStatus) -> str:
    free = "" if spool.free_bytes is None else f", {size(spool.free_bytes)} free on its disk"
    return f"the spool is full ({size(spool.used_bytes)} of {size(spool.limit_bytes)}{free})"


def _of_uploads(status: RunStatus) -> Iterator[str]:
    uploads = status.uploads
    if (uploads.oldest_age_s or 0) > UPLOADS_LATE_S:
        yield _late(uploads)
    elif _stands_still(status):
        yield f"rows arrive, but nothing was uploaded {_since(uploads)}"


def _late(uploads: UploadStatus) -> str:
    why = f": {uploads.error}" if uploads.error else ""
    return (
        f"{count(uploads.pending, 'object')} ({size(uploads.pending_bytes)}) not uploaded, "
        f"the oldest for {span(uploads.oldest_age_s or 0)}{why}"
    )


def _since(uploads: UploadStatus) -> str:
    return "yet" if uploads.last_age_s is None else f"for {span(uploads.last_age_s)}"


def _stands_still(status: RunStatus) -> bool:
    """Tell whether rows come in and nothing has come out for longer than cutting minutes takes."""
    recording = any(stream.state is StreamState.FRESH for stream in status.streams)
    last_s = status.uploads.last_age_s
    since_s = status.uptime_s if last_s is None else last_s
    return recording and any(status.counters.rows.values()) and since_s > UPLOADS_LATE_S


def _of_streams(streams: Iterable[StreamStatus]) -> Iterator[str]:
    """Name the streams that are not fresh; of many with one trouble, some as examples."""
    troubled: defaultdict[tuple[StreamState, Stream], list[StreamStatus]] = defaultdict(list)
    for stream in streams:
        if stream.state is not StreamState.FRESH:
            troubled[stream.state, stream.stream].append(stream)
    for (state, kind), group in sorted(troubled.items(), key=lambda item: _URGENCY[item[0][0]]):
        if len(group) <= _NAMED:
            yield from (_of_stream(stream) for stream in group)
        else:
            yield f"{kind} of {_examples([each.symbol for each in group])}: {state}"


def _of_stream(stream: StreamStatus) -> str:
    where = "" if stream.connection is None else f" on connection {stream.connection}"
    return f"{stream.symbol} {stream.stream}: {stream.state}{_how(stream)}{where}"


def _how(stream: StreamStatus) -> str:
    if stream.state is StreamState.LAGGING and stream.lag_ms is not None:
        return f" by {stream.lag_ms / 1000:.1f} s"
    if stream.state is StreamState.SILENT and stream.age_s is not None:
        return f" for {span(stream.age_s)}"
    return ""


def _notes(status: RunStatus) -> Iterator[str]:
    yield from status.remarks
    if status.spool.pressure is Pressure.EARLY_WARNING:
        used, limit = size(status.spool.used_bytes), size(status.spool.limit_bytes)
        yield f"the spool fills up: {used} of {limit}"
    yield from _of_left_out(status.left_out)


def _of_left_out(symbols: Sequence[LeftOut]) -> Iterator[str]:
    by_why: defaultdict[str, list[str]] = defaultdict(list)
    for each in symbols:
        by_why[each.why].append(each.symbol)
    for why, names in by_why.items():
        named = ", ".join(names) if len(names) <= _NAMED else _examples(names)
        yield f"not recorded: {named} ({why})"


def _examples(symbols: Sequence[str]) -> str:
    return f"{len(symbols)} symbols, such as {', '.join(symbols[:_NAMED])}"
