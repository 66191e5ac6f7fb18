import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from collector.clock import Clock
from collector.feed.frames import Trade
from collector.spool.rows import Unpublished
from collector.trades.holes import Hole
from collector.trades.ids import IdChain
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.trades.refill import STOPPED, Refiller
from collector.trades.refill_queue import AGED_OUT
from collector.trades.rest import Rest
from tests.collector.rest_server import Cut, Reset, RestServer, Status

SPEED = 20.0
"""Of the clocks on both sides: the three seconds of a proof pass in 150 ms."""
MAX_LOOKS = 1_000


@dataclass
class Bench:
    """A refiller at work, and what it posted."""

    server: RestServer
    rest: Rest
    refiller: Refiller
    posted: list[Outcome] = field(default_factory=list)
    changed: threading.Event = field(default_factory=threading.Event)

    def post(self, outcome: Outcome) -> None:
        self.posted.append(outcome)
        self.changed.set()

    def wait(self, reached: Callable[[], bool]) -> None:
        # Counted, since a machine that stands still for a while is no failure.
        for _ in range(MAX_LOOKS):
            if reached():
                return
            self.changed.wait(0.02)
            self.changed.clear()
        raise AssertionError(self.posted)

    def ids(self) -> list[int]:
        """Return the ids of all rows that came."""
        found = [each for each in self.posted if isinstance(each, Refilled)]
        return sorted(row.trade_id for each in found for row in rows_of(each))

    def unpublished(self) -> list[int]:
        found = [each for each in self.posted if isinstance(each, Refilled)]
        return [row.trade_id for each in found for row in each.unpublished]

    def unfillable(self) -> list[tuple[int, int]]:
        found = [each.hole for each in self.posted if isinstance(each, Unfillable)]
        return [(hole.first_id, hole.last_id) for hole in found]

    def proofs(self) -> list[int | None]:
        found = [each for each in self.posted if isinstance(each, Refilled)]
        return [each.newest_id for each in found if each.proof]


def rows_of(outcome: Refilled) -> list[Trade | Unpublished]:
    return [*outcome.trades, *outcome.unpublished]


@contextmanager
def bench(
    *, api_key: str | None = None, share: float = 0.5, speed: float = SPEED, start: bool = True
) -> Iterator[Bench]:
    """Run a refiller against an exchange of the same speed."""
    clock = Clock(speed)
    with RestServer(clock) as server:
        rest = Rest(server.url, clock, api_key=api_key, share=share, timeout_s=2.0)
        posts: list[Callable[[Outcome], None]] = []
        refiller = Refiller(rest, clock, lambda outcome: posts[0](outcome))
        found = Bench(server, rest, refiller)
        posts.append(found.post)
        if start:
            refiller.start()
        yield found
        refiller.stop()
        rest.close()


def past(server: RestServer, ids: range, *, newest_ago_ms: int = 60_000) -> dict[int, int]:
    """Return times of trades of 100 ms distance, the newest so long ago."""
    last_ms = server.now_ms() - newest_ago_ms
    return {id_: last_ms - (ids[-1] - id_) * 100 for id_ in ids}


def hole_in(times: dict[int, int], first_id: int, last_id: int, symbol: str = "S") -> Hole:
    return Hole(symbol, first_id, last_id, times[first_id - 1], times[last_id + 1])


def without(times: dict[int, int], *ids: int) -> dict[int, int]:
    return {id_: time_ms for id_, time_ms in times.items() if id_ not in ids}


def test_a_hole_comes_back_with_its_trades_and_what_was_never_published() -> None:
    with bench() as it:
        times = past(it.server, range(1, 100))
        it.server.publish("S", without(times, 51))

        assert it.refiller.ask(hole_in(times, 50, 53))
        it.wait(lambda: len(it.ids()) == 4)

        assert [50, 51, 52, 53] == it.ids()
        assert [51] == it.unpublished()
        assert () == it.refiller.pending()
        assert ["/fapi/v1/trades"] == it.server.paths()


def test_what_was_never_published_is_not_said_before_three_seconds_have_passed() -> None:
    with bench() as it:
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        it.server.publish("S", without(times, 98))

        it.refiller.ask(hole_in(times, 97, 98))
        it.wait(lambda: it.ids() == [97, 98])

        first, *_, proof = (each for each in it.posted if isinstance(each, Refilled))
        assert [97] == [each.trade_id for each in first.trades]
        assert ([], [98]) == ([*proof.trades], [each.trade_id for each in proof.unpublished])
        assert proof.asked_ms
        assert proof.asked_ms >= times[99] + 3_000


def test_a_trade_that_reaches_the_list_late_is_not_called_unpublished() -> None:
    with bench() as it:
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        it.server.publish("S", without(times, 98))
        it.refiller.ask(hole_in(times, 97, 98))
        it.wait(lambda: it.ids() == [97])

        it.server.publish("S", times)
        it.wait(lambda: it.ids() == [97, 98])

        assert [] == it.unpublished()


def test_a_list_that_lags_behind_the_stream_is_asked_for_until_it_reaches_the_hole() -> None:
    with bench() as it:
        it.server.delay_ms = 4_000
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        it.server.publish("S", times)

        it.refiller.ask(hole_in(times, 90, 98))
        it.wait(lambda: it.ids() == [*range(90, 99)])

        assert 1 < len(it.server.paths()) < 10


def test_without_a_key_what_has_left_the_list_is_named_exactly() -> None:
    with bench() as it:
        times = past(it.server, range(1, 3_001))
        it.server.publish("S", times)

        it.refiller.ask(hole_in(times, 1_500, 2_500))
        it.wait(lambda: bool(it.unfillable()))

        assert [(1_500, 2_000)] == it.unfillable()
        assert [*range(2_001, 2_501)] == it.ids()
        last = it.posted[-1]
        assert isinstance(last, Unfillable)
        assert AGED_OUT == last.cause


def test_with_a_key_it_is_read_page_by_page_from_the_history() -> None:
    with bench(api_key="secret") as it:
        times = past(it.server, range(1, 4_001))
        it.server.publish("S", without(times, 2_000))

        it.refiller.ask(hole_in(times, 1_500, 3_500))
        it.wait(lambda: len(it.ids()) == 2_001)

        assert [*range(1_500, 3_501)] == it.ids()
        assert [2_000] == it.unpublished()
        assert 4 == it.server.paths().count("/fapi/v1/historicalTrades")


def test_a_key_that_is_refused_leaves_what_only_the_history_has_as_a_gap() -> None:
    with bench(api_key="wrong") as it:
        times = past(it.server, range(1, 3_001))
        it.server.publish("S", times)
        it.server.always["/fapi/v1/historicalTrades"] = Status(401)

        for first_id in (5, 2_500):
            it.refiller.ask(hole_in(times, first_id, first_id + 1))
        it.wait(lambda: not it.refiller.pending())
        it.refiller.ask(hole_in(times, 9, 9))
        it.wait(lambda: len(it.unfillable()) == 2)

        assert [(5, 6), (9, 9)] == it.unfillable()
        assert [2_500, 2_501] == it.ids()
        assert 1 == it.server.paths().count("/fapi/v1/historicalTrades")


def test_an_exchange_that_does_not_tell_its_time_still_brings_trades() -> None:
    with bench(speed=100.0) as it:
        it.server.always["/fapi/v1/time"] = Status(503)
        times = past(it.server, range(1, 100))
        it.server.publish("S", without(times, 51))

        it.refiller.ask(hole_in(times, 50, 53))
        it.wait(lambda: it.ids() == [50, 52, 53])
        del it.server.always["/fapi/v1/time"]
        it.wait(lambda: it.unpublished() == [51])

        assert [50, 51, 52, 53] == it.ids()


def test_one_request_closes_all_holes_of_a_symbol() -> None:
    with bench(start=False) as it:
        times = past(it.server, range(1, 100))
        it.server.publish("S", times)
        for first_id in range(10, 90, 10):
            it.refiller.ask(hole_in(times, first_id, first_id + 2))

        it.refiller.start()
        it.wait(lambda: len(it.ids()) == 8 * 3)

        assert 1 == len(it.server.paths())


@pytest.mark.parametrize("fault", [Status(503), Status(500), Cut(), Reset()], ids=str)
def test_failures_that_pass_are_asked_again(fault: Status | Cut | Reset) -> None:
    with bench() as it:
        times = past(it.server, range(1, 100))
        it.server.publish("S", times)
        it.server.faults.extend([fault] * 3)

        it.refiller.ask(hole_in(times, 50, 53))
        it.wait(lambda: it.ids() == [50, 51, 52, 53])

        assert 4 == len(it.server.paths())
        assert "" == it.refiller.trouble


def test_an_exchange_in_trouble_is_not_stormed() -> None:
    with bench() as it:
        it.server.faults.extend([Status(503)] * 10_000)
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        for at in range(200):
            it.refiller.ask(hole_in(times, 50, 53, f"S{at}"))

        time.sleep(20 / SPEED)

        assert 3 <= len(it.server.paths()) < 20
        assert "503" in it.refiller.trouble


def test_during_a_ban_nothing_is_asked_and_afterwards_everything() -> None:
    with bench() as it:
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        it.server.faults.append(Status(418, {"Retry-After": "10"}))
        it.refiller.ask(hole_in(times, 50, 53, "S0"), 1.0)
        it.wait(lambda: "418" in it.refiller.trouble)
        for at in range(5):
            it.server.publish(f"S{at}", times)
            it.refiller.ask(hole_in(times, 50, 53, f"S{at}"), 1.0)

        it.wait(lambda: len(it.ids()) == 20)

        banned, *later = [each.at_s for each in it.server.asked if each.path.endswith("/trades")]
        assert banned + 10 / SPEED <= min(later)
        assert [] == it.unfillable()


def test_a_ban_that_outlasts_the_trades_ends_in_gaps_that_name_it() -> None:
    with bench(speed=2_000.0) as it:
        it.rest.clock_offset_ms()
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        it.server.faults.append(Status(418, {"Retry-After": "100000"}))

        it.refiller.ask(hole_in(times, 50, 53), 100.0)
        it.refiller.prove("S")
        it.wait(lambda: len(it.posted) == 2)

        proof, gap = sorted(it.posted, key=lambda each: isinstance(each, Unfillable))
        assert isinstance(gap, Unfillable)
        assert isinstance(proof, Unproved)
        assert [(50, 53)] == it.unfillable()
        assert "418" in gap.cause
        assert "418" in proof.cause


def test_a_symbol_that_the_exchange_does_not_know_any_more_is_given_up() -> None:
    with bench() as it:
        times = past(it.server, range(1, 100))
        it.server.faults.append(Status(400, body=b'{"code":-1121,"msg":"Invalid symbol."}'))

        it.refiller.ask(hole_in(times, 50, 53))
        it.wait(lambda: it.unfillable() == [(50, 53)])

        assert 1 == len(it.server.paths())


def test_the_newest_trade_of_a_quiet_symbol_can_be_proved() -> None:
    with bench() as it:
        it.server.publish("S", past(it.server, range(1, 100)))
        before_ms = it.server.now_ms()

        it.refiller.prove("S")
        it.wait(lambda: it.proofs() == [99])

        (proof,) = (each for each in it.posted if isinstance(each, Refilled))
        assert () == proof.trades
        assert proof.asked_ms
        assert before_ms - 50 <= proof.asked_ms <= it.server.now_ms()


def test_the_busiest_symbols_are_asked_for_first_when_not_all_can_be() -> None:
    with bench(share=0.1, start=False) as it:
        times = past(it.server, range(1, 100), newest_ago_ms=0)
        rates = {f"S{at}": float(at * 37 % 100 + 30) for at in range(100)}
        for symbol, rate_per_s in rates.items():
            it.server.publish(symbol, times)
            it.refiller.ask(hole_in(times, 50, 53, symbol), rate_per_s)

        it.refiller.start()
        it.wait(lambda: len(it.ids()) >= 4 * 40)

        asked = [each.params["symbol"] for each in it.server.asked if each.params]
        assert min(rates[symbol] for symbol in asked[:40]) >= 130 - 40 - 4


def test_what_remains_at_the_stop_is_handed_out_and_nothing_posted_afterwards() -> None:
    with bench() as it:
        it.server.faults.extend([Status(503)] * 10_000)
        times = past(it.server, range(1, 100))
        it.refiller.ask(hole_in(times, 50, 53))
        it.refiller.ask(hole_in(times, 60, 60))
        it.refiller.prove("S")

        left = it.refiller.stop()
        posted = len(it.posted)
        time.sleep(0.2)

        assert [(50, 53), (60, 60)] == [(e.hole.first_id, e.hole.last_id) for e in left]
        assert all(STOPPED in each.cause for each in left)
        assert posted == len(it.posted)
        assert not it.refiller.ask(hole_in(times, 70, 70))
        assert () == it.refiller.stop()


def test_too_many_holes_are_refused_so_that_they_can_be_recorded_as_gaps() -> None:
    clock = Clock()
    refiller = Refiller(Rest("http://127.0.0.1:9", clock), clock, lambda _: None, most_holes=2)
    holes = [Hole("S", id_, id_, 0, 1) for id_ in (1, 3, 5)]

    assert [True, True, False] == [refiller.ask(each) for each in holes]


def test_trouble_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with bench() as it, caplog.at_level(logging.WARNING, "collector.trades.refill"):
        times = past(it.server, range(1, 100))
        it.server.publish("S", times)
        it.server.faults.extend([Status(503)] * 3)
        it.refiller.ask(hole_in(times, 50, 53))
        it.wait(lambda: it.ids() == [50, 51, 52, 53])

    assert 1 == len(caplog.records)
    assert "GET /fapi/v1/trades S" in caplog.records[0].getMessage()


@pytest.mark.parametrize("seed", range(4))
def test_chain_and_refiller_together_bring_every_trade_that_the_list_has(seed: int) -> None:
    random = Random(seed)
    with bench() as it:
        times = past(it.server, range(1, 1_500), newest_ago_ms=0)
        spent = {id_ for id_ in times if random.random() < 0.03 and id_ not in (1, 1_499)}
        it.server.publish("S", without(times, *spent))
        it.server.faults.extend(
            random.choices([Status(503), Cut(), Reset()], k=random.randint(0, 4))
        )
        chain, lost = IdChain("S"), random.random() / 2
        written = {id_ for id_ in times if random.random() > lost or id_ in (1, 1_499)}
        for id_ in sorted(written):
            chain.see(id_, times[id_])

        for each in chain.take_opened():
            assert it.refiller.ask(each)
        it.wait(lambda: not it.refiller.pending())
        for outcome in it.posted:
            if isinstance(outcome, Refilled):
                for row in rows_of(outcome):
                    assert chain.see(row.trade_id, row.time_ms)
            elif isinstance(outcome, Unfillable):
                chain.give_up(outcome.hole)

        reach = sorted(times.keys() - spent)[-1_000]
        gone = {id_ for first, last in it.unfillable() for id_ in range(first, last + 1)}
        assert () == chain.holes
        assert {id_ for id_ in times.keys() - written if id_ < reach} == gone
        assert sorted(times.keys() - written - gone) == it.ids()
        assert set(it.unpublished()) == {id_ for id_ in spent - written if id_ > reach}
