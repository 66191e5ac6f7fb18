"""What a run tells people at a terminal."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aggregator.terminal import TerminalReporter
from aggregator.unit import Outcome
from tests.test_console import BUILT, FAILED, OUTCOMES, UNIT


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
