"""Runs as people and machines read them."""

import json
from dataclasses import replace

import pytest

from collector.view.session import Session, Sessions
from collector.view.sessions_view import print_sessions
from tests.collector.diaries import line, recording, whole_hour

DAY = "2025-12-11"


def runs() -> list[Session]:
    """Return one run that went well, one with a gap, one that never ended."""
    found = Sessions()
    found.add("a", whole_hour(DAY, 8, "a", stopped=True))
    found.add(
        "b",
        recording(f"{DAY}T09:00:00", "b", ["BTCUSDT", "ETHUSDT"])
        + line("gap", f"{DAY}T09:10:00", stream="depth20", symbol="BTCUSDT")
        + line("uploaded", f"{DAY}T09:10:00", objects=1, rows=5, bytes=812)
        + line("stopped", f"{DAY}T09:30:00", cause="end of duration"),
    )
    found.add("c", recording(f"{DAY}T10:00:00", "c"))
    return found.all()


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int,
    found: list[Session], earlier: int = 0,
) -> list[str]:  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(width))
    print_sessions(found, as_json=False, earlier=earlier)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_wide_terminal_shows_everything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [
        "run  since (UTC)              span  symbols   rows    size  reconnects  refilled  gaps"
        "  covered  condition  ended by",
        "a    2025-12-11 08:00  59 min 59 s  BTCUSDT  1,000  49 KiB           0         0     0"
        "     100%  complete   SIGTERM",
        "b    2025-12-11 09:00       30 min        2      5   812 B           0         0     1"
        "       0%  degraded   end of duration",
        "c    2025-12-11 10:00          0 s  BTCUSDT      0     0 B           0         0     0"
        "       0%  open",
        "3 runs: 1 complete, 1 degraded, 1 open (records still, or died unseen)",
    ] == shown(capsys, monkeypatch, 150, runs())


def test_a_long_reason_is_folded_and_squeezes_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [replace(runs()[0], stopped="cannot record from a place " * 5)]
    lines = shown(capsys, monkeypatch, 150, found)

    assert lines[1].startswith("a    2025-12-11 08:00  59 min 59 s  BTCUSDT  1,000  49 KiB")
    assert 5 == sum(line.count("cannot") for line in lines)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_narrow_terminal_shows_what_fits(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    lines = shown(capsys, monkeypatch, width, runs())

    assert width >= max(map(len, lines))
    assert lines[0].startswith("run")
    assert lines[0].endswith("condition")


def test_days_that_were_not_read_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "3 earlier days not read; see --start" == shown(capsys, monkeypatch, 100, runs(), 3)[-1]


def test_a_lake_without_runs_says_how_to_begin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ["no collector has left a journal here; collector run starts one"] == shown(
        capsys, monkeypatch, 100, []
    )


def test_json_has_every_run_with_all_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    print_sessions(runs(), as_json=True)
    first, second, third = json.loads(capsys.readouterr().out)

    assert {
        "run": "a", "from": f"{DAY}T08:00:00.000Z", "to": f"{DAY}T08:59:59.000Z",
        "by": "collector", "version": "0.3.0", "symbols": ["BTCUSDT"],
        "streams": ["depth20", "trades"], "objects": 120, "rows": 1000, "bytes": 50_000,
        "reconnects": 0, "hand_overs": 0, "stalls": 0, "gaps": 0, "missing_ids": 0, "refilled": 0,
        "unpublished": 0, "covered": 1.0, "stopped": "SIGTERM", "recovered": False,
        "unreadable_lines": 0,
        "condition": "complete",
    } == first  # fmt: skip
    assert ("degraded", "open", None) == (
        second["condition"], third["condition"], third["stopped"],
    )  # fmt: skip


def test_json_of_no_runs_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_sessions([], as_json=True, earlier=3)

    assert [] == json.loads(capsys.readouterr().out)
