"""What a run says of itself once a minute in the log, in numbers. No clock, no disk.

A run that hangs publishes no status and so says nothing: an alert may wait for the absence of
the line, and of any number in it for too much.
"""

from typing import Any

from collector.view.condition import condition
from collector.view.status import RunStatus, SpoolStatus, StreamState
from collector.view.words import count, span

_MOST_FAULTS = 3
"""That the message names; the number of all is a field."""


def status_numbers(status: RunStatus) -> dict[str, Any]:
    """Return the numbers of a status; those of what happened count from the run's start."""
    counters, uploads, spool = status.counters, status.uploads, status.spool
    return {
        "uptime_s": round(status.uptime_s),
        "streams": len(status.streams),
        "fresh_streams": _fresh(status),
        "connections": status.open_connections,
        "left_out": len(status.left_out),
        "faults": len(_faults(status)),
        "oldest_upload_s": round(uploads.oldest_row_age_s, 1),
        "pending": uploads.pending,
        "spool_bytes": spool.used_bytes,
        "spool_share": round(_share(spool), 4),
        "spool_pressure": int(spool.pressure),
        "spool_failed": int(spool.error is not None),
        "rows": sum(counters.rows.values()),
        "unwritten": sum(counters.unwritten.values()),
        "gaps": sum(counters.gaps.values()),
        "missing_ids": counters.missing_ids,
        "reconnects": counters.reconnects,
        "uploaded": counters.uploaded,
        "upload_failures": counters.upload_failures,
    }


def status_sentence(status: RunStatus) -> str:
    """Say for people how a run is."""
    rows_s = status.uploads.oldest_row_age_s
    return "; ".join(
        [
            f"{_fresh(status)} of {count(len(status.streams), 'stream')} fresh",
            f"the oldest row that waits is of {span(rows_s)} ago" if rows_s else "no row waits",
            f"{_share(status.spool):.1%} of the spool taken",
            *_faults(status)[:_MOST_FAULTS],
        ]
    )


def _fresh(status: RunStatus) -> int:
    return sum(stream.state is StreamState.FRESH for stream in status.streams)


def _faults(status: RunStatus) -> tuple[str, ...]:
    return condition(status, status.published_s).wrong


def _share(spool: SpoolStatus) -> float:
    return spool.used_bytes / spool.limit_bytes if spool.limit_bytes else 0.0
