"""Compose a run of the collector, and end it: start, signals, exit."""

import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from collector.clock import Clock
from collector.ending import Ended, Ending
from collector.errors import CollectorError
from collector.feed.connection import Pace
from collector.feed.inbox import Inbox
from collector.fleet.backoff import wait_s
from collector.fleet.crew import Crew
from collector.fleet.fleet import Fleet, FleetSettings
from collector.record.parts import Edges, assemble
from collector.record.reception import recording
from collector.record.recorder import Recorder
from collector.record.roster import Roster
from collector.record.survey import Survey, look
from collector.settings import RunSettings
from collector.spool.capacity import SpoolSettings
from collector.spool.diary import Diary
from collector.spool.outbox import Outbox
from collector.spool.recover import Leftovers, recover
from collector.spool.runfolder import new_run
from collector.spool.spool import Spool
from collector.trades.holes import still_open
from collector.trades.last_seen import last_seen
from collector.trades.lists import SharedRest
from collector.trades.openholes import OpenHoles
from collector.trades.refill import Refiller
from collector.view.board import Board
from collector.view.watch import watching
from lake.errors import LakeError
from lake.marker import claim
from lake.open import open_lake
from lake.stopping import ENDING
from lake.storage import Storage

_NAP_S = 0.005
_LOOK_AGAIN_S = 2.0
_SYMBOLS_PART = 0.5
"""Of the time that a start may take, the part in which the exchange's symbols are asked for."""
_BETWEEN_RUNS = "between two runs"
_ANOTHER_RUN_MS = 60_000
"""So long after a run has died, another one beside it may have uploaded later trades."""
_BUCKET_PATIENCE_S = 10.0
"""A hiccup; beyond that the outbox keeps what it has, and tries again for as long as it takes."""
_log = logging.getLogger("collector")


class Wish:
    """The wish to stop, and whose it is."""

    def __init__(self) -> None:
        self.flag = Event()
        self.cause = ""

    def __call__(self, cause: str) -> None:
        """Stop; the first cause counts."""
        self.cause = self.cause or cause
        self.flag.set()


def run(settings: RunSettings) -> None:
    """Record until a signal or the end of the duration.

    Return once everything is uploaded, or safe in the spool. Raise `CollectorError` or `LakeError`
    if nothing could be recorded.
    """
    clock, board, wish = Clock(settings.speed, settings.anchor_ns), Board(), Wish()
    with watching(settings, board, clock.monotonic), _signals(wish):
        ended = record(settings, clock, board, wish)
        if ended.left:
            _log.warning(
                "%d objects stay in the spool; the next start with it uploads them", ended.left,
                extra={"fields": {"event": "left", "objects": ended.left, "run": ended.run}},
            )  # fmt: skip


@contextmanager
def _signals(wish: Wish) -> Iterator[None]:
    """Make SIGTERM and Ctrl-C a wish to stop; a second Ctrl-C ends the program at once."""

    def stop(number: int, _frame: FrameType | None) -> None:
        wish(signal.Signals(number).name)
        ENDING.set()
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def record(settings: RunSettings, clock: Clock, board: Board, wish: Wish) -> Ended:
    """Record until the wish to stop, or the end of the duration."""
    storage = open_lake(settings.lake, create=True, patience_s=_BUCKET_PATIENCE_S)
    claim(storage)
    outbox = Outbox(storage, clock, settings.upload_workers)
    spool = Spool(spool_settings(settings), new_run(clock.wall_ns()), outbox, clock)
    leftovers = recover(spool)
    spool.start()
    rest = SharedRest(
        settings.rest_url, clock, api_key=settings.api_key,
        timeout_s=settings.deadlines.connect_s,
    )  # fmt: skip
    try:
        recorder = _ready(settings, clock, board, wish, spool, rest)
    except BaseException:
        spool.stop(settings.deadlines.stop_s / 2)
        raise
    try:
        return _record(recorder, storage, leftovers, wish)
    finally:
        rest.close()


def spool_settings(settings: RunSettings) -> SpoolSettings:
    """Return where rows wait for the lake, and within which bounds."""
    folder = Path(settings.spool_folder)
    return SpoolSettings(folder, settings.spool_limit_bytes, settings.fsync_s)


def _ready(
    settings: RunSettings, clock: Clock, board: Board, wish: Wish, spool: Spool, rest: SharedRest
) -> Recorder:  # fmt: skip
    """Return a recorder that knows what to record."""
    roster = Roster(settings.symbols, settings.shard)
    ahead_ms = _ask_symbols(settings, clock, wish, rest, roster)
    inbox, times = Inbox(clock, settings.inbox_frames), settings.deadlines
    rest.post = inbox.signal
    pace = Pace(
        connect_timeout_s=times.connect_s, ping_every_s=times.ping_s, dead_after_s=times.dead_s
    )
    edges = Edges(
        clock, inbox, Crew(settings.ws_url, inbox, clock, pace),
        Refiller(rest, clock, inbox.signal), Survey(rest, clock, times.symbols_s, inbox.signal),
        spool.outbox, spool, Diary(spool, recording(spool.run, roster.symbols, ahead_ms)),
        OpenHoles(spool.settings.folder, spool.run), board, _say,
    )  # fmt: skip
    fleet = Fleet(FleetSettings(times, settings.streams_per_connection), wait_s)
    return Recorder(assemble(settings, edges, fleet, roster, ahead_ms))


def _say(severity: str, message: str, fields: Mapping[str, object]) -> None:
    """Write a line into the log."""
    level = logging.getLevelNamesMapping()[severity]
    _log.log(level, "%s", message, extra={"fields": dict(fields)})


def _ask_symbols(
    settings: RunSettings, clock: Clock, wish: Wish, rest: SharedRest, roster: Roster
) -> int | None:  # fmt: skip
    """Ask the exchange which symbols trade; return how far our clock is ahead of its."""
    until_s = clock.monotonic() + settings.deadlines.any_frame_s * _SYMBOLS_PART
    found = look(rest)
    while found.contracts is None and clock.monotonic() < until_s and not wish.flag.is_set():
        clock.wait(wish.flag, _LOOK_AGAIN_S)
        found = look(rest)
    if found.contracts is not None:
        roster.update(found.contracts)
        roster.check(strict=settings.strict)
        return found.ahead_ms
    if settings.symbols is None:
        raise CollectorError(f"cannot tell which symbols trade: {found.trouble}")
    _log.warning("symbols are not checked yet: %s", found.trouble)
    roster.trust()
    roster.check(strict=False)
    return found.ahead_ms


def _record(recorder: Recorder, storage: Storage, leftovers: Leftovers, wish: Wish) -> Ended:
    try:
        _start(recorder, storage, leftovers)
        _loop(recorder, wish)
    except (CollectorError, LakeError) as error:
        Ending(recorder, str(error)).run()
        raise
    except BaseException as error:
        Ending(recorder, f"a fault of the collector: {error!r}").run()
        raise
    return Ending(recorder, wish.cause or "the duration is over").run()


def _start(recorder: Recorder, storage: Storage, leftovers: Leftovers) -> None:
    """Start where earlier runs ended."""
    parts, reception = recorder.parts, recorder.reception
    edges = parts.edges
    edges.refiller.start()
    edges.survey.start()
    if not parts.roster.is_checked:
        edges.survey.hurry()
    reception.follow()
    for told in parts.roster.tell_left_out():
        parts.chronicle.tell(told)
    _seed(recorder, storage, leftovers)
    for symbol, last_ms in leftovers.last_snapshots_ms.items():
        reception.missed_since(symbol, last_ms, _BETWEEN_RUNS)
    dead = {run.run for run in leftovers.runs}
    # A run that was killed between a flush and its list of holes has closed some of them.
    parts.repair.inherit(still_open(edges.holes.inherit(dead), leftovers.refilled))


def _seed(recorder: Recorder, storage: Storage, leftovers: Leftovers) -> None:
    """Let the ids continue where earlier runs ended, of this spool or, since then, of another."""
    parts, edges = recorder.parts, recorder.parts.edges
    recent_ms = edges.clock.wall_ns() // 1_000_000 - _ANOTHER_RUN_MS
    left = leftovers.last_trades
    recent = {symbol: last for symbol, last in left.items() if last.time_ms > recent_ms}
    for symbol, last in recent.items():
        recorder.reception.seed(symbol, last)
    older = {symbol: last for symbol, last in left.items() if symbol not in recent}
    asked = [symbol for symbol in parts.roster.symbols if symbol not in recent]

    def look_into_the_lake() -> None:
        edges.inbox.signal(last_seen(storage, asked, edges.clock).or_later(older))

    Thread(target=look_into_the_lake, name="last-seen", daemon=True).start()


def _loop(recorder: Recorder, wish: Wish) -> None:
    clock, duration_s = recorder.parts.edges.clock, recorder.parts.settings.duration_s
    until_s = float("inf") if duration_s is None else clock.monotonic() + duration_s
    while not wish.flag.is_set() and clock.monotonic() < until_s:
        if not recorder.step():
            clock.sleep(_NAP_S * clock.speed)
