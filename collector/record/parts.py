"""What a run is made of, put together."""

from collections.abc import Callable
from dataclasses import dataclass

from collector.clock import Clock
from collector.feed.frames import Strange
from collector.feed.inbox import Inbox
from collector.fleet.crew import Crew
from collector.fleet.fleet import Fleet
from collector.record.chronicle import Chronicle, Log
from collector.record.dashboard import Rates
from collector.record.intake import Intake
from collector.record.log_limit import LogLimit
from collector.record.publisher import Publisher
from collector.record.roster import Roster
from collector.record.stores import Stores
from collector.record.survey import Survey
from collector.record.timekeeper import ExchangeTime, Timekeeper
from collector.record.witness import Witness
from collector.settings import RunSettings
from collector.spool.diary import CLOSE_AFTER_MS, Diary
from collector.spool.outbox import Outbox
from collector.spool.spool import Spool
from collector.trades.openholes import OpenHoles
from collector.trades.proofs import Proofs
from collector.trades.refill import Refiller
from collector.trades.repair import Repair
from collector.view.board import Board

_TICK_S = 0.1
_LEAST_TICK_S = 0.02
"""Of real time, however fast the clock runs."""
_HELD_UP_TICKS = 10


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
    holes: OpenHoles
    board: Board
    log: Log


@dataclass(frozen=True)
class Parts:
    """Everything that decides, and the edges; `tick_s` is between two looks at all of it."""

    settings: RunSettings
    edges: Edges
    fleet: Fleet
    roster: Roster
    time: Timekeeper
    exchange: ExchangeTime
    chronicle: Chronicle
    intake: Intake
    witness: Witness
    stores: Stores
    proofs: Proofs
    repair: Repair
    publisher: Publisher
    tick_s: float


def assemble(
    settings: RunSettings, edges: Edges, fleet: Fleet, roster: Roster, ahead_ms: int | None
) -> Parts:  # fmt: skip
    """Put a run together; `ahead_ms` is how far our clock is ahead of the exchange's."""
    clock, rates = edges.clock, Rates()
    tick_s = max(_TICK_S, _LEAST_TICK_S * clock.speed)
    time = Timekeeper(clock.monotonic(), clock.wall_ns(), _HELD_UP_TICKS * tick_s)
    chronicle = Chronicle(edges.diary, edges.log)
    stranger = _stranger(chronicle, lambda: time.now_s)
    intake = Intake(fleet.links, edges.spool, stranger, fleet.shutdown)
    intake.ahead_ms = ahead_ms
    witness = Witness(fleet, intake, edges.diary, chronicle, CLOSE_AFTER_MS)
    stores = Stores(edges.spool, fleet, intake, chronicle, witness)
    proofs = Proofs(
        fleet, first_s=settings.deadlines.first_trade_s, silence_s=settings.deadlines.silence_s
    )
    return Parts(
        settings, edges, fleet, roster, time, ExchangeTime(lambda: clock.wall_ns() // 1_000_000),
        chronicle, intake, witness, stores, proofs,
        Repair(fleet, intake, edges.refiller, chronicle, proofs, rates.of),
        Publisher(edges.board, fleet, intake, chronicle, stores, roster, rates), tick_s,
    )  # fmt: skip


def _stranger(chronicle: Chronicle, now_s: Callable[[], float]) -> Callable[[Strange, int], None]:
    """Return who tells of strange frames, of each kind once in a while."""
    limit = LogLimit()

    def tell(strange: Strange, connection_id: int) -> None:
        times = limit.times(strange.why, now_s())
        if times:
            chronicle.say(
                f"{times} strange frames ({strange.why}), such as: {strange.detail}", "WARNING",
                event="strange", why=str(strange.why), frames=times, connection=connection_id,
            )  # fmt: skip

    return tell
