"""Published days, as people and programs read them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from aggregator.status import DayStatus, ParityStatus
from aggregator.status_view import print_statuses

LONG = "1000000MOGUSDT"
DAY = DayStatus(
    LONG, "2025-12-11", "degraded", 0.99999, 0.5, 12_345, 1_000, 12, 12_345_678, 8_640_000,
    ["1s", "1m", "5m", "1h"],
)  # fmt: skip
DAYS = [
    DAY,
    replace(DAY, date="2025-12-12", condition="complete", ok=1, coverage=1),
    replace(DAY, date="2025-12-12", symbol="BTCUSDT", condition="pending", ok=0.123),
    DayStatus("币安人生USDT", "2025-12-13", "unreadable", 0, 0, 0, 0, 0, 0, 0, []),
]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that prints days in a given width and returns the lines."""

    def at(width: int, days: list[DayStatus]) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        print_statuses(days, as_json=False)
        return capsys.readouterr().out.splitlines()

    return at


@pytest.mark.parametrize("width", [60, 72, 80, 95, 110, 140])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut_off(
    printed: Any, width: int
) -> None:
    lines = printed(width, DAYS)

    assert width >= max(map(cell_len, lines))
    assert "…" not in "".join(lines)


def test_a_narrow_terminal_shows_what_matters_most(printed: Any) -> None:
    assert [
        "day         1000000MOGUSDT  BTCUSDT  币安人生USDT",
        "2025-12-11      99.9%          ·          ·      ",
        "2025-12-12        ✓          12.3%        ·      ",
        "2025-12-13        ·            ·          ?      ",
        "day         symbol          condition   bars ok  book  holes",
        "2025-12-11  1000000MOGUSDT  degraded      99.9%   50%  1,000",
        "2025-12-12  1000000MOGUSDT  complete       100%  100%  1,000",
        "2025-12-12  BTCUSDT         pending       12.3%   50%  1,000",
        "2025-12-13  币安人生USDT    unreadable       0%    0%      0",
        "4 days: 1 complete, 1 degraded, 1 pending, 1 unreadable",
    ] == printed(60, DAYS)


def test_a_wide_terminal_shows_everything(printed: Any) -> None:
    text = "\n".join(printed(140, DAYS))

    for shown in ("missing", "12,345", "malformed", "12,345,678", "8,640,000", "1s 1m 5m 1h"):
        assert shown in text


def test_symbols_that_do_not_fit_are_counted(printed: Any) -> None:
    days = [replace(DAY, symbol=f"COIN{number:03d}USDT") for number in range(300)]

    head, *_ = printed(60, days)

    assert head.endswith("+297")


def test_only_the_whole_is_a_hundred_percent(printed: Any) -> None:
    almost = replace(DAY, ok=86_399 / 86_400)

    assert "99.9%" in printed(80, [almost])[1]


def test_in_a_pipe_there_is_no_colour(printed: Any) -> None:
    assert "\x1b" not in "".join(printed(100, DAYS))


def test_where_nothing_is_published_the_next_step_is_said(printed: Any) -> None:
    assert ["nothing is published in these days; build them with daily or backfill"] == printed(
        100, []
    )


def test_json_has_every_day_and_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    print_statuses(DAYS, as_json=True)

    assert [day.as_json() for day in DAYS] == json.loads(capsys.readouterr().out)


def test_json_of_nothing_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    print_statuses([], as_json=True)

    assert [] == json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("width", [60, 72, 80, 95, 110, 140])
def test_comparisons_with_klines_have_a_column_where_there_is_room(
    printed: Any, width: int
) -> None:
    days = [
        replace(day, parity=ParityStatus(1440, different, 0, different, stale=stale))
        for day, different, stale in zip(DAYS, (0, 1234, 0), (False, False, True), strict=False)
    ]

    lines = printed(width, [*days, DAYS[3]])

    assert width >= max(map(cell_len, lines))
    assert "…" not in "".join(lines)
    shown = [word in "".join(lines) for word in ("1,440 equal", "1,234 differ", "stale")]
    assert [width >= 95] * 3 == shown


def test_a_stream_that_the_day_does_not_have_is_no_number(printed: Any) -> None:
    text = "\n".join(printed(140, [replace(DAY, streams=["trades"])]))

    assert "none" in text
    assert "8,640,000" not in text
