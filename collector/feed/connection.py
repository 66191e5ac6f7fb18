"""One WebSocket of the exchange, read by a thread of its own that lives as long as it does."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from collector.clock import Clock
from collector.feed.dial import HandshakeRefused, Line, LineError, dial, said
from collector.feed.frames import Answer, read_frame
from collector.feed.heartbeat import Heartbeat
from collector.feed.inbox import Inbox
from collector.feed.reports import (
    ABNORMAL,
    CLOSED_BY_US,
    Acknowledged,
    Cause,
    Closed,
    Opened,
    Oversized,
    Passed,
    Refused,
)
from collector.feed.subscriptions import Method, Subscriptions
from collector.feed.wire import LONGEST_MESSAGE, Broken, Close, Control, Ping, Skipped, Wire

_log = logging.getLogger("collector")

_GOODBYE = 1000
_LONGEST_ANSWER = 4_096
_SHORTEST_WAIT_S = 0.002
"""Of real time, however fast the clock runs."""


@dataclass(frozen=True)
class Pace:
    """How a connection behaves; in seconds of the clock, but `connect_timeout_s` in real ones.

    The exchange closes a connection that sends it more than ten messages a second, pings and pongs
    included. A read waits until `read_every_s` after the one before it: to wake for every frame of
    a busy connection costs more than all that is done with the frame.
    """

    connect_timeout_s: float = 10.0
    streams_per_request: int = 100
    request_every_s: float = 0.25
    answer_within_s: float = 10.0
    ping_every_s: float = 20.0
    dead_after_s: float = 30.0
    mark_every_s: float = 0.1
    read_every_s: float = 0.002
    longest_message: int = LONGEST_MESSAGE


class Connection(threading.Thread):
    """Connects, subscribes, and reads until it ends; tells the inbox everything.

    It reports `Opened`, batches of frames (answers to its requests among them), `Acknowledged`,
    `Refused`, `Passed`, `Oversized`, and last of all, whatever happens, `Closed`. It lives once.
    """

    def __init__(
        self, connection_id: int, url: str, streams: Sequence[str], inbox: Inbox, clock: Clock,
        pace: Pace | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name=f"connection-{connection_id}", daemon=True)
        self.connection_id = connection_id
        self.inbox, self.clock, self.pace = inbox, clock, pace or Pace()
        self.subscriptions = Subscriptions(self.pace.streams_per_request, self.pace.request_every_s)
        self._url = url
        self._closing = threading.Event()
        self.subscribe(streams)

    def subscribe(self, streams: Sequence[str]) -> None:
        """Ask for more streams. Any thread may."""
        self.subscriptions.ask(Method.SUBSCRIBE, streams)

    def unsubscribe(self, streams: Sequence[str]) -> None:
        """Ask for some streams no more. Any thread may."""
        self.subscriptions.ask(Method.UNSUBSCRIBE, streams)

    def close(self) -> None:
        """End it soon. Any thread may, at any time, more than once."""
        self._closing.set()

    def run(self) -> None:
        """Live, and report the end."""
        try:
            cause, refusal = self._live(), None
        except HandshakeRefused as error:
            cause, refusal = Cause(None, str(error)), error.refusal
        except LineError as error:
            cause, refusal = Cause(None, str(error)), None
        except Exception as error:  # noqa: BLE001 (the last chance to say that the thread ends)
            _log.exception("a connection failed", extra={"fields": {"connection": self.name}})
            cause, refusal = Cause(None, f"a fault of the collector: {said(error)}"), None
        received_ns = self.clock.wall_ns()
        self.inbox.signal(Closed(self.connection_id, received_ns, cause, refusal))

    def _live(self) -> Cause:
        if self._closing.is_set():
            return CLOSED_BY_US
        line = dial(self._url, self.pace.connect_timeout_s, self.clock.wall_ns() / 1e9)
        talk = _Talk(self, line)
        try:
            self.inbox.signal(Opened(self.connection_id, self.clock.wall_ns()))
            while not self._closing.is_set():
                cause = talk.turn()
                if cause:
                    return cause
            return CLOSED_BY_US
        except LineError as error:
            return Cause(ABNORMAL, str(error))
        finally:
            line.hang_up(talk.goodbye)


class _Talk:
    """What is said on an open line, turn by turn."""

    def __init__(self, connection: Connection, line: Line) -> None:
        self._id, self._line = connection.connection_id, line
        self._inbox, self._clock = connection.inbox, connection.clock
        self._subscriptions, self._pace = connection.subscriptions, connection.pace
        self._wire = Wire(self._pace.longest_message)
        now_s = self._clock.monotonic()
        self._heartbeat = Heartbeat(self._pace.ping_every_s, self._pace.dead_after_s, now_s)
        self._wait_s = max(_SHORTEST_WAIT_S, self._pace.mark_every_s / self._clock.speed)
        self._heard_ns = self._clock.wall_ns()
        self._read_s = self._marked_s = now_s
        self.goodbye = _GOODBYE

    def turn(self) -> Cause | None:
        """Say what is due, listen once; return the cause if the talk is over."""
        now_s = self._clock.monotonic()
        self._speak(now_s)
        cause = self._listen() if self._line.wait(self._wait_s) else self._silence()
        if now_s - self._marked_s >= self._pace.mark_every_s:
            self._mark(now_s)
        return cause

    def _speak(self, now_s: float) -> None:
        request = self._subscriptions.next_request(now_s)
        if request:
            self._line.send(request)
        if self._heartbeat.ping_is_due(now_s):
            self._line.ping(b"%d" % (self._clock.wall_ns() // 1_000_000))
        if self._subscriptions.is_waiting:
            for asked in self._subscriptions.overdue(now_s - self._pace.answer_within_s):
                text = f"no answer within {self._pace.answer_within_s:g} s"
                self._refused(self._clock.wall_ns(), asked.streams, None, text)

    def _listen(self) -> Cause | None:
        now_s = self._clock.monotonic()
        if now_s - self._read_s < self._pace.read_every_s:
            self._clock.sleep(self._read_s + self._pace.read_every_s - now_s)
        data = self._line.read()
        received_ns = self._clock.wall_ns()
        self._read_s = self._clock.monotonic()
        self._heartbeat.heard(self._read_s)
        self._heard_ns = received_ns
        frames = self._wire.feed(data)
        if frames:
            self._inbox.post(self._id, received_ns, frames)
            if self._subscriptions.is_waiting:
                self._find_answers(received_ns, frames)
        return self._heed(received_ns, self._wire.controls())

    def _silence(self) -> Cause | None:
        if not self._heartbeat.is_dead(self._clock.monotonic()):
            return None
        if self._line.wait(0):
            # It was us who were stopped, while the other end went on talking.
            return self._listen()
        return Cause(ABNORMAL, f"nothing came for {self._pace.dead_after_s:g} s, not even a pong")

    def _mark(self, now_s: float) -> None:
        self._marked_s = now_s
        # Who does not read needs no more marks: the recorder's backlog stays bounded.
        if not self._inbox.is_full():
            self._inbox.signal(Passed(self._id, self._clock.wall_ns(), self._heard_ns))

    def _find_answers(self, received_ns: int, frames: Sequence[bytes]) -> None:
        for frame in frames:
            if len(frame) > _LONGEST_ANSWER or b'"data"' in frame:
                continue
            answer = read_frame(frame)
            if isinstance(answer, Answer):
                self._answered(received_ns, answer)

    def _answered(self, received_ns: int, answer: Answer) -> None:
        asked = self._subscriptions.answered(answer)
        if asked and answer.code is not None:
            self._refused(received_ns, asked.streams, answer.code, answer.message)
        elif asked and asked.method is Method.SUBSCRIBE:
            self._inbox.signal(Acknowledged(self._id, received_ns, asked.streams))

    def _refused(
        self, received_ns: int, streams: tuple[str, ...], code: int | None, text: str
    ) -> None:
        self._inbox.signal(Refused(self._id, received_ns, streams, code, text))

    def _heed(self, received_ns: int, controls: Sequence[Control]) -> Cause | None:
        for control in controls:
            match control:
                case Ping(payload):
                    self._line.pong(payload)
                case Skipped(length):
                    self._inbox.signal(Oversized(self._id, received_ns, length))
                case Close(code, reason):
                    return Cause(code, f"closed by the exchange: {code} {reason}".rstrip())
                case Broken(code, text):
                    self.goodbye = code
                    return Cause(ABNORMAL, f"the exchange sent what is no WebSocket: {text}")
        return None
