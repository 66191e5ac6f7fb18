"""The certificate of a day: what it says, by hand."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.compose import HOLES_NAMED, compose
from aggregator.day import Day, build
from aggregator.decode import Faults, SetAside, Unusable
from aggregator.inputs import NO_TESTIMONY, InputChunk, Inputs, fingerprint
from aggregator.lines import Fault
from aggregator.manifest import Manifest
from aggregator.reduce import Loaded, Trouble
from aggregator.resolutions import Resolution
from lake.journal import Refill, Unfilled
from lake.layout import ChunkKey, Stream
from lake.storage import Stat, crc32c
from tests.spellings import DAY
from tests.test_day import WHOLE_DAY, said
from tests.test_reduce import book, books_of, trade, trades_of

SYMBOL = "BTCUSDT"
HOURLY = Resolution.parse("1h")
COVERED = said(frozenset(Stream), trades=WHOLE_DAY, depth20=WHOLE_DAY)


def chunk(minute: int, run: str = "k3v9", days: int = 0, size: int = 100) -> InputChunk:
    key = ChunkKey(Stream.TRADES, SYMBOL, DAY + timedelta(days=days), minute, run)
    return InputChunk(key, Stat(str(key), size, "1"))


def compose_day(
    trades: list[str], books: list[str] | None = None, inputs: Inputs | None = None,
    troubles: tuple[Trouble, ...] = (), *, pending: bool = False,
) -> tuple[dict[str, Any], Day]:  # fmt: skip
    """Return what the manifest of a day of hours says, as a reader of the file finds it."""
    read = inputs or Inputs((), (), (), COVERED)
    loaded = Loaded(read, trades_of(trades), books_of(books or []), troubles)
    day = build(DAY, loaded.trades, loaded.books, read.testimony, [HOURLY])
    manifest = compose(SYMBOL, DAY, 10, loaded, day, pending=pending)
    whole: dict[str, Any] = json.loads(manifest.text())
    return whole, day


def without(whole: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in names}


CLEAN = [trade(0, 1), trade(1_000, 2)]
MALFORMED = Trouble("raw/x.csv.gz", Faults((SetAside(Fault.JSON, 2, 417),)))
CORRUPT = Trouble("raw/y.csv.gz", Faults(unusable=Unusable.CORRUPT))


def test_a_clean_day_is_complete() -> None:
    whole, day = compose_day(CLEAN, [book(0, 1)])

    data = day.files[HOURLY]
    output = {
        "name": "2025-12-11_1h.csv", "rows": 24, "bytes": len(data), "crc32c": crc32c(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    assert {
        "schema_version": 1, "symbol": SYMBOL, "date": "2025-12-11", "condition": "complete",
        "resolutions": ["1h"], "margin_minutes": 10, "streams": ["trades", "depth20"],
        "bars": {"1h": {"ok": 24}}, "outputs": [output], "late": {"trades": 0, "depth20": 0},
        "set_aside": {"malformed": {}, "chunks": {}},
    } == without(whole, "inputs", "trades", "depth20")  # fmt: skip
    assert {
        "rows": 2, "counted": 2, "duplicates": 0, "conflicts": 0, "without_id": 0, "excluded": {},
        "first_id": 1, "last_id": 2, "missing": 0, "hole_count": 0, "holes": [],
    } == whole["trades"]  # fmt: skip
    assert {
        "rows": 1, "used": 1, "duplicates": 0, "without_id": 0, "set_aside": {}, "coverage": 1.0,
    } == whole["depth20"]  # fmt: skip


def test_the_same_inputs_give_the_same_bytes() -> None:
    texts = [Manifest(compose_day(CLEAN, [book(0, 1)])[0]).text() for _ in range(2)]

    assert texts[0] == texts[1]
    assert texts[0].endswith(b"}\n")


@pytest.mark.parametrize(
    ("trades", "troubles", "condition"),
    [
        (CLEAN, (), "complete"),
        (CLEAN, (MALFORMED,), "degraded"),
        ([trade(0, 1), trade(1_000, 3)], (), "degraded"),
        ([*CLEAN, trade(7, 2)], (), "degraded"),
        ([trade(0, 1), trade(1_000, 2, price="0", kind="NA")], (), "complete"),
    ],
)
def test_a_day_is_degraded_if_ids_lack_or_rows_are_malformed_or_in_conflict(
    trades: list[str], troubles: tuple[Trouble, ...], condition: str
) -> None:
    assert condition == compose_day(trades, troubles=troubles)[0]["condition"]


def test_a_day_with_a_bar_that_is_not_ok_is_degraded() -> None:
    unseen = Inputs((), (), (), said(trades=[(0, 86_399_999)]))

    assert "degraded" == compose_day(CLEAN, inputs=unseen)[0]["condition"]
    assert "degraded" == compose_day([], inputs=Inputs((), (), (), NO_TESTIMONY))[0]["condition"]


def test_a_day_that_is_not_over_is_pending_whatever_else_it_is() -> None:
    assert "pending" == compose_day(CLEAN, pending=True)[0]["condition"]
    assert "pending" == compose_day(CLEAN, troubles=(MALFORMED,), pending=True)[0]["condition"]


def test_malformed_rows_are_counted_by_reason_with_the_first_place() -> None:
    json_and_fields = SetAside(Fault.JSON, 1, 5), SetAside(Fault.FIELDS, 3, 9)
    more = Trouble("raw/z.csv.gz", Faults(json_and_fields))

    whole, _ = compose_day(CLEAN, troubles=(MALFORMED, CORRUPT, more))

    assert {
        "malformed": {
            "fields": {"rows": 3, "example": "raw/z.csv.gz:9"},
            "json": {"rows": 3, "example": "raw/x.csv.gz:417"},
        },
        "chunks": {"corrupt": {"chunks": 1, "example": "raw/y.csv.gz"}},
    } == whole["set_aside"]


def test_holes_are_named_with_the_times_on_both_sides() -> None:
    whole, _ = compose_day([trade(0, 1), trade(62_117, 2), trade(64_902, 20)])

    expected = {
        "first_id": 3, "last_id": 19, "from": "2025-12-11T00:01:02.117Z",
        "to": "2025-12-11T00:01:04.902Z",
    }  # fmt: skip
    assert (17, 1, [expected]) == tuple(
        whole["trades"][x] for x in ("missing", "hole_count", "holes")
    )


def test_of_many_holes_the_first_thousand_are_named() -> None:
    whole, _ = compose_day([trade(n * 1_000, 2 * n) for n in range(1, 1_502)])

    assert (1_500, 1_500) == (whole["trades"]["missing"], whole["trades"]["hole_count"])
    assert HOLES_NAMED == len(whole["trades"]["holes"])
    assert 3 == whole["trades"]["holes"][0]["first_id"]


def test_inputs_are_counted_with_day_margin_and_carry() -> None:
    chunks = (chunk(1_402, days=-1), chunk(1_435, days=-1), chunk(0), chunk(1, "k3vA"), chunk(2))
    inputs = Inputs(chunks, (), ("raw/stray",), COVERED, carry=1_397)

    found = compose_day(CLEAN, inputs=inputs)[0]["inputs"]

    assert {"chunks": 5, "bytes": 500, "runs": {"k3v9": 4, "k3vA": 1}} == found["trades"]
    assert {"chunks": 0, "bytes": 0, "runs": {}} == found["depth20"]
    assert fingerprint(inputs) == found["fingerprint"]
    assert "2025-12-10T23:22:00Z" == found["carry"]
    assert ["raw/stray"] == found["left_alone"]


def test_a_margin_is_no_carry() -> None:
    inputs = Inputs((chunk(1_435, days=-1), chunk(0)), (), (), COVERED)

    assert compose_day(CLEAN, inputs=inputs)[0]["inputs"]["carry"] is None


# --- repairs -------------------------------------------------------------------------------------


def test_a_repaired_day_says_what_came_from_where_and_why_holes_are_left() -> None:
    source = ("a.zip", "ab", "https://x/a.zip")
    unfilled = (Unfilled(SYMBOL, 3, 3, "lost"), Unfilled(SYMBOL, 90, 99, "filled since"))
    repaired = replace(COVERED, refills=(Refill(SYMBOL, "m1", 7, 2, (source,)),), unfilled=unfilled)

    inputs = Inputs((), (), (), repaired)
    whole, _ = compose_day([trade(0, 2), trade(1_000, 4), trade(2_000, 6)], inputs=inputs)

    assert {"rows": 7, "unpublished": 2, "from": ["a.zip"]} == whole["trades"]["refilled"]
    assert [(3, "lost"), (5, None)] == [
        (hole["first_id"], hole.get("why")) for hole in whole["trades"]["holes"]
    ]
    assert repaired == Manifest(whole).testimony


def test_a_day_that_was_never_repaired_says_nothing_of_repairs() -> None:
    whole, _ = compose_day(CLEAN)

    assert "refilled" not in whole["trades"]
    assert {"recorded", "covered"} == whole["inputs"]["journal"].keys()
