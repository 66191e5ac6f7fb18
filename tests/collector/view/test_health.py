"""Health over HTTP, asked as a probe and as Prometheus would."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest

from collector.errors import CollectorError
from collector.view.board import Board
from collector.view.condition import Condition
from collector.view.health import report, serving, text
from collector.view.status import LeftOut, StreamState
from tests.collector.statuses import NOW_S, both, well

LOCAL = "127.0.0.1"


class Probe:
    """Asks a server for its pages."""

    def __init__(self, board: Board, port: int) -> None:
        self.board, self.port = board, port

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        connection = HTTPConnection(LOCAL, self.port, timeout=5)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read()
        finally:
            connection.close()


@pytest.fixture
def probe() -> Iterator[Probe]:
    board = Board()
    with serving(board, LOCAL, 0, lambda: NOW_S) as (_, port):
        yield Probe(board, port)


def test_a_run_that_has_not_begun_is_unavailable(probe: Probe) -> None:
    status, kind, body = probe.ask("/healthz")

    assert (503, b"the recorder is starting\n") == (status, body)
    assert "text/plain; charset=utf-8" == kind


def test_a_run_that_is_well_is_ok(probe: Probe) -> None:
    probe.board.publish(well())
    status, _, body = probe.ask("/healthz")

    assert (200, b"ok\n") == (status, body)


def test_each_thing_that_is_wrong_is_a_line(probe: Probe) -> None:
    probe.board.publish(
        well(*both("币安人生USDT", StreamState.SILENT), *both("ETHUSDT", StreamState.LAGGING))
    )
    status, _, body = probe.ask("/healthz")

    assert 503 == status
    assert [
        "币安人生USDT depth20: silent for 14 s on connection 1",
        "ETHUSDT depth20: lagging by 0.1 s on connection 1",
    ] == body.decode().splitlines()


def test_what_is_not_recorded_is_named_though_all_is_well(probe: Probe) -> None:
    probe.board.publish(replace(well(), left_out=(LeftOut("FOOUSDT", "unknown"),)))
    status, _, body = probe.ask("/healthz")

    assert (200, b"ok\nnote: not recorded: FOOUSDT (unknown)\n") == (status, body)


def test_health_follows_the_run(probe: Probe) -> None:
    codes = []
    for state in (StreamState.FRESH, StreamState.SILENT, StreamState.FRESH):
        probe.board.publish(well(*both("BTCUSDT", state)))
        codes.append(probe.ask("/healthz")[0])

    assert [200, 503, 200] == codes


def test_who_accepts_json_gets_the_numbers_too(probe: Probe) -> None:
    probe.board.publish(well(*both("BTCUSDT", StreamState.SILENT), *both("ETHUSDT")))
    status, kind, body = probe.ask("/healthz", Accept="application/json")
    said: dict[str, Any] = json.loads(body)

    assert (503, "application/json") == (status, kind)
    assert "failing" == said["status"]
    assert ["BTCUSDT depth20: silent for 14 s on connection 1"] == said["wrong"]
    assert {"fresh": 3, "silent": 1} == said["streams"]
    assert ("none", 1_234_567) == (said["spool"]["pressure"], said["spool"]["used_bytes"])
    assert (2, "k3v9") == (said["uploads"]["pending"], said["run"])


def test_json_of_a_run_that_has_not_begun_says_why(probe: Probe) -> None:
    _, _, body = probe.ask("/healthz?verbose", Accept="application/json")

    assert {"status": "failing", "wrong": ["the recorder is starting"], "notes": []} == (
        json.loads(body)
    )


def test_metrics_are_those_of_the_newest_status_and_of_the_process(probe: Probe) -> None:
    probe.board.publish(well())
    status, kind, body = probe.ask("/metrics")

    assert 200 == status
    assert kind.startswith("text/plain; version=")
    assert b'flowlake_rows_total{stream="trades"} 1234.0\n' in body
    assert b"\nprocess_resident_memory_bytes " in body


def test_a_head_request_has_no_body(probe: Probe) -> None:
    status, _, body = probe.ask("/healthz", "HEAD")

    assert (503, b"") == (status, body)


def test_the_root_says_what_there_is(probe: Probe) -> None:
    _, _, body = probe.ask("/")

    assert b"/healthz" in body
    assert b"/metrics" in body


def test_another_path_is_not_found(probe: Probe) -> None:
    assert 404 == probe.ask("/health")[0]


def test_a_client_that_goes_away_or_says_nothing_harms_nobody(probe: Probe) -> None:
    with socket.create_connection((LOCAL, probe.port)) as silent:
        with socket.create_connection((LOCAL, probe.port)) as garbage:
            garbage.sendall(b"\x00\xff\r\n\r\n")
        probe.board.publish(well())

        assert 200 == probe.ask("/healthz")[0]
        silent.close()


def test_a_taken_port_is_one_line_that_says_what_to_do(probe: Probe) -> None:
    taken = rf"cannot serve /healthz on {LOCAL}:{probe.port}: .+; choose another --metrics-port"

    with (
        pytest.raises(CollectorError, match=taken),
        serving(Board(), LOCAL, probe.port, lambda: NOW_S),
    ):
        pass


def test_an_address_that_is_none_is_one_line_too() -> None:
    with (
        pytest.raises(CollectorError, match=r"cannot serve /healthz on 256.0.0.1:0: "),
        serving(Board(), "256.0.0.1", 0, lambda: NOW_S),
    ):
        pass


def test_when_the_run_ends_the_port_is_free_and_no_thread_is_left() -> None:
    with serving(Board(), LOCAL, 0, lambda: NOW_S) as (_, port):
        pass

    assert "health" not in {thread.name for thread in threading.enumerate()}
    with serving(Board(), LOCAL, port, lambda: NOW_S) as (_, again):
        assert port == again


def test_text_is_one_line_for_each_sentence() -> None:
    assert "a\nb\nnote: c\n" == text(Condition(("a", "b"), ("c",)))
    assert "ok\nnote: c\n" == text(Condition((), ("c",)))


def test_a_report_of_a_run_that_is_well_says_ok() -> None:
    assert "ok" == report(well(), Condition())["status"]
