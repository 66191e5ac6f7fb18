"""The newest rows among what dead runs left."""

from pathlib import Path

import pytest

from collector.feed.frames import Trade
from collector.spool.deadrun import Remains, read_remains
from collector.spool.lastrows import LastRows, last_rows
from collector.spool.rows import Unpublished, trade_line, unpublished_line
from collector.spool.runfolder import claim_dead
from collector.spool.spool import Spool
from collector.trades.last_seen import LastTrade
from tests.collector.spools import (
    DEPTH,
    MINUTE_NS,
    OTHER,
    SECOND_NS,
    START_NS,
    SYMBOL,
    TRADES,
    Place,
    book,
    killed,
    trade,
    wait_until,
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def append(spool: Spool, trade_id: int, second: int = 0, symbol: str = SYMBOL) -> None:
    received_ns = START_NS + second * SECOND_NS
    spool.append(TRADES, symbol, received_ns, trade(trade_id, received_ns))


def dead(place: Place, *spools: Spool) -> list[Remains]:
    for spool in spools:
        spool.flush()
        killed(spool)
    return [read_remains(folder) for folder in claim_dead(place.spool)]


def last(place: Place, *spools: Spool) -> LastRows:
    return last_rows(dead(place, *spools))


def packed(spool: Spool, minutes: int) -> None:
    """Let the minutes so far wait as packs for a lake that is away."""
    spool.seal(START_NS + minutes * MINUTE_NS)
    spool.closer.start()
    wait_until(lambda: not list(spool.run_folder.path.glob("*.log")))


def test_the_greatest_id_of_each_symbol_is_found_with_its_time(place: Place) -> None:
    spool = place.open()
    for trade_id, second in ((7, 0), (9, 2), (8, 1)):
        append(spool, trade_id, second)
    append(spool, 3, 5, OTHER)

    assert {
        SYMBOL: LastTrade(9, START_NS // 10**6 + 2000),
        OTHER: LastTrade(3, START_NS // 10**6 + 5000),
    } == last(place, spool).trades


def test_a_quiet_symbol_is_found_in_an_older_minute_that_waits_for_the_lake(place: Place) -> None:
    spool = place.open()
    append(spool, 1, 0, OTHER)
    for minute in range(4):
        append(spool, 10 + minute, minute * 60)
    packed(spool, 3)
    found = last(place, spool)

    assert (1, 13) == (found.trades[OTHER].trade_id, found.trades[SYMBOL].trade_id)


def test_a_minute_with_nothing_but_refilled_trades_is_not_the_newest(place: Place) -> None:
    spool = place.open()
    append(spool, 105, 59)
    append(spool, 103, 61)
    spool.append_late(SYMBOL, START_NS // 10**6 - 10**6, trade(2, START_NS))

    assert 105 == last(place, spool).trades[SYMBOL].trade_id


def test_what_no_stream_brought_is_told_apart(place: Place) -> None:
    spool = place.open()
    append(spool, 105)
    time_ms = START_NS // 10**6
    spool.append(TRADES, SYMBOL, START_NS, unpublished_line(Unpublished(SYMBOL, 103, 7), START_NS))
    listed = Trade(SYMBOL, 104, time_ms, None, "1", "2", False, "MARKET")
    spool.append(TRADES, SYMBOL, START_NS, trade_line(listed, START_NS))
    strange = Trade(SYMBOL, 106, time_ms, time_ms, "1", "2", False, "A,B")
    spool.append(TRADES, SYMBOL, START_NS, trade_line(strange, START_NS))

    assert {SYMBOL: [LastTrade(103, 7), LastTrade(104, time_ms)]} == last(place, spool).refilled


def test_the_newer_of_two_runs_is_looked_at_first(place: Place) -> None:
    old, new = place.open("a"), place.open("b")
    append(old, 5)
    append(new, 6, 30)

    assert 6 == last(place, old, new).trades[SYMBOL].trade_id


def test_the_time_of_the_last_book_is_found(place: Place) -> None:
    spool = place.open()
    for second in (0, 1, 2):
        received_ns = START_NS + second * SECOND_NS
        spool.append(DEPTH, SYMBOL, received_ns, book(second, received_ns))

    assert {SYMBOL: START_NS // 10**6 + 2000} == last(place, spool).snapshots_ms


def test_rows_that_cannot_be_read_back_hide_no_others(place: Place) -> None:
    spool = place.open()
    append(spool, 1)
    append(spool, 2, 70)
    packed(spool, 2)
    newest = sorted(spool.run_folder.path.glob("*.pack"))[-1]
    newest.write_bytes(bytes(8) + newest.read_bytes()[8:])

    assert 1 == last(place, spool).trades[SYMBOL].trade_id


def test_without_dead_runs_nothing_is_found(place: Place) -> None:
    assert LastRows() == last(place)
