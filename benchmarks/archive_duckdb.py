"""A year of the archive in DuckDB: unzip a file, group its rows, write the bars, next file.

It trusts every row, writes only bars that have a trade, and keeps nothing but the bars.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import duckdb

_TABLE = """
create table trades as
select distinct on (id) id, price, qty, time, is_buyer_maker as sold
from read_csv('{csv}', header = true, columns = {{
  'id': 'BIGINT', 'price': 'DECIMAL(18,4)', 'qty': 'DECIMAL(18,4)', 'quote_qty': 'VARCHAR',
  'time': 'BIGINT', 'is_buyer_maker': 'BOOLEAN'}})
"""
_BARS = """
copy (
  select time // {ms} * {ms} as timestamp,
    arg_min(price, (time, id)) as open, max(price) as high, min(price) as low,
    arg_max(price, (time, id)) as close, sum(price * qty) / sum(qty) as vwap,
    sum(qty) as vol_total, coalesce(sum(qty) filter (not sold), 0) as vol_buy,
    coalesce(sum(qty) filter (sold), 0) as vol_sell, count(*) as trade_count,
    count(*) filter (not sold) as trade_count_buy, sum(price * qty) as quote_volume,
    max(qty) as max_trade_qty
  from trades group by 1 order by 1
) to '{file}'
"""
RESOLUTIONS = {"1s": 1000, "1m": 60_000}


def build(source: Path, output: Path) -> None:
    """Write the bars of every zip of a folder."""
    output.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.zip")):
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
            table = Path(archive.extract(archive.infolist()[0], folder))
            _build_day(table, output, path.stem[-10:])


def _build_day(table: Path, output: Path, day: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(_TABLE.format(csv=table))
        for label, ms in RESOLUTIONS.items():
            connection.execute(_BARS.format(ms=ms, file=output / f"{day}_{label}.csv"))


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
