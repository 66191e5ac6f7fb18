"""Rows: what the aggregator reads back is what went in."""

import csv
import json
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aggregator import kernels
from aggregator.lines import LineReader, Row, TypeCodes
from collector.feed.frames import Snapshot, Trade
from collector.spool.rows import Unpublished, snapshot_line, trade_line, unpublished_line
from lake.layout import Stream
from lake.schemas import RAW_TABLES, TradeType, header
from tests.spellings import ROLES

ANY_TIME = (0, 2**63 - 1)

TIMES_MS = st.integers(10**12, 10**13 - 1)
TIMES_NS = st.integers(10**18, 9 * 10**18)
IDS = st.integers(0, 2**63 - 1)
NUMBERS = st.from_regex(r"[0-9]{1,10}(\.[0-9]{1,8})?", fullmatch=True)
KINDS = st.sampled_from(("MARKET", "RPI", "NA", "")) | st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12
)
TRADES = st.builds(
    Trade, st.just("BTCUSDT"), IDS, TIMES_MS, st.none() | TIMES_MS, NUMBERS, NUMBERS,
    st.booleans(), KINDS,
)  # fmt: skip
SIDES = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=22).map(
    lambda levels: json.dumps(levels, separators=(",", ":")).encode()
)
SNAPSHOTS = st.builds(Snapshot, st.just("BTCUSDT"), IDS, TIMES_MS, TIMES_MS, SIDES, SIDES)


def cells(line: bytes, stream: Stream) -> dict[str, str]:
    """Return the one row of a chunk by the names of its columns."""
    text = header(RAW_TABLES[stream]) + line.decode()
    assert text.endswith("\n")
    (row,) = csv.DictReader(text.removesuffix("\n").split("\n"), strict=True)
    assert None not in row
    return row


def read_back(line: bytes, stream: Stream, types: TypeCodes) -> Row:
    """Return the row as the aggregator reads it."""
    roles = [ROLES[column.name] for column in RAW_TABLES[stream]]
    return LineReader(roles, ANY_TIME, types).read(line.removesuffix(b"\n"))


@given(TRADES, TIMES_NS)
def test_a_trade_is_read_back_as_it_went_in(trade: Trade, received_ns: int) -> None:
    line, types = trade_line(trade, received_ns), TypeCodes()

    row = read_back(line, Stream.TRADES, types)
    assert (trade.time_ms, trade.trade_id, received_ns) == row.integers
    assert trade.is_buyer_maker == (not row.flags & kernels.TAKER_BUY)
    assert trade.trade_type == types.names[row.code]
    numbers = [
        Fraction(units, 10**scale) for units, scale in zip(row.decimals, row.scales, strict=True)
    ]
    assert [Fraction(trade.price), Fraction(trade.quantity)] == numbers


@given(TRADES, TIMES_NS)
def test_the_cells_of_a_trade_are_its_text(trade: Trade, received_ns: int) -> None:
    assert {
        "timestamp": str(trade.time_ms),
        "price": trade.price,
        "quantity": trade.quantity,
        "is_buyer_maker": "true" if trade.is_buyer_maker else "false",
        "trade_id": str(trade.trade_id),
        "trade_type": trade.trade_type,
        "event_time": "" if trade.event_ms is None else str(trade.event_ms),
        "received_ns": str(received_ns),
    } == cells(trade_line(trade, received_ns), Stream.TRADES)


@given(SNAPSHOTS, TIMES_NS)
def test_a_snapshot_is_read_back_as_it_went_in(snapshot: Snapshot, received_ns: int) -> None:
    line = snapshot_line(snapshot, received_ns)

    row = read_back(line, Stream.DEPTH20, TypeCodes())
    assert (snapshot.time_ms, snapshot.update_id, received_ns) == row.integers
    assert {
        "timestamp": str(snapshot.time_ms),
        "bids": snapshot.bids.decode(),
        "asks": snapshot.asks.decode(),
        "update_id": str(snapshot.update_id),
        "event_time": str(snapshot.event_ms),
        "received_ns": str(received_ns),
    } == cells(line, Stream.DEPTH20)


def test_a_trade_of_a_rest_list_has_no_event_time() -> None:
    trade = Trade("BTCUSDT", 7, 1785685177439, None, "63113.20", "0.001", True, "RPI")

    assert b"1785685177439,63113.20,0.001,true,7,RPI,,1785685177500000000\n" == trade_line(
        trade, 1785685177500000000
    )


def test_an_id_that_was_never_published_is_a_row_without_a_trade() -> None:
    line = unpublished_line(Unpublished("BTCUSDT", 8, 1785685177439), 1785685177500000000)

    assert b"1785685177439,0,0,false,8,UNPUBLISHED,,1785685177500000000\n" == line
    assert TradeType.UNPUBLISHED == cells(line, Stream.TRADES)["trade_type"]
