"""The one loop: takes what the connections bring, and looks after everything else in between.

It runs in one thread, the only one that changes what is known. `step` is one turn of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from collector.board import Board
from collector.channel import Channel
from collector.chronicle import Chronicle
from collector.clock import Clock
from collector.crew import Crew
from collector.dashboard import Rates
from collector.diary import CLOSE_AFTER_MS, Diary
from collector.distress import relieve
from collector.errors import CollectorError
from collector.fleet import Fleet
from collector.frames import Strange
from collector.helm import steer
from collector.inbox import Inbox
from collector.intake import Intake
from collector.last_seen import LastSeen, LastTrade
from collector.log_limit import LogLimit
from collector.market import stream_of
from collector.orders import GiveUp, Tell
from collector.outbox import Outbox
from collector.outcomes import Refilled, Unfillable, Unproved
from collector.plan import follow
from collector.proofs import Proofs, last_hour_ms
from collector.publisher import Moment, Publisher
from collector.refill import Refiller
from collector.repair import Repair
from collector.reports import Acknowledged, Batch, Closed, Opened, Oversized, Passed, Refused
from collector.roster import Roster
from collector.settings import RunSettings
from collector.runfolder import new_run
from collector.spool import Spool
from collector.stores import Stores
from collector.survey import Survey, Surveyed
from collector.timekeeper import ExchangeTime, Timekeeper, needs_new_name
from collector.witness import Witness
from lake.layout import Stream

_BATCH_FRAMES = 2_000
_TICK_S, _FLUSH_S, _QUESTION_S, _PUBLISH_S, _CHECKPOINT_S = 0.1, 0.5, 1.0, 1.0, 5.0
_LEAST_TICK_S = 0.02
"""Of real time, however fast the clock runs."""


@dataclass(frozen=True)
class Edges:
    """Everything that touches the world."""

    clock: Clock
    inbox: Inbox
    crew: Crew
    refiller: Refiller
    survey: Survey
    outbox: Outbox
    spool: Spool
    diary: Diary
    board: Board


class Recorder:
    """Puts all parts together and turns the wheel."""

    def __init__(
        self, settings: RunSettings, edges: Edges, fleet: Fleet, roster: Roster, ahead_ms: int | None
    ) -> None:  # fmt: skip
        clock = edges.clock
        self.settings, self.edges, self.fleet, self.roster = settings, edges, fleet, roster
        self.tick_s = max(_TICK_S, _LEAST_TICK_S * clock.speed)
        self.time = Timekeeper(clock.monotonic(), clock.wall_ns(), 10 * self.tick_s)
        self.exchange = ExchangeTime(lambda: clock.wall_ns() // 1_000_000)
        self.chronicle = Chronicle(edges.diary)
        self.intake = Intake(fleet.links, edges.spool, self._strange, fleet.shutdown)
        self.intake.ahead_ms = ahead_ms
        self.witness = Witness(fleet, self.intake, edges.diary, self.chronicle, CLOSE_AFTER_MS)
        self.stores = Stores(edges.spool, fleet, self.intake, self.chronicle, self.witness)
        self.rates = Rates()
        times = settings.deadlines
        self.proofs = Proofs(fleet, first_s=times.first_trade_s, silence_s=times.silence_s)
        self.repair = Repair(
            fleet, self.intake, edges.refiller, self.chronicle, self.proofs, self.rates.of
        )
        self.publisher = Publisher(
            edges.board, fleet, self.intake, self.chronicle, self.stores, roster, self.rates
        )
        self.stopping = False
        self.started_s = clock.monotonic()
        self._began_s = self.time.now_s
        self._due_s: dict[Callable[[], None], float] = {}
        self._limit = LogLimit()
        self._spoke = False

    # The loop

    def follow(self) -> None:
        """Listen to the symbols of the roster."""
        for symbol in self.roster.symbols:
            self.intake.tape(symbol)
        self.witness.leave(follow(self.fleet, self.roster.symbols))

    def tell_left_out(self) -> None:
        """Write into the journal which symbols are not recorded."""
        for each in self.roster.left_out:
            said = f"{each.symbol} is not recorded: {each.why}"
            fields = {"symbol": each.symbol, "cause": each.why}
            self.chronicle.tell(Tell("left_out", said, fields, "WARNING"))

    def step(self) -> bool:
        """Take what came, see to what is due; return whether anything came."""
        came = self.take_in()
        if self._is_due(self._tick, self.tick_s, self.edges.clock.monotonic()):
            self._tick()
        return came

    def take_in(self) -> bool:
        """Take what came; return whether anything did."""
        items = self.edges.inbox.drain(_BATCH_FRAMES)
        for item in items:
            if type(item) is Batch:
                self.intake.take(item)
            else:
                self._take(item)
        return bool(items)

    def _is_due(self, what: Callable[[], None], every_s: float, now_s: float) -> bool:
        if now_s < self._due_s.get(what, float("-inf")):
            return False
        self._due_s[what] = now_s + every_s
        return True

    def _tick(self) -> None:
        """Look after everything."""
        clock = self.edges.clock
        monotonic_s, wall_ns = clock.monotonic(), clock.wall_ns()
        step_s = self.time.tick(monotonic_s, wall_ns)
        if step_s:
            self._stepped(step_s)
        now_s = self.time.now_s
        for track in self.fleet.tracks.values():
            track.beat(now_s, self.intake.ahead_ms or 0)
        if not self.publisher.is_behind(self.edges.inbox.backlog(), now_s):
            relieve(self.fleet, now_s)
        steer(self.fleet, now_s)
        self._obey(now_s)
        self.repair.tick(now_s)
        for what, every_s in (
            (self._flush, _FLUSH_S), (self._question, _QUESTION_S), (self._publish, _PUBLISH_S),
            (self._checkpoint, _CHECKPOINT_S),
        ):  # fmt: skip
            if self._is_due(what, max(every_s, self.tick_s), monotonic_s):
                what()

    def _obey(self, now_s: float) -> None:
        for order in self.fleet.take_orders():
            match order:
                case Tell():
                    self.chronicle.tell(order)
                case GiveUp():
                    raise CollectorError(order.message)
                case _:
                    self.edges.crew.obey(order)
        self._insist_on_data(now_s)

    def _insist_on_data(self, now_s: float) -> None:
        """End the run if no stream has spoken since its start, as soon as that is certain."""
        self._spoke = self._spoke or any(link.has_spoken() for link in self.fleet.links.values())
        patience_s = self.settings.deadlines.any_frame_s
        since_s = max(self._began_s, self.fleet.told_to_wait_until_s)
        if not self._spoke and not self.stopping and now_s - since_s >= patience_s:
            why = self.fleet.last_failure or "connections are open, and silent"
            raise CollectorError(
                f"cannot record from {self.settings.ws_url}: no stream has spoken within "
                f"{patience_s:g} s ({why}); check --ws-url and the network"
            )

    # What is due now and then

    def _flush(self) -> None:
        self.stores.flush()
        self.edges.diary.save()
        self.stores.seal(self.edges.crew.all_passed_ns())
        self.stores.tell_news()
        self.witness.tick(self.exchange_ms())

    def exchange_ms(self) -> int:
        """Return the exchange's time."""
        return self.exchange.now_ms(
            self.intake.newest_ms, self.time.now_s, self.intake.ahead_ms or 0
        )  # fmt: skip

    def _question(self) -> None:
        self.question()

    def question(self, *, ending: bool = False) -> int:
        """Ask about silent streams; return how many answers are awaited."""
        edge_ms = last_hour_ms(self.intake.newest_ms)
        wall_ns = self.edges.clock.wall_ns()
        return self.repair.question(self.time.now_s, wall_ns, edge_ms, ending=ending)

    def _publish(self) -> None:
        edges, now_s = self.edges, self.edges.clock.monotonic()
        self.publisher.publish(
            Moment(
                run=edges.spool.run, published_s=now_s, uptime_s=now_s - self.started_s,
                now_s=self.time.now_s, backlog=edges.inbox.backlog(), spool=edges.spool.status(),
                uploads=edges.outbox.status(), upload_failures=edges.outbox.totals().failures,
                trouble=edges.refiller.trouble, journal_error=edges.diary.error,
                stopping=self.stopping,
            )
        )  # fmt: skip

    def _checkpoint(self) -> None:
        self.witness.checkpoint()

    # What is reported

    def _take(self, item: object) -> None:
        now_s = self.time.now_s
        match item:
            case Passed():
                self.edges.crew.passed(item)
            case Opened():
                self.fleet.opened(item.connection_id, now_s)
            case Acknowledged():
                self.fleet.acknowledged(item.connection_id, _channels(item.streams), now_s)
            case Refused():
                self._refused(item, now_s)
            case Closed():
                self.edges.crew.gone(item)
                self.fleet.closed(item.connection_id, item.cause.text, item.refusal, now_s)
            case Oversized():
                self.intake.strange["oversized"] += 1
            case Refilled() | Unfillable() | Unproved():
                self.repair.take(item, self.edges.clock.wall_ns(), now_s)
            case Surveyed():
                self._surveyed(item)
            case LastSeen():
                self._last_seen(item)

    def _refused(self, refused: Refused, now_s: float) -> None:
        """Wait for frames all the same: the watchdog decides by them, not by words."""
        channels = _channels(refused.streams)
        self.fleet.acknowledged(refused.connection_id, channels, now_s)
        fields = {
            "connection": refused.connection_id, "streams": len(channels), "code": refused.code,
            "cause": refused.message,
        }  # fmt: skip
        said = f"connection {refused.connection_id}: subscription refused: {refused.message}"
        self.chronicle.tell(Tell("subscription_refused", said, fields, "WARNING"))

    def _strange(self, strange: Strange, connection_id: int) -> None:
        times = self._limit.times(strange.why, self.time.now_s)
        if times:
            self.chronicle.say(
                f"{times} strange frames ({strange.why}), such as: {strange.detail}", "WARNING",
                event="strange", why=str(strange.why), frames=times, connection=connection_id,
            )  # fmt: skip

    def _surveyed(self, found: Surveyed) -> None:
        """Take what the exchange says of its symbols and its clock."""
        if found.ahead_ms is not None:
            self.intake.ahead_ms = found.ahead_ms
        if found.contracts is not None:
            before = self.roster.symbols
            for told in self.roster.update(found.contracts):
                self.chronicle.tell(told)
            self.roster.check(strict=False)
            if before != self.roster.symbols:
                self.follow()
        self.edges.diary.record(self.recording())

    def recording(self) -> dict[str, Any]:
        """Return what every object of the journal begins with."""
        return recording(self.edges.spool.run, self.roster, self.intake.ahead_ms)

    def _last_seen(self, seen: LastSeen) -> None:
        for symbol, last in seen.found.items():
            self.seed(symbol, last)
        for symbol, why in seen.failed.items():
            self.chronicle.say(
                f"cannot tell where the trades of {symbol} ended: {why}", "WARNING",
                event="last_seen_failed", symbol=symbol,
            )  # fmt: skip

    def seed(self, symbol: str, last: LastTrade) -> None:
        """Let the ids of a symbol continue where an earlier run ended."""
        self.intake.tape(symbol).chain.seed(last.trade_id, last.time_ms)

    def missed_since(self, symbol: str, last_ms: int, cause: str) -> None:
        """Take note that books were missed since the last one of an earlier run."""
        track = self.fleet.tracks.get(Channel(symbol, Stream.DEPTH20))
        if track:
            track.missed_since(last_ms, cause)

    # The wall clock

    def _stepped(self, step_s: float) -> None:
        """Go on after the wall clock stepped; under another name if minutes could come twice."""
        if self.intake.ahead_ms is not None:
            self.intake.ahead_ms += round(step_s * 1000)
        fields = {"step_ms": round(step_s * 1000)}
        said = f"the wall clock stepped by {step_s:+.3f} s"
        self.chronicle.tell(Tell("clock_stepped", said, fields, "WARNING"))
        self.edges.crew.stepped()
        self.edges.survey.hurry()
        if needs_new_name(step_s):
            self._rename()

    def _rename(self) -> None:
        old = self.edges.spool.run
        self.stores.flush()
        self.witness.tell_all()
        self.chronicle.tell(
            Tell("stopped", f"run {old} ends here", {"cause": "the wall clock stepped"}, "WARNING")
        )
        if self.edges.spool.rename(new_run(self.edges.clock.wall_ns())):
            self.edges.diary.rename(self.recording())
            self.chronicle.say(f"run {self.edges.spool.run} goes on", event="renamed", old=old)


def recording(run: str, roster: Roster, ahead_ms: int | None) -> dict[str, Any]:
    """Return the line that says who records what."""
    return {
        "event": "recording", "run": run, "by": "collector", "version": version("flowlake"),
        "symbols": list(roster.symbols), "streams": [str(stream) for stream in Stream],
        "clock_offset_ms": ahead_ms,
    }  # fmt: skip


def _channels(names: tuple[str, ...]) -> list[Channel]:
    """Read names of streams as the exchange knows them."""
    known = (stream_of(name) for name in names)
    return [Channel(symbol, stream) for stream, symbol in filter(None, known)]
