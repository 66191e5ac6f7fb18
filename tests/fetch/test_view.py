"""What a fetch tells people, and what it tells machines."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from aggregator.fetch.days import Fate, Outcome, Wanted
from aggregator.fetch.view import JsonReporter, Pace, TerminalReporter, summary
from tests.fetch.days import DAY, SYMBOL, day

IMPORTED = Outcome(SYMBOL, DAY, Fate.IMPORTED, (), 1000, 4096, 3)
ODD = Outcome(SYMBOL, DAY, Fate.IMPORTED, ("7 rows were out of order",), 1000, 4096)
ABSENT = Outcome(SYMBOL, day(1), Fate.ABSENT, ("it is not published yet",))
THERE = Outcome(SYMBOL, day(2), Fate.THERE)
FAILED = Outcome(SYMBOL, day(3), Fate.FAILED, ("cannot get [/x]: gone",))


def logged(*outcomes: Outcome) -> list[dict[str, Any]]:
    file = io.StringIO()
    with JsonReporter(file, 10) as told:
        told.received(1_000_000)
        told.advance(Wanted(DAY, SYMBOL), 0.5)
        for outcome in outcomes:
            told.outcome(outcome)
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_a_day_is_one_line_with_its_facts() -> None:
    (line,) = logged(IMPORTED)

    assert {
        "severity": "INFO", "message": "BTCUSDT 2025-12-11 imported", "event": "fetch",
        "symbol": SYMBOL, "date": "2025-12-11", "fate": "imported", "rows": 1000, "bytes": 4096,
        "unpublished": 3, "days_done": 1, "days_left": 9,
    }.items() <= line.items()  # fmt: skip
    assert line["megabytes_per_second"] > 0
    assert line["seconds_left"] >= 0


def test_severity_tells_what_to_look_at() -> None:
    lines = logged(IMPORTED, ODD, ABSENT, THERE, FAILED)

    assert ["INFO", "WARNING", "WARNING", "INFO", "ERROR"] == [line["severity"] for line in lines]


def test_days_that_cost_nothing_do_not_promise_a_quick_end() -> None:
    pace = Pace(10)

    assert pace.done(Fate.THERE)["seconds_left"] is None
    assert pace.done(Fate.IMPORTED)["seconds_left"] is not None


def test_a_remark_is_a_line() -> None:
    file = io.StringIO()

    JsonReporter(file, 1).told("HTTP 503; asking again")

    assert {
        "severity": "NOTICE", "message": "HTTP 503; asking again", "event": "archive",
    } == json.loads(file.getvalue())  # fmt: skip


def test_it_ends_in_one_line() -> None:
    said = summary([IMPORTED, ODD, ABSENT, THERE, FAILED])

    assert ("5 days: 2 imported, 1 there already, 1 absent, 1 failed; 2,000 trades, 0.0 MB") == said


def test_a_person_sees_what_is_unusual_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(
        "aggregator.fetch.view.Console",
        lambda: Console(file=shown, force_terminal=True, width=100, color_system=None),
    )
    with TerminalReporter(10) as told:
        told.received(3_000_000)
        told.advance(Wanted(DAY, SYMBOL), 0.5)
        told.told("HTTP 503; asking again")
        for outcome in (IMPORTED, ABSENT, FAILED):
            told.outcome(outcome)

    text = shown.getvalue()
    assert "HTTP 503; asking again" in text
    assert "BTCUSDT 2025-12-12 absent: it is not published yet" in text
    assert "BTCUSDT 2025-12-14 failed: cannot get [/x]: gone" in text
    assert "imported" not in text
    assert "3/10 days, 3.0 MB" in text
