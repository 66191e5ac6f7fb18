"""The live table on a terminal, and the events above it."""

import io
import logging
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from collector.view.board import Board
from collector.view.console import EventHandler, LiveView, live_table
from collector.view.status import StreamStatus
from lake.layout import Stream
from tests.collector.statuses import NOW_S, both, stream, well


class Terminal:
    """A terminal in memory."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, width=100, height=30, force_terminal=True, color_system="standard"
        )

    @property
    def text(self) -> str:
        """What was written, without colours and movements of the cursor."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.file.getvalue())


def record(message: str, level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"levelno": level, "levelname": logging.getLevelName(level), "msg": message,
         "fields": fields}
    )  # fmt: skip


def at(price: str) -> StreamStatus:
    return replace(stream("BTCUSDT", Stream.TRADES), last=price)


def colours(*prices: str) -> list[str]:
    """Return the colour in which each of the prices is drawn."""
    terminal, board = Terminal(), Board()
    shown = LiveView(terminal.console, board, lambda: NOW_S)
    found = []
    for price in prices:
        board.publish(well(at(price)))
        terminal.file.truncate(0)
        terminal.console.print(shown.now())
        match = re.search(rf"(?:\x1b\[(\d+)m *)?{price}", terminal.file.getvalue())
        assert match
        found.append({"32": "green", "31": "red"}.get(match[1] or "", ""))
    return found


def test_before_the_first_status_the_table_says_that_it_starts() -> None:
    terminal = Terminal()
    terminal.console.print(LiveView(terminal.console, Board(), lambda: NOW_S).now())

    assert "starting" in terminal.text


def test_a_price_that_moved_is_green_or_red_until_it_moves_again() -> None:
    assert ["", "green", "green", "red", "red"] == colours("9.9", "10.0", "10.0", "9.95", "9.950")


def test_a_price_that_is_no_number_has_no_colour() -> None:
    assert ["", "", ""] == colours("9.9", "odd", "9.9")


def test_the_table_follows_the_run_and_goes_with_it() -> None:
    terminal, board = Terminal(), Board()
    with live_table(terminal.console, board, lambda: NOW_S):
        board.publish(well(*both("BTCUSDT")))
        deadline = time.monotonic() + 5
        while "BTCUSDT" not in terminal.text and time.monotonic() < deadline:
            time.sleep(0.02)
        board.publish(well(*both("ETHUSDT")))

    assert terminal.text.index("BTCUSDT") < terminal.text.index("ETHUSDT")


def test_an_event_is_a_line_with_its_time() -> None:
    terminal = Terminal()
    EventHandler(terminal.console).emit(record("connection 1 [open] /x", event="connected"))

    assert re.fullmatch(r"\d\d:\d\d:\d\d connection 1 \[open\] /x\n", terminal.text)


@pytest.mark.parametrize(("level", "colour"), [(logging.WARNING, "33"), (logging.ERROR, "31")])
def test_what_needs_attention_is_coloured(level: int, colour: str) -> None:
    terminal = Terminal()
    EventHandler(terminal.console).emit(record("stalled", level))

    assert re.search(rf"\x1b\[[0-9;]*{colour}mstalled", terminal.file.getvalue())


def test_routine_is_left_to_the_table_unless_it_failed() -> None:
    terminal = Terminal()
    handler = EventHandler(terminal.console)
    handler.emit(record("uploaded 4 chunks", event="uploaded"))
    handler.emit(record("uploaded raw/x", key="raw/x"))
    handler.emit(record("4 of 4 streams fresh", event="status"))
    handler.emit(record("4 chunks not uploaded", logging.WARNING, event="uploaded"))

    assert ["4 chunks not uploaded"] == [line[9:] for line in terminal.text.splitlines()]
