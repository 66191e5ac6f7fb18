"""What dead runs left in the spool: closed under their own names, and uploaded.

A run is dead if nobody holds the lock of its folder. Segments are cut at their first torn batch and
compressed, packs go to the outbox as they are, the journal is completed by the checkpoint. All of
it can be repeated if recovery is killed too: a log goes only when its pack is whole.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.spool.deadrun import Remains, events, read_remains
from collector.spool.diary import at
from collector.spool.lastrows import last_rows
from collector.spool.lastwords import complete
from collector.spool.runfolder import RunFolder, claim_dead
from collector.spool.spool import Spool
from collector.spool.spoolnames import MINUTE_NS
from collector.trades.last_seen import LastTrade
from lake.journal import write_event

_log = logging.getLogger("collector")


@dataclass(frozen=True)
class DeadRun:
    """One run that did not end well, or whose uploads did not.

    After `last_received_ns`, the receive time of its last row (None: there is none), nothing of it
    is on the disk. `stopped`: it had come to its end, so that nothing was lost with it.
    `cut_bytes` were torn off its log.
    """

    run: str
    symbols: tuple[str, ...]
    last_received_ns: int | None
    rows: int
    chunks: int
    cut_bytes: int
    stopped: bool


@dataclass(frozen=True)
class Leftovers:
    """What was found, the oldest run first.

    `last_trades`: the greatest trade id of each symbol that has a row there; `last_snapshots_ms`:
    the exchange time of its last book; `refilled`: the last trades that no stream brought.
    """

    runs: tuple[DeadRun, ...] = ()
    last_trades: Mapping[str, LastTrade] = field(default_factory=dict)
    last_snapshots_ms: Mapping[str, int] = field(default_factory=dict)
    refilled: Mapping[str, Sequence[LastTrade]] = field(default_factory=dict)


def recover(spool: Spool) -> Leftovers:
    """Hand what dead runs left to the threads of the spool; runs that live are left alone."""
    dead = [found for folder in claim_dead(spool.settings.folder) if (found := _read(folder))]
    rows = last_rows(dead)
    runs = tuple(_describe(remains) for remains in dead)
    for remains, run in zip(dead, runs, strict=True):
        _finish(spool, remains, run)
    told = tuple(run for run in runs if run.chunks or run.symbols)
    return Leftovers(told, rows.trades, rows.snapshots_ms, rows.refilled)


def _read(folder: RunFolder) -> Remains | None:
    """Return what a folder holds; None, and leave it as it is, if the disk does not let us."""
    try:
        return read_remains(folder)
    except OSError as error:
        _log.error(
            "cannot recover run %s: %s; it stays in %s: give this user access to it and run again",
            folder.run, error.strerror, folder.path,
        )  # fmt: skip
        folder.release()
        return None


def _describe(remains: Remains) -> DeadRun:
    said = list(events(remains))
    entries = [entry for pack in remains.packs for entry in pack.contents.entries]
    counted = [rows for sealed in remains.segments for rows in sealed.index.rows.values()]
    return DeadRun(
        run=remains.folder.run,
        symbols=_symbols(said),
        last_received_ns=_last_received_ns(remains),
        rows=sum(counted) + sum(entry.rows for entry in entries),
        chunks=len(counted) + len(entries),
        cut_bytes=remains.cut_bytes,
        stopped=any(event["event"] == "stopped" for event in said),
    )


def _symbols(said: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the symbols that the run recorded at last."""
    recordings = [event for event in said if event["event"] == "recording"]
    return tuple(recordings[-1].get("symbols", ())) if recordings else ()


def _last_received_ns(remains: Remains) -> int | None:
    if remains.newest_ns or not remains.packs:
        return remains.newest_ns
    return (remains.packs[-1].contents.minute + 1) * MINUTE_NS


def _finish(spool: Spool, remains: Remains, run: DeadRun) -> None:
    """Hand on everything in its order: chunks, then the journal."""
    spool.adopt(remains.folder)
    usage = spool.outbox.usage
    for pack in (*remains.packs, *remains.hour_packs):
        usage.add(packs=pack.size)
        spool.outbox.add(pack)
    for sealed in remains.segments:
        usage.add(logs=sealed.log.end)
        spool.closer.minute(remains.folder, sealed)
    now_ns = spool.clock.wall_ns()
    objects = complete(remains.hours, remains.checkpoint, _word(spool, run, now_ns))
    spool.closer.hours(
        remains.folder, now_ns // MINUTE_NS,
        [(name, b"".join(lines)) for name, lines in objects.items()],
        remains.hour_logs, is_last=True,
    )  # fmt: skip
    for path in remains.kept:
        _log.warning("%s is kept: it could not be brought to the lake; look at it", path)
    if run.chunks or objects:
        _log.warning("recovered run %s", run.run, extra={"fields": _fields(run)})


def _word(spool: Spool, run: DeadRun, now_ns: int) -> bytes:
    return write_event("recovered", at(now_ns), **_fields(run), into=spool.run)


def _fields(run: DeadRun) -> dict[str, Any]:
    last_ns = run.last_received_ns
    return {
        "run": run.run, "rows": run.rows, "chunks": run.chunks, "cut_bytes": run.cut_bytes,
        "last_received": at(last_ns) if last_ns else None,
    }  # fmt: skip
