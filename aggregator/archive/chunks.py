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

_UNKNOWN = ("event_time", "received_ns")
"""The archive knows neither when a trade was pushed nor when it was received."""

TABLE = tuple(column for column in RAW_TABLES[Stream.TRADES] if column.name not in _UNKNOWN)
_COLUMNS = tuple(column.name for column in TABLE)

_GZIP_LEVEL = 3
_NO_TYPE = pl.Series("trade_type", [None], pl.String)


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
    # Frames are put together from columns: for a small chunk a query costs more than its work.
    untyped = _NO_TYPE.new_from_index(0, rows.height)
    whole = pl.DataFrame([rows[name] for name in _COLUMNS[:-1]] + [untyped])
    if unpublished.height:
        whole = whole.vstack(pl.DataFrame([unpublished[name] for name in _COLUMNS]))
        whole = whole.sort("timestamp", "trade_id", maintain_order=True)
    text = BytesIO()
    whole.write_csv(text, quote_style="never")
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
