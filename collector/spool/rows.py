"""Rows of the raw chunks: CSV lines in the columns of the lake. No clock, no socket, no disk.

The order of the cells is that of `lake.schemas.RAW_TABLES`; a test reads them by its names.
"""

import re
from typing import NamedTuple

from collector.feed.frames import Snapshot, Trade
from lake.schemas import TradeType

_needs_quotes = re.compile(r'[,"\r\n]').search


class Unpublished(NamedTuple):
    """An id that the exchange's own list proves it never published.

    `time_ms` is the time of the next lower id in that list.
    """

    symbol: str
    trade_id: int
    time_ms: int


def trade_line(trade: Trade, received_ns: int) -> bytes:
    """Return the line of a trade; from a REST list its `event_time` is empty."""
    kind = trade.trade_type
    if _needs_quotes(kind):
        kind = '"' + kind.replace('"', '""') + '"'
    event = "" if trade.event_ms is None else trade.event_ms
    side = "true" if trade.is_buyer_maker else "false"
    return (
        f"{trade.time_ms},{trade.price},{trade.quantity},{side},{trade.trade_id},{kind},{event}"
        f",{received_ns}\n"
    ).encode()


def snapshot_line(snapshot: Snapshot, received_ns: int) -> bytes:
    """Return the line of a snapshot."""
    return b'%d,"%b","%b",%d,%d,%d\n' % (
        snapshot.time_ms,
        snapshot.bids.replace(b'"', b'""'),
        snapshot.asks.replace(b'"', b'""'),
        snapshot.update_id,
        snapshot.event_ms,
        received_ns,
    )


def unpublished_line(row: Unpublished, received_ns: int) -> bytes:
    """Return the line of an id that was never published."""
    kind = TradeType.UNPUBLISHED
    return f"{row.time_ms},0,0,false,{row.trade_id},{kind},,{received_ns}\n".encode()
