"""The made market: what it promises to those who test, measure and show with it."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lake.errors import LakeError
from lake.journal import Covered, read_journal
from lake.layout import LAKE_FILE, ChunkKey, Format, JournalKey, Stream
from lake.marker import check
from lake.schemas import RAW_TABLES, header
from lake.storage import LocalFolder
from synthetic.chunks import Object, Session, by_minute, day_start_ms, record, trades_tape
from synthetic.cli import app
from synthetic.days import MARGIN_MS, Day, day_objects, numbered
from synthetic.demo import (
    BTC,
    CROSSED,
    ETH,
    LIQUIDATIONS,
    MALFORMED,
    OUTAGES,
    RECONNECT,
    SILENT_MINUTES,
    TRUNCATED,
    Demo,
    demo_objects,
)
from synthetic.faults import BREAKS, truncated
from synthetic.faults import malformed as malformed_chunk
from synthetic.market import DAY_MINUTES, DAY_MS, HOUR_MS, MINUTE_MS, Market, Pace
from synthetic.report import Report
from synthetic.rows import NO_TRADES, TYPES, Trades, instrument, join, pick
from synthetic.text import trades_csv
from synthetic.troubles import planted
from synthetic.writing import write_day, write_demo

DAY = date(2025, 12, 11)
START = day_start_ms(DAY)
SMALL = Day((BTC,), DAY, trades=20_000, snapshots=3_000)
QUIET = Day(numbered("QUIETUSDT", 2), DAY, trades=500, snapshots=2_000)
DEMO = Demo(DAY, btc=Pace(40_000, 60_000), eth=Pace(25_000, 50_000, SILENT_MINUTES))


@dataclass(frozen=True)
class Row:
    """A line of a chunk, as Python's csv module reads it."""

    key: ChunkKey
    cells: dict[str, str]

    def __getitem__(self, column: str) -> int:
        return int(self.cells[column])


@dataclass(frozen=True)
class Made:
    """All objects of a day, and the rows of their chunks that can be read."""

    objects: dict[str, bytes]
    rows: dict[tuple[str, Stream], list[Row]]
    report: Report

    def of_day(self, symbol: str, stream: Stream) -> list[Row]:
        return between(self.rows[symbol, stream], START, START + DAY_MS)


def between(rows: Iterable[Row], from_ms: int, to_ms: int) -> list[Row]:
    return [row for row in rows if from_ms <= row["timestamp"] < to_ms]


def unpacked(key: ChunkKey, data: bytes) -> str:
    match key.format:
        case Format.GZIP:
            return zlib.decompressobj(31).decompress(data).decode()
        case Format.ZSTD:
            return zstandard.ZstdDecompressor().decompress(data).decode()
        case Format.PLAIN:
            return data.decode()


def readable(key: ChunkKey, data: bytes) -> Iterator[Row]:
    """Yield the lines that end, and whose cells are what their columns say."""
    text = unpacked(key, data)
    for cells in csv.DictReader(io.StringIO(text[: text.rindex("\n") + 1])):
        if len(cells) == len(RAW_TABLES[key.stream]) and not malformed(key.stream, cells):
            yield Row(key, cells)


def malformed(stream: Stream, cells: dict[str, str]) -> bool:
    try:
        int(cells["timestamp"])
        if stream is Stream.DEPTH20:
            return not json.loads(cells["bids"])
        return cells["is_buyer_maker"] not in ("true", "false") or Decimal(cells["price"]).is_nan()
    except (ValueError, TypeError):
        return True


def made(objects: Iterable[Object]) -> Made:
    found = Made({}, {}, Report(DAY))
    for one in objects:
        assert one.key not in found.objects

        found.objects[one.key] = one.data
        found.report.add(one)
        key = ChunkKey.parse(one.key)
        if key:
            rows = found.rows.setdefault((key.symbol, key.stream), [])
            rows.extend(readable(key, one.data))
    return found


@pytest.fixture(scope="module")
def small() -> Made:
    return made(day_objects(SMALL))


@pytest.fixture(scope="module")
def demo() -> Made:
    return made(demo_objects(DEMO))


def span(from_ms: int, to_ms: int) -> tuple[int, int]:
    return START + from_ms, START + to_ms


def minute_span(minute: int) -> tuple[int, int]:
    return span(minute * MINUTE_MS, (minute + 1) * MINUTE_MS)


def covered(found: Made) -> list[Covered]:
    texts = [data for key, data in found.objects.items() if JournalKey.parse(key)]
    return list(read_journal(texts).covered)


def book(row: Row) -> tuple[list[list[str]], list[list[str]]]:
    return json.loads(row.cells["bids"]), json.loads(row.cells["asks"])


def is_crossed(row: Row) -> bool:
    bids, asks = book(row)
    return Decimal(asks[0][0]) <= Decimal(bids[0][0])


# A plain day


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    plan = replace(SMALL, trades=300, snapshots=300)
    first, again, other = (
        {one.key: one.data for one in day_objects(plan)}
        for plan in (plan, plan, replace(plan, seed=2))
    )

    assert first == again
    assert not first.keys() & other.keys()
    assert not set(first.values()) & set(other.values())


def test_the_rows_of_the_day_are_as_many_as_were_asked_for(small: Made) -> None:
    assert len(small.of_day(BTC, Stream.TRADES)) == 20_000
    assert len(small.of_day(BTC, Stream.DEPTH20)) == 3_000


def test_quiet_symbols_have_their_rows_too() -> None:
    quiet = made(day_objects(QUIET))

    assert {symbol for symbol, _ in quiet.rows} == {"QUIET0001USDT", "QUIET0002USDT"}
    for symbol in QUIET.symbols:
        assert len(quiet.of_day(symbol, Stream.TRADES)) == 500
        assert len(quiet.of_day(symbol, Stream.DEPTH20)) == 2_000


def test_a_busy_day_has_a_chunk_for_each_minute_and_stream(small: Made) -> None:
    keys = [key for text in small.objects if (key := ChunkKey.parse(text)) and key.date == DAY]

    assert len(keys) == len(set(keys)) == 2 * DAY_MINUTES


@pytest.mark.parametrize("stream", Stream)
def test_ten_minutes_of_both_neighbours_are_there(small: Made, stream: Stream) -> None:
    times = [row["timestamp"] for row in small.rows[BTC, stream]]

    assert START - MARGIN_MS <= min(times) < START - MARGIN_MS + MINUTE_MS
    assert START + DAY_MS + MARGIN_MS - MINUTE_MS <= max(times) < START + DAY_MS + MARGIN_MS


@pytest.mark.parametrize("which", ["small", "demo"])
def test_rows_lie_in_the_chunk_of_the_minute_of_their_receipt(
    which: str, request: pytest.FixtureRequest
) -> None:
    found: Made = request.getfixturevalue(which)
    for rows in found.rows.values():
        for row in rows:
            minute = day_start_ms(row.key.date) // MINUTE_MS + row.key.minute

            assert row["received_ns"] // (MINUTE_MS * 1_000_000) == minute


def test_trades_come_in_the_order_of_ids_and_all_clocks_and_no_id_is_missing(small: Made) -> None:
    rows = small.rows[BTC, Stream.TRADES]
    ids = [row["trade_id"] for row in rows]

    assert ids == list(range(ids[0], ids[0] + len(ids)))
    for column in ("timestamp", "event_time", "received_ns"):
        values = [row[column] for row in rows]
        assert values == sorted(values)
    assert all(row["timestamp"] <= row["event_time"] for row in rows)
    assert all(row["event_time"] * 1_000_000 < row["received_ns"] for row in rows)


def test_snapshots_come_in_strict_order_and_none_is_crossed(small: Made) -> None:
    rows = small.rows[BTC, Stream.DEPTH20]

    for column in ("timestamp", "update_id", "received_ns"):
        values = [row[column] for row in rows]
        assert values == sorted(set(values))
    for row in rows:
        bids, asks = book(row)
        prices = [Decimal(price) for price, _ in bids[::-1] + asks]
        assert len(bids) == len(asks) == 20
        assert prices == sorted(set(prices))
        assert all(Decimal(quantity) > 0 for _, quantity in bids + asks)


def test_taker_prices_are_those_of_the_book_around_them() -> None:
    market = Market(instrument(BTC), Pace(3_000_000, 864_000), seed=3)
    trades, books = market.trades(29_000_000), market.books(29_000_000)
    before = np.searchsorted(books.timestamp // 100, trades.timestamp // 100)
    best_ask, best_bid = books.ask_price[before, 0], books.bid_price[before, 0]
    real, buys = trades.price > 0, ~trades.is_buyer_maker

    assert real.sum() > 500
    assert np.all(trades.price[real & buys] >= best_ask[real & buys])
    assert np.all(trades.price[real & ~buys] <= best_bid[real & ~buys])


def test_trades_cluster_and_sizes_have_a_fat_tail() -> None:
    market = Market(instrument(BTC), Pace(3_000_000, 864_000), seed=3)
    trades = join([market.trades(minute) for minute in range(29_000_000, 29_000_020)])

    assert 0.5 < np.mean(np.diff(trades.timestamp) == 0) < 0.9
    assert np.quantile(trades.quantity, 0.99) > 20 * np.median(trades.quantity)


def test_minutes_differ_in_activity_but_not_in_a_busy_day_to_silence(small: Made) -> None:
    times = np.array([row["timestamp"] for row in small.of_day(BTC, Stream.TRADES)])
    counts = np.bincount((times - START) // MINUTE_MS, minlength=DAY_MINUTES)

    assert counts.min() >= 1
    assert np.quantile(counts, 0.99) > 3 * np.median(counts)


def test_a_day_and_the_next_one_agree_on_the_minutes_that_both_have() -> None:
    first, second = (
        made(day_objects(replace(SMALL, date=DAY + timedelta(days), trades=2_000, snapshots=1_000)))
        for days in (0, 1)
    )
    around = START + DAY_MS - MARGIN_MS, START + DAY_MS + MARGIN_MS

    for stream in Stream:
        rows = [
            [row.cells for row in between(found.rows[BTC, stream], *around)]
            for found in (first, second)
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) > 10


def test_chunks_are_what_the_csv_module_writes(small: Made) -> None:
    for stream in Stream:
        key = next(key for key in small.objects if key.startswith(f"raw/{stream}/"))
        text = gzip.decompress(small.objects[key]).decode()
        rewritten = io.StringIO()
        csv.writer(rewritten, lineterminator="\n").writerows(csv.reader(io.StringIO(text)))

        assert rewritten.getvalue() == text
        assert text.startswith(header(RAW_TABLES[stream]))


@pytest.mark.parametrize("form", [Format.PLAIN, Format.ZSTD])
def test_every_format_holds_the_same_rows(form: Format) -> None:
    plan = replace(SMALL, trades=100, snapshots=0)
    zipped, other = made(day_objects(plan)), made(day_objects(replace(plan, form=form)))
    cells = [[row.cells for row in found.rows[BTC, Stream.TRADES]] for found in (zipped, other)]

    assert cells[0] == cells[1]
    assert all(row.key.format is form for row in other.rows[BTC, Stream.TRADES])


def test_the_journal_of_a_plain_day_covers_all_of_it(small: Made) -> None:
    hours = [key for text in small.objects if (key := JournalKey.parse(text)) and key.date == DAY]

    assert [key.hour for key in hours] == list(range(24))
    for stream in Stream:
        times = [
            (one.from_ms, one.to_ms)
            for one in covered(small)
            if one.stream is stream and START <= one.from_ms < START + DAY_MS
        ]
        assert times == [(edge, edge + HOUR_MS) for edge in range(START, START + DAY_MS, HOUR_MS)]


@given(
    price=st.integers(0, 10**15),
    quantity=st.integers(0, 10**15),
    digits=st.integers(0, 8),
    kind=st.integers(0, len(TYPES) - 1),
)
def test_numbers_are_written_with_all_their_digits(
    price: int, quantity: int, digits: int, kind: int
) -> None:
    one = np.array([price, 1, 0])
    flags = np.array([True, False, True])
    rows = replace(
        NO_TRADES,
        **dict.fromkeys(("timestamp", "trade_id", "event_time", "received_ns"), one),
        price=one,
        quantity=np.array([quantity, 1, 0]),
        is_buyer_maker=flags,
        trade_type=np.array([kind, 0, 1]),
    )
    coin = replace(instrument(BTC), price_digits=digits, quantity_digits=0)
    written = list(csv.DictReader(io.StringIO(trades_csv(rows, coin).decode())))
    expected = f"{Decimal(price).scaleb(-digits):.{digits}f}" if price else "0"

    assert [row["price"] for row in written][::2] == [expected, "0"]
    assert [row["quantity"] for row in written] == [str(quantity), "1", "0"]
    assert [row["trade_id"] for row in written] == [str(price), "1", "0"]
    assert [row["is_buyer_maker"] for row in written] == ["true", "false", "true"]
    assert written[0]["trade_type"] == TYPES[kind]


@given(
    waits=st.lists(st.integers(0, 3 * MINUTE_MS), max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
)
def test_cutting_into_minutes_loses_nothing_and_names_each_minute_once(
    waits: list[int], cuts: list[int]
) -> None:
    received = np.cumsum(np.array(waits, np.int64)) * 1_000_000
    flags = received > 0
    rows = Trades(received, received, received, flags, received, received, received, received)
    edges = [0, *sorted(min(cut, len(waits)) for cut in cuts), len(waits)]
    batches = [pick(rows, slice(start, end)) for start, end in pairwise(edges)]
    pieces = list(by_minute(batches))
    minutes = [minute for minute, _ in pieces]

    assert minutes == sorted(set(minutes))
    assert [ns for _, piece in pieces for ns in piece.received_ns.tolist()] == received.tolist()
    assert all(set(part.received_ns // 60_000_000_000) == {minute} for minute, part in pieces)


# The demo's troubles


def test_in_an_outage_rows_of_the_stated_streams_are_lost_and_the_journal_admits_it(
    demo: Made,
) -> None:
    for outage in OUTAGES:
        times = span(outage.from_ms, outage.to_ms)
        for stream in Stream:
            rows = between(demo.rows[outage.symbol, stream], *times)
            claims = [
                one
                for one in covered(demo)
                if (one.symbol, one.stream) == (outage.symbol, stream)
                and one.from_ms < times[1]
                and times[0] + 5 < one.to_ms
            ]
            expected = stream not in outage.streams

            assert bool(rows) is bool(claims) is expected


def test_gap_lines_name_exactly_the_ids_that_an_outage_took(demo: Made) -> None:
    lines = [
        json.loads(line)
        for key, data in demo.objects.items()
        if JournalKey.parse(key)
        for line in data.splitlines()
    ]
    gaps = [line for line in lines if line["event"] == "gap"]

    assert len(gaps) == sum(len(outage.streams) for outage in OUTAGES)
    for gap in gaps:
        rows = demo.rows[gap["symbol"], gap["stream"]]
        assert {row["timestamp"] for row in rows} >= {gap["from"], gap["to"]}
        if gap["stream"] == Stream.TRADES:
            ids = {row["trade_id"] for row in rows}
            assert not ids & set(range(gap["first_id"], gap["last_id"] + 1))
            assert {gap["first_id"] - 1, gap["last_id"] + 1} <= ids


def test_journals_begin_with_recording_and_covered_time_meets_at_the_hour(demo: Made) -> None:
    keys = [key for text in demo.objects if (key := JournalKey.parse(text))]
    hours = {(key.date - DAY).days * 24 + key.hour for key in keys}
    ends = {one.to_ms for one in covered(demo) if one.symbol == ETH}
    starts = {one.from_ms for one in covered(demo) if one.symbol == ETH}

    assert hours == set(range(-1, 25))
    assert read_journal(demo.objects[str(key)] for key in keys).unreadable_lines == 0
    for key in keys:
        event = json.loads(demo.objects[str(key)].splitlines()[0])
        assert (event["event"], event["run"]) == ("recording", key.run)
    for hour in range(START, START + DAY_MS + 1, HOUR_MS):
        assert hour in ends & starts


def test_covered_time_never_passes_the_newest_event_time(demo: Made) -> None:
    for (symbol, stream), rows in demo.rows.items():
        newest = max(row["event_time"] for row in rows)
        mine = [one for one in covered(demo) if (one.symbol, one.stream) == (symbol, stream)]

        assert max(one.to_ms for one in mine) == newest
        assert min(one.from_ms for one in mine) == min(row["timestamp"] for row in rows)


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize("symbol", [BTC, ETH])
def test_two_runs_hold_the_same_rows_around_the_reconnect(
    demo: Made, symbol: str, stream: Stream
) -> None:
    rows = between(demo.rows[symbol, stream], *span(*RECONNECT))
    runs = [
        [
            {name: cell for name, cell in row.cells.items() if name != "received_ns"}
            for row in rows
            if row.key.run == session.run
        ]
        for session in DEMO.sessions
    ]

    assert runs[0] == runs[1]
    assert len(runs[0]) >= 3


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize("symbol", [BTC, ETH])
def test_rows_of_both_midnights_lie_in_the_neighbours_chunks(
    demo: Made, symbol: str, stream: Stream
) -> None:
    late = {row.key.date for row in demo.of_day(symbol, stream) if row.key.date != DAY}

    assert late == {DAY - timedelta(1), DAY + timedelta(1)}


def test_ids_go_on_over_both_midnights(demo: Made) -> None:
    for midnight in (START, START + DAY_MS):
        for symbol in (BTC, ETH):
            rows = between(
                demo.rows[symbol, Stream.TRADES], midnight - MARGIN_MS, midnight + MARGIN_MS
            )
            ids = [row["trade_id"] for row in rows]
            assert ids == list(range(ids[0], ids[-1] + 1))
            assert rows[0]["timestamp"] < midnight <= rows[-1]["timestamp"]


def test_in_silent_minutes_no_trade_is_made_and_none_is_lost(demo: Made) -> None:
    from_ms, to_ms = minute_span(SILENT_MINUTES[0])[0], minute_span(SILENT_MINUTES[-1])[1]
    rows = demo.rows[ETH, Stream.TRADES]
    before, after = between(rows, START, from_ms)[-1], between(rows, to_ms, START + DAY_MS)[0]

    assert not between(rows, from_ms, to_ms)
    assert after["trade_id"] == before["trade_id"] + 1
    assert between(demo.rows[ETH, Stream.DEPTH20], from_ms, to_ms)


def test_trade_types_are_those_of_the_venue_and_none_is_ours(demo: Made) -> None:
    for symbol in (BTC, ETH):
        rows = demo.rows[symbol, Stream.TRADES]
        by_type = {kind: [row for row in rows if row.cells["trade_type"] == kind] for kind in TYPES}

        assert sum(map(len, by_type.values())) == len(rows)
        assert len(by_type[TYPES[1]]) > 100
        assert len(by_type[TYPES[2]]) > 20
        for row in rows:
            nothing = row.cells["price"] == row.cells["quantity"] == "0"
            assert nothing is (row.cells["trade_type"] == "NA")


def test_insurance_fund_prints_lie_off_the_market_in_their_minutes(demo: Made) -> None:
    for symbol, minutes in LIQUIDATIONS.items():
        rows = demo.of_day(symbol, Stream.TRADES)
        odd = [row for row in rows if row.cells["trade_type"] == "INSURANCE_FUND"]

        assert [(row["timestamp"] - START) // MINUTE_MS for row in odd] == list(minutes)
        for row in odd:
            around = between(rows, row["timestamp"] - MINUTE_MS, row["timestamp"] + MINUTE_MS)
            prices = [Decimal(one.cells["price"]) for one in around]
            market = sorted(prices)[len(prices) // 2]
            assert Decimal(row.cells["price"]) < market * Decimal("0.97")


def test_only_the_planted_snapshots_are_crossed(demo: Made) -> None:
    for symbol, minutes in CROSSED.items():
        rows = demo.rows[symbol, Stream.DEPTH20]
        planted_rows = [between(rows, *minute_span(minute))[0] for minute in minutes]

        assert [row for row in rows if is_crossed(row)] == planted_rows


def test_malformed_rows_are_broken_in_each_way_and_their_chunks_are_else_whole(demo: Made) -> None:
    for stream, symbol, minute in MALFORMED:
        key = ChunkKey(stream, symbol, DAY, minute, DEMO.sessions[1].run)
        lines = gzip.decompress(demo.objects[str(key)]).count(b"\n") - 1
        rows = [row for row in demo.rows[symbol, stream] if row.key == key]

        assert lines - len(rows) == len(BREAKS[stream]) == demo.report.unreadable[str(key)]
        assert rows


@pytest.mark.parametrize("size", range(1, 9))
def test_faults_in_a_small_chunk_leave_what_they_say(size: int) -> None:
    market = Market(instrument(ETH), Pace(9_000_000, 0), seed=1)
    session = Session("small", 29_000_000 * MINUTE_MS, 29_000_001 * MINUTE_MS)
    whole = next(record(trades_tape(market), session))
    rows = pick(whole.rows, slice(0, size))
    chunk = replace(whole, rows=rows, text=trades_csv(rows, market.instrument))
    spoiled = malformed_chunk(chunk)
    cut, data = truncated(chunk, gzip.compress(chunk.text))

    assert spoiled.rows.timestamp.size == max(size - 3, 1)
    assert len(list(readable(chunk.key, gzip.compress(spoiled.text)))) == max(size - 3, 1)
    assert cut.rows.timestamp.size < size
    assert zlib.decompressobj(31).decompress(data).startswith(cut.text)


def test_one_chunk_breaks_off_and_its_first_rows_are_whole(demo: Made) -> None:
    stream, symbol, minute = TRUNCATED
    key = ChunkKey(stream, symbol, DAY, minute, DEMO.sessions[1].run)
    rows = [row for row in demo.rows[symbol, stream] if row.key == key]

    with pytest.raises(EOFError):
        gzip.decompress(demo.objects[str(key)])

    assert rows
    assert demo.report.unreadable[str(key)] > 0


def test_the_missing_ids_are_those_of_the_planted_troubles_and_no_others(demo: Made) -> None:
    for summary in demo.report.summaries():
        if summary.stream is Stream.TRADES:
            ids = {row["trade_id"] for row in demo.of_day(summary.symbol, Stream.TRADES)}
            lost = sum(
                rows
                for key, rows in demo.report.unreadable.items()
                if f"/{Stream.TRADES}/{summary.symbol}/" in key
            )
            market = DEMO.markets[0 if summary.symbol == BTC else 1]
            for outage in OUTAGES:
                if outage.symbol == summary.symbol:
                    times = span(outage.from_ms, outage.to_ms)
                    minutes = range(times[0] // MINUTE_MS, times[1] // MINUTE_MS + 1)
                    gone = [market.trades(minute).timestamp for minute in minutes]
                    lost += sum(int(((ms >= times[0]) & (ms < times[1])).sum()) for ms in gone)

            assert max(ids) - min(ids) + 1 - len(ids) == summary.missing == lost


def test_the_report_counts_what_a_reader_finds(demo: Made) -> None:
    summaries = {(one.symbol, one.stream): one for one in demo.report.summaries()}
    for (symbol, stream), rows in demo.rows.items():
        of_day, summary = demo.of_day(symbol, stream), summaries[symbol, stream]
        ids = {row["trade_id" if stream is Stream.TRADES else "update_id"] for row in of_day}

        assert summary.chunks == len({row.key for row in rows})
        assert summary.rows == len(of_day)
        assert summary.duplicates == len(of_day) - len(ids) > 0
        assert summary.late == sum(row.key.date != DAY for row in of_day)


def test_all_troubles_are_told_in_the_order_of_their_times(demo: Made) -> None:
    told = planted(DEMO, demo.report.unreadable)
    times = [trouble.from_ms for trouble in told]
    words = "\n".join(map(str, told))

    assert times == sorted(times)
    assert "connection reset" in words
    for expected in ("stream silent", "insurance fund", "crossed", "twice", "clock is behind"):
        assert expected in words
    assert all(key in words for key in demo.report.unreadable)


# Writing and the command line


@pytest.fixture
def tiny() -> Day:
    return Day(("TINYUSDT",), DAY, trades=30, snapshots=10)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_day_is_written_as_a_lake_that_is_ours(tmp_path: Path, tiny: Day) -> None:
    lake = LocalFolder(tmp_path)
    write_day(lake, tiny)
    keys = {stat.key for stat in lake.list("")}

    assert keys == {LAKE_FILE} | {one.key for one in day_objects(tiny)}
    check(lake)


def test_writing_a_day_twice_changes_nothing(tmp_path: Path, tiny: Day) -> None:
    lake = LocalFolder(tmp_path)
    told = write_day(lake, tiny)
    written = tree(tmp_path)

    assert write_day(lake, tiny) == told
    assert tree(tmp_path) == written


def test_a_run_that_broke_off_is_finished_by_the_next(tmp_path: Path, tiny: Day) -> None:
    lake = LocalFolder(tmp_path)
    told = write_day(lake, tiny)
    written = tree(tmp_path)
    (tmp_path / ".synthetic" / f"{tiny.run}.txt").unlink()
    next((tmp_path / "raw" / "trades").rglob("*.gz")).unlink()

    assert write_day(lake, tiny) == told
    assert tree(tmp_path) == written


def test_another_market_is_refused_where_a_day_is_already_made(tmp_path: Path, tiny: Day) -> None:
    lake = LocalFolder(tmp_path)
    write_day(lake, tiny)
    written = tree(tmp_path)

    with pytest.raises(LakeError, match="holds another made day"):
        write_day(lake, replace(tiny, seed=2))

    assert tree(tmp_path) == written


def test_the_demo_is_written_whole(tmp_path: Path) -> None:
    plan = Demo(DAY, btc=Pace(1_000, 100), eth=Pace(1_000, 100, SILENT_MINUTES))
    lake = LocalFolder(tmp_path, durable=False)
    told = write_demo(lake, plan)

    keys = [key for stat in lake.list("raw/") if (key := ChunkKey.parse(stat.key))]
    hours = [hour for stat in lake.list("journal/") if (hour := JournalKey.parse(stat.key))]

    assert {key.symbol for key in keys} == {BTC, ETH}
    assert {key.run for key in keys} == {hour.run for hour in hours}
    assert len({key.run for key in keys}) == 2
    assert told.index("BTCUSDT depth20: ") < told.index("Planted:") < told.index("reset")
    assert write_demo(lake, plan) == told


def test_the_command_writes_a_day_and_says_what(tmp_path: Path) -> None:
    options = ["day", "--lake", str(tmp_path), "--date", "2025-12-11", "--symbol", "ABCUSDT"]
    sizes = ["--symbols-count", "2", "--trades", "40", "--snapshots", "0", "--format", "csv"]
    result = CliRunner().invoke(app, options + sizes)
    refused = CliRunner().invoke(app, [*options, "--symbols-count", "2", "--trades", "41"])

    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "ABC0001USDT trades",
        "ABC0002USDT trades",
    ]
    assert all("40 rows" in line for line in result.stdout.splitlines())
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "options",
    [
        ["day", "--lake", "x"],
        ["day", "--lake", "x", "--date", "2025-02-30"],
        ["day", "--lake", "x", "--date", "2025-12-11", "--symbol", "A/B"],
        ["day", "--lake", "x", "--date", "2025-12-11", "--format", "zip"],
        ["demo", "--lake", "x", "--date", "yesterday"],
    ],
)
def test_wrong_usage_is_exit_2_and_writes_nothing(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert CliRunner().invoke(app, options).exit_code == 2
    assert not list(tmp_path.iterdir())
