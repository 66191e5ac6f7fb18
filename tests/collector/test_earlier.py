from hypothesis import given
from hypothesis import strategies as st

from collector.earlier import Earlier


@given(st.lists(st.integers(0, 40)))
def test_an_id_is_new_once_and_neighbours_are_one_range(ids: list[int]) -> None:
    earlier = Earlier()
    written = [each for each in ids if earlier.add(each)]

    covered = [each for first, last in earlier.ranges for each in range(first, last + 1)]
    assert list(dict.fromkeys(ids)) == written
    assert sorted(set(ids)) == covered
    assert all(
        before[1] + 1 < after[0]
        for before, after in zip(earlier.ranges, earlier.ranges[1:], strict=False)
    )


def test_of_too_many_ranges_the_lowest_are_forgotten() -> None:
    earlier = Earlier()
    for number in range(0, 5_000, 2):
        earlier.add(number)

    assert 1_000 == len(earlier.ranges)
    assert not earlier.add(4_998)
    assert earlier.add(0)
