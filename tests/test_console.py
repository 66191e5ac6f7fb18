"""What a run tells people, and what it tells machines."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from aggregator.console import JsonReporter, reporter
from aggregator.unit import BarCounts, Outcome, Status, Unit
from tests.cases import BEFORE, DAY, OTHER, SYMBOL

UNIT = Unit(DAY, SYMBOL)
BUILT = Outcome(UNIT, Status.BUILT, "degraded", "3 trades missing", 1460, 2_000_000)
FAILED = Outcome(Unit(DAY, OTHER), Status.FAILED, detail="cannot build it: [/x] is gone")
OUTCOMES = [
    BUILT,
    Outcome(Unit(BEFORE, SYMBOL), Status.UP_TO_DATE, "complete"),
    Outcome(Unit(BEFORE, "ETHUSDT"), Status.KEPT, "pending", "raw chunks have expired"),
    Outcome(Unit(BEFORE, "XRPUSDT"), Status.EMPTY, detail="no chunk under this date"),
    FAILED,
]


def logged(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the log of a run."""
    file = io.StringIO()
    with JsonReporter(file) as told:
        for outcome in outcomes:
            told.advance(outcome.unit, 1, 10)
            told.outcome(outcome)
    told.summary(outcomes)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_unit_is_one_line_with_its_facts() -> None:
    line, _ = logged([BUILT])

    assert {
        "severity": "INFO",
        "message": "BTCUSDT 2025-12-11 built: 3 trades missing",
        "event": "unit",
        "symbol": "BTCUSDT",
        "date": "2025-12-11",
        "status": "built",
        "condition": "degraded",
        "chunks": 1460,
        "bytes_written": 2_000_000,
    } == line


def test_a_unit_whose_bars_were_counted_says_so_in_numbers() -> None:
    counted = replace(BUILT, counts=BarCounts("1m", 1440, partial=14, gap=1))
    line, _ = logged([counted])

    assert {
        "resolution": "1m", "bars": 1440, "gap_bars": 1, "partial_bars": 14,
        "not_ok_percent": 1.042,
    } == {name: line[name] for name in line.keys() - logged([BUILT])[0].keys()}  # fmt: skip


def test_severity_tells_what_to_look_at() -> None:
    lines = logged(OUTCOMES)

    assert ["INFO", "INFO", "NOTICE", "NOTICE", "ERROR", "INFO"] == [
        line["severity"] for line in lines
    ]
    assert "WARNING" == logged([replace(BUILT, warned=True)])[0]["severity"]


def test_the_last_line_sums_up() -> None:
    *_, last = logged(OUTCOMES)

    said = "5 days: 1 built, 1 up to date, 1 kept, 1 empty, 1 failed"
    assert (said, "summary", 1) == (last["message"], last["event"], last["failed"])


def test_no_unit_is_summed_up_too() -> None:
    assert ["0 days: nothing to do"] == [line["message"] for line in logged([])]


def test_a_note_is_a_line_of_its_own() -> None:
    file = io.StringIO()
    JsonReporter(file).note("2025-12-10: no symbol has a chunk", day="2025-12-10")

    line = json.loads(file.getvalue())
    assert ("NOTICE", "note", "2025-12-10") == (line["severity"], line["event"], line["day"])


def test_a_pipe_is_told_json(capsys: pytest.CaptureFixture[str]) -> None:
    reporter(1).note("hello")

    assert "hello" == json.loads(capsys.readouterr().out)["message"]
