"""Who logs never waits."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from collector.view.log_thread import LogThread


class Reader(logging.Handler):
    """Takes a record only when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()
        self.busy = threading.Event()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.busy.set()
        self.may.wait(10)
        self.seen.append(record.getMessage())


class Gone(logging.Handler):
    """A terminal that is gone at first."""

    def __init__(self, then: logging.Handler) -> None:
        super().__init__()
        self.then = then
        self.fails = 1

    def emit(self, record: logging.LogRecord) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("Input/output error")
        self.then.handle(record)


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.may.set()


def record(message: str) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "levelno": logging.INFO, "levelname": "INFO"})


def lost(number: int) -> str:
    return f"{number} log lines were dropped: the log was not read, or too slowly"


def test_records_arrive_in_their_order(reader: Reader) -> None:
    handler = LogThread(reader)
    reader.may.set()
    for number in range(100):
        handler.handle(record(f"{number}"))
    handler.stop()

    assert [f"{number}" for number in range(100)] == reader.seen


def test_a_record_is_written_by_another_thread(reader: Reader) -> None:
    handler = LogThread(reader)
    handler.handle(record("x"))

    assert reader.busy.wait(5)
    assert [] == reader.seen
    reader.may.set()
    handler.stop()


def test_who_logs_into_a_full_queue_goes_on_and_the_loss_is_named(reader: Reader) -> None:
    handler = LogThread(reader, most=2)
    handler.handle(record("held"))
    reader.busy.wait(5)
    for number in range(10):
        handler.handle(record(f"{number}"))
    reader.may.set()
    while len(reader.seen) < 3:
        time.sleep(0.001)
    handler.handle(record("after"))
    handler.stop()

    assert ["held", "0", "1", lost(8), "after"] == reader.seen


def test_a_terminal_that_is_gone_ends_no_thread(reader: Reader) -> None:
    handler = LogThread(Gone(reader))
    reader.may.set()
    handler.handle(record("into the void"))
    while not handler.dropped:
        time.sleep(0.001)
    handler.handle(record("after"))
    handler.stop()

    assert [lost(1), "after"] == reader.seen


def test_the_end_does_not_wait_for_a_reader_that_hangs(reader: Reader) -> None:
    handler = LogThread(reader, most=1)
    handler.handle(record("held"))
    reader.busy.wait(5)
    handler.handle(record("queued"))
    before = time.monotonic()
    handler.stop(within_s=0.05)

    assert time.monotonic() - before < 2


def test_a_record_keeps_its_facts(reader: Reader) -> None:
    kept: list[object] = []
    reader.emit = lambda record: kept.append(record.__dict__["fields"])  # type: ignore[method-assign]
    handler = LogThread(reader)
    known = {"levelno": logging.INFO, "levelname": "INFO", "fields": {"symbol": "BTCUSDT"}}
    handler.handle(logging.makeLogRecord({"msg": "x", **known}))
    handler.stop()

    assert [{"symbol": "BTCUSDT"}] == kept


def kept_fields(*records: logging.LogRecord) -> list[object]:
    """Return the facts with which records reach the other thread."""
    kept: list[object] = []
    handler = LogThread(Keeper(kept))
    for each in records:
        handler.handle(each)
    handler.stop()
    return kept


def test_a_line_that_needs_attention_has_an_event_always() -> None:
    facts = {"symbol": "BTCUSDT"}
    kept = kept_fields(
        warning(), warning(facts), warning({"event": "stalled"}), record("hello"),
        logging.makeLogRecord({"msg": "x", "levelno": logging.ERROR, "levelname": "ERROR"}),
    )  # fmt: skip

    assert [
        {"event": "warning"},
        {"event": "warning", "symbol": "BTCUSDT"},
        {"event": "stalled"},
        {"event": "info"},
        {"event": "error"},
    ] == kept
    assert {"symbol": "BTCUSDT"} == facts


def warning(fields: Mapping[str, object] | None = None) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"msg": "x", "levelno": logging.WARNING, "levelname": "WARNING", "fields": fields}
    )


class Keeper(logging.Handler):
    """Keeps the facts of records."""

    def __init__(self, kept: list[object]) -> None:
        super().__init__()
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record.__dict__["fields"])
