"""The day in DuckDB: SQL over the compressed files, exact decimals, both cores."""

from pathlib import Path
from string import Template

import duckdb

from benchmarks.peers.day import RESOLUTIONS, Day, asked_for
from lake.layout import Stream

_HERE = Path(__file__).parent


def build(day: Day) -> None:
    """Write the bars of a day."""
    names = {
        "start": day.start_ms,
        "date": day.date,
        "symbol": f"'{day.symbol}'",
        "trades": day.globs(Stream.TRADES),
        "books": day.globs(Stream.DEPTH20),
        "journal": f"'{day.journal}'",
    }
    with duckdb.connect() as connection:
        connection.execute(_sql("duckdb.sql", names))
        for label, seconds in RESOLUTIONS.items():
            output = {"seconds": seconds, "file": f"'{day.bars(label)}'"}
            connection.execute(_sql("duckdb_bars.sql", names | output))


def _sql(file: str, names: dict[str, object]) -> str:
    return Template((_HERE / file).read_text(encoding="utf-8")).substitute(names)


if __name__ == "__main__":
    build(asked_for())
