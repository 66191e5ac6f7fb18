import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.collector import report
from benchmarks.collector.candidates import LOOP_GZIP, LOOP_MSGSPEC, PEERS, PROBED, US, Candidate
from benchmarks.collector.coin import BOOK_STEP, VARIANTS, Coin
from benchmarks.collector.lake_check import Found, compare
from benchmarks.collector.load import Load, Phase, burst, ramp, steady, usual
from benchmarks.collector.market import Market, Rate, Sent
from benchmarks.collector.outcome import Life, Measured, Outcome, Queued, by_name, quantile
from benchmarks.collector.peers.minute_files import GzipFiles, PlainFiles
from benchmarks.collector.process import core_s, cpu_s, peak_mb, threads_s
from benchmarks.collector.trial import run
from benchmarks.collector.venue_rest import list_of
from benchmarks.measure import Failed
from collector.feed.frames import Snapshot, Trade, read_frame
from collector.feed.wire import Wire
from collector.spool.rows import snapshot_line, trade_line
from collector.trades.rest_wire import read_trades
from lake.layout import Stream

NOW_MS = 1_790_000_000_000
NOW_NS = NOW_MS * 1_000_000


class Ear:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def hand(self, frame: bytes) -> None:
        self.heard.append(frame)


def _read(frame: bytes) -> object:
    (message,) = Wire().feed(frame)
    return read_frame(message)


# The market


def test_a_book_of_the_market_is_one_that_the_collector_reads() -> None:
    coin = Coin("COIN001USDT", 1)
    books = [_read(coin.next_book(NOW_MS)) for _ in range(3)]

    for number, book in enumerate(books):
        assert isinstance(book, Snapshot)
        assert coin.first_update_id + number * BOOK_STEP == book.update_id
        assert ("COIN001USDT", NOW_MS) == (book.symbol, book.event_ms)
        assert coin.sides[number % VARIANTS] == (book.bids.decode(), book.asks.decode())


def test_a_trade_of_the_market_is_one_that_the_collector_reads() -> None:
    coin = Coin("COIN001USDT", 1)
    trades = [_read(coin.next_trade(NOW_MS)) for _ in range(VARIANTS + 1)]

    for number, trade in enumerate(trades):
        assert isinstance(trade, Trade)
        assert coin.first_trade_id + number == trade.trade_id
        fill = (trade.price, trade.quantity, trade.is_buyer_maker)
        assert coin.fills[number % VARIANTS] == fill


def test_frames_are_as_long_as_real_ones() -> None:
    coins = Market(50).coins

    assert 950 < sum(len(coin.next_book(NOW_MS)) for coin in coins) / 50 < 1_100
    assert 165 < sum(len(coin.next_trade(NOW_MS)) for coin in coins) / 50 < 195


def test_the_list_of_trades_has_the_trades_that_were_sent() -> None:
    coin = Coin("COIN000USDT", 0)
    sent = [_read(coin.next_trade(NOW_MS + number)) for number in range(1_100)]
    listed = read_trades("COIN000USDT", json.dumps(list_of(coin)).encode())

    expected = [
        (each.trade_id, each.time_ms, each.price, each.quantity, each.is_buyer_maker)
        for each in sent[100:] if isinstance(each, Trade)
    ]  # fmt: skip
    assert expected == [
        (each.trade_id, each.time_ms, each.price, each.quantity, each.is_buyer_maker)
        for each in listed
    ]


def test_the_market_sends_at_its_rate_and_to_everyone() -> None:
    market, ear = Market(20), Ear()
    for stall in market.stalls.values():
        stall.join(ear)
    for _ in range(3_000):
        market.turn(Rate(200, 100), 0.001, NOW_MS)
    sent = list(market.sent())

    assert 600 == pytest.approx(sum(each.books for each in sent), abs=1)
    assert 300 == pytest.approx(sum(each.trades for each in sent), abs=1)
    assert len(ear.heard) == sum(each.books + each.trades for each in sent)
    assert all(each.books >= 29 for each in sent)


def test_some_symbols_are_traded_far_more_than_others() -> None:
    market, ear = Market(100), Ear()
    for stall in market.stalls.values():
        stall.join(ear)
    market.turn(Rate(0, 8_192), 1.0, NOW_MS)
    trades = [each.trades for each in market.sent()]

    assert min(trades) >= 1
    assert max(trades) > 10 * quantile(sorted(trades), 0.5)


def test_a_stream_is_silent_until_somebody_listens_and_goes_on_when_nobody_does() -> None:
    market, ear = Market(1), Ear()
    stall = market.stalls["coin000usdt@depth20@100ms"]
    market.turn(Rate(10, 0), 1.0, NOW_MS)
    stall.join(ear)
    market.turn(Rate(10, 0), 1.0, NOW_MS)
    stall.leave(ear)
    market.turn(Rate(10, 0), 1.0, NOW_MS)

    (sent,) = market.sent()
    assert (10, 20, 10) == (len(ear.heard), sent.books, sent.unheard)


# The comparison


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, Sent]:
    """Return a lake with four books and four trades, and what was sent of them."""
    coin, files = Coin("COIN000USDT", 0), PlainFiles(tmp_path)
    for _ in range(4):
        _write(files, coin.next_book(NOW_MS))
        _write(files, coin.next_trade(NOW_MS))
    files.close()
    return tmp_path, Sent(coin.symbol, coin.first_update_id, 4, coin.first_trade_id, 4, 0)


def _write(files: PlainFiles | GzipFiles, frame: bytes) -> None:
    said, received_ns = _read(frame), NOW_NS + 7_000_000
    if isinstance(said, Snapshot):
        files.write("depth20", said.symbol, received_ns, snapshot_line(said, received_ns))
    elif isinstance(said, Trade):
        files.write("trades", said.symbol, received_ns, trade_line(said, received_ns))


def _change(lake: Path, stream: Stream, change: Callable[[list[str]], list[str]]) -> None:
    (chunk,) = (lake / "raw" / stream).rglob("*.csv")
    chunk.write_text("".join(change(chunk.read_text().splitlines(keepends=True))))


def test_a_lake_that_has_everything_once_is_whole(stored: tuple[Path, Sent]) -> None:
    lake, sent = stored
    found = compare(lake, [sent])

    assert (8, True, "") == (found.rows, found.is_whole, found.fault())
    assert [7.0] * 8 == found.lags.between(NOW_MS, NOW_MS + 1)
    assert [] == found.lags.between(NOW_MS + 1, NOW_MS + 2)


def test_compressed_chunks_are_compared_too(tmp_path: Path) -> None:
    coin, files = Coin("COIN000USDT", 0), GzipFiles(tmp_path)
    _write(files, coin.next_book(NOW_MS))
    files.close()
    sent = Sent(coin.symbol, coin.first_update_id, 1, coin.first_trade_id, 0, 0)

    assert compare(tmp_path, [sent]).is_whole


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lines: lines[:-1], "1 missing"),
        (lambda lines: [*lines, lines[1]], "1 repeated"),
        (lambda lines: [*lines[:-1], lines[1]], "1 missing, 1 repeated"),
    ],
)
def test_a_row_too_few_or_too_many_is_found(
    stored: tuple[Path, Sent], stream: Stream, change: Callable[[list[str]], list[str]], fault: str
) -> None:
    lake, sent = stored
    _change(lake, stream, change)

    assert fault == compare(lake, [sent]).fault()


def test_a_row_that_was_never_sent_is_found(stored: tuple[Path, Sent]) -> None:
    lake, sent = stored

    assert "1 alien" == compare(lake, [replace(sent, trades=3)]).fault()


def test_a_price_that_is_not_the_one_that_was_sent_is_found(stored: tuple[Path, Sent]) -> None:
    lake, sent = stored
    for stream in Stream:
        # The first digit of the first price, whatever it is, becomes another one.
        _change(lake, stream, lambda lines: [lines[0], _with_another_price(lines[1]), *lines[2:]])

    assert "2 wrong" == compare(lake, [sent]).fault()


def _with_another_price(line: str) -> str:
    time, _, rest = line.partition(",")
    at = next(place for place, letter in enumerate(rest) if letter.isdigit())
    return f"{time},{rest[:at]}{(int(rest[at]) + 1) % 10}{rest[at + 1 :]}"


def test_what_happened_while_nobody_listened_is_a_fault(stored: tuple[Path, Sent]) -> None:
    lake, sent = stored

    assert "2 unheard" == compare(lake, [replace(sent, unheard=2)]).fault()


# Trials


@pytest.mark.parametrize("candidate", [PROBED, LOOP_GZIP, LOOP_MSGSPEC], ids=lambda each: each.name)
def test_a_candidate_stores_everything_that_it_was_sent(candidate: Candidate) -> None:
    load = Load("short", 3, (Phase("only", 0.5, Rate(300, 150)),), warm_up_s=0.1)
    outcome = run(candidate, load)

    assert outcome.found.is_whole, outcome.found.fault()
    assert outcome.found.rows >= outcome.frames > 0
    assert 0 < outcome.stored_us
    assert 10 < outcome.life.peak_mb < 500
    assert 1 == outcome.life.connections


def test_a_candidate_that_ends_at_once_is_named_with_what_it_said() -> None:
    command = [sys.executable, "-c", "print('no such exchange')"]
    broken = Candidate("broken", lambda _exchange, _folder: command, "")

    with pytest.raises(Failed, match="broken does not listen: no such exchange"):
        run(broken, steady(1, 0.1, tls=False))


def test_a_process_is_told_from_the_others_on_its_core() -> None:
    process = os.getpid()
    before_s, core_before_s = cpu_s(process), core_s(min(os.sched_getaffinity(0)))
    while cpu_s(process) < before_s + 0.05:
        sum(range(10_000))

    # What threads used that are gone counts for the process only.
    assert 0 < sum(threads_s(process).values()) <= cpu_s(process) + 0.2
    assert core_before_s <= core_s(min(os.sched_getaffinity(0)))
    assert peak_mb(process) > 10


def test_taskset_is_there_since_trials_need_it() -> None:
    assert shutil.which("taskset")


# Loads and tables


def test_a_burst_comes_between_two_calm_phases() -> None:
    before, wild, after = burst(200, 5_000, 10).phases

    assert before.rate == after.rate == usual(200)
    assert Rate(2_000, 5_000) == wild.rate


def test_a_ramp_has_two_books_to_a_trade() -> None:
    (phase,) = ramp(789, [12_000], 5).phases

    assert (8_000, 4_000) == pytest.approx((phase.rate.books_per_s, phase.rate.trades_per_s))


def _outcome(candidate: Candidate, cpu_s: float, found: Found | None = None) -> Outcome:
    load = steady(200, 1)
    phase = Measured(load.phases[0], 3_000, 1.0, cpu_s / 2, 0.05, 0, 4.0, [1.0, 2.0, 90.0])
    life = Life(cpu_s + 0.5, 0.5, 0.1, 0.2, 0.3, 80.0, 2, {"MainThread": 3.0, "connection": 1.0})
    queued = Queued({0: 98, 4: 1, 30: 1})
    return Outcome(candidate, load, [phase], life, found or Found(rows=3_000), queued)


def test_the_contest_says_how_much_more_a_peer_uses() -> None:
    lost = Found(rows=2_999, missing=1)
    table = report.contest_table([_outcome(US, 0.3), _outcome(PEERS[0], 0.75, lost)])

    ours, peer = table.rows
    assert ("flowlake", "50.0", "100.0", "1.00") == ours[:4]
    assert (PEERS[0].name, "125.0", "250.0", "2.50") == peer[:4]
    assert ("whole", "1 missing") == (ours[-1], peer[-1])


def test_times_are_told_as_quantiles() -> None:
    (row,) = report.growth_table([_outcome(US, 0.3)]).rows

    assert "200 symbols, TLS" == row[0]
    assert ("2.0", "90.0", "5") == row[4:7]


def test_of_a_run_with_phases_the_last_row_has_what_holds_for_all() -> None:
    whole = _outcome(US, 0.3)
    twice = replace(whole, phases=[*whole.phases, *whole.phases])
    first, last = report.phases_table("Bursts", "", [twice]).rows

    assert ("", "") == (first[6], first[-1])
    assert ("5", "whole") == (last[6], last[-1])


def test_the_page_has_the_machine_and_all_tables() -> None:
    outcome = _outcome(US, 0.3)
    tables = [report.contest_table([outcome]), report.threads_table(outcome)]
    page = report.page({"cores": "2"}, tables)

    assert "- **cores**: 2\n" in page
    assert "| MainThread | 3.00 | 75% |" in page


def test_a_trial_among_busy_others_is_disturbed() -> None:
    calm = _outcome(US, 0.3)
    phase = replace(calm.phases[0], others=0.6)

    assert not calm.is_disturbed
    assert replace(calm, phases=[phase]).is_disturbed
    assert 0.6 == replace(calm, phases=[phase]).others


def test_threads_of_one_kind_are_summed() -> None:
    names = {1: "MainThread", 2: "connection-1", 3: "connection-2"}

    assert {"MainThread": 1.0, "connection": 5.0, "?": 4.0} == by_name(
        {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}, names
    )


def test_a_quantile_of_counted_times_is_the_end_of_its_ms() -> None:
    assert [1, 1, 5, 31] == [
        Queued({0: 98, 4: 1, 30: 1}).quantile_ms(p) for p in (0, 0.98, 0.99, 1)
    ]
    assert Queued().quantile_ms(0.5) is None
