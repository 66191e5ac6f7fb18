"""What a person at a terminal sees of a run: a live table, and events above it as they happen."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from collector.view.board import Board
from collector.view.busiest import SymbolRow, symbol_rows
from collector.view.condition import condition
from collector.view.live_view import view
from collector.view.status import RunStatus
from lake.logs import fields_of

_REFRESHES_PER_S = 2
_STYLES = {logging.WARNING: "yellow", logging.ERROR: "bold red", logging.CRITICAL: "bold red"}


@contextmanager
def live_table(console: Console, board: Board, monotonic: Callable[[], float]) -> Iterator[None]:
    """Keep a table of the run at the bottom of the terminal, until the run is over."""
    view = LiveView(console, board, monotonic)
    with Live(
        get_renderable=view.now, console=console, refresh_per_second=_REFRESHES_PER_S,
        redirect_stdout=False, redirect_stderr=False, transient=True,
    ):  # fmt: skip
        yield


class EventHandler(logging.Handler):
    """Print events above the table; those that come with every chunk only raise its numbers."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record, unless it is routine."""
        if record.levelno <= logging.INFO and _is_routine(fields_of(record)):
            return
        line = Text.assemble(
            (f"{datetime.fromtimestamp(record.created):%H:%M:%S} ", "dim"),
            (self.format(record), _STYLES.get(record.levelno, "")),
        )
        self._console.print(line, highlight=False)


def _is_routine(fields: dict[str, Any]) -> bool:
    """Tell whether the table shows it by its numbers: how the run is, what has arrived."""
    return fields.get("event") in {"uploaded", "status"} or "key" in fields


class LiveView:
    """Draws the newest status; it remembers only the prices that it drew before."""

    def __init__(self, console: Console, board: Board, monotonic: Callable[[], float]) -> None:
        self._console, self._board, self._monotonic = console, board, monotonic
        self._drawn: RunStatus | None = None
        self._prices: dict[str, str] = {}
        self._moves: dict[str, str] = {}

    def now(self) -> RenderableType:
        """Return what is to be seen now."""
        status = self._board.latest
        found = condition(status, self._monotonic())
        if status is None:
            return Text("starting …", style="dim")
        if status is not self._drawn:
            self._follow_prices(symbol_rows(status.streams))
            self._drawn = status
        return view(status, found, self._moves, self._console)

    def _follow_prices(self, rows: list[SymbolRow]) -> None:
        prices = {row.symbol: row.last for row in rows if row.last}
        self._moves |= {
            symbol: move
            for symbol, price in prices.items()
            if (move := _move(self._prices.get(symbol, price), price))
        }
        self._prices = prices


def _move(before: str, after: str) -> str:
    """Return the colour of a price that rose or fell; nothing for one that stayed."""
    try:
        step = Decimal(after) - Decimal(before)
    except InvalidOperation:
        return ""
    return "" if not step else "green" if step > 0 else "red"
