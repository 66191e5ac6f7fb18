from dataclasses import replace

import msgspec
import pytest

from collector.trades.evidence import PROOF_AGE_MS, TradeList
from collector.trades.holes import Hole
from collector.trades.outcomes import Outcome, Refilled, Unfillable, Unproved
from collector.trades.wanted import INFINITY, NEVER_REACHED, UNBELIEVED, Wanted, wait_s
from tests.collector.trade_lists import hole, listed, spans, trade


def wanted_of(*holes: Hole, rate_per_s: float | None = 10.0) -> Wanted:
    wanted = Wanted("S", lambda: 1.0)
    for each in holes:
        wanted.add(each, rate_per_s)
    return wanted


def asked(wanted: Wanted, answer: TradeList, now_s: float = 0.0) -> list[Outcome]:
    """Ask for the list and take it."""
    wanted.is_asking = True
    return wanted.answered(answer, now_s)[0]


def refilled(outcomes: list[Outcome]) -> Refilled:
    first = outcomes[0]
    assert isinstance(first, Refilled)
    return first


def unfillable(outcomes: list[Outcome]) -> list[tuple[int, int, str]]:
    found = [each for each in outcomes if isinstance(each, Unfillable)]
    return [(each.hole.first_id, each.hole.last_id, each.cause) for each in found]


def test_a_hole_is_asked_for_at_once_and_nothing_is_asked_for_without_one() -> None:
    wanted = wanted_of()
    assert INFINITY == wanted.ready_s()

    wanted.add(hole(5, 6), None)
    assert -INFINITY == wanted.ready_s()


def test_while_a_list_is_on_its_way_no_other_is_asked_for() -> None:
    wanted = wanted_of(hole(5, 6))
    wanted.is_asking = True

    assert INFINITY == wanted.ready_s()


def test_a_list_that_closes_all_holes_leaves_nothing_to_ask() -> None:
    wanted = wanted_of(hole(5, 6), hole(9, 9))

    outcome = refilled(asked(wanted, listed([4, 5, 7, 9, 10])))

    assert [5, 9] == [each.trade_id for each in outcome.trades]
    assert [6] == [each.trade_id for each in outcome.unpublished]
    assert (10, 100) == (outcome.newest_id, outcome.newest_ms)
    assert (5_000_000_000, 5_100_000_000) == (outcome.asked_ns, outcome.received_ns)
    assert not outcome.proof
    assert INFINITY == wanted.ready_s()


def test_what_is_too_old_for_the_list_is_handed_on() -> None:
    wanted = wanted_of(hole(5, 12))

    _, old = wanted.answered(listed(range(10, 20)), 0.0)

    assert [(5, 9)] == spans(old)
    assert 0 == len(wanted.holes)


def test_what_is_too_young_is_asked_for_again_when_it_can_be_proved() -> None:
    wanted = wanted_of(hole(5, 5))
    first_ms = 60 + 400

    assert [] == unfillable(asked(wanted, listed([4, 6], first_ms, asked_s=7.0), 7.1))
    again_s = wanted.ready_s()

    assert (PROOF_AGE_MS - 400) / 1000 <= again_s - 7.0 < 3.1
    proof = listed([4, 6], first_ms + int((again_s - 7.0) * 1000), asked_s=again_s)
    assert [5] == [each.trade_id for each in refilled(asked(wanted, proof)).unpublished]


def test_a_busy_symbol_is_asked_again_before_the_first_of_its_young_ids_leaves_the_list() -> None:
    times = {id_: id_ * 5 for id_ in range(1_003)}
    young = [Hole("S", id_, id_, times[id_ - 1], times[id_ + 1]) for id_ in (700, 940)]
    there = times.keys() - {700, 940}
    trades = tuple(msgspec.structs.replace(trade(id_), time_ms=times[id_]) for id_ in sorted(there))
    wanted = wanted_of(*young)

    asked(wanted, replace(listed([]), trades=trades, asked_ms=times[1_000]))

    first_s, last_s = ((times[id_ + 1] + PROOF_AGE_MS - times[1_000]) / 1_000 for id_ in (700, 940))
    assert first_s < wanted.ready_s() < first_s + 0.05 < last_s


def test_a_list_that_does_not_reach_up_to_the_hole_yet_is_asked_for_ever_more_rarely() -> None:
    wanted, pauses, now_s = wanted_of(hole(50, 60), rate_per_s=1_000.0), list[float](), 0.0
    for _ in range(10):
        assert [] == unfillable(asked(wanted, listed(range(1, 20), 650, asked_s=now_s), now_s))
        pauses.append(wanted.ready_s() - now_s)
        now_s = wanted.ready_s()

    assert [0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8] == pytest.approx(pauses)


def test_a_list_that_does_not_reach_up_for_an_hour_never_will() -> None:
    wanted = wanted_of(hole(50, 60))

    outcomes = asked(wanted, listed(range(1, 20), 610 + 3_600_001))

    assert [(50, 60, NEVER_REACHED)] == unfillable(outcomes)
    assert INFINITY == wanted.ready_s()


def test_what_cannot_be_believed_is_given_up() -> None:
    wanted = wanted_of(hole(5, 10**6))

    outcomes = asked(wanted, listed([4, 10**6 + 1], 10**9))

    assert [(5, 10**6, UNBELIEVED)] == unfillable(outcomes)


def test_a_symbol_that_loses_trade_after_trade_is_not_asked_all_the_time() -> None:
    slow, busy = wanted_of(hole(5, 5)), wanted_of(hole(5, 5), rate_per_s=600.0)
    for each in (slow, busy):
        asked(each, listed([4, 5, 6], asked_s=100.0), 100.1)
        each.add(hole(8, 8), None)

    assert 103.0 == slow.ready_s()
    assert 100.5 == busy.ready_s()


def test_the_list_itself_tells_how_busy_the_symbol_is() -> None:
    wanted = wanted_of(hole(5, 5), rate_per_s=1.0)

    asked(wanted, listed(range(4, 1_004)))

    assert 100 == pytest.approx(wanted.rate_per_s, rel=0.01)


def test_without_a_rate_the_hole_itself_tells_it() -> None:
    assert 2.0 == wanted_of(Hole("S", 1, 20, 0, 10_000), rate_per_s=None).rate_per_s


# Urgency


def test_the_hole_that_begins_to_run_out_first_is_the_most_urgent() -> None:
    quiet, busy = wanted_of(hole(5, 5), rate_per_s=0.1), wanted_of(hole(5, 5), rate_per_s=50.0)
    long = wanted_of(Hole("S", 5, 800, 0, 60), rate_per_s=25.0)

    assert long.urgency(100) < busy.urgency(100) < quiet.urgency(100)


def test_of_those_that_run_out_already_the_busiest_is_first() -> None:
    lots, some = (wanted_of(Hole("S", 5, 9_000, 0, 60), rate_per_s=r) for r in (90.0, 9.0))

    assert lots.urgency(1_000) < some.urgency(1_000)


def test_a_hole_that_has_left_the_list_comes_after_proofs_and_those_after_all_other_holes() -> None:
    gone, quiet = wanted_of(hole(5, 5), rate_per_s=100.0), wanted_of(hole(5, 5), rate_per_s=0.01)
    proof = wanted_of()
    proof.want_proof(1.0)

    assert quiet.urgency(20_000) < proof.urgency(20_000) < gone.urgency(20_000)


def test_what_leaves_the_list_soon_cannot_wait() -> None:
    soon, later = wanted_of(hole(5, 5), rate_per_s=50.0), wanted_of(hole(5, 5), rate_per_s=1.0)
    proof = wanted_of()
    proof.want_proof(1.0)

    assert not soon.can_wait(1_000)
    assert later.can_wait(1_000) and proof.can_wait(1_000)
    assert not later.can_wait(950_000)
    assert soon.can_wait(10**6)


def test_as_long_as_nobody_knows_the_time_no_hole_can_wait() -> None:
    quiet, proof = wanted_of(hole(5, 5), rate_per_s=0.01), wanted_of()
    proof.want_proof(1.0)

    assert not quiet.can_wait(None)
    assert proof.can_wait(None)
    assert quiet.urgency(None) < proof.urgency(None)


# Proofs


def test_a_proof_is_a_list_that_was_asked_for_after_it_was_wanted() -> None:
    wanted = wanted_of()
    wanted.want_proof(10.0)

    assert not refilled(asked(wanted, listed([4, 5], asked_s=9.0))).proof
    outcome = refilled(asked(wanted, listed([4, 5], asked_s=12.0)))
    assert outcome.proof
    assert (5, 50) == (outcome.newest_id, outcome.newest_ms)
    assert INFINITY == wanted.ready_s()


def test_a_symbol_that_never_traded_has_no_newest_trade() -> None:
    wanted = wanted_of()
    wanted.want_proof(10.0)

    outcome = refilled(asked(wanted, listed([], asked_s=12.0)))

    assert outcome.proof
    assert outcome.newest_id is None


def test_a_proof_that_fails_some_times_is_answered_so() -> None:
    wanted = wanted_of()
    wanted.want_proof(0.0)

    assert [[], [], [Unproved("S", "no")]] == [wanted.failed("no", 1.0) for _ in range(3)]
    assert INFINITY == wanted.ready_s()


# Failures


def test_after_failures_the_next_attempt_waits_longer_and_longer_until_one_succeeds() -> None:
    wanted = wanted_of(hole(50, 60), rate_per_s=1_000.0)

    waits = []
    for _ in range(3):
        wanted.failed("no", 100.0)
        waits.append(wanted.ready_s() - 100.0)
    asked(wanted, listed(range(1, 20), 650, asked_s=100.0), 100.0)
    wanted.failed("no", 100.0)

    assert [0.5, 1.0, 2.0] == waits
    assert 100.5 == wanted.ready_s()


def test_no_wait_is_so_long_that_the_exchange_is_well_again_and_nobody_notices() -> None:
    assert 8.0 == wait_s(10_000)


def test_without_answers_a_hole_is_lost_after_a_quarter_of_an_hour_and_some_windows() -> None:
    busy, quiet = wanted_of(hole(5, 5), rate_per_s=100.0), wanted_of(hole(5, 5), rate_per_s=1.0)
    late_ms = 60 + 900_001

    assert [] == busy.give_up_lost(0.0, late_ms - 2, "banned")
    assert [(5, 5, "banned")] == unfillable(busy.give_up_lost(0.0, late_ms, "banned"))
    assert [] == quiet.give_up_lost(0.0, late_ms, "banned")
    assert [(5, 5, "banned")] == unfillable(quiet.give_up_lost(0.0, 60 + 3_000_001, "banned"))


def test_only_what_waited_too_long_is_lost() -> None:
    wanted = wanted_of(hole(5, 5), Hole("S", 9, 9, 800_000, 900_000), rate_per_s=100.0)

    assert [(5, 5, "no")] == unfillable(wanted.give_up_lost(0.0, 950_000, "no"))
    assert [(9, 9)] == spans(wanted.holes)


def test_nothing_is_lost_as_long_as_nobody_knows_the_time() -> None:
    assert [] == wanted_of(hole(5, 5)).give_up_lost(10**6, None, "no")


def test_who_waits_for_a_proof_is_told_within_a_minute_that_there_is_none() -> None:
    wanted = wanted_of()
    wanted.want_proof(100.0)

    assert [] == wanted.give_up_lost(159.0, None, "banned")
    assert [Unproved("S", "banned")] == wanted.give_up_lost(161.0, None, "banned")


def test_giving_up_everything_names_exactly_what_remains() -> None:
    wanted = wanted_of(hole(5, 9))
    wanted.want_proof(0.0)
    asked(wanted, listed(range(1, 8), asked_ms=100))

    outcomes = wanted.give_up("stopped")

    assert [(8, 9, "stopped")] == unfillable(outcomes)
    assert INFINITY == wanted.ready_s()
