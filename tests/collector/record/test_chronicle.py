from collector.fleet.orders import Tell
from collector.record.chronicle import Chronicle
from collector.record.testimony import gap_of_time, gap_of_trades
from collector.trades.holes import Hole
from lake.layout import Stream
from tests.collector.notes import Log, Notes


def test_an_event_is_told_to_the_journal_and_to_the_log() -> None:
    notes, log = Notes(), Log()
    chronicle = Chronicle(notes, log)
    chronicle.tell(Tell("connected", "it is open", {"connection": 3, "wait_s": None}, "WARNING"))

    assert [{"event": "connected", "connection": 3}] == notes.lines
    assert [("WARNING", "it is open")] == log.said
    assert [{"event": "connected", "connection": 3}] == log.fields
    assert 1 == chronicle.counts["connected"]


def test_covered_time_goes_to_the_journal_of_its_hour_and_not_into_the_log() -> None:
    notes, log = Notes(), Log()
    Chronicle(notes, log).covered([{"event": "covered", "from": 5, "to": 9}])

    assert [5] == notes.times
    assert [] == log.said


def test_gaps_of_one_cause_are_one_line_of_the_log() -> None:
    notes, log = Notes(), Log()
    chronicle = Chronicle(notes, log)
    holes = [Hole("BTCUSDT", 8, 9, 5, 7), Hole("ETHUSDT", 1, 1, 5, 7)]
    chronicle.gaps_of([gap_of_trades(hole, "aged out") for hole in holes])

    assert 2 == len(notes.of("gap"))
    assert [("WARNING", "3 trades lost of BTCUSDT, ETHUSDT: aged out")] == log.said
    assert 3 == log.fields[0]["ids"]
    assert ({Stream.TRADES: 2}, 3) == (dict(chronicle.gaps), chronicle.missing_ids)


def test_a_gap_of_books_has_no_ids_in_the_log() -> None:
    log = Log()
    Chronicle(Notes(), log).gaps_of([gap_of_time(Stream.DEPTH20, "BTCUSDT", (5, 9), "reset")])

    assert [("WARNING", "depth20 lost of BTCUSDT: reset")] == log.said
    assert "ids" not in log.fields[0]


def test_refills_are_counted() -> None:
    log = Log()
    chronicle = Chronicle(Notes(), log)
    chronicle.refill("BTCUSDT", 5, 2)
    chronicle.refill("BTCUSDT", 1, 0)

    assert [
        ("INFO", "BTCUSDT: 5 lost trades refilled, 2 ids never published"),
        ("INFO", "BTCUSDT: 1 lost trade refilled"),
    ] == log.said
    assert (6, 2) == (chronicle.counters().refilled, chronicle.counters().unpublished)
