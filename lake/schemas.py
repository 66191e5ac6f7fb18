"""Tables and columns: name, unit and meaning, declared once. No clock, no disk, no bucket.

CSV headers, what a reader requires, and the data dictionary all come from here.
"""

from dataclasses import dataclass
from enum import StrEnum

from lake.layout import Stream

SCHEMA_VERSION = 1
"""Rises with every release that changes a byte of output."""


class Kind(StrEnum):
    """What the cells of a column are."""

    TIME = "time"
    INTEGER = "integer"
    DECIMAL = "exact decimal"
    MEAN = "mean (12 significant digits)"
    BOOLEAN = "boolean"
    TEXT = "text"
    LEVELS = "JSON array of [price, quantity]"


@dataclass(frozen=True)
class Column:
    """One column. `unit` and `meaning` are what the data dictionary prints."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    required: bool = False


class TradeType(StrEnum):
    """The venue's `X` of a trade, as far as it is known; see `COUNTED_TYPES`."""

    MARKET = "MARKET"
    RPI = "RPI"
    NONE = ""
    NA = "NA"
    INSURANCE_FUND = "INSURANCE_FUND"
    ADL = "ADL"
    UNPUBLISHED = "UNPUBLISHED"


COUNTED_TYPES = frozenset({TradeType.MARKET, TradeType.RPI, TradeType.NONE})
"""Types of the trades that make bars and that the exchange's own klines count."""

_TIMESTAMP = Column("timestamp", Kind.INTEGER, "ms since 1970 UTC", "exchange transaction time `T`", True)  # fmt: skip
_EVENT_TIME = Column("event_time", Kind.INTEGER, "ms since 1970 UTC", "exchange push time `E`")
_RECEIVED = Column("received_ns", Kind.INTEGER, "ns since 1970 UTC", "our clock when the frame left the socket")  # fmt: skip

RAW_TABLES: dict[Stream, tuple[Column, ...]] = {
    Stream.TRADES: (
        _TIMESTAMP,
        Column("price", Kind.DECIMAL, "quote per base", "text exactly as the venue sent it", True),
        Column("quantity", Kind.DECIMAL, "base asset", "text exactly as the venue sent it", True),
        Column(
            "is_buyer_maker", Kind.BOOLEAN, "",
            "`true`: the buyer was resting, the taker sold; `false`: the taker bought", True,
        ),
        Column("trade_id", Kind.INTEGER, "", "the venue's id `t`, rising per symbol"),
        Column(
            "trade_type", Kind.TEXT, "",
            "the venue's `X`; `UNPUBLISHED` is ours: an id that the exchange never published",
        ),
        _EVENT_TIME,
        _RECEIVED,
    ),
    Stream.DEPTH20: (
        _TIMESTAMP,
        Column("bids", Kind.LEVELS, "quote per base, base asset", "best (highest) first", True),
        Column("asks", Kind.LEVELS, "quote per base, base asset", "best (lowest) first", True),
        Column("update_id", Kind.INTEGER, "", "the venue's final update id `u`"),
        _EVENT_TIME,
        _RECEIVED,
    ),
}  # fmt: skip

_IMBALANCE = "mean of B / (B + A), the quantities of the first {} levels a side, 0 to 1"
_QUANTITY = "mean {} quantity on the first {} levels"

BAR_COLUMNS: tuple[Column, ...] = (
    Column("timestamp", Kind.TIME, "UTC, ISO 8601", "start of the bar"),
    Column("open", Kind.DECIMAL, "quote per base", "first counted trade; the last close before if there is none"),
    Column("high", Kind.DECIMAL, "quote per base", "highest counted trade; the last close before if there is none"),
    Column("low", Kind.DECIMAL, "quote per base", "lowest counted trade; the last close before if there is none"),
    Column("close", Kind.DECIMAL, "quote per base", "last counted trade; the last close before if there is none"),
    Column("vwap", Kind.MEAN, "quote per base", "`quote_volume / vol_total`; the last close before, exactly, if there is no trade"),
    Column("vol_total", Kind.DECIMAL, "base asset", "sum of quantity"),
    Column("vol_buy", Kind.DECIMAL, "base asset", "of trades whose taker bought"),
    Column("vol_sell", Kind.DECIMAL, "base asset", "of trades whose taker sold"),
    Column("vol_delta", Kind.DECIMAL, "base asset", "`vol_buy - vol_sell`"),
    Column("cvd", Kind.DECIMAL, "base asset", "cumulative volume delta: running sum of `vol_delta` since 00:00 UTC"),
    Column("trade_count", Kind.INTEGER, "trades", "counted trades"),
    Column("avg_spread", Kind.MEAN, "quote per base", "mean of best ask - best bid"),
    Column("imbalance_l20", Kind.MEAN, "ratio", _IMBALANCE.format(20)),
    Column("trade_count_buy", Kind.INTEGER, "trades", "counted trades whose taker bought"),
    Column("trade_count_sell", Kind.INTEGER, "trades", "counted trades whose taker sold"),
    Column("quote_volume", Kind.DECIMAL, "quote asset", "sum of price · quantity"),
    Column("max_trade_qty", Kind.DECIMAL, "base asset", "largest single trade, 0 if none"),
    Column("snapshot_count", Kind.INTEGER, "snapshots", "snapshots used"),
    Column("min_spread", Kind.DECIMAL, "quote per base", "least best ask - best bid"),
    Column("max_spread", Kind.DECIMAL, "quote per base", "greatest best ask - best bid"),
    Column("avg_spread_bps", Kind.MEAN, "basis points of mid", "mean of spread / mid · 10⁴"),
    Column("mid_close", Kind.DECIMAL, "quote per base", "(best bid + best ask) / 2 of the last snapshot in the bar"),
    Column("imbalance_l1", Kind.MEAN, "ratio", "mean of B / (B + A), the quantities of the best level a side, 0 to 1"),
    Column("imbalance_l5", Kind.MEAN, "ratio", _IMBALANCE.format(5)),
    Column("imbalance_l10", Kind.MEAN, "ratio", _IMBALANCE.format(10)),
    Column("bid_qty_l5", Kind.MEAN, "base asset", _QUANTITY.format("bid", 5)),
    Column("ask_qty_l5", Kind.MEAN, "base asset", _QUANTITY.format("ask", 5)),
    Column("bid_qty_l10", Kind.MEAN, "base asset", _QUANTITY.format("bid", 10)),
    Column("ask_qty_l10", Kind.MEAN, "base asset", _QUANTITY.format("ask", 10)),
    Column("bid_qty_l20", Kind.MEAN, "base asset", _QUANTITY.format("bid", 20)),
    Column("ask_qty_l20", Kind.MEAN, "base asset", _QUANTITY.format("ask", 20)),
    Column("missing_trades", Kind.INTEGER, "trade ids", "ids that the record lacks, counted in the bar of the next trade it has; empty without ids"),
    Column("quality", Kind.TEXT, "", "`ok`, `partial`, `gap`, or empty: what the inputs prove about this bar"),
)  # fmt: skip
"""The product, in the order of the file. New columns are only ever appended."""


def header(table: tuple[Column, ...]) -> str:
    """Return the CSV header line of a table, with its newline."""
    return ",".join(column.name for column in table) + "\n"


def required(table: tuple[Column, ...]) -> frozenset[str]:
    """Return the names without which a chunk is set aside whole."""
    return frozenset(column.name for column in table if column.required)
