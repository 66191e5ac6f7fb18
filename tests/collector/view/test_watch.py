"""Table, logs and health come and go with the run."""

import json
import logging
import os
import pty
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.settings import RunSettings
from collector.view.board import Board
from collector.view.watch import logging_to, watching
from lake.logs import JsonHandler
from tests.collector.statuses import NOW_S, well

ROOT = Path(__file__).parents[3]
LOGGER = logging.getLogger("collector.test")
WATCHED = """
import logging, time
from collector.view.board import Board
from collector.settings import RunSettings
from collector.view.watch import watching
from tests.collector.statuses import NOW_S, well
board = Board()
with watching(RunSettings("./lake", None), board, lambda: NOW_S):
    board.publish(well())
    logging.getLogger("collector").info("connected", extra={"fields": {"event": "connected"}})
    time.sleep(0.7)
"""


def settings(port: int | None = None) -> RunSettings:
    return RunSettings("./lake", None, metrics_port=port, metrics_host="127.0.0.1")


def test_without_a_terminal_events_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(settings(), Board(), lambda: NOW_S):
        LOGGER.info("connected", extra={"fields": {"event": "connected", "connection": 1}})
        logging.getLogger("urllib3").warning("a library complains")
        logging.getLogger("urllib3").info("a library chatters")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["connected", "a library complains"] == [line["message"] for line in lines]
    assert ("connected", 1) == (lines[0]["event"], lines[0]["connection"])


def test_health_is_served_only_if_a_port_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()
    board.publish(well())
    with watching(settings(0), board, lambda: NOW_S):
        pass
    with watching(settings(), board, lambda: NOW_S):
        pass

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["serving"] == [line["event"] for line in said]


def test_health_is_what_the_board_shows(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board()
    with watching(settings(0), board, lambda: NOW_S):
        board.publish(well())
        while not (line := capsys.readouterr().out):
            pass
        connection = HTTPConnection("127.0.0.1", json.loads(line)["port"], timeout=5)
        connection.request("GET", "/healthz")
        code = connection.getresponse().status
        connection.close()

    assert 200 == code


@pytest.mark.usefixtures("capsys")
def test_a_port_that_cannot_be_had_is_said_before_anything_else_happens() -> None:
    with (
        pytest.raises(CollectorError, match="cannot serve"),
        watching(
            RunSettings("./lake", None, metrics_port=0, metrics_host="256.0.0.1"),
            Board(),
            lambda: 0.0,
        ),
    ):
        pytest.fail("it ran")


def test_loggers_are_as_before_when_the_run_is_over() -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger("collector").level
    with logging_to(JsonHandler(sys.stdout)):
        assert LOGGER.isEnabledFor(logging.INFO)

    assert handlers == logging.getLogger().handlers
    assert level == logging.getLogger("collector").level


def on_a_terminal(code: str) -> str:
    """Run the code with a terminal as its standard output, and return what that shows."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, cwd=ROOT, env=environment):
        os.close(theirs)
        shown = bytearray()
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux says so when the other side is closed
            pass
    os.close(ours)
    return shown.decode()


def test_on_a_terminal_the_table_is_alive_and_events_stand_above_it() -> None:
    shown = on_a_terminal(WATCHED)

    assert "BTCUSDT" in shown
    assert "connected" in shown
    assert '"severity"' not in shown
    assert shown.index("connected") < shown.rindex("BTCUSDT")
