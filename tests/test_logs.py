"""Log lines, as a log collector reads them."""

import io
import json
import logging
from typing import Any

from lake.logs import JsonHandler, fields_of, log


class Pipe(io.StringIO):
    """Takes nothing while it is `full`."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise BrokenPipeError("nobody reads")
        return super().write(text)


def record(message: str, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "collector", "levelno": level, "levelname": logging.getLevelName(level),
         "msg": message, "created": 1765440000.25} | extra
    )  # fmt: skip


def written(file: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_log_line_is_one_json_object() -> None:
    file = io.StringIO()
    log(file, "NOTICE", 'two\nlines and "quotes" of 币安', symbol="币安")

    assert 1 == file.getvalue().count("\n")
    assert {
        "severity": "NOTICE",
        "message": 'two\nlines and "quotes" of 币安',
        "symbol": "币安",
    } == json.loads(file.getvalue())
    assert "币安" in file.getvalue()


def test_a_record_becomes_one_line_with_its_time_and_its_facts() -> None:
    file = io.StringIO()
    JsonHandler(file).emit(record("%s is silent", args=("币安",), fields={"symbol": "币安"}))

    assert [
        {
            "severity": "INFO",
            "message": "币安 is silent",
            "time": "2025-12-11T08:00:00.250Z",
            "symbol": "币安",
        }
    ] == written(file)


def test_severity_is_the_level() -> None:
    file = io.StringIO()
    handler = JsonHandler(file)
    for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
        handler.emit(record("x", level))

    assert ["WARNING", "ERROR", "CRITICAL"] == [line["severity"] for line in written(file)]


def test_a_bug_is_logged_with_its_traceback_in_one_line() -> None:
    file = io.StringIO()
    try:
        raise ValueError("no such thing")
    except ValueError as error:
        JsonHandler(file).emit(record("died", exc_info=(type(error), error, error.__traceback__)))

    [line] = written(file)
    assert line["message"].startswith("died\nTraceback")
    assert line["message"].endswith("ValueError: no such thing")


def test_a_fact_that_json_does_not_know_is_written_as_text() -> None:
    file = io.StringIO()
    JsonHandler(file).emit(record("x", fields={"error": OSError("gone")}))

    assert "gone" == written(file)[0]["error"]


def test_a_log_that_cannot_be_written_stops_nobody_and_is_confessed_later() -> None:
    file = Pipe()
    handler = JsonHandler(file)
    file.full = True
    handler.emit(record("first"))
    handler.emit(record("second"))
    file.full = False
    handler.emit(record("third"))

    assert ["2 log lines could not be written", "third"] == [x["message"] for x in written(file)]


def test_a_record_without_facts_has_none() -> None:
    assert {} == fields_of(record("x"))
    assert {} == fields_of(record("x", fields="no mapping"))
