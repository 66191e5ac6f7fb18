import tomllib
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.feed.frames import Trade
from collector.feed.reports import Acknowledged, Oversized, Refused
from collector.fleet.channel import Channel
from collector.record.market import Contract
from collector.record.reception import recording
from collector.record.survey import Surveyed
from collector.trades.evidence import TradeList
from collector.trades.last_seen import LastSeen, LastTrade
from collector.view.status import StreamState
from lake.layout import Stream
from tests.collector.rigs import Rig

ROOT = Path(__file__).parents[3]
START_MS = 1_765_440_000_000
BTC = Contract("BTCUSDT", "TRADING", "PERPETUAL")
ETH = Contract("ETHUSDT", "TRADING", "PERPETUAL")
BTC_BOOKS, BTC_TRADES = Channel("BTCUSDT", Stream.DEPTH20), Channel("BTCUSDT", Stream.TRADES)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Return a run of two symbols that has begun."""
    made = Rig(tmp_path, START_MS, ("BTCUSDT", "ETHUSDT"))
    made.run(3)
    return made


def tell(rig: Rig, *reports: object) -> None:
    for report in reports:
        rig.inbox.signal(report)
    rig.recorder.reception.take()


def test_the_version_of_a_recording_is_that_of_the_package() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert package["version"] == recording("k3v9", ("BTCUSDT",), 0)["version"]


def test_names_of_streams_are_read_as_the_exchange_writes_them(rig: Rig) -> None:
    rig.mute = lambda *_: True
    tell(rig, Acknowledged(1, 0, ("btcusdt@trade", "what@is@that", "")))

    assert rig.recorder.parts.fleet.tracks[BTC_TRADES].legs[1].listening
    rig.end()


def test_a_refused_request_is_told_and_the_watchdog_decides(rig: Rig) -> None:
    rig.drop(1)
    rig.mute = lambda *_: True
    tell(rig, Refused(2, 0, ("btcusdt@depth20@100ms",), 2, "Invalid request"))
    rig.run(12)

    assert 1 == rig.recorder.parts.chronicle.counts["subscription_refused"]
    assert StreamState.NEVER_SPOKE is rig.recorder.parts.fleet.tracks[BTC_BOOKS].pulse.state(
        rig.recorder.parts.time.now_s
    )
    rig.end()


def test_a_message_that_is_too_long_is_counted(rig: Rig) -> None:
    tell(rig, Oversized(1, 0, 5_000_000))

    assert 1 == rig.recorder.parts.intake.strange["oversized"]
    rig.end()


def test_symbols_follow_the_exchange(rig: Rig) -> None:
    tell(rig, Surveyed((BTC, Contract("ETHUSDT", "SETTLING", "PERPETUAL")), 40))

    fleet = rig.recorder.parts.fleet
    assert {"BTCUSDT"} == {channel.symbol for channel in fleet.tracks}
    assert 40 == rig.recorder.parts.intake.ahead_ms

    tell(rig, Surveyed((BTC, ETH), None))
    assert {"BTCUSDT", "ETHUSDT"} == {channel.symbol for channel in fleet.tracks}
    assert 40 == rig.recorder.parts.intake.ahead_ms
    rig.end()


def test_if_nothing_trades_any_more_the_run_fails(rig: Rig) -> None:
    with pytest.raises(CollectorError, match="cannot record any"):
        tell(rig, Surveyed((), None))
    rig.end()


def test_a_failed_look_changes_nothing(rig: Rig) -> None:
    tell(rig, Surveyed(None, None, "no answer"))

    assert ("BTCUSDT", "ETHUSDT") == rig.recorder.parts.roster.symbols
    rig.end()


def test_ids_continue_where_the_lake_ends(rig: Rig) -> None:
    rig.fills = False
    tell(rig, LastSeen({"BTCUSDT": LastTrade(900, START_MS - 60_000)}, {"ETHUSDT": "no answer"}))
    rig.run(1)

    (hole,) = rig.refiller.wanted
    assert ("BTCUSDT", 901, 1_000) == (hole.symbol, hole.first_id, hole.last_id)
    rig.end()


def test_a_list_brings_trades_that_no_stream_has_brought(rig: Rig) -> None:
    last = rig.ids["BTCUSDT"]
    ns = rig.clock.wall_ns()
    trade = Trade("BTCUSDT", last + 1, rig.event_ms - 9_000, None, "1", "2", False, "MARKET")
    tell(rig, TradeList("BTCUSDT", (trade,), ns, ns, 0.0, None))

    assert last + 1 == rig.recorder.parts.intake.tapes["BTCUSDT"].chain.last
    rig.end()


def test_a_recording_line_says_who_records_what() -> None:
    line = recording("k3v9", ("BTCUSDT",), -3)

    assert ("recording", "k3v9", "collector", -3) == (
        line["event"], line["run"], line["by"], line["clock_offset_ms"],
    )  # fmt: skip
    assert (["BTCUSDT"], ["trades", "depth20"]) == (line["symbols"], line["streams"])
