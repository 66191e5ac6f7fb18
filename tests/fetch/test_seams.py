import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from aggregator.archive.holes import LongHole
from aggregator.archive.sources import IdAt, Imported, Source
from aggregator.fetch.seams import Seam, seam, seam_chunk
from lake.layout import ChunkKey, Stream
from tests.fetch.days import DAY, DAY_MS, START, SYMBOL

NEXT = date(2025, 12, 12)
MIDNIGHT = START + DAY_MS
ONE = Imported(
    Source("one.zip", "a" * 64, "u"), 100, IdAt(1, START + 5), IdAt(50, MIDNIGHT - 7),
    (START, MIDNIGHT),
)  # fmt: skip
OTHER = Imported(
    Source("other.zip", "b" * 64, "u"), 100, IdAt(51, MIDNIGHT + 9), IdAt(99, MIDNIGHT + 500),
    (MIDNIGHT, MIDNIGHT + DAY_MS),
)  # fmt: skip


def between(one: Imported = ONE, other: Imported = OTHER) -> Seam | None:
    return seam(SYMBOL, DAY, one, other)


def beginning(other_first: int, **changes: object) -> Imported:
    return replace(OTHER, first=IdAt(other_first, MIDNIGHT + 9), **changes)  # type: ignore[arg-type]


def test_days_that_meet_need_no_seam() -> None:
    assert between() is None


@pytest.mark.parametrize("missing", [1, 100])
def test_a_few_ids_between_the_files_were_never_published(missing: int) -> None:
    found = between(other=beginning(51 + missing))

    assert found
    assert range(51, 51 + missing) == found.unpublished
    assert MIDNIGHT - 7 == found.last_ms
    assert found.lost is None
    assert () == found.covered


def test_many_ids_between_the_files_are_lost() -> None:
    found = between(other=beginning(152))

    assert found
    assert LongHole(51, 151, MIDNIGHT - 7, MIDNIGHT + 9) == found.lost
    assert 0 == len(found.unpublished)


def test_the_limit_is_that_of_the_imports() -> None:
    found = between(replace(ONE, max_unpublished=0), beginning(53, max_unpublished=1))

    assert found
    assert found.lost


@pytest.mark.parametrize(
    ("first", "first_ms"), [(50, MIDNIGHT + 9), (3, MIDNIGHT + 9), (60, MIDNIGHT - 8)]
)
def test_files_that_overlap_prove_nothing_between_them(first: int, first_ms: int) -> None:
    assert between(other=replace(OTHER, first=IdAt(first, first_ms))) is None


def test_ids_that_follow_each_other_prove_the_quiet_time_between() -> None:
    one = replace(ONE, last=IdAt(50, MIDNIGHT - 7_200_000), covered=(START, MIDNIGHT - 7_200_000))
    other = replace(
        OTHER,
        first=IdAt(51, MIDNIGHT + 9_000_000),
        covered=(MIDNIGHT + 9_000_000, MIDNIGHT + DAY_MS),
    )

    found = between(one, other)

    assert found
    assert (
        (DAY, (MIDNIGHT - 7_200_000, MIDNIGHT)),
        (NEXT, (MIDNIGHT, MIDNIGHT + 9_000_000)),
    ) == found.covered


def test_a_single_row_proves_time_once_its_neighbour_is_known() -> None:
    found = between(replace(ONE, covered=None))

    assert found
    assert ((DAY, (MIDNIGHT - 7, MIDNIGHT)),) == found.covered


def test_what_is_never_published_lies_with_the_trade_before() -> None:
    found = between(other=beginning(53))
    assert found

    key, text = seam_chunk(found)

    assert ChunkKey(Stream.TRADES, SYMBOL, DAY, 1430, found.run) == key
    rows = [*csv.DictReader(io.StringIO(text.decode()))]
    assert [51, 52] == [int(row["trade_id"]) for row in rows]
    assert {
        "timestamp": str(MIDNIGHT - 7), "price": "0", "quantity": "0", "is_buyer_maker": "false",
        "trade_id": "51", "trade_type": "UNPUBLISHED",
    } == rows[0]  # fmt: skip


def test_a_run_is_named_after_what_it_says() -> None:
    found, same = between(other=beginning(53)), between(other=beginning(53, last=IdAt(7, 8)))
    other = between(other=beginning(54))
    assert found
    assert same
    assert other

    assert found.run == same.run
    assert found.run != other.run
    assert found.run != replace(found, symbol="ETHUSDT").run
