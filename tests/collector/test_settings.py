"""What a run is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.settings import Deadlines, RunSettings, Shard


def test_the_api_key_never_shows() -> None:
    assert "s3cret" not in repr(RunSettings("./lake", None, api_key="s3cret"))


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_a_shard_is_read_as_it_is_written(part: tuple[int, int]) -> None:
    shard = Shard(*part)

    assert shard == Shard.parse(str(shard))


@pytest.mark.parametrize(
    "text", ["", "1", "1/", "/2", "-1/2", "1/2/3", "a/b", "1.5/2", "0/0", "²/3"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shard"):
        Shard.parse(text)


def test_a_shard_beyond_the_last_says_which_is_the_last() -> None:
    with pytest.raises(ValueError, match="shard 4/4: the last of 4 is 3"):
        Shard.parse("4/4")


def test_one_process_takes_all_symbols_unless_told_otherwise() -> None:
    assert Shard(0, 1) == RunSettings("./lake", None).shard


def test_a_connection_is_replaced_well_before_the_exchange_ends_it() -> None:
    times = Deadlines()

    assert times.rotate_s < times.limit_s - times.force_s < times.limit_s
