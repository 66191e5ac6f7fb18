"""What days take, against what was measured and against hand-made sums."""

import pytest

from aggregator.cloud.work import EFFORT, Market, listing, one_day, one_journal
from aggregator.costs import Operations


@pytest.mark.parametrize(
    ("chunks", "megabytes", "measured_s"), [(2_921, 92, 3.2), (2_920, 21, 1.6), (1_881, 1, 1.06)]
)
def test_the_days_that_were_measured_come_out(
    chunks: int, megabytes: float, measured_s: float
) -> None:
    assert measured_s == pytest.approx(EFFORT.day_cpu_s(chunks, megabytes), rel=0.25)


def test_a_day_waits_for_its_looks_and_for_its_chunks_in_flight() -> None:
    assert (8 + 2_880 / 64) * 0.03 == pytest.approx(EFFORT.day_wait_s(2_880))


def test_the_busiest_is_the_first_and_the_quietest_are_many() -> None:
    market = Market()
    sizes = [market.megabytes(rank) for rank in range(1, 801)]

    assert (92, 62) == (sizes[0], sizes[-1])
    assert sorted(sizes, reverse=True) == sizes


def test_a_day_is_looked_at_and_built() -> None:
    # Lists: two pages of each stream, the journal, what is published. Writes: 2 files, manifest.
    # Reads: the chunks, the marker twice, the manifest that is not there.
    assert Operations(4 + 2 + 3, 2_880 + 2 + 1) == one_day(Market())


def test_a_task_lists_the_days_of_every_symbol() -> None:
    assert Operations(2 + 2 * 800 * 2 + 1, 1) == listing(Market())
    assert Operations(0, 24) == one_journal(Market())
