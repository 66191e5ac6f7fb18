"""Ten minutes of an archive's rows, as the text of a raw chunk. No clock, no disk."""

from collections.abc import Iterable
from io import BytesIO

import numpy as np
import polars as pl
from isal import igzip, isal_zlib

from lake.layout import Stream
from lake.schemas import RAW_TABLES

CHUNK_MINUTES = 10
CHUNK_MS = CHUNK_MINUTES * 60_000

_COLUMNS = ("timestamp", "price", "quantity", "is_buyer_maker", "trade_id", "trade_type")
TABLE = tuple(column for column in RAW_TABLES[Stream.TRADES] if column.name in _COLUMNS)
"""The archive knows neither when a trade was pushed nor when it was received."""

_GZIP_LEVEL = 3


def in_order(parts: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """Return the rows by time and id, and how many were dropped as exact repetitions.

    Rows of one id that differ in any cell are both kept: whoever reads them decides. The other
    cells break ties, so that the order of the parts changes nothing.
    """
    rows = pl.concat(parts)
    if _strictly_ascending(rows):
        return rows, 0
    once = rows.unique().sort("timestamp", "trade_id", "price", "quantity", "is_buyer_maker")
    return once, rows.height - once.height


def _strictly_ascending(rows: pl.DataFrame) -> bool:
    time_steps = np.diff(rows["timestamp"].to_numpy())
    id_steps = np.diff(rows["trade_id"].to_numpy())
    return bool(np.all((time_steps > 0) | ((time_steps == 0) & (id_steps > 0))))


def chunk_text(rows: pl.DataFrame, unpublished: pl.DataFrame) -> bytes:
    """Return the chunk's CSV: the rows as they come, each hole's behind those of its time."""
    published = rows.with_columns(pl.lit(None, pl.String).alias("trade_type")).select(_COLUMNS)
    if unpublished.height:
        both = pl.concat([published, unpublished.select(_COLUMNS)])
        published = both.sort("timestamp", "trade_id", maintain_order=True)
    text = BytesIO()
    published.select(column.name for column in TABLE).write_csv(text, quote_style="never")
    return text.getvalue()


def compressed(text: bytes) -> bytes:
    """Return the text as a chunk: no name and no time in it, so equal rows are equal bytes."""
    data: bytes = igzip.compress(text, _GZIP_LEVEL, mtime=0)
    return data


def same_text(one: bytes, other: bytes) -> bool:
    """Tell whether two chunks hold the same text, compressed by whichever release or processor."""
    try:
        return bool(igzip.decompress(one) == igzip.decompress(other))
    except (OSError, EOFError, isal_zlib.error):
        return False
