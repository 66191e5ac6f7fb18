"""The day in ClickHouse, inside this process (chDB): SQL over the compressed files."""

from importlib import import_module
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.peers.day import RESOLUTIONS, Day, asked_for
from lake.layout import Stream

_HERE = Path(__file__).parent
_TRADES = """
    timestamp Int64, price Decimal(18, 4), quantity Decimal(18, 4), is_buyer_maker Bool,
    trade_id Int64, trade_type LowCardinality(String), event_time Int64, received_ns Int64
"""
_BOOKS = """
    timestamp Int64, bids String, asks String, update_id Int64, event_time Int64,
    received_ns Int64
"""


def build(day: Day) -> None:
    """Write the bars of a day."""
    names = {
        "start": day.start_ms,
        "date": day.date,
        "symbol": day.symbol,
        "trades": _files(day, Stream.TRADES, _TRADES),
        "books": _files(day, Stream.DEPTH20, _BOOKS),
        "journal": day.journal,
    }
    session = _session()
    for statement in _sql("chdb.sql", names).split(";\n"):
        session.query(statement)
    for label, seconds in RESOLUTIONS.items():
        bars = session.query(_sql("chdb_bars.sql", names | {"seconds": seconds}), "CSVWithNames")
        day.bars(label).write_bytes(bars.bytes())


def _session() -> Any:
    # Imported by name: it is an extra that need not be there.
    return import_module("chdb.session").Session()


def _files(day: Day, stream: Stream, columns: str) -> str:
    """Return a table of all files of a stream; a pattern must not go beyond one folder."""
    tables = (
        f"SELECT * FROM file('{glob}', 'CSVWithNames', '{columns}')" for glob in day.globs(stream)
    )
    return " UNION ALL ".join(tables)


def _sql(file: str, names: dict[str, object]) -> str:
    return Template((_HERE / file).read_text(encoding="utf-8")).substitute(names)


if __name__ == "__main__":
    build(asked_for())
