"""A whole day, from raw objects to published files, against the reference."""

from hypothesis import given
from hypothesis import strategies as st

from tests.compare import assert_same_day
from tests.lakes import DAY, RawLake, raw_lakes
from tests.product import build, lake_of, published
from tests.reference import reference_day

COARSE = ("1m", "5m", "1h", "1d")


@given(lake=raw_lakes(), margin=st.sampled_from([10, 10, 17, 60]))
def test_every_column_and_fact_agrees_with_the_reference(lake: RawLake, margin: int) -> None:
    with lake_of(lake.objects) as storage:
        outcome = build(storage, lake.symbol, DAY, ("1s", *COARSE), margin_minutes=margin)

        if outcome.status == "empty":
            return
        files, manifest = published(storage, lake.symbol, DAY, ("1s", *COARSE))
        assert_same_day(reference_day(lake.objects, lake.symbol, DAY, margin), files, manifest)
