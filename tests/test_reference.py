"""The reference is right: small lakes whose bars were worked out by hand, and real klines."""

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.layout import ChunkKey, Format, Stream
from lake.schemas import BAR_COLUMNS, header
from tests.compare import assert_same_day, resolution_seconds
from tests.lakes import DAY, HOUR_MS, MINUTE_MS, START_MS, RawLake, raw_lakes
from tests.reference import (
    DAY_MS,
    ReferenceBars,
    ReferenceDay,
    Value,
    iso_ms,
    plain,
    reference_day,
    start_ms,
)

BTC = "BTCUSDT"
EVE, MORROW = date(2025, 12, 10), date(2025, 12, 12)
TRADES = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,received_ns"
BOOK = "timestamp,bids,asks,update_id,received_ns"


def chunk(header: str, *rows: str) -> bytes:
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


def trade(at: int, price: str, quantity: str, id: int | str = "", more: str = ",") -> str:
    """Return the row of a taker's buy; `more` is its type and receive time."""
    return f"{START_MS + at},{price},{quantity},false,{id},{more}"


def sale(at: int, price: str, quantity: str, id: int | str = "", more: str = ",") -> str:
    return trade(at, price, quantity, id, more).replace("false", "true")


def book(at: int, bids: str, asks: str, id: int | str = "", received: str = "") -> str:
    return f'{START_MS + at},"{bids}","{asks}",{id},{received}'


def key(stream: str, at: str, day: date = DAY, run: str = "k3v9", ending: str = "csv") -> str:
    return f"raw/{stream}/{BTC}/{day}/{at}-{run}.{ending}"


def built(*objects: Mapping[str, bytes], margin: int = 10) -> ReferenceDay:
    return reference_day({k: v for part in objects for k, v in part.items()}, BTC, DAY, margin)


def of_trades(*rows: str, at: str = "0000", day: date = DAY, run: str = "k3v9") -> dict[str, bytes]:
    return {key("trades", at, day, run): chunk(TRADES, *rows)}


def of_book(*rows: str, at: str = "0000", day: date = DAY, run: str = "k3v9") -> dict[str, bytes]:
    return {key("depth20", at, day, run): chunk(BOOK, *rows)}


def journal(**event: object) -> dict[str, bytes]:
    return {"journal/2025-12-11/00-k3v9.jsonl": json.dumps(event).encode()}


def covered(stream: str, start: int, end: int) -> dict[str, bytes]:
    span = {"from": START_MS + start, "to": START_MS + end}
    return journal(event="covered", stream=stream, symbol=BTC, **span)


BOTH_COVERED = {
    "journal/2025-12-11/08-k3v9.jsonl": b"\n".join(
        covered(stream, 0, DAY_MS).popitem()[1] for stream in Stream
    )
}


# Bars


def test_a_bar_of_three_trades_and_two_snapshots_is_what_one_works_out_by_hand() -> None:
    trades = of_trades(
        trade(0, "100.10", "2", 1), sale(400, "100.2", "0.50", 2), trade(999, "99.9", "1", 3)
    )
    books = of_book(
        book(0, "[[99,1],[98,3]]", "[[101,2],[102,2]]", 1),
        book(500, "[[99.5,3]]", "[[100,1]]", 2),
    )

    day = built(trades, books, BOTH_COVERED)

    assert day.bars(1).row(0) == {
        "timestamp": "2025-12-11T00:00:00Z",
        "open": "100.1",
        "high": "100.2",
        "low": "99.9",
        "close": "99.9",
        "vwap": Fraction("350.2") / Fraction("3.5"),
        "vol_total": "3.5",
        "vol_buy": "3",
        "vol_sell": "0.5",
        "vol_delta": "2.5",
        "cvd": "2.5",
        "trade_count": "3",
        "trade_count_buy": "2",
        "trade_count_sell": "1",
        "quote_volume": "350.2",
        "max_trade_qty": "2",
        "snapshot_count": "2",
        "avg_spread": Fraction("1.25"),
        "min_spread": "0.5",
        "max_spread": "2",
        "avg_spread_bps": (Fraction(200) + Fraction(5000) / Fraction("99.75")) / 2,
        "mid_close": "99.75",
        "imbalance_l1": (Fraction(1, 3) + Fraction(3, 4)) / 2,
        "imbalance_l5": (Fraction(1, 2) + Fraction(3, 4)) / 2,
        "imbalance_l10": Fraction(5, 8),
        "imbalance_l20": Fraction(5, 8),
        **{f"bid_qty_l{n}": Fraction(7, 2) for n in (5, 10, 20)},
        **{f"ask_qty_l{n}": Fraction(5, 2) for n in (5, 10, 20)},
        "missing_trades": "0",
        "quality": "ok",
    }


def test_a_bar_has_every_column_of_the_product() -> None:
    row = built(of_trades(trade(0, "1", "1"))).bars(60).row(0)

    assert set(row) == {column.name for column in BAR_COLUMNS}


def test_a_bar_without_a_trade_repeats_the_last_close_and_nothing_is_filled_backwards() -> None:
    bars = built(of_trades(trade(2_000, "7.0", "1", 1), sale(2_001, "8", "3", 2))).bars(1)

    assert [bars.cell(i, "close") for i in (0, 1, 2, 3, 86_399)] == [None, None, "8", "8", "8"]
    assert [bars.cell(3, c) for c in ("open", "high", "low", "vwap")] == ["8"] * 4
    assert [bars.cell(3, c) for c in ("vol_total", "trade_count", "max_trade_qty")] == ["0"] * 3
    assert [bars.cell(i, "cvd") for i in (1, 2, 3)] == ["0", "-2", "-2"]
    assert [bars.cell(i, "avg_spread") for i in (2, 3)] == [None, None]
    assert bars.cell(2, "snapshot_count") == "0"


def test_sums_keep_the_smallest_digit_beside_the_largest() -> None:
    tiny, huge = "0.000000000000000001", "123456789012345678"
    bars = built(of_trades(trade(0, huge, huge, 1), sale(1, tiny, tiny, 2))).bars(60)

    assert bars.cell(0, "vol_total") == "123456789012345678.000000000000000001"
    assert bars.cell(0, "vol_delta") == "123456789012345677.999999999999999999"
    assert bars.cell(0, "quote_volume") == (
        "15241578753238836527968299765279684.000000000000000000000000000000000001"
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [("100.10", "100.1"), ("-0.00", "0"), ("007.0", "7"), ("1000", "1000"), ("0.00000001",) * 2],
)
def test_numbers_are_written_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


def test_trades_are_in_the_order_of_time_then_id_and_those_without_id_come_last() -> None:
    rows = trade(5, "3", "1", ""), trade(5, "2", "1", 10), trade(5, "1", "1", 9), trade(4, "4", "1")
    bars, with_ids = built(of_trades(*rows)).bars(1), built(of_trades(*rows[1:3])).bars(1)

    assert (bars.cell(0, "open"), bars.cell(0, "close")) == ("4", "3")
    assert (with_ids.cell(0, "open"), with_ids.cell(0, "close")) == ("1", "2")


def test_levels_beyond_the_twentieth_do_not_count() -> None:
    deep = "[" + ",".join(f"[{100 - n},1]" for n in range(20)) + ",[5000,-1]]"
    day = built(of_book(book(0, deep, "[[101,5]]")))

    assert day.bars(1).cell(0, "bid_qty_l20") == 20
    assert day.depth20.set_aside == {}


# Which trades and snapshots


def test_only_market_trades_with_price_and_quantity_count() -> None:
    rows = [
        trade(n, price, quantity, n, f"{type},")
        for n, (price, quantity, type) in enumerate(
            [("1", "1", "MARKET"), ("1", "1", "RPI"), ("1", "1", ""), ("0", "0", "NA")]
            + [("9", "1", "ADL"), ("9", "1", "market"), ("-1", "1", ""), ("1", "0", "RPI")]
        )
    ]
    facts = built(of_trades(*rows)).trades

    assert (facts.rows, facts.counted, facts.missing) == (8, 3, 0)
    assert facts.excluded == {"NA": 1, "ADL": 1, "market": 1, "": 1, "RPI": 1}


def test_of_one_id_the_first_received_is_the_trade_and_unpublished_yields() -> None:
    rows = [
        trade(0, "1", "1", 7, "MARKET,"),
        trade(0, "2", "1", 7, "MARKET,300"),
        trade(1, "2.0", "1.0", 7, "MARKET,200"),
        trade(0, "0", "0", 7, "UNPUBLISHED,100"),
    ]
    day = built(of_trades(*rows))

    assert day.bars(1).cell(0, "close") == "2"
    assert day.bars(1).cell(0, "trade_count") == "1"
    assert (day.trades.duplicates, day.trades.conflicts) == (3, 2)
    assert day.trades.excluded == {}


def test_a_trade_without_type_takes_that_of_the_first_other_that_has_one() -> None:
    rows = [
        trade(0, "1", "1", 7, ",100"),
        trade(0, "1", "1", 7, "ADL,300"),
        trade(0, "1", "1", 7, "RPI,400"),
        trade(0, "0", "0", 7, "UNPUBLISHED,200"),
        trade(0, "1.0", "1", 7, ","),
    ]
    facts = built(of_trades(*rows)).trades

    assert facts.excluded == {"ADL": 1}
    assert (facts.counted, facts.conflicts) == (0, 1)
    assert built(of_trades(rows[0], rows[3])).trades.counted == 1


def test_rows_without_ids_are_all_trades() -> None:
    facts = built(of_trades(*[trade(0, "1", "1")] * 2, trade(0, "1", "1", 4))).trades

    assert (facts.counted, facts.duplicates, facts.without_id) == (3, 0, 2)
    assert (facts.first_id, facts.last_id) == (4, 4)


def test_of_one_update_id_the_first_received_valid_row_is_the_snapshot() -> None:
    rows = [
        book(0, "[[1,1]]", "[[5,1]]", 9, "300"),
        book(0, "[[1,1]]", "[[3,1]]", 9, "200"),
        book(0, "[[1,1]]", "[[1,1]]", 9, "100"),
    ]
    day = built(of_book(*rows))

    assert day.bars(1).cell(0, "max_spread") == "2"
    assert (day.depth20.used, day.depth20.duplicates) == (1, 1)
    assert day.depth20.set_aside == {"crossed": 1}


def test_snapshots_without_ids_are_one_only_if_their_texts_are_equal() -> None:
    rows = [book(0, "[[1,1]]", "[[2,1]]")] * 2 + [book(0, "[[1.0,1]]", "[[2,1]]")]
    facts = built(of_book(*rows)).depth20

    assert (facts.used, facts.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ("[]", "[[2,1]]", "empty_side"),
        ("[[1,0]]", "[[2,1]]", "not_positive"),
        ("[[1,1]]", "[[2,1],[-3,1]]", "not_positive"),
        ("[[1,1],[1,1]]", "[[2,1]]", "unordered"),
        ("[[1,1]]", "[[2,1],[2,1]]", "unordered"),
        ("[[2,1]]", "[[2,1]]", "crossed"),
        ("[[3,1]]", "[[2,1]]", "crossed"),
        ("[[1,1],[3,1]]", "[[1,1]]", "unordered"),
        ("[[-1,1]]", "[]", "empty_side"),
    ],
)
def test_an_invalid_snapshot_is_set_aside_for_the_first_reason(
    bids: str, asks: str, reason: str
) -> None:
    facts = built(of_book(book(0, bids, asks))).depth20

    assert (facts.rows, facts.used) == (1, 0)
    assert facts.set_aside == {reason: 1}


# Which chunks and rows


def test_rows_are_kept_by_exchange_time_and_late_ones_counted() -> None:
    eve = of_trades(trade(-1, "1", "1", 1), trade(0, "2", "1", 2), at="2359", day=EVE)
    today = of_trades(trade(DAY_MS, "9", "1", 4), at="2359")
    morrow = of_trades(trade(DAY_MS - 1, "3", "1", 3), at="0009", day=MORROW)
    day = built(eve, today, morrow)

    assert (day.trades.rows, day.late[Stream.TRADES], day.trades.missing) == (2, 2, 0)
    assert day.bars(86_400).cell(0, "open") == "2"
    assert day.evidence.last_close == 1
    assert day.carry is None


def test_chunks_beyond_the_margin_are_not_read() -> None:
    late = of_trades(trade(1, "1", "1", 1), at="0010", day=MORROW)
    early = of_book(book(1, "[[1,1]]", "[[2,1]]"), at="2349", day=EVE)

    assert built(late, early).trades.rows == built(late, early).depth20.rows == 0
    assert built(late, early, margin=11).trades.rows == 1
    assert built(late, early, margin=11).depth20.rows == 1


def test_the_carry_is_read_backwards_to_a_counted_trade_and_five_minutes_more() -> None:
    def minute(at: int, id: int, type: str = "MARKET") -> dict[str, bytes]:
        row = trade((at - 1440) * MINUTE_MS, str(id), "1", id, f"{type},")
        return of_trades(row, at=f"{at // 60:02d}{at % 60:02d}", day=EVE)

    last, spent = minute(1200, 55), minute(1300, 56, "NA")
    day = built(last, spent, *(minute(1200 - n, 55 - n) for n in range(1, 8)))

    assert day.carry == "2025-12-10T19:55Z"
    assert day.bars(60).cell(0, "open") == "55"
    assert day.inputs[Stream.TRADES].chunks == 7
    assert day.trades.rows == 0


def test_a_carry_without_a_counted_trade_is_the_whole_day_before() -> None:
    day = built(of_trades(trade(-20 * HOUR_MS, "0", "0", 5, "NA,"), at="0400", day=EVE))

    assert day.carry == "2025-12-10T04:00Z"
    assert day.bars(60).cell(0, "open") is None
    assert day.evidence.seen == {Stream.TRADES: ()}


def test_other_symbols_and_strays_are_left_alone() -> None:
    stray = key("trades", "0000", ending="csv.bz2")
    other = key("trades", "0000").replace(BTC, "ETHUSDT")
    row = chunk(TRADES, trade(0, "1", "1", 1))
    day = built({stray: row, other: row})

    assert day.trades.rows == 0
    assert day.left_alone == {stray}


# Malformed rows and damaged chunks


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("fields", "1,2,3"),
        ("fields", trade(0, "1", "1", 1) + ","),
        ("integer", trade(0, "1", "1", "1.0")),
        ("integer", trade(0, "1", "1", 2**63)),
        ("integer", trade(0, "1", "1", "٣")),
        ("integer", ",1,1,true,1,,"),
        ("number", trade(0, "1e5", "1", 1)),
        ("number", trade(0, "1", "1234567890123456789", 1)),
        ("number", trade(0, "1", "", 1)),
        ("boolean", trade(0, "1", "1", 1).replace("false", "no")),
        ("timestamp", trade(2 * DAY_MS + 1, "1", "1", 1)),
        ("timestamp", trade(-DAY_MS - 1, "x", "1", 1)),
    ],
)
def test_a_malformed_trade_is_set_aside_for_its_first_fault(reason: str, row: str) -> None:
    day = built(of_trades(trade(0, "1", "1", 7), row, "", trade(1, "1", "1", 8)))

    assert day.malformed == {reason: 1}
    assert day.trades.rows == 2


@pytest.mark.parametrize(
    ("reason", "bids"),
    [("json", "[[1,1],]"), ("json", "[[1]]"), ("json", "{}"), ("json", "[[01,1]]"), ("json", "")]
    + [("number", "[[1e2,1]]"), ("number", "[[1,1],[1,1234567890123456789]]")],
)
def test_a_malformed_book_is_set_aside(reason: str, bids: str) -> None:
    day = built(of_book(book(0, bids, "[[2,1]]")))

    assert (day.malformed, day.depth20.rows) == ({reason: 1}, 0)


def test_what_is_at_the_edge_is_not_malformed() -> None:
    rows = [
        trade(2 * DAY_MS, "1", "1", -(2**63)),
        trade(-DAY_MS, "000.123456789012345678", "1", 2**63 - 1),
        trade(0, "0.0000000000000000000000001", "1", "-0").replace("false", "FALSE"),
    ]
    day = built(of_trades(*rows), of_book(book(0, "[]", ' [ [""1"", 2.50] ] ')))

    assert day.malformed == {}
    assert day.trades.missing == 2**63 - 1


def test_columns_are_found_by_name_and_unknown_ones_ignored() -> None:
    data = chunk("x,quantity,is_buyer_maker,price,timestamp", f'"a,b",2,TRUE,1,{START_MS}\r')
    bars = built({key("trades", "0000"): data}).bars(60)

    assert [bars.cell(0, c) for c in ("close", "vol_sell", "missing_trades")] == ["1", "2", None]


LINES = chunk(TRADES, *(trade(n, "1", "1", n) for n in range(40)))
PACKED = gzip.compress(LINES, mtime=0)


@pytest.mark.parametrize(
    ("ending", "data", "rows"),
    [
        ("csv", LINES, 40),
        ("csv", LINES[:-1], 40),
        ("csv.gz", PACKED, 40),
        ("csv.gz", PACKED + bytes(9), 40),
        (
            "csv.gz",
            gzip.compress(LINES[:50], mtime=0) + bytes(3) + gzip.compress(LINES[50:], mtime=0),
            40,
        ),
        ("csv.gz", PACKED[:-1], 40),
        ("csv.gz", gzip.compress(LINES[:-1], mtime=0), 40),
        ("csv.zst", zstandard.compress(LINES), 40),
        ("csv.zst", zstandard.compress(LINES[:50]) + zstandard.compress(LINES[50:]), 40),
    ],
)
def test_a_sound_chunk_is_read_whole(ending: str, data: bytes, rows: int) -> None:
    day = built({key("trades", "0000", ending=ending): data})

    assert (day.trades.rows, day.malformed, day.chunks_set_aside) == (rows, {}, {})


def test_of_a_truncated_chunk_the_complete_lines_are_used() -> None:
    day = built({key("trades", "0000", ending="csv.gz"): gzip.compress(LINES[:-1], mtime=0)[:-8]})

    assert (day.trades.rows, day.malformed) == (39, {"truncated": 1})


@pytest.mark.parametrize(
    ("ending", "data", "reason"),
    [
        ("csv.gz", PACKED + b"x", "corrupt"),
        ("csv.gz", PACKED[:-8] + bytes(8), "corrupt"),
        ("csv.gz", LINES, "corrupt"),
        ("csv.zst", LINES, "corrupt"),
        ("csv.gz", b"", "empty"),
        ("csv.gz", gzip.compress(LINES[:20], mtime=0)[:-8], "empty"),
        ("csv.zst", zstandard.compress(LINES)[:-3], "empty"),
        ("csv", b"\n\n", "empty"),
        ("csv", LINES.replace(b"price", b"p"), "columns"),
    ],
)
def test_a_useless_chunk_is_set_aside_whole(ending: str, data: bytes, reason: str) -> None:
    name = key("trades", "0000", ending=ending)
    day = built({name: data}, of_trades(trade(0, "1", "1", 7), run="k3vA"))

    assert (day.trades.rows, day.malformed) == (1, {})
    assert day.chunks_set_aside == {name: reason}


# Holes and seen time


def test_missing_ids_are_counted_in_the_bar_of_the_next_trade() -> None:
    rows = trade(-1, "1", "1", 10), trade(1_000, "1", "1", 13), trade(DAY_MS, "1", "1", 20)
    day = built(of_trades(rows[0], at="2359", day=EVE), of_trades(*rows[1:]))

    assert [day.bars(1).cell(i, "missing_trades") for i in (0, 1, 2)] == ["0", "2", "0"]
    assert (day.trades.missing, day.trades.hole_count) == (2, 2)
    assert [(hole.first_id, hole.last_id) for hole in day.trades.holes] == [(11, 12), (14, 19)]
    assert iso_ms(day.trades.holes[0].from_ms) == "2025-12-10T23:59:59.999Z"


def test_excluded_and_unpublished_rows_close_holes_and_malformed_ones_do_not() -> None:
    rows = [
        trade(0, "1", "1", 1),
        trade(1, "0", "0", 2, "NA,"),
        trade(1, "0", "0", 3, "UNPUBLISHED,"),
        trade(2, "x", "1", 4),
        trade(3, "1", "1", 5),
    ]

    assert built(of_trades(*rows)).trades.missing == 1


def test_trades_are_seen_from_a_millisecond_after_the_first_to_the_last_of_a_stretch() -> None:
    rows = trade(-1, "1", "1", 1), trade(5_000, "1", "1", 2), trade(9_000, "1", "1", 4)
    bars = built(of_trades(*rows)).bars(1)

    qualities = [bars.quality(i) for i in (0, 4, 5, 6, 9)]

    assert qualities == ["ok", "ok", "partial", "gap", "partial"]


def test_the_first_and_the_last_millisecond_of_a_stretch_are_not_seen() -> None:
    bars = built(of_trades(trade(0, "1", "1", 1), trade(2_999, "1", "1", 2))).bars(1)

    assert [bars.quality(i) for i in (0, 1, 2)] == ["partial", "ok", "partial"]


def test_covered_time_never_hides_a_hole() -> None:
    rows = trade(999, "1", "1", 1), trade(3_000, "1", "1", 3), trade(5_000, "1", "1", 4)
    bars = built(of_trades(*rows), covered("trades", 0, 10_000)).bars(1)

    qualities = [bars.quality(i) for i in range(5)] + [bars.quality(9), bars.quality(10)]

    assert qualities == ["partial", "gap", "gap", "partial", "ok", "ok", "gap"]


def test_a_silent_bar_that_one_of_two_streams_has_seen_is_no_gap() -> None:
    bars = built(of_trades(trade(0, "1", "1", 1)), covered("depth20", 0, 9_000)).bars(1)

    assert [bars.quality(i) for i in (8, 9)] == ["partial", "gap"]


def test_the_book_is_seen_between_snapshots_at_most_two_seconds_apart() -> None:
    rows = [
        book(at, "[[1,1]]", "[[2,1]]", n) for n, at in enumerate((0, 2_000, 3_000, 5_001, 6_000))
    ]
    day = built(of_book(*rows))

    assert [day.bars(1).quality(i) for i in range(6)] == ["ok"] * 3 + ["partial", "gap", "partial"]
    assert day.depth20.coverage == Fraction(3, 86_400)
    assert day.bars(60).qualities() == {"partial": 1, "gap": 1439}


def test_a_stream_is_expected_if_it_has_rows_covered_time_or_a_recording() -> None:
    rows = [book(at, "[[1,1]]", "[[2,1]]", at) for at in (0, 1_000)]
    recording = journal(event="recording", symbols=[BTC], streams=["trades"])

    assert built(of_book(*rows)).bars(1).quality(0) == "ok"
    assert built(of_book(*rows), recording).bars(1).quality(0) == "partial"
    assert built(of_book(*rows), covered("trades", 0, 1)).bars(1).quality(0) == "partial"
    assert built(of_book(*rows), covered("trades", -9, 0)).bars(1).quality(0) == "ok"
    assert built({}).bars(1).qualities() == {"": 86_400}


def test_covered_time_is_united_over_runs_and_clipped_to_the_day() -> None:
    lines = covered("trades", -5, 1_500) | {
        "journal/2025-12-11/23-a.jsonl": b"{\n" + covered("trades", 1_500, 2 * DAY_MS).popitem()[1],
        "journal/2025-12-10/23-a.jsonl": covered("depth20", 0, DAY_MS).popitem()[1],
    }
    day = built(lines)

    assert day.evidence.seen == {Stream.TRADES: ((START_MS, START_MS + DAY_MS),)}
    assert day.bars(1).qualities() == {"ok": 86_400}
    assert day.condition == "complete"


def test_a_day_is_degraded_by_a_missing_id_a_malformed_row_or_a_conflict() -> None:
    whole, first = BOTH_COVERED, trade(0, "1", "1", 1, "MARKET,")

    assert built(whole, of_trades(first, trade(9, "1", "1", 2))).condition == "complete"
    assert built(whole, of_trades(first, trade(9, "1", "1", 3))).condition == "degraded"
    assert built(whole, of_trades(first, "x")).condition == "degraded"
    assert built(whole, of_trades(first, trade(0, "2", "1", 1))).condition == "degraded"


# Real data


def test_the_minutes_of_a_recorded_hour_are_the_exchanges_own_klines(real_data: Path) -> None:
    folder, day = real_data / "binance-usdm-2020-12-09", date(2020, 12, 9)
    with (folder / "BTCUSDT-1m-2020-12-09.csv").open() as file:
        klines = list(csv.DictReader(file))

    reference = reference_day(_recorded_hour(folder, day), BTC, day)
    bars = reference.bars(60)

    assert len(klines) == 60
    assert [_as_kline(bars, minute) for minute in range(60)] == [
        [plain(Decimal(kline[name])) for name in KLINE_COLUMNS] for kline in klines
    ]
    assert (reference.trades.rows, reference.trades.missing) == (100_311, 1)


KLINE_COLUMNS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "volume": "vol_total",
    "quote_volume": "quote_volume",
    "count": "trade_count",
    "taker_buy_volume": "vol_buy",
}


def _as_kline(bars: ReferenceBars, index: int) -> list[Value]:
    row = bars.row(index)
    return [row[column] for column in KLINE_COLUMNS.values()]


def _recorded_hour(folder: Path, day: date) -> dict[str, bytes]:
    """Make raw chunks of one minute of the archive's trades."""
    minutes: dict[int, list[str]] = defaultdict(list)
    with gzip.open(folder / "BTCUSDT-trades-2020-12-09-00h.csv.gz", "rt") as file:
        for fill in csv.DictReader(file):
            row = [fill[name] for name in ("time", "price", "qty", "is_buyer_maker", "id")]
            minutes[(int(fill["time"]) - start_ms(day)) // MINUTE_MS].append(",".join(row))
    head = "timestamp,price,quantity,is_buyer_maker,trade_id"
    return {
        str(ChunkKey(Stream.TRADES, BTC, day, minute, "a1", Format.PLAIN)): chunk(head, *rows)
        for minute, rows in minutes.items()
    }


# Drawn lakes


@settings(max_examples=60)
@given(raw_lakes())
def test_every_row_of_a_drawn_lake_is_accounted_for(lake: RawLake) -> None:
    day = reference_day(lake.objects, lake.symbol, DAY)
    trades, snapshots = day.trades, day.depth20

    assert trades.rows == trades.counted + trades.duplicates + sum(trades.excluded.values())
    assert snapshots.rows == (
        snapshots.used + snapshots.duplicates + sum(snapshots.set_aside.values())
    )


@settings(max_examples=40)
@given(raw_lakes())
def test_bars_of_all_resolutions_of_a_drawn_lake_hold_the_same(lake: RawLake) -> None:
    day = reference_day(lake.objects, lake.symbol, DAY)
    seconds, minutes = day.bars(1), day.bars(60)

    for column in ("vol_total", "vol_delta", "quote_volume", "trade_count", "snapshot_count"):
        assert _total(seconds, column) == _total(minutes, column)
    assert seconds.cell(86_399, "close") == minutes.cell(1_439, "close")
    assert seconds.cell(86_399, "cvd") == minutes.cell(1_439, "cvd")
    assert sum(seconds.qualities().values()) == 86_400


def _total(bars: ReferenceBars, column: str) -> Fraction:
    return sum((Fraction(str(bars.cell(index, column))) for index in bars.active), Fraction(0))


@settings(max_examples=40)
@given(raw_lakes(), st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_nothing(lake: RawLake, random: Any) -> None:
    names = list(lake.objects)
    random.shuffle(names)

    day = reference_day(lake.objects, lake.symbol, DAY)
    again = reference_day({name: lake.objects[name] for name in names}, lake.symbol, DAY)

    assert again == day


@settings(max_examples=40)
@given(raw_lakes())
def test_nothing_but_the_time_changes_within_a_stretch(lake: RawLake) -> None:
    bars = reference_day(lake.objects, lake.symbol, DAY).bars(60)
    stretches = bars.stretches()

    assert [index for stretch in stretches for index in stretch] == list(range(1_440))
    for stretch in stretches:
        first, *others = ({**bars.row(index), "timestamp": None} for index in stretch)
        assert others == [first] * len(others)


# The comparison


@pytest.fixture
def day() -> ReferenceDay:
    trades = of_trades(
        trade(61_000, "3", "1", 1, "MARKET,"), trade(61_500, "4", "2", 5), trade(0, "x", "1", 6)
    )
    books = of_book(book(61_000, "[[1,1]]", "[[4,2]]", 1), book(61_100, "[[2,1]]", "[[2,1]]", 2))
    return built(trades, books, BOTH_COVERED, {key("trades", "0000", ending="csv.gz"): b"x" * 9})


def test_the_comparison_accepts_what_is_right(day: ReferenceDay) -> None:
    outputs, manifest = _published(day, "1s", "1m", "1h")

    assert_same_day(day, outputs, manifest)


@settings(max_examples=30)
@given(raw_lakes())
def test_the_comparison_accepts_what_is_right_of_any_lake(lake: RawLake) -> None:
    drawn = reference_day(lake.objects, lake.symbol, DAY)

    assert_same_day(drawn, *_published(drawn, "1m", "1h"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("00:01:01Z,3,4,3,4,3.66666666667", "00:01:01Z,3,4,3,4,3.666666668", "vwap"),
        ("00:01:01Z,3,4,3,4,3.66666666667", "00:01:01Z,3,4,3,4,3.666666666667", "over 12"),
        ("00:01:01Z,3,4,3,4,3.66666666667", "00:01:01Z,3,4,3,4,3.666666666670", "not plain"),
        ("00:01:01Z,3,4,3", "00:01:01Z,3,4,3.0", "1s bar 61 .*, low: expected '3', found '3.0'"),
        ("00:01:02Z,4,4", "00:01:02Z,4,3", "1s bar 62 .*, high"),
        ("23:59:58Z,4,4", "23:59:58Z,4,4.5", "1s bar 86398 .*, high"),
        ("00:00:00Z,", "00:00:01Z,", "1s bar 0 .*, timestamp"),
        ("12:00:00Z,4,4,4,4,4,0", "12:00:00Z,4,4,4,4,4,0,", "1s bar 43200 .*, number of cells"),
        ("timestamp,open", "timestamp,first", "header"),
    ],
)
def test_the_comparison_names_bar_and_column(
    day: ReferenceDay, right: str, wrong: str, said: str
) -> None:
    outputs, manifest = _published(day, "1s")
    changed = {"1s": outputs["1s"].replace(right.encode(), wrong.encode(), 1)}

    assert changed != outputs
    with pytest.raises(AssertionError, match=said):
        assert_same_day(day, changed, manifest)


@pytest.mark.parametrize("lines", [slice(0, -2), slice(0, -1)])
def test_the_comparison_misses_no_missing_line(day: ReferenceDay, lines: slice) -> None:
    outputs, manifest = _published(day, "1m")
    shortened = {"1m": b"\n".join(outputs["1m"].split(b"\n")[lines])}

    with pytest.raises(AssertionError, match="1m, number of bars"):
        assert_same_day(day, shortened, manifest)


def _spoil_manifest(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    *folders, name = path.split("/")

    def spoil(manifest: dict[str, Any]) -> None:
        for folder in folders:
            manifest = manifest[folder]
        assert manifest[name] != value
        manifest[name] = value

    return spoil


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("condition", "complete"),
        ("symbol", "ETHUSDT"),
        ("date", "2025-12-12"),
        ("trades/counted", 3),
        ("trades/missing", 2),
        ("trades/excluded", {"NA": 1}),
        ("trades/holes", []),
        ("depth20/used", 2),
        ("depth20/set_aside", {}),
        ("depth20/coverage", 0.99998),
        ("set_aside/malformed/number/rows", 2),
        ("set_aside/malformed/number/example", "raw/trades/BTCUSDT/2025-12-11/0001-k3v9.csv:4"),
        ("set_aside/chunks", {}),
        ("late/depth20", 1),
        ("bars/1m", {"ok": 1440}),
        ("inputs/carry", "2025-12-10T04:00Z"),
        ("inputs/trades/chunks", 1),
        ("inputs/depth20/runs", {}),
        ("outputs", []),
    ],
)
def test_the_comparison_finds_every_wrong_fact(day: ReferenceDay, path: str, value: object) -> None:
    outputs, manifest = _published(day, "1m")
    _spoil_manifest(path, value)(manifest)

    with pytest.raises(AssertionError, match="expected"):
        assert_same_day(day, outputs, manifest)


def test_the_comparison_demands_that_strays_are_named(day: ReferenceDay) -> None:
    strayed = replace(day, left_alone=frozenset({"raw/trades/BTCUSDT/2025-12-11/x"}))
    outputs, manifest = _published(day, "1m")

    with pytest.raises(AssertionError, match="left_alone"):
        assert_same_day(strayed, outputs, manifest)


def _published(day: ReferenceDay, *labels: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Write a day as it must be: what the comparison has to accept."""
    bars = {label: day.bars(resolution_seconds(label)) for label in labels}
    outputs = {label: "".join(_lines(found)).encode() for label, found in bars.items()}
    return outputs, {
        "symbol": day.symbol,
        "date": str(day.date),
        "condition": day.condition,
        "inputs": _inputs(day),
        "trades": _trades(day),
        "depth20": asdict(day.depth20) | {"coverage": round(float(day.depth20.coverage), 5)},
        "set_aside": _set_aside(day),
        "late": dict(day.late),
        "bars": {label: found.qualities() for label, found in bars.items()},
        "outputs": [_output(f"{day.date}_{label}.csv", data) for label, data in outputs.items()],
    }


def _lines(bars: ReferenceBars) -> Iterator[str]:
    yield header(BAR_COLUMNS)
    for stretch in bars.stretches():
        row = bars.row(stretch.start)
        rest = ",".join(_text(row[column.name]) for column in BAR_COLUMNS[1:])
        for index in stretch:
            moment = iso_ms(START_MS + index * (DAY_MS // bars.count))
            yield f"{moment[:-5]}Z,{rest}\n"


def _text(value: Value) -> str:
    if not isinstance(value, Fraction):
        return value or ""
    return plain(Context(prec=12).divide(Decimal(value.numerator), Decimal(value.denominator)))


def _inputs(day: ReferenceDay) -> dict[str, Any]:
    streams = {str(stream): asdict(facts) for stream, facts in day.inputs.items()}
    return {"carry": day.carry, "left_alone": sorted(day.left_alone), **streams}


def _trades(day: ReferenceDay) -> dict[str, Any]:
    holes = [
        {
            "first_id": hole.first_id,
            "last_id": hole.last_id,
            "from": iso_ms(hole.from_ms),
            "to": iso_ms(hole.to_ms),
        }
        for hole in day.trades.holes
    ]
    return asdict(day.trades) | {"holes": holes}


def _set_aside(day: ReferenceDay) -> dict[str, Any]:
    malformed = {
        reason: {"rows": rows, "example": f"{min(day.malformed_in[reason])}:2"}
        for reason, rows in day.malformed.items()
    }
    return {"malformed": malformed, "chunks": {v: k for k, v in day.chunks_set_aside.items()}}


def _output(name: str, data: bytes) -> dict[str, Any]:
    rows, digest = data.count(b"\n") - 1, hashlib.sha256(data).hexdigest()
    return {"name": name, "rows": rows, "bytes": len(data), "sha256": digest}
