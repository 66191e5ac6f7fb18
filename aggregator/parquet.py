"""The bars of a day as Parquet: its CSV in typed columns. No clock, no disk.

Translated from the text of the CSV, so that no value can differ from it: a decimal is exact, a
mean is the float nearest to its 12 digits, an empty cell is a null. The same text gives the same
bytes for as long as pyarrow is the same.
"""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from aggregator.quality import SECONDS_PER_DAY
from lake.schemas import BAR_COLUMNS, SCHEMA_VERSION, Column, Kind

LEAST_SCALE = 9
"""Decimals of every decimal column, so that the files of all days and symbols have one schema.

`DECIMAL(28, 9)` lies in what BigQuery calls NUMERIC, and leaves engines room to add and multiply.
A column that needs more takes more.
"""

_WIDTHS = ((28, pa.decimal128), (38, pa.decimal128), (76, pa.decimal256))
_TYPES = {
    Kind.TIME: pa.timestamp("ms", "UTC"),
    Kind.INTEGER: pa.uint64(),  # until the greatest is known
    Kind.MEAN: pa.float64(),
    Kind.DECIMAL: pa.string(),  # until its digits are counted
    Kind.TEXT: pa.string(),
}
_REPEATED = [column.name for column in BAR_COLUMNS if column.kind is Kind.TEXT]
_STEADY = {column.name: "DELTA_BINARY_PACKED" for column in BAR_COLUMNS if column.kind is Kind.TIME}


def from_csv(text: bytes) -> bytes:
    """Return the Parquet file of a CSV file of bars."""
    table = _read(text)
    cells = [_typed(column, table[column.name].combine_chunks()) for column in BAR_COLUMNS]
    fields = [_field(column, each.type) for column, each in zip(BAR_COLUMNS, cells, strict=True)]
    schema = pa.schema(fields, {"flowlake.schema_version": str(SCHEMA_VERSION)})
    return _written(pa.Table.from_arrays(cells, schema=schema))


def _read(text: bytes) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(use_threads=False),
        convert_options=csv.ConvertOptions(
            column_types={column.name: _TYPES[column.kind] for column in BAR_COLUMNS},
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def _typed(column: Column, cells: pa.Array) -> pa.Array:
    match column.kind:
        case Kind.DECIMAL:
            return cells.cast(_decimal_type(cells))
        case Kind.INTEGER:
            return cells.cast(_integer_type(cells))
    return cells


def _integer_type(numbers: pa.Array) -> pa.DataType:
    """Return the usual type, unless more ids lack than it holds."""
    return pa.int64() if _greatest(numbers) < 2**63 else pa.uint64()


def _decimal_type(texts: pa.Array) -> pa.DataType:
    """Return the narrowest type that holds every decimal exactly; text if there is none."""
    digits = pc.utf8_ltrim(texts, "-")
    length, point = pc.utf8_length(digits), pc.find_substring(digits, ".")
    whole = pc.if_else(pc.less(point, 0), length, point)
    # The point itself is one character more.
    scale = max(LEAST_SCALE, _greatest(pc.subtract(length, whole)) - 1)
    needed = _greatest(whole) + scale
    fitting = (width(precision, scale) for precision, width in _WIDTHS if needed <= precision)
    return next(fitting, pa.string())


def _greatest(counts: pa.Array) -> int:
    return int(pc.max(counts).as_py() or 0)


def _field(column: Column, kind: pa.DataType) -> pa.Field:
    return pa.field(column.name, kind, metadata={"unit": column.unit, "meaning": column.meaning})


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(
        table, sink, row_group_size=SECONDS_PER_DAY, compression="zstd",
        use_dictionary=_REPEATED, column_encoding=_STEADY,
        sorting_columns=[parquet.SortingColumn(0)],
    )  # fmt: skip
    return bytes(sink.getvalue())
