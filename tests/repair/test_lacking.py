from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.sources import IdAt
from aggregator.quality import Holes
from aggregator.repair.lacking import Gap, Lack, Volumes, Why, is_lacking, judged, outside, unknown
from aggregator.stretches import IdStretches

IDS = st.sets(st.integers(0, 60))
MINUTE = 60_000


def stretches(*ids: int) -> IdStretches:
    found = np.array(sorted(ids), dtype=np.int64)
    return IdStretches.of(found, found)


@given(known=IDS, asked=IDS)
def test_an_id_lacks_that_is_not_known(known: set[int], asked: set[int]) -> None:
    ids = np.array(sorted(asked), dtype=np.int64)

    assert sorted(asked - known) == ids[is_lacking(ids, stretches(*known))].tolist()


@given(known=IDS, low=st.integers(0, 60), count=st.integers(0, 30))
def test_stretches_of_unknown_ids_hold_all_of_them_and_no_other(
    known: set[int], low: int, count: int
) -> None:
    found = [*unknown(range(low, low + count), stretches(*known))]

    assert [id_ for id_ in range(low, low + count) if id_ not in known] == [
        id_ for ids in found for id_ in ids
    ]
    assert all(found)
    assert all(one.stop < other.start for one, other in zip(found, found[1:], strict=False))


def gap(low: int, high: int, from_ms: int = 10, to_ms: int = 20) -> Gap:
    return Gap(IdAt(low, from_ms), IdAt(high, to_ms))


def test_what_we_know_ourselves_does_not_make_a_long_gap_short() -> None:
    verdict = judged([gap(0, 8)], stretches(0, 4, 8), Volumes(), 3)

    assert () == verdict.unpublished
    assert [range(1, 4), range(5, 8)] == [lack.ids for lack in verdict.lacks]
    assert {Why.LONG} == {lack.why for lack in verdict.lacks}


def test_one_id_more_than_the_most_is_lost() -> None:
    verdict = judged([gap(0, 4), gap(4, 9)], stretches(0, 4, 9), Volumes(), 3)

    assert ((10, range(1, 4)),) == verdict.unpublished
    assert (Lack(range(5, 9), 10, 20, Why.LONG),) == verdict.lacks


@pytest.mark.parametrize(
    ("trades", "klines", "contradicted"),
    [
        ({0: "1", MINUTE: "2"}, {0: "1", MINUTE: "2.0"}, False),
        ({0: "1", MINUTE: "2"}, {0: "1"}, False),
        ({0: "1", MINUTE: "2"}, {0: "1.1"}, True),
        ({0: "1", MINUTE: "2"}, {MINUTE: "2.5"}, True),
        ({0: "1"}, {0: "1", MINUTE: "0.1"}, True),
        ({0: "1"}, {0: "0"}, False),
        ({0: "1"}, {0: "1", 2 * MINUTE: "7"}, False),
    ],
    ids=str,
)
def test_klines_of_the_minutes_around_a_gap_can_contradict(
    trades: dict[int, str], klines: dict[int, str], contradicted: bool
) -> None:
    told = Volumes(*({m: Decimal(v) for m, v in each.items()} for each in (trades, klines)))

    verdict = judged([gap(0, 2, 5, MINUTE + 5)], stretches(0, 2), told, 100)

    assert contradicted == bool(verdict.lacks)
    assert contradicted != bool(verdict.unpublished)


def test_what_lies_outside_of_the_archives_list_is_named_with_the_nearest_times() -> None:
    columns = [
        np.array(each, dtype=np.int64) for each in ([3, 20], [12, 33], [100, 300], [200, 400])
    ]

    found = [*outside(Holes(*columns), IdAt(10, 150), IdAt(30, 350))]

    assert [
        Lack(range(3, 10), 100, 150, Why.OUTSIDE),
        Lack(range(31, 34), 350, 400, Why.OUTSIDE),
    ] == found
