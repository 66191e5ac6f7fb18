from collector.fleet.pulse import Patience
from collector.fleet.tracks import BookGap, Track
from collector.record.testimony import claims, covered, gap_of_books, gap_of_trades
from collector.trades.holes import Hole
from tests.collector.fleets import BTC_TRADES

HOLE = Hole("BTCUSDT", 8, 9, 1_500, 1_700)


def track() -> Track:
    made = Track(BTC_TRADES, Patience())
    made.cover.add(1_000, 3_000)
    return made


def line(from_ms: int, to_ms: int) -> dict[str, object]:
    return {
        "event": "covered", "stream": "trades", "symbol": "BTCUSDT", "from": from_ms, "to": to_ms,
    }  # fmt: skip


def test_covered_time_is_told_once() -> None:
    channel = track()

    assert [line(1_000, 2_000)] == covered(channel, 2_000)
    assert [line(2_000, 3_000)] == covered(channel, 9_000)
    assert [] == covered(channel, 9_000)


def test_time_with_a_hole_is_not_covered_to_the_trade_after_it() -> None:
    assert [line(1_000, 1_500), line(1_701, 3_000)] == covered(track(), 9_000, [HOLE])


def test_time_of_which_something_is_lost_is_never_covered() -> None:
    channel = track()
    channel.lose(2_000, 2_500)

    assert [line(1_000, 2_000), line(2_500, 3_000)] == covered(channel, 9_000)


def test_what_could_be_claimed_now_stays_to_be_told() -> None:
    channel = track()

    assert [line(1_000, 3_000)] == [*claims(channel)] == [*claims(channel)]
    assert [line(1_000, 3_000)] == covered(channel, 9_000)


def test_a_gap_names_ids_times_and_cause() -> None:
    assert {
        "event": "gap", "stream": "trades", "symbol": "BTCUSDT", "first_id": 8, "last_id": 9,
        "from": 1_500, "to": 1_701, "cause": "aged out",
    } == gap_of_trades(HOLE, "aged out")  # fmt: skip


def test_a_gap_of_books_has_no_ids() -> None:
    assert {
        "event": "gap", "stream": "depth20", "symbol": "BTCUSDT", "from": 5, "to": 9,
        "cause": "reset",
    } == gap_of_books(BookGap("BTCUSDT", 5, 9, "reset"))  # fmt: skip
