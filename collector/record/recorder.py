"""The one loop: takes what the connections bring, and looks after everything else in between.

It runs in one thread, the only one that changes what is known. `step` is one turn of it.
"""

from collections.abc import Callable

from collector.errors import CollectorError
from collector.fleet.distress import relieve
from collector.fleet.helm import steer
from collector.fleet.orders import GiveUp, Tell
from collector.record.parts import Parts
from collector.record.publisher import Moment
from collector.record.reception import Reception
from collector.record.timekeeper import needs_new_name
from collector.spool.runfolder import new_run
from collector.trades.proofs import last_hour_ms

_FLUSH_S, _QUESTION_S, _PUBLISH_S, _CHECKPOINT_S = 0.5, 1.0, 1.0, 5.0


class Recorder:
    """Turns the wheel."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.reception = Reception(parts)
        self.stopping = False
        self._started_s = parts.edges.clock.monotonic()
        self._began_s = parts.time.now_s
        self._due_s: dict[Callable[[], None], float] = {}
        self._spoke = self._behind = False
        self._duties: tuple[tuple[Callable[[], None], float], ...] = (
            (self._flush, _FLUSH_S),
            (self._question, _QUESTION_S),
            (self._publish, _PUBLISH_S),
            (self._checkpoint, _CHECKPOINT_S),
        )

    def step(self) -> bool:
        """Take what came, see to what is due; return whether anything came."""
        came = self.reception.take()
        now_s = self.parts.edges.clock.monotonic()
        if self._is_due(self._tick, self.parts.tick_s, now_s):
            self._tick()
        return came

    def begin_to_end(self) -> None:
        """Take it that the run is ending, and let everybody see it."""
        self.stopping = True
        self._publish()

    def show(self) -> None:
        """Let be seen how the run is, once a second, while nothing else is looked after."""
        if self._is_due(self._publish, _PUBLISH_S, self.parts.edges.clock.monotonic()):
            self._publish()

    def _is_due(self, what: Callable[[], None], every_s: float, now_s: float) -> bool:
        if now_s < self._due_s.get(what, float("-inf")):
            return False
        self._due_s[what] = now_s + every_s
        return True

    def _tick(self) -> None:
        """Look after everything."""
        parts, clock = self.parts, self.parts.edges.clock
        monotonic_s = clock.monotonic()
        step_s = parts.time.tick(monotonic_s, clock.wall_ns())
        if step_s:
            self._stepped(step_s)
        now_s = parts.time.now_s
        for track in parts.fleet.tracks.values():
            track.beat(now_s, parts.intake.ahead_ms or 0)
        if not self._is_behind(now_s):
            relieve(parts.fleet, now_s)
        steer(parts.fleet, now_s)
        self._obey()
        self._insist_on_data(now_s)
        parts.repair.tick(now_s, clock.wall_ns())
        for what, every_s in self._duties:
            if self._is_due(what, max(every_s, parts.tick_s), monotonic_s):
                what()

    def _is_behind(self, now_s: float) -> bool:
        """Tell whether this loop does not keep up: then no stream is blamed for its lateness."""
        backlog = self.parts.edges.inbox.backlog()
        behind = self.parts.publisher.is_behind(backlog, now_s)
        if behind and not self._behind:
            fields = {
                "frames": backlog.frames, "waits": backlog.waits,
                "waited_s": round(backlog.waited_s, 3),
            }  # fmt: skip
            said = f"the recorder falls behind: {backlog.frames} frames wait for it"
            self.parts.chronicle.tell(Tell("behind", said, fields, "WARNING"))
        self._behind = behind
        return behind

    def _obey(self) -> None:
        for order in self.parts.fleet.take_orders():
            match order:
                case Tell():
                    self.parts.chronicle.tell(order)
                    if order.event == "stalled":
                        self.parts.edges.survey.hurry()  # perhaps it trades no more
                case GiveUp():
                    raise CollectorError(order.message)
                case _:
                    self.parts.edges.crew.obey(order)

    def _insist_on_data(self, now_s: float) -> None:
        """End the run if no stream has spoken since its start, and none was told to wait."""
        fleet, settings = self.parts.fleet, self.parts.settings
        self._spoke = self._spoke or any(link.has_spoken() for link in fleet.links.values())
        patience_s = settings.deadlines.any_frame_s
        since_s = max(self._began_s, fleet.told_to_wait_until_s)
        if not self._spoke and not self.stopping and now_s - since_s >= patience_s:
            why = fleet.last_failure or "connections are open, and silent"
            raise CollectorError(
                f"cannot record from {settings.ws_url}: no stream has spoken within "
                f"{patience_s:g} s ({why}); check --ws-url and the network"
            )

    # What is due now and then

    def _flush(self) -> None:
        parts, edges = self.parts, self.parts.edges
        parts.stores.flush()
        edges.diary.save()
        edges.holes.save(parts.repair.unfinished())
        parts.stores.seal(edges.crew.all_passed_ns())
        parts.stores.tell_news()
        parts.witness.tick(self.exchange_ms())

    def exchange_ms(self) -> int:
        """Return the exchange's time."""
        parts = self.parts
        ahead_ms = parts.intake.ahead_ms or 0
        return parts.exchange.now_ms(parts.intake.newest_ms, parts.time.now_s, ahead_ms)

    def _question(self) -> None:
        self.question()

    def question(self, *, ending: bool = False) -> int:
        """Ask about silent streams; return how many answers are awaited."""
        parts = self.parts
        edge_ms, wall_ns = last_hour_ms(parts.intake.newest_ms), parts.edges.clock.wall_ns()
        return parts.repair.question(parts.time.now_s, wall_ns, edge_ms, ending=ending)

    def _publish(self) -> None:
        edges = self.parts.edges
        now_s = edges.clock.monotonic()
        self.parts.publisher.publish(
            Moment(
                run=edges.spool.run, published_s=now_s, uptime_s=now_s - self._started_s,
                now_s=self.parts.time.now_s, backlog=edges.inbox.backlog(),
                spool=edges.spool.status(), uploads=edges.outbox.status(),
                upload_failures=edges.outbox.totals().failures,
                trouble=edges.refiller.trouble, journal_error=edges.diary.error,
                stopping=self.stopping,
            )
        )  # fmt: skip

    def _checkpoint(self) -> None:
        self.parts.witness.checkpoint()

    # The wall clock

    def _stepped(self, step_s: float) -> None:
        """Go on after the wall clock stepped; under another name if minutes could come twice."""
        parts = self.parts
        if parts.intake.ahead_ms is not None:
            parts.intake.ahead_ms += round(step_s * 1000)
        fields = {"step_ms": round(step_s * 1000)}
        said = f"the wall clock stepped by {step_s:+.3f} s"
        parts.chronicle.tell(Tell("clock_stepped", said, fields, "WARNING"))
        parts.edges.crew.stepped()
        parts.edges.survey.hurry()
        if needs_new_name(step_s):
            self._rename()

    def _rename(self) -> None:
        parts, edges = self.parts, self.parts.edges
        old = edges.spool.run
        parts.stores.flush()
        parts.witness.tell_all()
        cause = {"cause": "the wall clock stepped"}
        parts.chronicle.tell(Tell("stopped", f"run {old} ends here", cause, "WARNING"))
        if edges.spool.rename(new_run(edges.clock.wall_ns())):
            edges.diary.rename(self.reception.recording())
            edges.holes.rename(edges.spool.run)
            parts.chronicle.say(f"it goes on as run {edges.spool.run}", event="renamed", old=old)
