"""Hangs out how the run is, once a second, and puts it into the log once a minute."""

from dataclasses import dataclass, replace

from collector.feed.inbox import Backlog
from collector.fleet.fleet import Fleet
from collector.record.chronicle import Chronicle
from collector.record.dashboard import Rates, alerts, connections, streams
from collector.record.intake import Intake
from collector.record.roster import Roster
from collector.record.stores import Stores
from collector.view.board import Board
from collector.view.status import Counters, RunStatus, SpoolStatus, UploadStatus
from collector.view.status_line import status_numbers, status_sentence

_FRAMES_BEHIND = 20_000
"""That wait for the recorder; a healthy one keeps up with every read."""
_BEHIND_FOR_S = 10.0
"""After a reader had to wait, the recorder counts as behind for so long."""
_LINE_S = 60.0
"""Between two lines in the log; alerts count on them."""


@dataclass(frozen=True)
class Moment:
    """What the publisher cannot know by itself; `now_s` is the watchdog's clock."""

    run: str
    published_s: float
    uptime_s: float
    now_s: float
    backlog: Backlog
    spool: SpoolStatus
    uploads: UploadStatus
    upload_failures: int
    trouble: str
    journal_error: str | None
    stopping: bool


class Publisher:
    """Puts the status together from everybody's state."""

    def __init__(
        self, board: Board, fleet: Fleet, intake: Intake, chronicle: Chronicle, stores: Stores,
        roster: Roster, rates: Rates,
    ) -> None:  # fmt: skip
        self._board, self._fleet, self._intake = board, fleet, intake
        self._chronicle, self._stores = chronicle, stores
        self._roster, self._rates = roster, rates
        self._waits, self._said_last = 0, False
        self._behind_until_s = self._line_due_s = float("-inf")

    def is_behind(self, backlog: Backlog, now_s: float) -> bool:
        """Tell whether the recorder does not keep up with what the sockets bring."""
        if backlog.waits != self._waits:
            self._waits, self._behind_until_s = backlog.waits, now_s + _BEHIND_FOR_S
        return backlog.frames > _FRAMES_BEHIND or now_s < self._behind_until_s

    def publish(self, moment: Moment) -> None:
        """Hang out the status of this moment, and log it if a minute has passed, or at the end."""
        status = self._status(moment)
        if moment.published_s >= self._line_due_s or (moment.stopping and not self._said_last):
            self._said_last = moment.stopping
            self._line_due_s = moment.published_s + _LINE_S
            self._chronicle.say(
                status_sentence(status), event="status", run=status.run, **status_numbers(status)
            )
        self._board.publish(status)

    def _status(self, moment: Moment) -> RunStatus:
        self._rates.measure(self._fleet.tracks, moment.now_s)
        behind = self.is_behind(moment.backlog, moment.now_s)
        said = alerts(self._fleet, behind=behind, trouble=moment.trouble)
        if moment.journal_error:
            said += (f"the journal cannot be written: {moment.journal_error}",)
        return RunStatus(
            run=moment.run, published_s=moment.published_s, uptime_s=moment.uptime_s,
            streams=streams(self._fleet, self._intake.tapes, self._rates, moment.now_s),
            connections=connections(self._fleet, moment.now_s),
            spool=moment.spool, uploads=moment.uploads, counters=self._counters(moment),
            left_out=self._roster.left_out, alerts=said, stopping=moment.stopping,
        )  # fmt: skip

    def _counters(self, moment: Moment) -> Counters:
        intake, stores = self._intake, self._stores
        return replace(
            self._chronicle.counters(),
            frames=intake.frames, received_bytes=intake.bytes, rows=dict(intake.rows),
            duplicates=dict(intake.duplicates), strange=dict(intake.strange),
            unwritten=dict(intake.unwritten), uploaded=stores.uploaded,
            uploaded_bytes=stores.uploaded_bytes, upload_failures=moment.upload_failures,
            waits=moment.backlog.waits,
        )  # fmt: skip
