from collector.feed.frames import Trade
from collector.feed.reports import Batch
from collector.fleet.legs import NEVER
from collector.spool.rows import Unpublished
from collector.trades.outcomes import Refilled
from lake.layout import Stream
from tests.collector.feeds import NOW_MS, Feed, book, feed, trade


def refilled(*ids: int, absent: tuple[int, ...] = (), time_ms: int = NOW_MS) -> Refilled:
    trades = tuple(
        Trade("BTCUSDT", each, time_ms, None, "1.0", "2", False, "MARKET") for each in ids
    )
    unpublished = tuple(Unpublished("BTCUSDT", each, time_ms) for each in absent)
    return Refilled("BTCUSDT", trades, unpublished, 0, 0, None, None, None, False)


def test_frames_become_rows_in_their_order() -> None:
    it = feed()
    it.take(trade(7), book(100), trade(8))

    assert [Stream.TRADES, Stream.DEPTH20, Stream.TRADES] == [row[0] for row in it.rows.taken]
    assert [7, 8] == it.rows.ids()
    assert {Stream.TRADES: 2, Stream.DEPTH20: 1} == dict(it.intake.rows)
    assert 3 == it.intake.frames


def test_what_two_connections_bring_is_written_once() -> None:
    it = feed()
    it.take(trade(7), book(100), trade(8), book(101))
    it.take(book(100), trade(8), trade(9), book(101), book(102), connection_id=2)

    assert [7, 8, 9] == it.rows.ids()
    assert {Stream.TRADES: 3, Stream.DEPTH20: 3} == dict(it.intake.rows)
    assert {Stream.TRADES: 1, Stream.DEPTH20: 2} == dict(it.intake.duplicates)


def test_a_connection_that_is_behind_another_still_brings_what_is_new() -> None:
    it = feed()
    it.take(*(book(each) for each in range(300, 320)), connection_id=2)
    it.take(*(book(each) for each in range(280, 302)))

    assert 40 == it.intake.rows[Stream.DEPTH20]
    assert 2 == it.intake.duplicates[Stream.DEPTH20]


def test_every_type_of_trade_is_kept_and_only_market_trades_are_shown() -> None:
    it = feed()
    it.take(trade(7), trade(8, kind="NA"), trade(9, kind="LIQUIDATION"))

    assert [7, 8, 9] == it.rows.ids()
    shown = it.intake.tapes["BTCUSDT"].trade
    assert shown and 7 == shown.trade_id


def test_frames_of_a_connection_that_was_closed_are_nobodys() -> None:
    it = feed()
    it.take(trade(7))
    del it.links[1]
    it.intake.take(Batch(1, NOW_MS * 1_000_000, [trade(8)]))

    assert [7] == it.rows.ids()


def test_frames_of_a_symbol_that_is_not_followed_are_not_written() -> None:
    it = feed()
    it.take(trade(7, symbol="ETHUSDT"), book(8, symbol="ETHUSDT"), trade(9))

    assert [9] == it.rows.ids()
    assert 1 == len(it.rows.taken)


def test_strange_frames_are_counted_and_told_and_stop_nothing() -> None:
    it = feed()
    it.take(b"{", trade(7), b'{"stream":"x","data":{"e":"trade"}}', b'{"result":null,"id":1}')

    assert [7] == it.rows.ids()
    assert 2 == len(it.strange) == sum(it.intake.strange.values())


def test_the_end_of_a_server_is_told() -> None:
    it = feed()
    it.take(b'{"e":"serverShutdown","E":1765440000000}')

    assert [1] == it.shut


def test_legs_follow_the_event_times_of_their_connection() -> None:
    it = feed()
    it.take(trade(7, time_ms=NOW_MS), book(8, time_ms=NOW_MS + 40))

    assert NOW_MS + 42 == it.links[1].event_ms == it.intake.newest_ms
    assert NOW_MS + 3 == it.links[1].trades["BTCUSDT"].from_ms


def test_an_event_time_far_ahead_proves_nothing() -> None:
    it = feed()
    it.intake.ahead_ms = 0
    far_ms = NOW_MS + 3_600_000
    it.take(book(8, event_ms=far_ms), trade(9, event_ms=far_ms))

    assert 2 == len(it.rows.taken)
    assert it.links[1].event_ms < NOW_MS
    assert it.links[1].books["BTCUSDT"].from_ms < NOW_MS
    assert it.links[1].books["BTCUSDT"].spoke


def test_a_trade_received_minutes_after_it_happened_is_filed_under_exchange_time() -> None:
    it = feed()
    it.take(trade(7, time_ms=NOW_MS), received_ms=NOW_MS + 300_000)
    it.take(trade(8, time_ms=NOW_MS), received_ms=NOW_MS + 300_001)

    assert [7] == it.rows.ids()
    assert [("BTCUSDT", NOW_MS)] == [row[:2] for row in it.rows.late]


def test_refilled_rows_are_rows_of_the_chain() -> None:
    it = feed()
    it.take(trade(7), trade(12))

    assert (2, 1) == it.intake.refill(refilled(8, 9, absent=(10,)), (NOW_MS + 90) * 1_000_000)
    assert [7, 12, 8, 9, 10] == it.rows.ids()
    assert [b"UNPUBLISHED"] == [
        line.split(b",")[5] for *_, line in it.rows.taken if line.split(b",")[4] == b"10"
    ]
    assert {(NOW_MS + 90) * 1_000_000} == {row[2] for row in it.rows.taken[2:]}
    assert [11] == [hole.first_id for hole in it.intake.tapes["BTCUSDT"].chain.holes]


def test_what_came_meanwhile_is_not_refilled_twice() -> None:
    it = feed()
    it.take(trade(7), trade(9), trade(8))

    assert (0, 0) == it.intake.refill(refilled(8), NOW_MS * 1_000_000)
    assert [7, 9, 8] == it.rows.ids()


def test_late_refills_are_filed_under_exchange_time() -> None:
    it = feed()
    it.take(trade(7), trade(9))
    it.intake.refill(refilled(8), (NOW_MS + 600_000) * 1_000_000)

    assert [("BTCUSDT", NOW_MS)] == [row[:2] for row in it.rows.late]


def test_without_room_for_books_trades_are_still_written() -> None:
    it = feed()
    it.intake.writes_books = False
    it.take(trade(7), book(8))

    assert [Stream.TRADES] == [row[0] for row in it.rows.taken]
    assert {Stream.DEPTH20: 1} == dict(it.intake.unwritten)
    assert it.links[1].books["BTCUSDT"].spoke


def test_trades_that_are_not_written_leave_a_hole_whether_or_not_others_follow() -> None:
    it = feed()
    it.take(trade(7))
    it.intake.writes_trades = False
    it.take(trade(8), trade(9))

    assert [(8, 9)] == holes_of(it)
    it.intake.writes_trades = True
    it.take(trade(10))
    assert [(8, 9)] == holes_of(it)
    assert [7, 10] == it.rows.ids()


def test_the_first_trade_of_all_leaves_a_hole_if_it_is_not_written() -> None:
    it = feed()
    it.intake.writes_trades = False
    it.take(trade(8))

    assert [(8, 8)] == holes_of(it)


def holes_of(it: Feed) -> list[tuple[int, int]]:
    holes = it.intake.tapes["BTCUSDT"].chain.holes
    return [(hole.first_id, hole.last_id) for hole in holes]


def test_frames_without_a_time_to_believe_tell_no_time() -> None:
    it = feed()
    it.intake.ahead_ms = 0
    it.take(b"garbage", book(8, event_ms=NOW_MS + 3_600_000))

    assert NEVER == it.links[1].event_ms
    assert 0 == it.intake.newest_ms
