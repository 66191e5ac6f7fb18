"""A connection: what it says to the exchange, what it reports, and that every end is reported."""

import contextlib
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import trustme
from websockets.frames import Opcode

from collector.clock import Clock
from collector.feed.connection import Connection, Pace
from collector.feed.inbox import Inbox
from collector.feed.refusals import RefusalKind
from collector.feed.reports import (
    ABNORMAL,
    Acknowledged,
    Batch,
    Closed,
    Opened,
    Oversized,
    Passed,
    Refused,
)
from tests.collector.peers import TIMEOUT_S, Listener, Peer, frame, listening

STREAMS = ("btcusdt@trade", "btcusdt@depth20@100ms", "ethusdt@trade")
QUICK = Pace(request_every_s=0.05, mark_every_s=0.02)
Kind = TypeVar("Kind")


class Recorded:
    """A running connection, and all that it has reported so far."""

    def __init__(self, url: str, streams: tuple[str, ...], pace: Pace, clock: Clock) -> None:
        self.inbox = Inbox(clock)
        self.connection = Connection(1, url, streams, self.inbox, clock, pace)
        self.reports: list[object] = []

    def until(self, happened: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + TIMEOUT_S
        while not happened():
            assert time.monotonic() < deadline_s, self.reports[-20:]
            time.sleep(0.002)
            self.reports += self.inbox.drain()

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [report for report in self.reports if isinstance(report, kind)]

    def next(self, kind: type[Kind]) -> Kind:
        """Wait for the first report of a kind."""
        self.until(lambda: bool(self.all(kind)))
        return self.all(kind)[0]

    def frames(self, number: int) -> list[bytes]:
        """Wait for so many frames."""
        self.until(lambda: len(self.read()) >= number)
        return self.read()

    def read(self) -> list[bytes]:
        return [data for batch in self.all(Batch) for data in batch.frames]

    def end(self) -> Closed:
        """Wait for the end; return its report, which must be the only one, and the last."""
        self.connection.join(TIMEOUT_S)
        assert not self.connection.is_alive()
        self.reports += self.inbox.drain()
        (closed,) = self.all(Closed)
        assert closed is self.reports[-1]
        return closed


@contextlib.contextmanager
def recording(
    url: str, streams: tuple[str, ...] = (), pace: Pace = QUICK, clock: Clock | None = None
) -> Iterator[Recorded]:
    recorded = Recorded(url, streams, pace, clock or Clock())
    recorded.connection.start()
    try:
        yield recorded
    finally:
        recorded.connection.close()
        recorded.inbox.close()
        recorded.connection.join(TIMEOUT_S)
        assert not recorded.connection.is_alive()


@pytest.fixture
def exchange() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@contextlib.contextmanager
def talking(exchange: Listener, pace: Pace = QUICK) -> Iterator[tuple[Recorded, Peer]]:
    """Record from a peer that has shaken hands."""
    with recording(exchange.url, pace=pace) as recorded:
        yield recorded, exchange.meet()


def test_it_asks_for_the_public_path_as_a_websocket(exchange: Listener) -> None:
    with recording(exchange.url) as recorded:
        request = exchange.accept().shake_hands()

        recorded.next(Opened)
    assert "/public/stream" == request.path
    assert "Origin" not in request.headers
    assert "Sec-WebSocket-Extensions" not in request.headers


def test_it_subscribes_in_batches_at_a_measured_pace(exchange: Listener) -> None:
    with recording(exchange.url, STREAMS, replace(QUICK, streams_per_request=2)) as recorded:
        peer = exchange.meet()
        recorded.next(Opened)
        first, first_s = peer.request(), time.monotonic()
        second, second_s = peer.request(), time.monotonic()

    assert {"method": "SUBSCRIBE", "params": list(STREAMS[:2]), "id": 1} == first
    assert {"method": "SUBSCRIBE", "params": list(STREAMS[2:]), "id": 2} == second
    assert second_s - first_s > QUICK.request_every_s / 2


def test_names_of_any_script_are_asked_for(exchange: Listener) -> None:
    with recording(exchange.url, ("币安人生usdt@trade",)):
        assert ["币安人生usdt@trade"] == exchange.meet().request()["params"]


def test_answers_are_reported_with_the_streams_they_are_about(exchange: Listener) -> None:
    with recording(exchange.url, STREAMS, replace(QUICK, streams_per_request=1)) as recorded:
        peer = exchange.meet()
        for _ in STREAMS:
            peer.request()
        # Among frames, and not in the order of the requests.
        peer.text(
            b'{"stream":"btcusdt@trade","data":{"e":"trade"}}',
            b'{"error":{"code":2,"msg":"Invalid request"},"id":2}',
            b'{"result":null,"id":1}',
        )
        peer.text(b'{"code":4,"msg":"Too many subscriptions"}')
        recorded.until(lambda: len(recorded.all(Refused)) == 2)

        assert [STREAMS[:1]] == [report.streams for report in recorded.all(Acknowledged)]
        assert [
            (STREAMS[1:2], 2, "Invalid request"),
            (STREAMS[2:], 4, "Too many subscriptions"),
        ] == [(report.streams, report.code, report.message) for report in recorded.all(Refused)]
        assert 4 == len(recorded.read())


def test_a_request_that_is_never_answered_is_reported(exchange: Listener) -> None:
    with recording(exchange.url, STREAMS, replace(QUICK, answer_within_s=0.1)) as recorded:
        exchange.meet()
        refused = recorded.next(Refused)

    assert (STREAMS, None, "no answer within 0.1 s") == (
        refused.streams, refused.code, refused.message
    )  # fmt: skip


def test_more_streams_are_asked_for_and_some_no_more_while_it_lives(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        recorded.connection.subscribe(["a@trade"])
        assert {"method": "SUBSCRIBE", "params": ["a@trade"], "id": 1} == peer.request()
        recorded.connection.unsubscribe(["a@trade"])
        assert {"method": "UNSUBSCRIBE", "params": ["a@trade"], "id": 2} == peer.request()
        peer.text(b'{"result":null,"id":2}', b'{"result":null,"id":1}')
        recorded.frames(2)
        recorded.next(Acknowledged)

        assert [("a@trade",)] == [report.streams for report in recorded.all(Acknowledged)]


def test_frames_come_in_their_order_each_with_the_time_of_its_read(exchange: Listener) -> None:
    sent = [b'{"n":%d}' % number for number in range(50)]
    with talking(exchange) as (recorded, peer):
        recorded.next(Opened)
        times_ns = []
        for data in sent:
            times_ns.append(time.time_ns())
            peer.text(data)
            recorded.frames(len(times_ns))
        stamps_ns = [batch.received_ns for batch in recorded.all(Batch) for _ in batch.frames]

    assert sent == recorded.read()
    assert all(
        sent_ns < stamp_ns < after_ns
        for sent_ns, stamp_ns, after_ns in zip(
            times_ns, stamps_ns, [*times_ns[1:], time.time_ns()], strict=True
        )
    )


def test_a_burst_is_read_whole(exchange: Listener) -> None:
    sent = [b'{"n":%d,"pad":"%s"}' % (number, b"x" * 1_000) for number in range(5_000)]
    with talking(exchange) as (recorded, peer):
        threading.Thread(target=peer.text, args=sent, daemon=True).start()

        assert sent == recorded.frames(len(sent))


def test_messages_may_be_cut_into_fragments_or_be_binary(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        peer.say(frame(b'{"a"', fin=False))
        peer.ping(b"between")
        assert b"between" == peer.frame(Opcode.PONG)
        peer.say(frame(b":1}", Opcode.CONT))
        peer.say(frame(b'{"b":2}', Opcode.BINARY))

        assert [b'{"a":1}', b'{"b":2}'] == recorded.frames(2)


def test_a_message_longer_than_any_real_one_is_skipped_and_reported(exchange: Listener) -> None:
    with talking(exchange, replace(QUICK, longest_message=1_000)) as (recorded, peer):
        peer.text(b"before", b"x" * 500_000, b"after")

        assert [b"before", b"after"] == recorded.frames(2)
        assert 500_000 == recorded.next(Oversized).length


def test_a_ping_is_answered_with_its_payload(exchange: Listener) -> None:
    with talking(exchange) as (_, peer):
        for payload in (b"1785685177439", b"", b"x" * 125):
            peer.ping(payload)
            assert payload == peer.frame(Opcode.PONG)


def test_it_pings_and_a_pong_keeps_a_quiet_connection_alive(exchange: Listener) -> None:
    pace = replace(QUICK, ping_every_s=0.2, dead_after_s=1.0)
    with talking(exchange, pace) as (recorded, peer):
        for _ in range(8):
            peer.say(frame(peer.frame(Opcode.PING), Opcode.PONG))

        assert recorded.connection.is_alive()
        assert [] == recorded.read()


def test_a_peer_that_is_gone_without_a_word_is_found(exchange: Listener) -> None:
    pace = replace(QUICK, ping_every_s=0.05, dead_after_s=0.2)
    with talking(exchange, pace) as (recorded, peer):
        peer.text(b"last words")
        closed = recorded.end()

    assert [b"last words"] == recorded.read()
    assert ABNORMAL == closed.cause.code
    assert "nothing came for 0.2 s" in closed.cause.text


def test_it_reports_up_to_when_it_has_read_also_while_nothing_comes(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        recorded.next(Opened)
        start_ns = time.time_ns()
        recorded.until(lambda: len(recorded.all(Passed)) >= 5)
        peer.text(b"a")
        recorded.frames(1)
        recorded.until(lambda: isinstance(recorded.reports[-1], Passed))

    passed_ns = -1
    for report in recorded.reports:
        if isinstance(report, Batch):
            assert passed_ns <= report.received_ns
        elif isinstance(report, Passed):
            assert passed_ns <= report.received_ns
            passed_ns = report.received_ns
    first, last = recorded.all(Passed)[0], recorded.all(Passed)[-1]
    assert first.heard_ns < start_ns < last.heard_ns <= last.received_ns


def test_no_mark_is_later_than_a_frame_behind_it_in_a_flood(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        for number in range(200):
            peer.text(b"%d" % number)
            time.sleep(0.001)
        recorded.frames(200)

    passed_ns = 0
    for report in recorded.reports:
        if isinstance(report, Batch | Passed):
            assert passed_ns <= report.received_ns
        if isinstance(report, Passed):
            passed_ns = report.received_ns
    assert len(recorded.all(Passed)) >= 5


@pytest.mark.parametrize(
    ("code", "reason"), [(1008, "Too many requests"), (1011, ""), (1001, "bye"), (3999, "own")]
)
def test_the_code_and_reason_of_an_end_are_reported(
    exchange: Listener, code: int, reason: str
) -> None:
    with talking(exchange) as (recorded, peer):
        peer.text(b"last words")
        peer.goodbye(code, reason)
        closed = recorded.end()
        assert peer.frame(Opcode.CLOSE)

    assert [b"last words"] == recorded.read()
    assert code == closed.cause.code
    assert f"closed by the exchange: {code} {reason}".strip() == closed.cause.text


def test_a_reset_is_reported_behind_the_frames_before_it(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        peer.text(b"last words")
        recorded.frames(1)
        peer.reset()
        closed = recorded.end()

    assert ABNORMAL == closed.cause.code
    assert "reset" in closed.cause.text


def test_an_end_without_a_goodbye_is_reported_behind_the_frames_before_it(
    exchange: Listener,
) -> None:
    with talking(exchange) as (recorded, peer):
        peer.text(b"last words", b"and more")
        peer.socket.close()
        closed = recorded.end()

    assert [b"last words", b"and more"] == recorded.read()
    assert (ABNORMAL, "the connection ended without a word") == (
        closed.cause.code, closed.cause.text
    )  # fmt: skip


def test_what_is_no_websocket_ends_it_with_a_reason(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        peer.say(frame(b"right") + b"\xc1\x05wrong")
        closed = recorded.end()
        goodbye = peer.frame(Opcode.CLOSE)

    assert [b"right"] == recorded.read()
    assert ABNORMAL == closed.cause.code
    assert "no WebSocket" in closed.cause.text
    assert 1002 == int.from_bytes(goodbye[:2])


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait_s"),
    [
        (429, {"Retry-After": "7"}, RefusalKind.TOO_MANY, 7),
        (418, {}, RefusalKind.BANNED, 120),
        (451, {"Content-Length": "0"}, RefusalKind.LOCATION, 600),
        (403, {}, RefusalKind.FIREWALL, 60),
        (503, {}, RefusalKind.TRANSIENT, None),
    ],
)
def test_a_refused_handshake_is_understood(
    exchange: Listener, status: int, headers: dict[str, str], kind: RefusalKind, wait_s: float
) -> None:
    with recording(exchange.url) as recorded:
        exchange.accept().refuse(status, headers)
        closed = recorded.end()

    assert closed.refusal
    assert (kind, wait_s) == (closed.refusal.kind, closed.refusal.wait_s)
    assert closed.cause.text.startswith(f"cannot connect to {exchange.url}: HTTP {status}: ")
    assert [] == recorded.all(Opened)


@pytest.mark.parametrize(
    "answer",
    [b"nonsense\r\n\r\n", b"HTTP/1.1 101 Yes\r\n\r\n", b"\xff\r\n\r\n", b"",
     b"HTTP/1.1 302 Found\r\nLocation: ws://localhost:1/\r\n\r\n"],
    ids=["no http", "no key", "no text", "nothing", "elsewhere"],
)  # fmt: skip
def test_an_answer_that_is_no_handshake_is_reported(exchange: Listener, answer: bytes) -> None:
    with recording(exchange.url) as recorded:
        peer = exchange.accept()
        peer.hear()
        peer.say(answer)
        peer.socket.close()
        closed = recorded.end()

    assert closed.refusal is None
    assert closed.cause.text.startswith(f"cannot connect to {exchange.url}: ")


def test_a_handshake_that_is_never_answered_ends_in_time(exchange: Listener) -> None:
    with recording(exchange.url, pace=replace(QUICK, connect_timeout_s=0.1)) as recorded:
        exchange.accept()

        assert "timed out" in recorded.end().cause.text


def test_nobody_there_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/public/stream"
    with recording(url) as recorded:
        closed = recorded.end()

    assert closed.cause.code is None
    assert "refused" in closed.cause.text


@pytest.mark.parametrize("url", ["ws://name.invalid/", "http://localhost/", "nonsense", "ws://"])
def test_an_address_that_cannot_be_is_reported(url: str) -> None:
    with recording(url) as recorded:
        assert recorded.end().cause.text.startswith(f"cannot connect to {url}: ")


def test_it_says_goodbye_when_it_is_closed(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):
        recorded.next(Opened)
        recorded.connection.close()
        recorded.connection.close()
        closed = recorded.end()

        assert 1000 == int.from_bytes(peer.frame(Opcode.CLOSE)[:2])
        with pytest.raises(EOFError):
            peer.hear()
    assert (None, "closed by us") == (closed.cause.code, closed.cause.text)


def test_it_closes_in_the_middle_of_a_flood(exchange: Listener) -> None:
    with talking(exchange) as (recorded, peer):

        def flood() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer.text(b"x" * 1_000)

        threading.Thread(target=flood, daemon=True).start()
        recorded.frames(100)
        recorded.connection.close()

        assert "closed by us" == recorded.end().cause.text


def test_one_that_is_closed_before_it_started_never_connects(exchange: Listener) -> None:
    recorded = Recorded(exchange.url, STREAMS, QUICK, Clock())
    recorded.connection.close()
    recorded.connection.start()

    assert "closed by us" == recorded.end().cause.text
    assert [] == recorded.all(Opened)


def test_a_fault_of_our_own_is_reported_and_logged(
    exchange: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    # A name that is no text cannot be sent.
    with caplog.at_level(logging.ERROR), recording(exchange.url, ("\ud800@trade",)) as recorded:
        exchange.meet()
        closed = recorded.end()

    assert closed.cause.text.startswith("a fault of the collector: ")
    assert ["a connection failed"] == [record.message for record in caplog.records]


def test_a_full_inbox_holds_the_reader_up_and_loses_nothing(exchange: Listener) -> None:
    sent = [b"%d" % number for number in range(2_000)]
    clock = Clock()
    inbox = Inbox(clock, most_frames=10)
    connection = Connection(1, exchange.url, (), inbox, clock, QUICK)
    connection.start()
    peer = exchange.meet()
    for start in range(0, len(sent), 20):
        peer.text(*sent[start : start + 20])
        time.sleep(0.001)
    got: list[bytes] = []
    deadline_s = time.monotonic() + TIMEOUT_S
    while len(got) < len(sent) and time.monotonic() < deadline_s:
        got += [data for item in inbox.drain() if isinstance(item, Batch) for data in item.frames]
        time.sleep(0.001)
    connection.close()
    connection.join(TIMEOUT_S)

    assert sent == got
    assert inbox.backlog().waits > 0


def test_its_times_are_those_of_the_clock(exchange: Listener) -> None:
    clock = Clock(speed=100)
    pace = Pace(ping_every_s=20, dead_after_s=60)
    with recording(exchange.url, pace=pace, clock=clock) as recorded:
        peer = exchange.meet()
        assert abs(int(peer.frame(Opcode.PING)) - clock.wall_ns() // 1_000_000) < 20_000
        start_s = time.monotonic()
        assert "nothing came for 60 s" in recorded.end().cause.text

    assert time.monotonic() - start_s < 5


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_exchange(authority: trustme.CA) -> Iterator[Listener]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with listening(context) as listener:
        yield listener


def test_tls_is_spoken_and_read_whole(
    secure_exchange: Listener,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    sent = [json.dumps({"n": n, "pad": "x" * (n % 40_000)}).encode() for n in range(1_000)]
    with recording(secure_exchange.url, STREAMS) as recorded:
        peer = secure_exchange.meet()
        assert list(STREAMS) == peer.request()["params"]
        peer.ping(b"first")
        assert b"first" == peer.frame(Opcode.PONG)
        threading.Thread(target=peer.text, args=sent, daemon=True).start()

        assert sent == recorded.frames(len(sent))
        peer.ping(b"last")
        assert b"last" == peer.frame(Opcode.PONG)


def test_a_certificate_that_nobody_trusts_is_refused(secure_exchange: Listener) -> None:
    with recording(secure_exchange.url) as recorded:
        with pytest.raises(ssl.SSLError):
            secure_exchange.accept()
        closed = recorded.end()

    assert "CERTIFICATE_VERIFY_FAILED" in closed.cause.text
