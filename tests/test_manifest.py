"""The certificate of a day: what later runs read in it, and what people are told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.inputs import Inputs, fingerprint, members
from aggregator.manifest import Condition, Manifest, is_pending, remarks, warnings
from tests.spellings import DAY
from tests.test_compose import CLEAN, CORRUPT, COVERED, HOURLY, MALFORMED, chunk, compose_day
from tests.test_reduce import trade

# --- what later runs read -----------------------------------------------------------------------


def manifest(inputs: Inputs | None = None) -> Manifest:
    return Manifest(compose_day(CLEAN, inputs=inputs)[0])


def test_what_is_written_is_what_is_read() -> None:
    inputs = Inputs((chunk(0), chunk(1)), (), (), COVERED, carry=95)

    found = Manifest.parse(manifest(inputs).text())

    assert fingerprint(inputs) == found.fingerprint
    assert members(inputs) == found.members
    assert 95 == found.carry
    assert COVERED.within(found.testimony)
    assert found.testimony.within(COVERED)
    assert (10, (HOURLY,), Condition.COMPLETE, 1) == (
        found.margin_minutes,
        found.resolutions,
        found.condition,
        found.schema_version,
    )
    assert ["2025-12-11_1h.csv"] == [output.name for output in found.outputs]
    assert not found.parquet


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"7", b"null", b"\xff", b"{", b"[" * 99_999])
def test_what_is_no_manifest_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError):
        Manifest.parse(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"condition": "fine"},
        {"resolutions": ["7s"]},
        {"resolutions": 5},
        {"outputs": [{"name": "x"}]},
        {"outputs": None},
        {"inputs": {}},
        {"schema_version": "x"},
        {"margin_minutes": None},
    ],
)
def test_a_manifest_that_lacks_what_is_read_is_none(changes: dict[str, Any]) -> None:
    whole = {**manifest().whole, **changes}

    with pytest.raises(ValueError):
        Manifest.parse(json.dumps(whole).encode())


def test_a_day_is_over_when_its_margin_is() -> None:
    end = datetime(2025, 12, 12, 0, 10, tzinfo=UTC)

    assert is_pending(DAY, 10, end - timedelta(milliseconds=1))
    assert not is_pending(DAY, 10, end)
    assert is_pending(DAY, 60, end)


# --- what people are told -----------------------------------------------------------------------


def test_of_a_whole_day_there_is_nothing_to_say() -> None:
    assert "" == remarks(manifest())
    assert [] == warnings(manifest())


def test_what_is_wrong_with_a_day_is_said_in_one_line() -> None:
    trades = [trade(0, 1), trade(1_000, 2_003), trade(2_000, 2_003), trade(3_000, 2_004, kind="X")]
    inputs = Inputs((), (), ("raw/stray",), COVERED)

    whole, _ = compose_day([*trades, trade(9)], inputs=inputs, troubles=(MALFORMED, CORRUPT))

    expected = [
        "1 conflicts", "2 malformed rows", "1 chunks unusable", "1 strange files left alone",
        "1 rows without id beside rows with", "unknown trade type X",
    ]  # fmt: skip
    assert expected == warnings(Manifest(whole))
    said_first = "2,001 trades missing, 1 1h bars partial"
    assert ", ".join([said_first, *expected]) == remarks(Manifest(whole))


def test_rows_without_id_alone_are_nothing_strange() -> None:
    assert [] == warnings(Manifest(compose_day([trade(0), trade(1)])[0]))


def test_known_types_that_do_not_count_are_nothing_strange() -> None:
    rows = [*CLEAN, trade(2, 3, kind="INSURANCE_FUND"), trade(3, 4, kind="ADL")]

    assert [] == warnings(Manifest(compose_day(rows)[0]))
