"""What a backfill takes: reckoned by hand here, at the prices and rates that the program names."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import costs
from aggregator.builder import Builder
from aggregator.costs import Operations
from aggregator.dry_run import PlannedUnit, planned, print_plan, total
from aggregator.unit import Unit
from lake.gcs import Bucket
from lake.layout import JournalKey
from tests.bucket import BucketServer, Draft, Kind
from tests.cases import DAY, SYMBOL, Lake, chunk_key, recording, trades
from tests.product import LONG_AFTER, settings

MONTH = [
    PlannedUnit(SYMBOL, str(DAY + timedelta(days=number)), "build", "new", 2_920, 95_000_000)
    for number in range(30)
]


def test_a_thousand_writes_and_a_million_reads_cost_what_the_list_says() -> None:
    assert 0.005 == pytest.approx(Operations(class_a=1_000).usd)
    assert 0.4 == pytest.approx(Operations(class_b=1_000_000).usd)


def test_to_look_at_a_day_is_to_list_four_places_and_to_read_the_manifest() -> None:
    assert Operations(4, 1) == costs.looking(0) == costs.looking(2_000)


def test_a_listing_is_charged_by_its_pages() -> None:
    assert Operations(6, 1) == costs.looking(2_920)


def test_to_build_a_day_is_to_read_its_chunks_and_to_write_its_files() -> None:
    assert Operations(3, 2_922) == costs.building(2_920, 2, replaces=False)
    assert Operations(4, 2_922) == costs.building(2_920, 2, replaces=True)


def test_a_month_in_a_bucket_costs_cents() -> None:
    summed = total(MONTH, settings(threads=4), charged=True)

    # Each day: 6 pages and 3 writes; 24 journal objects, a manifest, the marker twice, the chunks.
    assert (30 * 9, 30 * 2_947) == (summed.class_a, summed.class_b)
    assert 0.036714 == pytest.approx(summed.usd)
    assert summed.sentences(30)[2].endswith(": 0.04 USD at the list prices of 2026-09")


def test_parquet_is_as_many_writes_again() -> None:
    plain, both = (
        total(MONTH, settings(parquet=parquet), charged=True) for parquet in (False, True)
    )

    assert 30 * 2 == both.class_a - plain.class_a


def test_what_is_up_to_date_is_only_looked_at_and_a_date_has_one_journal() -> None:
    done = [PlannedUnit(symbol, str(DAY), "up to date", "", 2_920, 1) for symbol in "ABC"]
    summed = total(done, settings(), charged=True)

    assert (0, 0, 0) == (summed.days, summed.chunks, summed.seconds_estimated)
    assert (3 * 6, 24 + 3) == (summed.class_a, summed.class_b)


def test_a_folder_charges_nothing() -> None:
    summed = total(MONTH, settings(), charged=False)

    assert (0, 0, 0) == (summed.class_a, summed.class_b, summed.usd)
    assert "no charge for a local folder" == summed.sentences(30)[2]


def test_time_is_by_day_and_by_size_and_is_shared_by_the_cores() -> None:
    alone = total(MONTH, settings(threads=1), charged=False).seconds_estimated
    expected = 30 * (costs.CORE_SECONDS_PER_DAY + 95 * costs.CORE_SECONDS_PER_MB)

    assert expected == pytest.approx(alone)
    assert alone / 4 == pytest.approx(
        total(MONTH, settings(threads=4), charged=False).seconds_estimated, abs=0.1
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3_000, "50 min"), (9_000, "2.5 h")],
)
def test_time_is_written_as_roughly_as_it_is_known(seconds: float, said: str) -> None:
    assert said == costs.about(seconds)


def test_a_price_below_a_cent_is_not_written_as_nothing() -> None:
    assert "less than 0.01 USD" == costs.dollars(0.0012)
    assert "1,234.50 USD" == costs.dollars(1234.5)


def test_the_plan_of_a_folder_says_all_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(tmp_path)
    lake.record()
    print_plan(lake.storage, [Unit(DAY, SYMBOL)], settings(threads=1))
    *_, plan = map(json.loads, capsys.readouterr().out.splitlines())

    assert plan["message"].endswith(
        "; about 1 s on 1 core, estimated from days measured in 2026-11; "
        "no charge for a local folder"
    )
    assert (1, 0.0, "2026-09") == (plan["cores"], plan["usd"], plan["prices_of"])


def test_a_bucket_is_asked_about_as_often_as_was_said(bucket: BucketServer) -> None:
    name = bucket.lake.removeprefix("gs://")
    for minute in range(300):
        bucket.store.put(name, Draft(chunk_key(minute), trades(DAY, minute)))
    for hour in range(24):
        bucket.store.put(name, Draft(str(JournalKey(DAY, hour, "a")), recording(SYMBOL)))
    unit, asked = Unit(DAY, SYMBOL), settings(("1h", "1m"), parquet=True)
    builder = Builder(Bucket(bucket.lake), asked, lambda: LONG_AFTER)
    builder.run(unit)
    counts = bucket.script.counts()
    plan = replace(planned(builder, unit), action="build", reason="new")
    said = total([plan], asked, charged=True)

    assert said.class_b == pytest.approx(counts[Kind.READ], abs=3)
    assert said.class_a == pytest.approx(counts[Kind.LIST] + counts[Kind.WRITE], abs=3)
