from collections.abc import Iterable

from collector.trades.evidence import TradeList
from collector.trades.history import NOT_HELD, History
from collector.trades.outcomes import Outcome, Refilled, Unfillable
from collector.trades.wanted import INFINITY, NEVER_REACHED, UNBELIEVED
from tests.collector.trade_lists import hole, listed, spans

PAGE = 500


def history_of(*holes: tuple[int, int]) -> History:
    history = History("S", lambda: 1.0)
    history.add(hole(*each) for each in holes)
    return history


def page(published: Iterable[int], from_id: int) -> TradeList:
    """Return what the exchange answers: from this id on, the published ones."""
    return listed([id_ for id_ in sorted(published) if id_ >= from_id][:PAGE])


def closed(history: History, published: Iterable[int], most: int = 50) -> list[Outcome]:
    """Ask page after page until nothing is wanted."""
    outcomes, pages = list[Outcome](), 0
    while history.ready_s() != INFINITY:
        pages += 1
        assert pages <= most
        history.is_asking = True
        outcomes += history.answered(page(published, history.from_id()), 0.0)
    return outcomes


def trades(outcomes: list[Outcome]) -> list[int]:
    found = [each for each in outcomes if isinstance(each, Refilled)]
    return [trade.trade_id for each in found for trade in each.trades]


def unpublished(outcomes: list[Outcome]) -> list[int]:
    found = [each for each in outcomes if isinstance(each, Refilled)]
    return [row.trade_id for each in found for row in each.unpublished]


def unfillable(outcomes: list[Outcome]) -> list[tuple[int, int, str]]:
    found = [each for each in outcomes if isinstance(each, Unfillable)]
    return [(each.hole.first_id, each.hole.last_id, each.cause) for each in found]


def test_nothing_is_asked_for_without_a_hole_or_while_a_page_is_on_its_way() -> None:
    history = history_of()
    assert INFINITY == history.ready_s()

    history.add([hole(5, 6)])
    assert -INFINITY == history.ready_s()

    history.is_asking = True
    assert INFINITY == history.ready_s()


def test_a_long_hole_is_closed_page_by_page() -> None:
    published = set(range(1, 3_000)) - {700, 1_500}
    history = history_of((101, 2_000))

    outcomes = closed(history, published, most=4)

    assert sorted(published & set(range(101, 2_001))) == trades(outcomes)
    assert [700, 1_500] == unpublished(outcomes)
    assert [] == unfillable(outcomes)


def test_one_page_closes_all_holes_that_it_spans() -> None:
    outcomes = closed(history_of((10, 12), (50, 52)), range(1, 100), most=1)

    assert [10, 11, 12, 50, 51, 52] == trades(outcomes)


def test_a_page_without_a_trade_from_below_the_hole_is_asked_for_again_from_further_below() -> None:
    published = set(range(1, 300)) - set(range(95, 111))

    outcomes = closed(history_of((100, 120)), published, most=2)

    assert list(range(111, 121)) == trades(outcomes)
    assert list(range(100, 111)) == unpublished(outcomes)


def test_what_the_exchange_has_no_more_is_named_exactly() -> None:
    outcomes = closed(history_of((100, 120), (2_000, 2_003)), range(110, 2_100), most=8)

    assert [(100, 109, NOT_HELD)] == unfillable(outcomes)
    assert [*range(110, 121), *range(2_000, 2_004)] == sorted(trades(outcomes))


def test_pages_that_bring_nothing_are_asked_for_ever_more_rarely_and_not_for_ever() -> None:
    history = history_of((100, 120))

    outcomes = closed(history, [], most=30)

    assert [(100, 120, NEVER_REACHED)] == unfillable(outcomes)


def test_what_cannot_be_believed_is_given_up() -> None:
    history = history_of((100, 10**6))

    assert [(100, 10**6, UNBELIEVED)] == unfillable(closed(history, [99, 10**6 + 1]))


def test_an_answer_of_the_history_tells_nothing_of_the_newest_trade() -> None:
    (outcome,) = closed(history_of((10, 12)), range(1, 100))

    assert isinstance(outcome, Refilled)
    assert (None, None, False) == (outcome.newest_id, outcome.newest_ms, outcome.proof)


def test_failures_are_repeated_ever_more_rarely() -> None:
    history = history_of((10, 12))

    history.failed("no", 100.0)
    assert 100.5 == history.ready_s()
    history.failed("no", 100.0)
    assert 101.0 == history.ready_s()


def test_giving_up_names_what_remains() -> None:
    history = history_of((10, 12))

    assert [(10, 12, "stopped")] == unfillable(history.give_up("stopped"))
    assert [] == spans(history.holes)
