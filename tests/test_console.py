"""What a run tells people, and what it tells machines."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from aggregator.console import JsonReporter, TerminalReporter, reporter
from aggregator.unit import Outcome, Status, Unit
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


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, outcomes: Sequence[Outcome]
) -> str:
    """Return what a person sees at the end of a run."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    with TerminalReporter(len(outcomes)) as told:
        told.note("2025-12-09: no symbol [has] a chunk", day="2025-12-09")
        for outcome in outcomes:
            told.advance(outcome.unit, 1, 10)
            told.outcome(outcome)
    told.summary(outcomes)
    return capsys.readouterr().out


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

    assert ("NOTICE", "2025-12-10") == (lambda line: (line["severity"], line["day"]))(
        json.loads(file.getvalue())
    )


def test_a_pipe_is_told_json(capsys: pytest.CaptureFixture[str]) -> None:
    reporter(1).note("hello")

    assert "hello" == json.loads(capsys.readouterr().out)["message"]


def test_a_person_sees_a_table_of_all_units(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(capsys, monkeypatch, OUTCOMES)

    assert [
        "day         symbol        status      condition  remarks",
        "2025-12-10  BTCUSDT       up to date  complete",
        "2025-12-10  ETHUSDT       kept        pending    raw chunks have expired",
        "2025-12-10  XRPUSDT       empty                  no chunk under this date",
        "2025-12-11  BTCUSDT       built       degraded   3 trades missing",
        "2025-12-11  币安人生USDT  failed",
        "5 days: 1 built, 1 up to date, 1 kept, 1 empty, 1 failed",
    ] == [line.rstrip() for line in text.splitlines()][-7:]


def test_a_person_sees_failures_and_notes_as_they_are_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brackets in names and messages are no markup."""
    text = shown(capsys, monkeypatch, [FAILED, replace(BUILT, detail="unknown trade type [/X]")])

    assert "cannot build it: [/x] is gone" in text
    assert "no symbol [has] a chunk" in text
    assert "unknown trade type [/X]" in text


def bars(told: TerminalReporter) -> list[tuple[str, float, float | None]]:
    return [(bar.description, bar.completed, bar.total) for bar in told.bars.tasks]


@pytest.mark.usefixtures("capsys")
def test_every_unit_in_work_has_a_bar() -> None:
    with TerminalReporter(2) as told:
        told.advance(UNIT, 2, 20)
        told.advance(FAILED.unit, 1, 10)
        told.advance(UNIT, 3, 20)

        assert [
            ("days", 0, 2),
            ("chunks of BTCUSDT 2025-12-11", 5, 20),
            ("chunks of 币安人生USDT 2025-12-11", 1, 10),
        ] == bars(told)

        told.outcome(FAILED)
        told.outcome(BUILT)
        assert [("days", 2, 2)] == bars(told)


@pytest.mark.usefixtures("capsys")
def test_more_chunks_than_expected_are_no_more_than_all() -> None:
    with TerminalReporter(1) as told:
        for _ in range(25):
            told.advance(UNIT, 1, 20)

        assert ("chunks of BTCUSDT 2025-12-11", 25, 25) == bars(told)[-1]
