"""Counting chunks in one process and telling of them in another."""

import pickle
from array import array

from aggregator.tally import SLOTS, Tally
from aggregator.unit import Unit
from tests.cases import AFTER, DAY, SYMBOL

ONE, TWO = Unit(DAY, SYMBOL), Unit(AFTER, SYMBOL)


def told(tally: Tally) -> list[tuple[Unit, int, int]]:
    said: list[tuple[Unit, int, int]] = []
    tally.tell(lambda *line: said.append(line))
    return said


def test_what_was_done_since_the_last_time_is_told_once() -> None:
    tally = Tally([ONE, TWO], array("q", bytes(8 * 2 * SLOTS)))
    tally.add(TWO, 1, 60)
    tally.add(TWO, 2, 60)

    assert [(TWO, 3, 60)] == told(tally)
    assert [] == told(tally)

    tally.add(ONE, 5, 7)
    tally.add(TWO, 1, 60)
    assert [(ONE, 5, 7), (TWO, 1, 60)] == told(tally)


def test_another_process_counts_into_the_same_numbers() -> None:
    shared = array("q", bytes(8 * SLOTS))
    ours, theirs = Tally([ONE], shared), pickle.loads(pickle.dumps(Tally([ONE], shared)))

    theirs.add(ONE, 4, 9)

    assert [(ONE, 4, 9)] == told(theirs)
    assert [] == told(ours), "a copy of the numbers is not shared; only shared memory is"
