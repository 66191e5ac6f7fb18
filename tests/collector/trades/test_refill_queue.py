from collections.abc import Iterable

from collector.feed.frames import Trade
from collector.trades.evidence import TradeList
from collector.trades.holes import Hole
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.trades.refill_queue import AGED_OUT, Means, RefillQueue, Task
from tests.collector.trade_lists import trade


def queue(*, has_history: bool = False, most_holes: int = 100) -> RefillQueue:
    return RefillQueue(lambda: 1.0, has_history=has_history, most_holes=most_holes)


def hole(symbol: str, first_id: int, last_id: int, to_ms: int = 1_000) -> Hole:
    return Hole(symbol, first_id, last_id, 0, to_ms)


def listed(symbol: str, ids: Iterable[int]) -> TradeList:
    trades: tuple[Trade, ...] = tuple(trade(trade_id, symbol) for trade_id in ids)
    return TradeList(symbol, trades, 0, 0, 0.0, 10**9)


def unfillable(outcomes: list[Outcome]) -> list[tuple[str, int, int, str]]:
    found = [each for each in outcomes if isinstance(each, Unfillable)]
    return [(e.hole.symbol, e.hole.first_id, e.hole.last_id, e.cause) for e in found]


def order(wanted: RefillQueue, means: Means = Means.HISTORY) -> list[str]:
    """Return in which order everything is asked for."""
    symbols = list[str]()
    while task := wanted.next(0.0, 1_000, means):
        symbols.append(task.symbol)
    return symbols


def test_the_holes_of_a_market_are_asked_for_busiest_first() -> None:
    wanted = queue()
    for symbol, rate_per_s in (("QUIET", 0.01), ("BUSY", 60.0), ("BUSIEST", 400.0), ("SOME", 2.0)):
        wanted.add(hole(symbol, 5, 5), rate_per_s)

    assert ["BUSIEST", "BUSY", "SOME", "QUIET"] == order(wanted)


def test_a_short_outage_of_a_busy_symbol_can_wait_for_a_long_one_of_another() -> None:
    wanted = queue()
    wanted.add(hole("BUSY", 5, 10), 60.0)
    wanted.add(hole("LONG", 5, 980), 30.0)

    assert ["LONG", "BUSY"] == order(wanted)


def test_one_request_answers_all_holes_of_a_symbol() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 5), 1.0)
    wanted.add(hole("A", 7, 8), 1.0)

    assert Task("A") == wanted.next(0.0, 1_000, Means.LISTS)
    assert wanted.next(0.0, 1_000, Means.LISTS) is None
    (outcome,) = wanted.answered(Task("A"), listed("A", range(1, 10)), 0.0)

    assert isinstance(outcome, Refilled)
    assert [5, 7, 8] == [each.trade_id for each in outcome.trades]
    assert () == wanted.holes()


def test_without_a_key_what_the_list_does_not_reach_is_named_at_once() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 12), 1.0)
    wanted.next(0.0, 1_000, Means.LISTS)

    outcomes = wanted.answered(Task("A"), listed("A", range(10, 20)), 0.0)

    assert [("A", 5, 9, AGED_OUT)] == unfillable(outcomes)


def test_with_a_key_it_is_asked_for_in_the_history_after_everything_else() -> None:
    wanted = queue(has_history=True)
    wanted.add(hole("A", 5, 12), 1.0)
    wanted.next(0.0, 1_000, Means.HISTORY)
    assert [] == unfillable(wanted.answered(Task("A"), listed("A", range(10, 20)), 0.0))
    wanted.add(hole("B", 5, 5), 1.0)

    assert Task("B") == wanted.next(0.0, 1_000, Means.HISTORY)
    assert wanted.next(0.0, 1_000, Means.LISTS) is None
    assert Task("A", 4) == wanted.next(0.0, 1_000, Means.HISTORY)
    (outcome,) = wanted.answered(Task("A", 4), listed("A", range(4, 12)), 0.0)

    assert isinstance(outcome, Refilled)
    assert [5, 6, 7, 8, 9] == [each.trade_id for each in outcome.trades]


def test_a_key_that_is_refused_ends_the_history_for_good() -> None:
    wanted = queue(has_history=True)
    for symbol in "AB":
        wanted.add(hole(symbol, 5, 12), 1.0)
        wanted.next(0.0, 1_000, Means.LISTS)
        wanted.answered(Task(symbol), listed(symbol, range(10, 20)), 0.0)

    outcomes = wanted.close_history("key refused")
    assert [(each, 5, 9, "key refused") for each in "AB"] == unfillable(outcomes)

    wanted.add(hole("C", 5, 12), 1.0)
    wanted.next(0.0, 1_000, Means.HISTORY)
    later = wanted.answered(Task("C"), listed("C", range(10, 20)), 0.0)
    assert [("C", 5, 9, AGED_OUT)] == unfillable(later)


def test_with_little_weight_left_only_what_runs_out_soon_is_asked_for() -> None:
    wanted = queue()
    wanted.add(hole("QUIET", 5, 5), 0.01)
    wanted.add(hole("BUSY", 5, 5), 60.0)
    wanted.prove("OTHER", 0.0)

    assert ["BUSY"] == order(wanted, Means.WHAT_CANNOT_WAIT)
    assert ["QUIET", "OTHER"] == order(wanted, Means.LISTS)


def test_the_next_request_is_due_when_its_pause_is_over() -> None:
    wanted = queue()
    assert float("inf") == wanted.next_s(1_000, Means.HISTORY)

    wanted.add(hole("A", 5, 5), 1.0)
    wanted.next(0.0, 1_000, Means.LISTS)
    wanted.failed(Task("A"), "no", 100.0)

    assert 100.5 == wanted.next_s(1_000, Means.LISTS)
    assert wanted.next(100.4, 1_000, Means.LISTS) is None
    assert Task("A") == wanted.next(100.5, 1_000, Means.LISTS)


def test_a_question_that_is_put_back_is_asked_again_as_if_it_had_not_been() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 5), 1.0)
    wanted.next(0.0, 1_000, Means.LISTS)

    wanted.put_back(Task("A"))

    assert Task("A") == wanted.next(0.0, 1_000, Means.LISTS)


def test_a_question_that_the_exchange_rejects_is_not_asked_again() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 5), 1.0)
    wanted.prove("A", 0.0)
    wanted.next(0.0, 1_000, Means.LISTS)

    outcomes = wanted.rejected(Task("A"), "Invalid symbol.")

    assert [("A", 5, 5, "Invalid symbol.")] == unfillable(outcomes)
    assert Unproved("A", "Invalid symbol.") in outcomes
    assert wanted.next(10**6, 1_000, Means.HISTORY) is None


def test_there_is_room_for_so_many_holes_and_again_when_some_are_gone() -> None:
    wanted = queue(most_holes=2)

    assert [True, True, False] == [wanted.add(hole("A", id_, id_), 1.0) for id_ in (5, 7, 9)]

    wanted.next(0.0, 1_000, Means.LISTS)
    wanted.answered(Task("A"), listed("A", range(1, 20)), 0.0)
    assert wanted.add(hole("B", 5, 5), 1.0)


def test_what_waited_too_long_for_an_answer_is_given_up() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 5), 100.0)
    wanted.add(hole("B", 5, 5, to_ms=2_000_000), 100.0)

    assert [("A", 5, 5, "banned")] == unfillable(wanted.give_up_lost(0.0, 2_000_000, "banned"))
    assert [hole("B", 5, 5, to_ms=2_000_000)] == list(wanted.holes())


def test_giving_up_everything_leaves_nothing() -> None:
    wanted = queue()
    wanted.add(hole("A", 5, 5), 1.0)
    wanted.add(hole("B", 7, 8), 1.0)

    assert [("A", 5, 5, "end"), ("B", 7, 8, "end")] == unfillable(wanted.give_up("end"))
    assert () == wanted.holes()
