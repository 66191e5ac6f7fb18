"""Everything that watches a run, started and stopped together.

    board = Board()
    with watching(settings, board, clock.monotonic):
        ...  # the recorder publishes to the board once a second

It also takes what is logged: lines above the live table on a terminal, else JSON lines.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from collector.settings import RunSettings
from collector.view.board import Board
from collector.view.console import EventHandler, live_table
from collector.view.health import serving
from collector.view.log_thread import LogThread
from lake.logs import JsonHandler


@contextmanager
def watching(settings: RunSettings, board: Board, monotonic: Callable[[], float]) -> Iterator[None]:
    """Show the run on the terminal or as JSON lines, and serve its health if a port is set.

    Raise `CollectorError` if the port cannot be had.
    """
    console = Console() if sys.stdout.isatty() else None
    with ExitStack() as stack:
        stack.enter_context(
            logging_to(EventHandler(console) if console else JsonHandler(sys.stdout))
        )
        if settings.metrics_port is not None:
            stack.enter_context(
                serving(board, settings.metrics_host, settings.metrics_port, monotonic)
            )
        if console:
            stack.enter_context(live_table(console, board, monotonic))
        yield


@contextmanager
def logging_to(target: logging.Handler) -> Iterator[None]:
    """Send our events, and warnings of libraries, to a handler that nobody has to wait for."""
    handler, root, ours = LogThread(target), logging.getLogger(), logging.getLogger("collector")
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.setLevel(before)
        root.removeHandler(handler)
        handler.stop()
