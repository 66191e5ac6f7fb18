from collector.fleet.tracks import Track
from collector.record.cover import HOUR_MS
from collector.trades.ids import IdChain
from collector.trades.outcomes import Refilled
from collector.trades.proofs import LIST_LAG_MS, Finding, Proofs, last_hour_ms
from collector.view.status import StreamState
from tests.collector.fleets import BTC_TRADES, START_MS, Sea


class Inquiry:
    """A fleet of one symbol whose trades say nothing by themselves, and who asks about it."""

    def __init__(self) -> None:
        self.sea = Sea(["BTCUSDT"])
        self.sea.mute = {BTC_TRADES}
        self.chain = IdChain("BTCUSDT")
        self.proofs = Proofs(self.sea.fleet, first_s=60.0, silence_s=10.0)

    @property
    def track(self) -> Track:
        return self.sea.fleet.tracks[BTC_TRADES]

    def due(self, *, edge_ms: int = 0, ending: bool = False) -> list[str]:
        return self.proofs.due(self.sea.now_s, self.wall_ns, edge_ms, ending=ending)

    @property
    def wall_ns(self) -> int:
        return self.sea.event_ms * 1_000_000

    def run_until_asked(self, longest_s: float = 700.0) -> float:
        """Let time pass until a question is asked; return how long that took."""
        start_s = self.sea.now_s
        while not self.due() and self.sea.now_s < start_s + longest_s:
            self.sea.run(1)
        return self.sea.now_s - start_s

    def answer(self, newest_id: int | None, newest_ms: int | None = None) -> Finding | None:
        ms = self.sea.event_ms - 60_000 if newest_ms is None else newest_ms
        asked_ns = self.wall_ns
        return self.proofs.answered(
            Refilled("BTCUSDT", (), (), asked_ns, asked_ns, None, newest_id, ms, True),
            self.chain, self.sea.now_s,
        )  # fmt: skip

    def trade(self, trade_id: int) -> None:
        """Let the stream bring a trade."""
        self.chain.see(trade_id, self.sea.event_ms - 3)
        self.sea.mute = set()
        self.sea.run(0.5)
        self.sea.mute = {BTC_TRADES}


def test_a_stream_that_has_not_spoken_is_asked_about_soon() -> None:
    assert 4 <= Inquiry().run_until_asked() <= 8


def test_the_newest_trade_of_a_first_list_is_new_if_its_stream_brings_it_late() -> None:
    it = Inquiry()
    it.run_until_asked()
    assert Finding.QUIET is it.answer(7)

    assert it.chain.see(7, it.sea.event_ms - 60_000)
    assert it.chain.see(8, it.sea.event_ms)


def test_a_question_is_asked_once() -> None:
    it = Inquiry()
    it.run_until_asked()

    assert [] == it.due()


def test_a_silence_that_is_one_is_covered_up_to_the_lag_of_lists() -> None:
    it = Inquiry()
    it.run_until_asked()
    first_ms = it.sea.event_ms - LIST_LAG_MS
    assert Finding.QUIET is it.answer(7)
    it.run_until_asked()
    asked_ms = it.sea.event_ms
    assert Finding.QUIET is it.answer(7, START_MS)

    assert [(first_ms, asked_ms - LIST_LAG_MS)] == it.track.cover.untold(1 << 62)
    assert StreamState.FRESH is it.sea.state(BTC_TRADES)


def test_the_first_claim_begins_after_a_newest_trade_that_we_never_wrote() -> None:
    it = Inquiry()
    it.run_until_asked()
    newest_ms = it.sea.fleet.links[1].books["BTCUSDT"].from_ms + 2_900
    assert newest_ms > it.sea.event_ms - LIST_LAG_MS
    it.answer(7, newest_ms)
    it.run_until_asked()
    it.answer(7, newest_ms)

    assert newest_ms + 1 == it.track.cover.untold(1 << 62)[0][0]
    assert 7 == it.chain.last


def test_a_symbol_that_never_traded_is_silent_by_right() -> None:
    it = Inquiry()
    it.run_until_asked()

    assert Finding.QUIET is it.answer(None)
    it.run_until_asked()
    it.answer(None)

    assert it.chain.last is None
    assert StreamState.FRESH is it.sea.state(BTC_TRADES)
    assert [] == it.track.cover.untold(1 << 62)


def test_an_empty_list_of_a_symbol_that_was_traded_is_no_answer() -> None:
    it = Inquiry()
    it.chain.seed(7, START_MS)
    it.run_until_asked()

    assert it.answer(None) is None
    assert StreamState.STARTING is it.sea.state(BTC_TRADES)
    assert 9 <= it.run_until_asked() <= 12


def test_a_trade_that_the_stream_should_have_brought_says_that_it_is_dead() -> None:
    it = Inquiry()
    it.chain.seed(7, START_MS)
    it.sea.run(30)
    it.due()

    assert Finding.DEAD is it.answer(9, it.sea.event_ms - 10_000)
    assert StreamState.NEVER_SPOKE is it.sea.state(BTC_TRADES)
    assert [] == it.track.cover.untold(1 << 62)


def test_a_trade_from_before_the_subscription_was_only_missed() -> None:
    it = Inquiry()
    it.chain.seed(7, START_MS)
    it.sea.run(30)
    it.due()

    assert Finding.MISSED is it.answer(9, START_MS + 1_000 * 1_000 - 5_000)
    assert StreamState.STARTING is it.sea.state(BTC_TRADES)


def test_a_trade_of_this_moment_may_be_on_its_way() -> None:
    it = Inquiry()
    it.chain.seed(7, START_MS)
    it.sea.run(30)
    it.due()
    assert Finding.UNDERWAY is it.answer(8, it.sea.event_ms - 50)

    it.trade(8)
    it.sea.run(5)
    assert [] == it.proofs.overdue(it.sea.now_s)
    assert StreamState.FRESH is it.sea.state(BTC_TRADES)


def test_a_trade_that_was_on_its_way_and_came_by_list_only_says_that_the_stream_is_dead() -> None:
    it = Inquiry()
    it.chain.seed(7, START_MS)
    it.sea.run(30)
    it.due()
    newest_ms = it.sea.event_ms - 50
    it.answer(9, newest_ms)
    assert [] == it.proofs.overdue(it.sea.now_s)

    it.chain.see(8, newest_ms)
    it.chain.see(9, newest_ms)
    it.sea.run(3)
    assert ["BTCUSDT"] == it.proofs.overdue(it.sea.now_s)


def test_a_busy_stream_is_asked_about_after_ten_seconds_of_silence() -> None:
    it = Inquiry()
    it.sea.mute = set()
    it.sea.run(60)
    it.track.settle()
    it.sea.mute = {BTC_TRADES}

    assert 10 <= it.run_until_asked() <= 12


def test_a_slow_stream_may_be_silent_for_longer() -> None:
    it = Inquiry()
    for trade_id in range(10):
        it.trade(trade_id)
        it.track.settle()
        it.sea.run(9.5)

    assert 150 <= it.run_until_asked() <= 250


def test_when_an_hour_ends_every_quiet_stream_is_asked_about() -> None:
    it = Inquiry()
    for trade_id in range(10):
        it.trade(trade_id)
        it.track.settle()
        it.sea.run(9.5)
    edge_ms = it.sea.event_ms - 500
    assert [] == it.due(edge_ms=edge_ms)

    it.sea.run(3)
    assert ["BTCUSDT"] == it.due(edge_ms=edge_ms)
    it.answer(9, START_MS)
    assert it.track.attention.to_ms >= edge_ms
    assert [] == it.due(edge_ms=edge_ms)


def test_at_the_end_everything_is_asked_that_is_not_proved() -> None:
    it = Inquiry()
    it.trade(1)
    it.track.settle()
    it.sea.run(4)

    assert ["BTCUSDT"] == it.due(ending=True)


def test_at_the_end_even_a_lost_stream_is_asked_about() -> None:
    it = Inquiry()
    it.trade(1)
    it.sea.drop(1)

    assert ["BTCUSDT"] == it.due(ending=True)


def test_few_questions_are_asked_at_a_time() -> None:
    it = Inquiry()
    it.sea = Sea([f"S{number}USDT" for number in range(40)])
    it.sea.mute = {channel for channel in it.sea.fleet.tracks if channel.stream == "trades"}
    it.proofs = Proofs(it.sea.fleet, first_s=60.0, silence_s=10.0)
    it.sea.run(20)
    asked = []
    for _ in range(5):
        asked.append(len(it.due()))
        it.sea.run(1)

    assert [3] * 5 == asked


def test_an_answer_to_an_older_question_proves_nothing() -> None:
    it = Inquiry()
    it.run_until_asked()
    early_ns = it.wall_ns - 5_000_000_000
    old = Refilled("BTCUSDT", (), (), early_ns, early_ns, None, 7, START_MS, True)

    assert it.proofs.answered(old, it.chain, it.sea.now_s) is None
    assert 1 == it.proofs.pending


def test_without_answers_a_busy_stream_is_dead_after_a_long_silence() -> None:
    it = Inquiry()
    it.sea.mute = set()
    it.sea.run(60)
    it.track.settle()
    it.sea.mute = {BTC_TRADES}
    it.run_until_asked()
    assert not it.proofs.failed("BTCUSDT", it.sea.now_s)

    it.sea.run(25)
    assert it.proofs.failed("BTCUSDT", it.sea.now_s)
    assert StreamState.SILENT is it.sea.state(BTC_TRADES)


def test_a_failed_question_is_asked_again_later() -> None:
    it = Inquiry()
    it.run_until_asked()
    it.proofs.failed("BTCUSDT", it.sea.now_s)

    assert 9 <= it.run_until_asked() <= 12


def test_a_question_that_nobody_answers_is_asked_again() -> None:
    it = Inquiry()
    it.run_until_asked()

    assert 30 <= it.run_until_asked() <= 32


def test_the_last_hour_is_the_one_that_is_over() -> None:
    assert 3 * HOUR_MS == last_hour_ms(4 * HOUR_MS - 1)
    assert 4 * HOUR_MS == last_hour_ms(4 * HOUR_MS)
