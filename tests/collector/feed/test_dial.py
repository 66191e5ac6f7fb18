"""A line: opened or explained, read as far as it goes, and never blocked for ever."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.frames import Opcode

from collector.feed.dial import HandshakeRefused, Line, LineError, dial, said
from collector.feed.refusals import RefusalKind
from tests.collector.peers import TIMEOUT_S, Listener, Peer, frame, listening


@pytest.fixture
def exchange() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@pytest.fixture
def ends(exchange: Listener) -> Iterator[tuple[Line, Peer]]:
    """Return both ends of a line."""
    with ThreadPoolExecutor(1) as thread:
        meeting = thread.submit(exchange.meet)
        line = dial(exchange.url, TIMEOUT_S, 0)
        yield line, meeting.result()
    line.hang_up(1000)


def read(line: Line, size: int) -> bytes:
    """Read until so many bytes have come."""
    data = b""
    while len(data) < size:
        assert line.wait(TIMEOUT_S)
        data += line.read()
    return data


def read_to_the_end(line: Line) -> tuple[bytes, LineError]:
    data = b""
    while True:
        assert line.wait(TIMEOUT_S)
        try:
            data += line.read()
        except LineError as error:
            return data, error


def test_what_has_come_is_read_as_it_is(ends: tuple[Line, Peer]) -> None:
    line, peer = ends
    data = frame(b"a") + frame(b"b")
    peer.say(data)

    assert data == read(line, len(data))


def test_nothing_to_read_is_no_end(ends: tuple[Line, Peer]) -> None:
    line, _ = ends

    assert not line.wait(0.01)
    assert b"" == line.read()


def test_a_flood_is_read_in_pieces_that_are_not_forgotten(ends: tuple[Line, Peer]) -> None:
    line, peer = ends
    data = bytes(range(256)) * 20_000
    with ThreadPoolExecutor(1) as thread:
        thread.submit(peer.say, data)

        assert data == read(line, len(data))


def test_what_came_before_an_end_is_read_before_it(ends: tuple[Line, Peer]) -> None:
    line, peer = ends
    peer.say(b"last words")
    peer.socket.close()

    data, error = read_to_the_end(line)
    assert b"last words" == data
    assert "the connection ended without a word" == str(error)
    with pytest.raises(LineError):
        line.read()


def test_what_is_said_arrives(ends: tuple[Line, Peer]) -> None:
    line, peer = ends
    line.send("币".encode())
    line.ping(b"1")
    line.pong(b"2")
    line.hang_up(1002)

    assert "币".encode() == peer.frame(Opcode.TEXT)
    assert b"1" == peer.frame(Opcode.PING)
    assert b"2" == peer.frame(Opcode.PONG)
    assert (1002).to_bytes(2) == peer.frame(Opcode.CLOSE)
    with pytest.raises(EOFError):
        peer.hear()


def test_nobody_hears_what_is_said_to_a_peer_that_is_gone(ends: tuple[Line, Peer]) -> None:
    line, peer = ends
    peer.reset()

    def say_much() -> None:
        for _ in range(100):
            line.send(b"hello")
            time.sleep(0.001)

    with pytest.raises(LineError):
        say_much()
    line.hang_up(1000)


def test_a_refused_handshake_says_what_it_means(exchange: Listener) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: exchange.accept().refuse(418, {"Retry-After": "9"}))
        with pytest.raises(HandshakeRefused, match="HTTP 418") as refused:
            dial(exchange.url, TIMEOUT_S, 0)

    assert (RefusalKind.BANNED, 9) == (refused.value.refusal.kind, refused.value.refusal.wait_s)


def test_a_date_to_wait_for_counts_from_the_time_that_was_given(exchange: Listener) -> None:
    until = {"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: exchange.accept().refuse(429, until))
        with pytest.raises(HandshakeRefused) as refused:
            dial(exchange.url, TIMEOUT_S, now_s=60)

    assert 40 == refused.value.refusal.wait_s


def test_what_an_error_says_is_one_short_line() -> None:
    assert "two lines" == said(ValueError("two\n  lines"))
    assert "TimeoutError" == said(TimeoutError())
    assert len(said(ValueError("x" * 10_000))) < 300
