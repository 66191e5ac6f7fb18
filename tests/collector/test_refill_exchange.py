"""The refiller against the local exchange, whose ledger knows what was to be had."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from collector.clock import Clock
from collector.trades.holes import Hole
from collector.trades.outcomes import Outcome, Refilled, Unfillable
from collector.trades.refill import Refiller
from collector.trades.rest import Rest
from tests.exchange import Clock as ExchangeClock
from tests.exchange import Exchange, Mix, Pace, Settings
from tests.exchange.events import Trade

SPEED = 20.0
SYMBOLS = ("BTCUSDT", "ETHUSDT", "币安人生USDT")
TROUBLES = {
    "none": (),
    "unavailable": ("rest how=503 for_s=8",),
    "broken": ("rest how=cut times=3", "rest how=reset times=3", "rest how=nonsense times=3"),
    "too many": ("rest how=429 retry_after=5 times=1",),
    "banned": ("ban for_s=15",),
    "slow": ("rest how=slow slow_s=4 for_s=20", "slow-lists by_s=0.9"),
    "shared": ("use-weight weight=1900",),
}


@contextmanager
def exchange(api_key: str = "") -> Iterator[tuple[Exchange, Rest, Refiller, list[Outcome]]]:
    """Serve a market of eight trades a second, and a refiller that works for it.

    The list has two minutes of it: a machine that stands still for some seconds is no failure.
    """
    anchor_ns, posted = time.time_ns(), list[Outcome]()
    settings = Settings(
        SYMBOLS, pace=Pace(trades_per_s=8, depth_every_ms=1_000), mix=Mix(never=0.03, na=0.1),
        speed=SPEED, api_key=api_key,
    )  # fmt: skip
    with Exchange(settings, ExchangeClock(SPEED, anchor_ns)) as served:
        clock = Clock(SPEED, anchor_ns)
        rest = Rest(served.rest_url, clock, api_key=api_key or None, timeout_s=5.0)
        refiller = Refiller(rest, clock, posted.append)
        refiller.start()
        yield served, rest, refiller, posted
        refiller.stop()
        rest.close()
        time.sleep(0.05)  # the exchange hears that we hang up


def newest(served: Exchange, symbol: str, many: int) -> list[Trade]:
    """Return the newest ids that happened."""

    def look() -> list[Trade]:
        trades = served.ledger.trades.get(symbol)
        rows = range(max(0, len(trades) - many), len(trades)) if trades else ()
        return [trades[row] for row in rows] if trades else []

    return served.call(look)


def lose(served: Exchange, symbol: str, random: Random, after_id: int) -> Hole | None:
    """Return a hole among the newest trades, above an id."""
    trades = [trade for trade in newest(served, symbol, 60) if trade.trade_id > after_id]
    if len(trades) < 8:
        return None
    low, high = sorted(random.sample(trades, 2))
    if high.trade_id - low.trade_id < 2:
        return None
    return Hole(symbol, low.trade_id + 1, high.trade_id - 1, low.time_ms, high.time_ms)


def wait_until_all_is_answered(refiller: Refiller) -> None:
    for _ in range(1_500):
        if not refiller.pending():
            return
        time.sleep(0.02)
    raise AssertionError((refiller.pending(), refiller.trouble))


def fates(served: Exchange, posted: list[Outcome]) -> dict[tuple[str, int], str]:
    """Return what became of each id, after comparing all rows with what happened."""
    found: dict[tuple[str, int], str] = {}
    for outcome in posted:
        if isinstance(outcome, Unfillable):
            hole = outcome.hole
            for id_ in range(hole.first_id, hole.last_id + 1):
                assert found.setdefault((hole.symbol, id_), outcome.cause) == outcome.cause
        if not isinstance(outcome, Refilled):
            continue
        columns = served.ledger.trades[outcome.symbol]
        for trade in outcome.trades:
            happened = columns[columns.row_of(trade.trade_id) or 0]
            assert (happened.time_ms, happened.price, happened.quantity) == (
                trade.time_ms, trade.price, trade.quantity,
            )  # fmt: skip
            assert (happened.is_buyer_maker, happened.trade_type) == (
                trade.is_buyer_maker, trade.trade_type,
            )  # fmt: skip
            assert found.setdefault((trade.symbol, trade.trade_id), "trade") == "trade"
        for row in outcome.unpublished:
            assert not columns[columns.row_of(row.trade_id) or 0].is_listed
            assert found.setdefault((row.symbol, row.trade_id), "none") == "none"
    return found


@pytest.mark.parametrize("troubles", TROUBLES.values(), ids=TROUBLES.keys())
def test_every_id_of_every_hole_is_refilled_as_it_happened(troubles: tuple[str, ...]) -> None:
    random = Random(7)
    with exchange() as (served, rest, refiller, posted):
        rest.clock_offset_ms()
        lost, last = set[tuple[str, int]](), dict.fromkeys(SYMBOLS, 0)
        for round_ in range(15):
            if round_ == 5:
                for trouble in troubles:
                    served.do(trouble)
            for symbol in SYMBOLS:
                hole = lose(served, symbol, random, last[symbol])
                if hole:
                    assert refiller.ask(hole)
                    last[symbol] = hole.last_id
                    lost |= {(symbol, id_) for id_ in range(hole.first_id, hole.last_id + 1)}
            time.sleep(1.0 / SPEED)
        wait_until_all_is_answered(refiller)

    found = fates(served, posted)
    assert 50 < len(lost)
    assert lost == found.keys()
    assert {"trade", "none"} == set(found.values())


@pytest.mark.parametrize("api_key", ["", "key"])
def test_what_has_left_the_list_is_a_gap_or_with_a_key_comes_from_the_history(api_key: str) -> None:
    with exchange(api_key) as (served, _, refiller, posted):
        served.do("burst trades_per_s=2000 symbol=BTCUSDT for_s=2")
        time.sleep(6.0 / SPEED)
        trades = newest(served, "BTCUSDT", 3_000)
        first, last = trades[5], trades[-5]
        hole = Hole("BTCUSDT", first.trade_id + 1, last.trade_id - 1, first.time_ms, last.time_ms)

        refiller.ask(hole)
        wait_until_all_is_answered(refiller)

    found = fates(served, posted)
    gaps = {id_ for (_, id_), fate in found.items() if fate not in ("trade", "none")}
    listed = [trade.trade_id for trade in trades if trade.is_listed]
    assert hole.size == len(found)
    assert bool(gaps) == (api_key == "")
    assert all(id_ < listed[-900] for id_ in gaps)


def test_the_newest_trade_of_a_market_where_nobody_trades_can_be_proved() -> None:
    with exchange() as (served, _, refiller, posted):
        while not newest(served, "ETHUSDT", 50):
            time.sleep(0.01)
        served.do("burst trades_per_s=0 for_s=0")
        time.sleep(6.0 / SPEED)
        newest_id = max(each.trade_id for each in newest(served, "ETHUSDT", 50) if each.is_listed)

        refiller.prove("ETHUSDT")
        for _ in range(500):
            if not posted:
                time.sleep(0.02)

        (proof,) = posted
        assert isinstance(proof, Refilled)
        assert (True, newest_id) == (proof.proof, proof.newest_id)
