"""What is reported to the recorder, each kind to whom it concerns."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from collector.feed.reports import (
    CLOSED_BY_US,
    Acknowledged,
    Batch,
    Closed,
    Opened,
    Oversized,
    Passed,
    Refused,
)
from collector.fleet.channel import Channel
from collector.fleet.orders import Tell
from collector.fleet.plan import follow
from collector.record.market import stream_of
from collector.record.parts import Parts
from collector.record.survey import Surveyed
from collector.trades.evidence import TradeList
from collector.trades.last_seen import LastSeen, LastTrade
from collector.trades.outcomes import Refilled, Unfillable, Unproved
from lake.layout import Stream

_BATCH_FRAMES = 2_000
_OVERSIZED = "oversized"


class Reception:
    """Takes reports out of the inbox."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._concerns: dict[type, Callable[[Any, float], None]] = {
            Passed: lambda mark, _: parts.edges.crew.passed(mark),
            Opened: lambda opened, now_s: parts.fleet.opened(opened.connection_id, now_s),
            Acknowledged: self._acknowledged,
            Refused: self._refused,
            Closed: self._closed,
            Oversized: self._oversized,
            Refilled: self._outcome,
            Unfillable: self._outcome,
            Unproved: self._outcome,
            TradeList: self._listed,
            Surveyed: self._surveyed,
            LastSeen: self._last_seen,
        }

    def take(self) -> bool:
        """Take what came; return whether anything did."""
        parts = self._parts
        items = parts.edges.inbox.drain(_BATCH_FRAMES)
        for item in items:
            if type(item) is Batch:
                parts.intake.take(item)
            else:
                self._concerns[type(item)](item, parts.time.now_s)
        return bool(items)

    def _acknowledged(self, said: Acknowledged, now_s: float) -> None:
        self._parts.fleet.acknowledged(said.connection_id, _channels(said.streams), now_s)

    def _refused(self, refused: Refused, now_s: float) -> None:
        """Wait for frames all the same: the watchdog judges by them, not by words."""
        channels = _channels(refused.streams)
        self._parts.fleet.acknowledged(refused.connection_id, channels, now_s)
        fields = {
            "connection": refused.connection_id, "streams": len(channels), "code": refused.code,
            "cause": refused.message,
        }  # fmt: skip
        said = f"connection {refused.connection_id}: a request was refused: {refused.message}"
        self._parts.chronicle.tell(Tell("subscription_refused", said, fields, "WARNING"))

    def _closed(self, closed: Closed, now_s: float) -> None:
        self._parts.edges.crew.gone(closed)
        # What we have closed is no loss: the fleet knows of it, or the run ends.
        if closed.cause != CLOSED_BY_US:
            self._lost(closed, now_s)

    def _lost(self, closed: Closed, now_s: float) -> None:
        self._parts.fleet.closed(closed.connection_id, closed.cause.text, closed.refusal, now_s)

    def _oversized(self, _oversized: Oversized, _now_s: float) -> None:
        self._parts.intake.strange[_OVERSIZED] += 1

    def _outcome(self, outcome: Refilled | Unfillable | Unproved, now_s: float) -> None:
        self._parts.repair.take(outcome, self._parts.edges.clock.wall_ns(), now_s)

    def _listed(self, listed: TradeList, now_s: float) -> None:
        self._parts.repair.listed(listed, self._parts.edges.clock.wall_ns(), now_s)

    # Symbols

    def follow(self) -> None:
        """Listen to the symbols of the roster."""
        parts = self._parts
        for symbol in parts.roster.symbols:
            parts.intake.tape(symbol)
        parts.witness.leave(follow(parts.fleet, parts.roster.symbols))

    def _surveyed(self, found: Surveyed, _now_s: float) -> None:
        """Take what the exchange says of its symbols and its clock."""
        parts, before = self._parts, self._parts.roster.symbols
        if found.ahead_ms is not None:
            parts.intake.ahead_ms = found.ahead_ms
        if found.contracts is not None:
            for told in parts.roster.update(found.contracts):
                parts.chronicle.tell(told)
            parts.roster.check(strict=False)
            if before != parts.roster.symbols:
                self.follow()
        parts.edges.diary.record(self.recording())

    def recording(self) -> dict[str, Any]:
        """Return what every object of the journal begins with."""
        parts = self._parts
        return recording(parts.edges.spool.run, parts.roster.symbols, parts.intake.ahead_ms)

    # Where earlier runs ended

    def _last_seen(self, seen: LastSeen, _now_s: float) -> None:
        for symbol, last in seen.found.items():
            self.seed(symbol, last)
        self._parts.repair.ends_are_known()
        for symbol, why in seen.failed.items():
            self._parts.chronicle.say(
                f"cannot tell where the trades of {symbol} ended: {why}", "WARNING",
                event="last_seen_failed", symbol=symbol,
            )  # fmt: skip

    def seed(self, symbol: str, last: LastTrade) -> None:
        """Let the ids of a symbol continue where an earlier run ended."""
        self._parts.intake.tape(symbol).chain.seed(last.trade_id, last.time_ms)

    def missed_since(self, symbol: str, last_ms: int, cause: str) -> None:
        """Take note that books were missed since the last one of an earlier run."""
        track = self._parts.fleet.tracks.get(Channel(symbol, Stream.DEPTH20))
        if track:
            track.missed_since(last_ms, cause)


def recording(run: str, symbols: tuple[str, ...], ahead_ms: int | None) -> dict[str, Any]:
    """Return the line that says who records what."""
    return {
        "event": "recording", "run": run, "by": "collector", "version": version("flowlake"),
        "symbols": list(symbols), "streams": [str(stream) for stream in Stream],
        "clock_offset_ms": ahead_ms,
    }  # fmt: skip


def _channels(names: tuple[str, ...]) -> list[Channel]:
    """Read names of streams as the exchange knows them."""
    known = (stream_of(name) for name in names)
    return [Channel(symbol, stream) for stream, symbol in filter(None, known)]
