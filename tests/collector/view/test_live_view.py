"""How a run looks on a terminal."""

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from collector.view.condition import Condition, condition
from collector.view.live_view import view
from collector.view.status import Counters, LeftOut, RunStatus, StreamState
from lake.layout import Stream
from tests.collector.statuses import NOW_S, both, stream, well


def drawn(
    status: RunStatus, width: int = 100, height: int = 40, found: Condition | None = None
) -> list[str]:
    """Return the lines that a terminal of this size shows."""
    console = Console(file=io.StringIO(), width=width, height=height)
    found = found or condition(status, NOW_S)
    console.print(view(status, found, {}, console))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def market(number: int, state: StreamState = StreamState.FRESH) -> RunStatus:
    return well(*(each for n in range(number) for each in both(f"S{n}USDT", state, float(n))))


def test_a_run_that_is_well_is_a_table_of_its_symbols() -> None:
    assert [
        "● recording · run k3v9 · 2 symbols, all fresh · 1 connection · for 3 min 12 s",
        "",
        "symbol   last price  trades/s  snapshots/s    lag  state",
        "BTCUSDT    63113.20       9.5          9.5  84 ms  fresh",
        "ETHUSDT    63113.20       9.5          9.5  84 ms  fresh",
        "",
        "spool 1.2 MiB of 10 GiB · uploads 12, last 14 s ago · 2 waiting",
        "1,234 trades · 5,678 snapshots · 0 gaps · 17 refilled · 0 reconnects · 0 strange",
    ] == drawn(well())


def test_what_is_wrong_stands_on_top() -> None:
    status = replace(
        well(*both("ETHUSDT"), *both("BTCUSDT", StreamState.SILENT)),
        left_out=(LeftOut("FOOUSDT", "unknown"),),
    )
    title, first, second, _, _, row, *_ = drawn(status)

    assert "2 symbols, 1 fresh" in title
    assert "✗ BTCUSDT depth20: silent for 14 s on connection 1" == first
    assert "! not recorded: FOOUSDT (unknown)" == second
    assert row.startswith("BTCUSDT")
    assert row.endswith("depth20 silent")


def test_of_a_whole_market_what_fits_is_shown_and_the_others_are_counted() -> None:
    lines = drawn(market(800), height=24)

    assert len(lines) < 24
    assert "and 784 others" in lines
    assert 16 == sum(line.startswith("S7") for line in lines)


@pytest.mark.parametrize("height", [5, 12, 24, 50])
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_nothing_is_wider_or_higher_than_the_terminal(width: int, height: int) -> None:
    long = tuple(f"object {n} cannot be written because of a rather long reason" for n in range(9))
    lines = drawn(market(800, StreamState.LAGGING), width, max(height, 5), Condition(long))

    sentences = 7 * (1 + 60 // width)
    assert width >= max(map(cell_len, lines))
    assert max(height, sentences + 9) >= len(lines)


def test_a_narrow_terminal_shows_fewer_columns() -> None:
    heads = {width: drawn(well(), width)[2].split() for width in (50, 60, 70, 80)}

    assert ["symbol", "last", "price", "trades/s"] == heads[50]
    assert "snapshots/s" == heads[60][-1]
    assert "lag" == heads[70][-1]
    assert "state" == heads[80][-1]


def test_a_long_list_of_troubles_is_cut_and_says_so() -> None:
    lines = drawn(well(), found=Condition(tuple(f"trouble {n}" for n in range(9))))

    assert ["✗ trouble 5", "✗ and 3 more"] == lines[6:8]


def test_a_long_sentence_is_folded_not_cut() -> None:
    lines = drawn(well(), 8, found=Condition(("one two three",)))

    assert ["✗ one", "two", "three"] == lines[1:4]


def test_a_symbol_without_a_frame_shows_that_nothing_is_known() -> None:
    silent = replace(stream("BTCUSDT", Stream.TRADES, lag_ms=None), last=None)
    row = drawn(well(silent))[3]

    assert ["BTCUSDT", "·", "9.5", "·", "·"] == row.split()[:5]


def test_a_run_without_streams_is_starting_and_one_that_ends_is_stopping() -> None:
    starting = replace(well(), streams=())
    stopping = replace(well(), stopping=True)

    assert drawn(starting)[0].startswith("● starting · run k3v9 · 0 symbols")
    assert " · stopping · " in drawn(stopping)[0]


def test_brackets_in_messages_are_no_markup() -> None:
    status = replace(well(), alerts=("cannot write [/x] to [red]",))

    assert "✗ cannot write [/x] to [red]" in drawn(status)


def test_what_was_lost_and_what_is_strange_is_counted() -> None:
    counters = Counters(gaps={Stream.TRADES: 1}, strange={"no JSON": 2, "no symbol": 3})

    assert (
        "0 trades · 0 snapshots · 1 gap · 0 refilled · 0 reconnects · 5 strange"
        == (drawn(replace(well(), counters=counters))[-1])
    )


def test_before_the_first_upload_there_is_none() -> None:
    status = replace(well(), uploads=replace(well().uploads, last_age_s=None))

    assert "none yet" in drawn(status)[-2]
