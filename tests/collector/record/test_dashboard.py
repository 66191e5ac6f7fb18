import pytest

from collector.feed.frames import Snapshot, Trade
from collector.feed.refusals import Refusal, RefusalKind
from collector.record.dashboard import Rates, alerts, connections, streams
from collector.record.tape import Tape
from collector.settings import Deadlines
from collector.trades.ids import Room
from collector.view.status import StreamState
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES, ETH_BOOKS, Sea

BOOK = Snapshot("BTCUSDT", 1, 2, 3, b'[["63113.1","1"],["63113","2"]]', b'[["63113.2","4"]]')


def test_a_rate_is_frames_a_second() -> None:
    sea, rates = Sea(), Rates()
    for _ in range(60):
        sea.run(1)
        rates.measure(sea.fleet.tracks, sea.now_s)

    assert pytest.approx(2.0) == rates.of(BTC_BOOKS)


def test_streams_are_listed_with_state_connection_and_last_price() -> None:
    sea, tape = Sea(), Tape("BTCUSDT", Room())
    tape.trade = Trade("BTCUSDT", 1, 2, 3, "63113.20", "1", False, "MARKET")
    tape.book = BOOK
    sea.mute = {ETH_BOOKS}
    sea.run(11)
    shown = {
        (s.symbol, s.stream): s for s in streams(sea.fleet, {"BTCUSDT": tape}, Rates(), sea.now_s)
    }

    assert ("63113.20", "63113.15") == (shown[BTC_TRADES].last, shown[BTC_BOOKS].last)
    assert StreamState.FRESH is shown[BTC_BOOKS].state
    assert StreamState.NEVER_SPOKE is shown[ETH_BOOKS].state
    assert (1, 0.0) == (shown[BTC_BOOKS].connection, shown[BTC_BOOKS].age_s)
    assert shown[ETH_BOOKS].last is None


@pytest.mark.parametrize("side", [b"[]", b"[[]]", b"{", b'[["x","1"]]'])
def test_a_book_without_a_middle_shows_none(side: bytes) -> None:
    sea, tape = Sea(), Tape("BTCUSDT", Room())
    tape.book = Snapshot("BTCUSDT", 1, 2, 3, side, BOOK.asks)

    assert None is streams(sea.fleet, {"BTCUSDT": tape}, Rates(), sea.now_s)[0].last


def test_connections_are_listed_with_what_they_are_doing() -> None:
    sea = Sea(deadlines=Deadlines(rotate_s=60.0))
    assert ["waiting 0 s"] == [each.state for each in connections(sea.fleet, sea.now_s)]

    sea.run(50)
    assert ["open"] == [each.state for each in connections(sea.fleet, sea.now_s)]
    sea.mute = {2}
    sea.run(15)
    shown = connections(sea.fleet, sea.now_s)
    assert ["handing over", "taking over"] == [each.state for each in shown]
    assert [4, 4] == [each.streams for each in shown]


def test_a_connection_for_a_stalled_stream_is_named_as_such() -> None:
    sea = Sea()
    sea.run(20)
    sea.mute = {(1, BTC_BOOKS)}
    sea.run(15)

    assert ["open", "open, of its own"] == [
        each.state for each in connections(sea.fleet, sea.now_s)
    ]


def test_what_no_stream_can_say_is_an_alert() -> None:
    sea = Sea()
    assert () == alerts(sea.fleet, behind=False, trouble="")

    sea.fleet.refused = Refusal(RefusalKind.BANNED, 120.0, "this address is banned", 418)
    assert 3 == len(alerts(sea.fleet, behind=True, trouble="banned"))
    assert "this address is banned" == alerts(sea.fleet, behind=False, trouble="")[0]
