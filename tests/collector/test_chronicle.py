import logging

import pytest

from collector.chronicle import Chronicle
from collector.holes import Hole
from collector.orders import Tell
from collector.testimony import gap_of_trades
from lake.layout import Stream
from lake.logs import fields_of
from tests.collector.notes import Notes


def test_an_event_is_told_to_the_journal_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notes = Notes()
    chronicle = Chronicle(notes)
    chronicle.tell(Tell("connected", "it is open", {"connection": 3, "wait_s": None}, "WARNING"))

    assert [{"event": "connected", "connection": 3}] == notes.lines
    assert [("WARNING", "it is open")] == [(r.levelname, r.getMessage()) for r in caplog.records]
    assert {"event": "connected", "connection": 3} == fields_of(caplog.records[0])
    assert 1 == chronicle.counts["connected"]


def test_covered_time_goes_to_the_journal_of_its_hour_and_not_into_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    notes = Notes()
    Chronicle(notes).covered([{"event": "covered", "from": 5, "to": 9}])

    assert [5] == notes.times
    assert [] == caplog.records


def test_gaps_of_one_cause_are_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    notes = Notes()
    chronicle = Chronicle(notes)
    holes = [Hole("BTCUSDT", 8, 9, 5, 7), Hole("ETHUSDT", 1, 1, 5, 7)]
    chronicle.gaps_of([gap_of_trades(hole, "aged out") for hole in holes])

    assert 2 == len(notes.of("gap"))
    assert ["3 trades lost of BTCUSDT, ETHUSDT: aged out"] == caplog.messages
    assert ({Stream.TRADES: 2}, 3) == (dict(chronicle.gaps), chronicle.missing_ids)


def test_refills_are_counted() -> None:
    chronicle = Chronicle(Notes())
    chronicle.refill("BTCUSDT", 5, 2)
    chronicle.refill("BTCUSDT", 1, 0)

    assert (6, 2) == (chronicle.counters().refilled, chronicle.counters().unpublished)
