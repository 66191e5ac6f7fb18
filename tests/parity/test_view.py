"""What a verification tells."""

import io
import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from aggregator.parity.verifier import Fate, Verified
from aggregator.parity.view import JsonReporter, TerminalReporter, as_json, differences, sentence
from aggregator.unit import Unit
from tests.cases import DAY, SYMBOL
from tests.parity.test_report import parity

DIFFERENT = Verified(Unit(DAY, SYMBOL), Fate.DIFFERENT, "some differ", parity("ed" * 30))
FAILED = Verified(Unit(DAY, "币安人生USDT"), Fate.FAILED, "cannot verify")


def test_few_minutes_are_told_one_by_one() -> None:
    found = differences(DIFFERENT)

    assert (20, "00:01") == (len(found), found[0]["minute"])
    assert [] == differences(FAILED)


def test_a_log_has_a_line_for_each() -> None:
    file = io.StringIO()
    told = JsonReporter(file)
    for outcome in (DIFFERENT, FAILED):
        told.outcome(outcome)
    told.summary([DIFFERENT, FAILED], 3)

    lines = [json.loads(line) for line in file.getvalue().splitlines()]

    assert ["parity", *["difference"] * 20, "parity", "summary"] == [
        line["event"] for line in lines
    ]
    assert (30, 30) == (lines[0]["equal"], lines[0]["different_though_ok"])
    assert ("ERROR", 3, 1) == (lines[-2]["severity"], lines[-1]["tolerance"], lines[-1]["failed"])


@pytest.mark.parametrize("width", [60, 100])
def test_a_table_keeps_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with TerminalReporter(2) as told:
        told.outcome(DIFFERENT)
        told.outcome(FAILED)
    told.summary([DIFFERENT, FAILED], 0)

    text = capsys.readouterr().out

    assert width >= max(map(cell_len, text.splitlines()))
    assert "the first 20 of 30" in text
    assert "cannot verify" in text


def test_the_end_is_one_sentence() -> None:
    said = sentence([DIFFERENT, DIFFERENT, FAILED], 2)

    assert said.startswith("3 days: 2 different, 1 failed; tolerated: 2 minutes a day")


def test_a_day_without_comparison_says_why() -> None:
    assert {"symbol": SYMBOL, "date": str(DAY), "verdict": "no klines", "detail": "x"} == as_json(
        replace(FAILED, unit=Unit(DAY, SYMBOL), fate=Fate.NO_KLINES, detail="x")
    )
