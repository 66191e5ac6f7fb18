"""Bars as Parquet: every value of the CSV, in types that keep it, and published like the CSV."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as reader

from aggregator.decide import Action, Reason
from aggregator.parquet import from_csv
from aggregator.unit import Status, Unit
from lake.layout import BarsFormat, bars_key
from lake.schemas import BAR_COLUMNS, Kind, header
from lake.storage import LocalFolder
from tests.cases import BEFORE, DAY, SYMBOL, Lake, builder
from tests.lakes import DAY as DRAWN_DAY
from tests.lakes import RawLake, raw_lakes
from tests.product import build, lake_of

ORDINARY = "decimal128(28, 9)"
LABELS = ("1m", "1h")


def csv_of(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return a file of bars whose other cells are empty."""
    lines = (",".join(row.get(column.name, "") for column in BAR_COLUMNS) for row in rows)
    return (header(BAR_COLUMNS) + "".join(f"{line}\n" for line in lines)).encode()


def opened(data: bytes) -> pa.Table:
    return reader.read_table(pa.BufferReader(data))


def kind_of(*cells: str) -> str:
    """Return the type of a decimal column of these cells, once it has proved to hold them."""
    column = opened(from_csv(csv_of([{"cvd": cell} for cell in cells])))["cvd"]
    assert [read(Kind.DECIMAL, cell) for cell in cells] == [
        read(Kind.DECIMAL, cell) for cell in column.to_pylist()
    ]
    return str(column.type)


def read(kind: Kind, cell: Any) -> Any:
    """Return what a cell of a CSV says; what is no text is said already."""
    if not cell or not isinstance(cell, str):
        return None if cell == "" else cell
    match kind:
        case Kind.TIME:
            return datetime.fromisoformat(cell)
        case Kind.INTEGER:
            return int(cell)
        case Kind.DECIMAL:
            return Decimal(cell)
        case Kind.MEAN:
            return float(cell)
        case _:
            return cell


def assert_same_values(text: bytes, data: bytes) -> None:
    """Compare cell by cell."""
    head, *lines = text.decode().splitlines()
    table = opened(data)

    assert head.split(",") == table.column_names
    written = zip(*(line.split(",") for line in lines), strict=True)
    for column, cells, found in zip(BAR_COLUMNS, written, table.columns, strict=True):
        expected = [read(column.kind, cell) for cell in cells]
        assert expected == [read(column.kind, cell) for cell in found.to_pylist()], column.name


# Values and types


@settings(max_examples=15)
@given(lake=raw_lakes())
def test_every_value_of_a_day_is_that_of_its_csv(lake: RawLake) -> None:
    with lake_of(lake.objects) as storage:
        if build(storage, lake.symbol, DRAWN_DAY, LABELS, parquet=True).status is Status.EMPTY:
            return
        for label in LABELS:
            text, data = files(storage, lake.symbol, label)
            assert_same_values(text, data)


def files(storage: LocalFolder, symbol: str, label: str) -> tuple[bytes, bytes]:
    keys = (bars_key(symbol, DRAWN_DAY, label, form) for form in BarsFormat)
    text, data = (storage.read(key)[0] for key in keys)
    return text, data


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=12).map(lambda x: f"{x:f}")
        | st.decimals(-(10**18), 10**18, places=9).map(lambda x: f"{x:f}")
        | st.integers(-(10**90), 10**90).map(str)
        | st.just("")
    )
)
def test_a_decimal_is_kept_to_its_last_digit_whatever_its_size(cells: list[str]) -> None:
    kind_of(*cells)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([], ORDINARY),
        (["", ""], ORDINARY),
        (["0.123456789", "-" + "9" * 19, ""], ORDINARY),
        (["0.0123456789"], "decimal128(28, 10)"),
        (["9" * 19, "0.0123456789"], "decimal128(38, 10)"),
        (["9" * 20], "decimal128(38, 9)"),
        (["-" + "9" * 28 + ".0123456789"], "decimal128(38, 10)"),
        (["9" * 30], "decimal256(76, 9)"),
        (["9" * 29, "0.0123456789"], "decimal256(76, 10)"),
        (["9" * 40 + "." + "9" * 36], "decimal256(76, 36)"),
        (["9" * 41 + "." + "9" * 36], "string"),
    ],
)
def test_days_share_one_decimal_type_unless_one_needs_more(cells: list[str], kind: str) -> None:
    assert kind == kind_of(*cells)


def test_what_is_no_decimal_has_the_type_of_its_kind() -> None:
    row = {
        "timestamp": "2025-12-11T00:01:00Z", "vwap": "0.123456789012",
        "trade_count": str(2**63 - 1), "quality": "partial",
    }  # fmt: skip
    (found,) = opened(from_csv(csv_of([row]))).to_pylist()

    assert datetime.fromisoformat(row["timestamp"]) == found["timestamp"]
    assert (0.123456789012, 2**63 - 1, "partial") == (
        found["vwap"], found["trade_count"], found["quality"],
    )  # fmt: skip
    assert (None, None) == (found["open"], found["avg_spread"])


def test_every_column_says_its_unit_and_meaning() -> None:
    schema = opened(from_csv(csv_of([]))).schema

    assert {column.name: (column.unit, column.meaning) for column in BAR_COLUMNS} == {
        field.name: (field.metadata[b"unit"].decode(), field.metadata[b"meaning"].decode())
        for field in schema
    }
    assert {b"flowlake.schema_version": b"1"} == schema.metadata


def test_the_bytes_do_not_depend_on_the_threads(tmp_path: Path) -> None:
    lake = published(tmp_path, labels=LABELS)
    text = lake.bars("1m").read_bytes()
    usual, threads = from_csv(text), pa.cpu_count()
    try:
        pa.set_cpu_count(threads + 2)

        assert usual == from_csv(text)
    finally:
        pa.set_cpu_count(threads)


def test_a_file_is_one_sorted_row_group() -> None:
    rows = [{"timestamp": f"2025-12-11T00:{minute:02d}:00Z"} for minute in range(60)]
    about = reader.ParquetFile(pa.BufferReader(from_csv(csv_of(rows)))).metadata

    assert (60, 1) == (about.num_rows, about.num_row_groups)
    assert reader.SortingColumn(0) in about.row_group(0).sorting_columns


# Published


def published(folder: Path, **fields: Any) -> Lake:
    """Return a lake with a day in it."""
    lake = Lake(folder)
    lake.record(BEFORE, [1439])
    lake.record(DAY, range(3))
    lake.build(**fields)
    return lake


def parquet_of(lake: Lake, label: str = "1h") -> Path:
    return lake.path / bars_key(SYMBOL, DAY, label, BarsFormat.PARQUET)


def outputs(lake: Lake) -> list[str]:
    return [output["name"].removeprefix(f"{DAY}_") for output in lake.manifest()["outputs"]]


def decision(lake: Lake, **fields: Any) -> tuple[Action, Reason | None]:
    _, decided = builder(lake.storage, **fields).survey(Unit(DAY, SYMBOL))
    return decided.action, decided.reason


def test_the_manifest_certifies_what_lies_beside_each_csv(tmp_path: Path) -> None:
    lake = published(tmp_path, labels=LABELS, parquet=True)

    assert ["1m.csv", "1h.csv", "1m.parquet", "1h.parquet"] == outputs(lake)
    assert [1440, 24, 1440, 24] == [output["rows"] for output in lake.manifest()["outputs"]]
    assert_same_values(lake.bars("1m").read_bytes(), parquet_of(lake, "1m").read_bytes())


def test_a_day_without_it_is_built_again_if_it_is_asked_for(tmp_path: Path) -> None:
    lake = published(tmp_path)
    before = lake.bars().read_bytes()

    assert (Action.BUILD, Reason.OUTPUTS) == decision(lake, parquet=True)
    assert Status.BUILT is lake.build(parquet=True).status
    assert ["1h.csv", "1h.parquet"] == outputs(lake)
    assert before == lake.bars().read_bytes()
    assert [] == lake.changes()
    assert Status.UP_TO_DATE is lake.build(parquet=True).status


def test_who_does_not_ask_for_it_leaves_it_published(tmp_path: Path) -> None:
    lake = published(tmp_path, parquet=True)

    assert Status.UP_TO_DATE is lake.build().status
    assert Status.BUILT is lake.build(labels=LABELS).status
    assert ["1m.csv", "1h.csv", "1m.parquet", "1h.parquet"] == outputs(lake)


def test_a_damaged_file_is_made_again_byte_by_byte(tmp_path: Path) -> None:
    lake = published(tmp_path, parquet=True)
    right = lake.products()
    parquet_of(lake).write_bytes(b"PAR1")

    assert (Action.BUILD, Reason.OUTPUTS) == decision(lake)
    assert Status.BUILT is lake.build().status
    assert right == lake.products()


def test_a_change_names_the_bytes_of_both_formats(tmp_path: Path) -> None:
    lake = published(tmp_path, parquet=True)
    lake.record(minutes=[5])
    lake.build()
    (change,) = lake.changes()

    assert ["1h.csv", "1h.parquet"] == [
        output["name"].removeprefix(f"{DAY}_") for output in change["outputs"]
    ]
    assert all(output["old_sha256"] != output["new_sha256"] for output in change["outputs"])


def test_a_day_whose_chunks_have_expired_says_that_it_comes_too_late(tmp_path: Path) -> None:
    lake = published(tmp_path)
    lake.remove(*(stat.key for stat in lake.storage.list("raw")))
    outcome = lake.build(parquet=True)

    assert Status.KEPT is outcome.status
    assert outcome.detail.endswith("; Parquet cannot be made any more")
