from dataclasses import replace

from collector.feed.frames import Trade
from collector.feed.reports import Batch
from collector.record.chronicle import Chronicle
from collector.record.intake import Intake
from collector.spool.rows import Unpublished
from collector.trades.evidence import TradeList
from collector.trades.holes import Hole
from collector.trades.outcomes import Refilled, Unfillable, Unproved
from collector.trades.proofs import Proofs
from collector.trades.repair import Repair
from tests.collector.feeds import Rows, trade
from tests.collector.fleets import BTC_TRADES, Sea
from tests.collector.notes import Log, Notes

NS = 1_000_000


class Desk:
    """Takes what is asked for, and has no answers of its own."""

    def __init__(self) -> None:
        self.holes: list[Hole] = []
        self.rates: list[float | None] = []
        self.proofs: list[str] = []
        self.full = False

    def ask(self, hole: Hole, rate_per_s: float | None = None) -> bool:
        self.holes.append(hole)
        self.rates.append(rate_per_s)
        return not self.full

    def prove(self, symbol: str) -> None:
        self.proofs.append(symbol)


class Workshop:
    """A repair of one symbol whose connection is open."""

    def __init__(self) -> None:
        self.sea = Sea(["BTCUSDT"])
        self.sea.run(2)
        self.rows, self.notes, self.desk = Rows(), Notes(), Desk()
        self.intake = Intake(self.sea.fleet.links, self.rows, lambda *_: None, lambda _: None)
        self.chain = self.intake.tape("BTCUSDT").chain
        proofs = Proofs(self.sea.fleet, first_s=60.0, silence_s=10.0)
        self.repair = Repair(
            self.sea.fleet,
            self.intake,
            self.desk,
            Chronicle(self.notes, Log()),
            proofs,
            lambda _: 4.0,
        )

    def bring(self, *ids: int) -> None:
        frames = [trade(each, time_ms=self.sea.event_ms) for each in ids]
        self.intake.take(Batch(1, self.sea.event_ms * NS, frames))
        self.tick()

    def tick(self) -> None:
        self.repair.tick(self.sea.now_s, self.sea.event_ms * NS)

    def lost(self) -> list[tuple[int, int]]:
        return [(line["first_id"], line["last_id"]) for line in self.notes.of("gap")]

    def made(self, trade_id: int, age_ms: int = 10_000) -> Trade:
        time_ms = self.sea.event_ms - age_ms
        return Trade("BTCUSDT", trade_id, time_ms, None, "1.0", "2", False, "MARKET")

    def refilled(self, *ids: int, absent: tuple[int, ...] = ()) -> Refilled:
        ns = self.sea.event_ms * NS
        trades = tuple(self.made(each) for each in ids)
        rows = tuple(Unpublished("BTCUSDT", each, self.sea.event_ms) for each in absent)
        return Refilled("BTCUSDT", trades, rows, ns, ns, None, None, None, False)

    def take(self, outcome: Refilled | Unfillable | Unproved) -> None:
        self.repair.take(outcome, self.sea.event_ms * NS, self.sea.now_s)

    def list(self, *trades: Trade) -> None:
        ns = self.sea.event_ms * NS
        listed = TradeList("BTCUSDT", trades, ns, ns, 0.0, None)
        self.repair.listed(listed, ns, self.sea.now_s)


def test_a_hole_is_asked_for_at_once_and_once() -> None:
    it = Workshop()
    it.bring(7, 10)
    it.tick()

    assert [(8, 9)] == [(hole.first_id, hole.last_id) for hole in it.desk.holes]
    assert [4.0] == it.desk.rates


def test_a_hole_that_closes_by_itself_is_not_asked_for() -> None:
    it = Workshop()
    it.bring(7, 10, 9, 8)

    assert [] == it.desk.holes


def test_what_comes_back_is_told_and_closes_the_hole() -> None:
    it = Workshop()
    it.bring(7, 10)
    it.take(it.refilled(8, absent=(9,)))

    assert [{"event": "refilled", "symbol": "BTCUSDT", "rows": 1, "unpublished": 1}] == (
        it.notes.of("refilled")
    )
    assert [] == it.repair.open()
    assert [] == it.lost()


def test_what_cannot_be_had_is_a_gap_and_never_covered() -> None:
    it = Workshop()
    it.bring(7, 10)
    hole = it.desk.holes[0]
    it.take(Unfillable(hole, "aged out"))

    assert [(8, 9)] == it.lost()
    assert "aged out" == it.notes.of("gap")[0]["cause"]
    assert [] == it.repair.open()
    assert [(hole.from_ms, hole.to_ms + 1)] == it.sea.fleet.tracks[BTC_TRADES].lost


def test_what_a_stream_brought_meanwhile_is_not_in_the_gap() -> None:
    it = Workshop()
    it.bring(7, 12)
    hole = it.desk.holes[0]
    it.bring(9)
    it.take(Unfillable(hole, "aged out"))
    it.take(Unfillable(hole, "aged out"))

    assert [(8, 8), (10, 11)] == it.lost()


def test_what_cannot_be_had_after_our_last_trade_is_a_gap_too() -> None:
    it = Workshop()
    it.bring(7)
    it.take(Unfillable(Hole("BTCUSDT", 8, 9, 5, 6), "aged out"))

    assert [(8, 9)] == it.lost()


def test_holes_of_a_killed_run_are_asked_for_and_are_gaps_if_they_cannot_be_had() -> None:
    it = Workshop()
    it.chain.seed(100, 50)
    left = Hole("BTCUSDT", 8, 9, 5, 6), Hole("BTCUSDT", 20, 20, 8, 9)
    it.repair.inherit(left)
    it.take(Unfillable(replace(left[0], first_id=9), "aged out"))
    it.take(it.refilled(8))
    it.take(it.refilled(20))

    assert {*left} == {*it.desk.holes}
    assert [(9, 9)] == it.lost()
    assert [8, 20] == it.rows.ids()


def test_inherited_holes_wait_until_the_chain_knows_where_it_continues() -> None:
    it = Workshop()
    left = Hole("BTCUSDT", 8, 9, 5, 6)
    it.repair.inherit([left])
    assert [] == it.desk.holes
    assert [left] == it.repair.unfinished()

    it.chain.seed(100, 50)
    it.repair.ends_are_known()
    assert [left] == it.desk.holes


def test_inherited_holes_that_nobody_could_ask_for_are_gaps() -> None:
    it = Workshop()
    it.repair.inherit([Hole("BTCUSDT", 8, 9, 5, 6)])
    it.repair.end([], it.sea.event_ms * NS)

    assert [(8, 9)] == it.lost()


def test_who_comes_after_a_crash_asks_for_all_that_is_open_inherited_or_not() -> None:
    it = Workshop()
    it.chain.seed(100, 50)
    left = Hole("BTCUSDT", 8, 9, 5, 6)
    it.repair.inherit([left])
    it.bring(101, 103)
    assert [(102, 102), (8, 9)] == [
        (hole.first_id, hole.last_id) for hole in it.repair.unfinished()
    ]

    it.take(it.refilled(8))
    assert [(102, 102), (9, 9)] == [
        (hole.first_id, hole.last_id) for hole in it.repair.unfinished()
    ]
    it.take(Unfillable(replace(left, first_id=9), "aged out"))
    assert [(102, 102)] == [(hole.first_id, hole.last_id) for hole in it.repair.unfinished()]


def test_an_answer_that_nobody_has_taken_yet_closes_no_hole_of_a_killed_run() -> None:
    it = Workshop()
    it.chain.seed(100, 50)
    left = Hole("BTCUSDT", 8, 9, 5, 6)
    it.repair.inherit([left])
    answer = it.refilled(8, 9)
    assert [left] == it.repair.unfinished()

    it.take(answer)
    assert [] == it.repair.unfinished()


def test_without_room_for_trades_nothing_is_asked_for_until_there_is_some() -> None:
    it = Workshop()
    it.bring(7)
    it.intake.writes_trades = False
    it.bring(8, 9)
    it.sea.mute = {BTC_TRADES}
    it.sea.run(20)
    assert 0 == it.repair.question(it.sea.now_s, it.sea.event_ms * NS, 0)
    assert [] == it.desk.holes

    it.intake.writes_trades = True
    it.tick()
    assert [(8, 9)] == [(hole.first_id, hole.last_id) for hole in it.desk.holes]


def test_too_many_holes_are_gaps() -> None:
    it = Workshop()
    it.desk.full = True
    it.bring(7, 10)

    assert [(8, 9)] == it.lost()
    assert [] == it.repair.open()


def test_a_list_brings_what_its_stream_should_have_brought() -> None:
    it = Workshop()
    it.bring(7)
    it.list(it.made(6), it.made(7), it.made(8), it.made(9))

    assert [7, 8, 9] == it.rows.ids()
    assert [2] == [line["rows"] for line in it.notes.of("refilled")]


def test_a_list_closes_a_hole_that_opened_after_it_was_asked_for() -> None:
    it = Workshop()
    it.chain.seed(7, 50)
    it.intake.take(Batch(1, it.sea.event_ms * NS, [trade(11, time_ms=it.sea.event_ms)]))
    it.list(it.made(7), it.made(8), it.made(10))
    it.tick()

    assert [11, 8, 10] == it.rows.ids()
    assert [(9, 9)] == [(hole.first_id, hole.last_id) for hole in it.desk.holes]


def test_a_list_closes_a_hole_that_was_asked_for_after_it() -> None:
    it = Workshop()
    it.bring(7, 10)
    assert [(8, 9)] == [(hole.first_id, hole.last_id) for hole in it.desk.holes]
    it.list(it.made(7), it.made(8), it.made(9), it.made(10))
    it.take(it.refilled(8, 9))

    assert [7, 10, 8, 9] == it.rows.ids()
    assert [2] == [line["rows"] for line in it.notes.of("refilled")]


def test_what_is_on_its_way_is_waited_for() -> None:
    it = Workshop()
    it.bring(7)
    it.list(it.made(8, age_ms=200), it.made(9, age_ms=100))
    assert [7] == it.rows.ids()

    it.bring(8)
    it.sea.run(1.5)
    it.tick()
    assert [7, 8, 9] == it.rows.ids()
    assert [1] == [line["rows"] for line in it.notes.of("refilled")]


def test_what_happened_while_nobody_listened_is_on_no_stream_and_is_taken_at_once() -> None:
    it = Workshop()
    it.bring(7)
    it.sea.fleet.closed(1, "reset", None, it.sea.now_s)
    it.list(it.made(8, age_ms=200), it.made(9, age_ms=100))

    assert [7, 8, 9] == it.rows.ids()


def test_the_list_of_a_symbol_that_is_unknown_is_the_past() -> None:
    it = Workshop()
    it.list(it.made(7), it.made(8))

    assert [] == it.rows.ids()


def test_ids_that_begin_anew_are_told_and_their_time_is_not_covered() -> None:
    it = Workshop()
    it.bring(1_000_000_000)
    it.sea.run(5)
    it.bring(5)
    it.bring(6)
    it.bring(7)

    told = it.notes.of("ids_reset")
    assert [(1_000_000_000, 5)] == [(line["before_id"], line["after_id"]) for line in told]
    assert 1 == len(it.sea.fleet.tracks[BTC_TRADES].lost)


def test_silent_streams_are_asked_about() -> None:
    it = Workshop()
    it.sea.mute = {BTC_TRADES}
    it.sea.run(20)

    assert 1 == it.repair.question(it.sea.now_s, it.sea.event_ms * NS, 0)
    assert ["BTCUSDT"] == it.desk.proofs

    it.take(Unproved("BTCUSDT", "banned"))
    assert 0 == it.repair.question(it.sea.now_s, it.sea.event_ms * NS, 0)


def test_at_the_end_lists_bring_what_happened_before_it_at_once_and_nothing_later() -> None:
    it = Workshop()
    it.bring(7)
    it.list(it.made(9, age_ms=200), it.made(12, age_ms=-50))
    it.repair.conclude(it.sea.event_ms, it.sea.event_ms * NS)
    assert [7, 9] == it.rows.ids()
    assert [(8, 8)] == [(hole.first_id, hole.last_id) for hole in it.desk.holes]

    it.list(it.made(8), it.made(10, age_ms=100), it.made(12, age_ms=-50))
    it.repair.end([], it.sea.event_ms * NS)
    assert [7, 9, 8, 10] == it.rows.ids()


def test_what_is_open_at_the_end_is_a_gap_once() -> None:
    it = Workshop()
    it.bring(7, 10)
    it.bring(12)
    it.repair.end([Unfillable(it.desk.holes[0], "stopped")], it.sea.event_ms * NS)

    assert [(8, 9), (11, 11)] == it.lost()
    assert "stopped" == it.notes.of("gap")[0]["cause"]


def test_what_a_list_had_is_written_at_the_end_though_it_was_fresh() -> None:
    it = Workshop()
    it.bring(7)
    it.list(it.made(8, age_ms=100))
    it.repair.end([], it.sea.event_ms * NS)

    assert [7, 8] == it.rows.ids()
