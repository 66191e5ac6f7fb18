"""A recorder in hand-set time: the exchange is this module, disks and lake are real folders."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from collector.clock import Clock
from collector.ending import Ending
from collector.feed.connection import Pace
from collector.feed.frames import Trade
from collector.feed.inbox import Inbox
from collector.feed.reports import Acknowledged, Cause, Closed, Opened, Passed
from collector.fleet.channel import Channel
from collector.fleet.crew import Crew
from collector.fleet.fleet import Fleet, FleetSettings
from collector.fleet.orders import Close, Open, Subscribe, Unsubscribe
from collector.record.parts import Edges, assemble
from collector.record.reception import recording
from collector.record.recorder import Recorder
from collector.record.roster import Roster
from collector.record.survey import Survey
from collector.settings import Deadlines, RunSettings, Shard
from collector.spool.capacity import SpoolSettings
from collector.spool.diary import Diary
from collector.spool.outbox import Outbox
from collector.spool.spool import Spool
from collector.trades.holes import Hole
from collector.trades.openholes import OpenHoles
from collector.trades.outcomes import Refilled, Unfillable
from collector.trades.refill import Refiller
from collector.trades.rest import Rest
from collector.view.board import Board
from lake.journal import Journal, read_journal
from lake.layout import Stream
from lake.storage import LocalFolder
from tests.collector.feeds import book, trade
from tests.collector.fleets import waits
from tests.collector.notes import Log

NOWHERE = "http://127.0.0.1:1"


class SimClock(Clock):
    """Both clocks are moved by a test."""

    def __init__(self, now_ms: int) -> None:
        super().__init__()
        self.real_s, self.shift_ns = now_ms / 1000, 0
        self.wall_ns = lambda: round(self.real_s * 1000) * 1_000_000 + self.shift_ns  # type: ignore[method-assign]

    def monotonic(self) -> float:
        """Return the time that the test has let pass."""
        return self.real_s

    def sleep(self, duration_s: float) -> None:
        """Let time pass, and other threads work."""
        self.real_s += duration_s
        time.sleep(duration_s)


class SimCrew(Crew):
    """Connections that open at once and bring what the rig makes up; none while it is `away`."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        super().__init__(NOWHERE, inbox, clock, Pace())
        self.away = False
        self.inbox, self.clock = inbox, clock
        self.carried: dict[int, set[Channel]] = {}

    def obey(self, order: Open | Subscribe | Unsubscribe | Close) -> None:
        """Do at once what is wanted."""
        number, now_ns = order.connection_id, self.clock.wall_ns()
        if isinstance(order, Close):
            if self.carried.pop(number, None) is not None:
                self.inbox.signal(Closed(number, now_ns, Cause(None, "closed by us")))
            return
        if isinstance(order, Unsubscribe):
            self.carried.get(number, set()).difference_update(order.channels)
            return
        if isinstance(order, Open) and self.away:
            self.inbox.signal(Closed(number, now_ns, Cause(None, "cannot connect")))
            return
        if isinstance(order, Open):
            self._passed_ns[number] = now_ns
            self.carried[number] = set()
            self.inbox.signal(Opened(number, now_ns))
        self.carried[number].update(order.channels)
        names = tuple(channel.name for channel in order.channels)
        self.inbox.signal(Acknowledged(number, now_ns, names))

    def dismiss(self, within_s: float) -> None:  # noqa: ARG002
        """Close all connections."""
        for number in [*self.carried]:
            self.obey(Close(number))


class SimRefiller(Refiller):
    """Answers at once: every proof is a list whose newest trade is the rig's."""

    def __init__(self, rig: "Rig") -> None:
        super().__init__(Rest(NOWHERE, rig.clock), rig.clock, rig.inbox.signal)
        self.rig = rig
        self.wanted: list[Hole] = []
        self.proofs = 0

    def start(self) -> None:
        """Need no thread."""

    def ask(self, hole: Hole, rate_per_s: float | None = None) -> bool:  # noqa: ARG002
        """Remember a hole, or fill it."""
        if self.rig.fills:
            self._post_refill(hole.symbol, range(hole.first_id, hole.last_id + 1), proof=False)
        else:
            self.wanted.append(hole)
        return True

    def prove(self, symbol: str) -> None:
        """Tell the newest trade."""
        self.proofs += 1
        self._post_refill(symbol, range(0), proof=True)

    def _post_refill(self, symbol: str, ids: Iterable[int], *, proof: bool) -> None:
        ns, newest = self.rig.clock.wall_ns(), self.rig.newest.get(symbol)
        trades = tuple(
            Trade(symbol, each, self.rig.happened[symbol, each], None, "1", "2", False, "MARKET")
            for each in ids
        )
        self.rig.inbox.signal(
            Refilled(
                symbol, trades, (), ns, ns, None, newest[0] if newest else None,
                newest[1] if newest else None, proof,
            )
        )  # fmt: skip

    def stop(self) -> tuple[Unfillable, ...]:
        """Give back what was never filled."""
        return tuple(Unfillable(hole, "stopped") for hole in self.wanted)

    def pending(self) -> tuple[Hole, ...]:
        """Have nothing under way: what is answered is answered at once."""
        return ()


class Rig:
    """A recorder of some symbols; `run` lets time pass on the exchange and here."""

    def __init__(
        self, folder: Path, start_ms: int, symbols: tuple[str, ...] = ("BTCUSDT",), *,
        deadlines: Deadlines | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        self.clock, self.symbols, self.log = SimClock(start_ms), symbols, Log()
        self.inbox = Inbox(self.clock)
        self.lake = LocalFolder(folder / "lake", durable=False)
        self.fills = True
        self.newest: dict[str, tuple[int, int]] = {}
        self.happened: dict[tuple[str, int], int] = {}
        self.trade_every_s: float | None = 1.0
        self.mute: Callable[[int, Channel], bool] = lambda _number, _channel: False
        times = deadlines or Deadlines()
        self.settings = RunSettings(
            str(folder / "lake"), symbols, spool_folder=str(folder / "spool"), deadlines=times,
            **settings,
        )  # fmt: skip
        outbox = Outbox(self.lake, self.clock, 4)
        self.spool = Spool(SpoolSettings(folder / "spool"), "k3v9", outbox, self.clock)
        self.spool.start()
        self.crew, self.refiller = SimCrew(self.inbox, self.clock), SimRefiller(self)
        self.roster = Roster(symbols, Shard())
        self.roster.trust()
        edges = Edges(
            self.clock, self.inbox, self.crew, self.refiller,
            Survey(Rest(NOWHERE, self.clock), self.clock, 3600.0, self.inbox.signal),
            outbox, self.spool, Diary(self.spool, recording("k3v9", self.roster.symbols, 0)),
            OpenHoles(folder / "spool", "k3v9"), Board(), self.log,
        )  # fmt: skip
        self.edges = edges
        fleet = Fleet(FleetSettings(times), waits)
        self.recorder = Recorder(assemble(self.settings, edges, fleet, self.roster, 0))
        self.recorder.reception.follow()
        self.ids = dict.fromkeys(symbols, 1_000)
        self._traded_s = self.clock.real_s

    @property
    def event_ms(self) -> int:
        """Return the exchange's time."""
        return round(self.clock.real_s * 1000)

    def run(self, for_s: float, every_s: float = 0.5) -> None:
        """Let time pass."""
        for _ in range(round(for_s / every_s)):
            self.clock.real_s += every_s
            self._happen()
            for number, channels in self.crew.carried.items():
                self._bring(number, channels)
            while self.recorder.step():
                pass

    def _happen(self) -> None:
        """Let every symbol trade when it is time to."""
        every_s = self.trade_every_s
        if every_s is not None and self.clock.real_s >= self._traded_s + every_s:
            self._traded_s = self.clock.real_s
            for symbol in self.symbols:
                self.trade(symbol)

    def trade(self, symbol: str) -> None:
        """Let a symbol trade once."""
        self.ids[symbol] += 1
        self.newest[symbol] = self.ids[symbol], self.event_ms - 3
        self.happened[symbol, self.ids[symbol]] = self.event_ms - 3

    def _bring(self, number: int, channels: set[Channel]) -> None:
        frames = []
        for channel in sorted(channels):
            newest = self.newest.get(channel.symbol)
            if self.mute(number, channel):
                continue
            if channel.stream is Stream.DEPTH20:
                frames.append(book(self.event_ms, symbol=channel.symbol, time_ms=self.event_ms - 2))
            elif newest and newest[1] == self.event_ms - 3:
                frames.append(trade(newest[0], symbol=channel.symbol, time_ms=newest[1]))
        now_ns = self.clock.wall_ns()
        if frames:
            self.inbox.post(number, now_ns, frames)
        self.inbox.signal(Passed(number, now_ns, now_ns))

    def drop(self, number: int, cause: str = "reset") -> None:
        """End a connection from the other side."""
        del self.crew.carried[number]
        self.inbox.signal(Closed(number, self.clock.wall_ns(), Cause(1006, cause)))

    def end(self, cause: str = "SIGTERM") -> None:
        """End the run."""
        Ending(self.recorder, cause).run()

    def journal(self) -> Journal:
        """Return what the journal says, as the aggregator reads it."""
        return read_journal(self.lake.read(stat.key)[0] for stat in self.lake.list("journal/"))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the lake."""
        return [stat.key for stat in self.lake.list(prefix)]
