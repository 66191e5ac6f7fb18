"""A whole day, from raw objects to published files: against the reference, and what must hold."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.archive.importer import import_files
from aggregator.decompress import Corrupt, decompress
from aggregator.unit import Status
from lake.layout import BarsFormat, ChunkKey, Format, Stream, bars_key
from lake.storage import LocalFolder, Stat
from tests import product
from tests.compare import COLUMNS, assert_same_day
from tests.lakes import DAY, RawLake, raw_lakes
from tests.product import build, lake_of, published
from tests.reference import DAY_MS, reference_day, start_ms
from tests.test_load import batches_of

COARSE = ("1m", "5m", "1h", "1d")
START = start_ms(DAY)
Row = dict[str, str]


@given(
    lake=raw_lakes(),
    margin=st.sampled_from([10, 10, 17, 60]),
    chunks=st.sampled_from([1, 2, 5, 64]),
)
def test_every_column_and_fact_agrees_with_the_reference(
    lake: RawLake, margin: int, chunks: int
) -> None:
    with lake_of(lake.objects) as storage, batches_of(chunks):
        outcome = build(storage, lake.symbol, DAY, ("1s", *COARSE), margin_minutes=margin)

        if outcome.status == "empty":
            return
        files, manifest = published(storage, lake.symbol, DAY, ("1s", *COARSE))
        assert_same_day(reference_day(lake.objects, lake.symbol, DAY, margin), files, manifest)


# --- what must hold of any day ------------------------------------------------------------------


def files_of(
    objects: Mapping[str, bytes], symbol: str, labels: Sequence[str] = ("1m", "1h"), **fields: int
) -> dict[str, bytes]:
    """Build a day and return its files; none if it has no chunk."""
    with lake_of(objects) as storage:
        outcome = build(storage, symbol, DAY, labels, **fields)
        if outcome.status == Status.EMPTY:
            return {}
        return published(storage, symbol, DAY, labels)[0]


def _head_and_lines(data: bytes) -> tuple[str, list[str]]:
    head, *lines = data.decode().splitlines()
    return head, lines


def rows_of(data: bytes) -> list[Row]:
    return _rows(*_head_and_lines(data))


def total(rows: list[Row], column: str) -> Fraction:
    return sum((Fraction(row[column]) for row in rows), Fraction(0))


def weighted_mean(rows: list[Row], column: str) -> Fraction:
    weights = [Fraction(row["snapshot_count"]) for row in rows]
    values = [Fraction(row[column]) for row in rows]
    return sum((w * v for w, v in zip(weights, values, strict=True)), Fraction(0)) / sum(weights)


SUMS = (
    "vol_total", "vol_buy", "vol_sell", "vol_delta", "quote_volume", "trade_count",
    "trade_count_buy", "trade_count_sell", "snapshot_count",
)  # fmt: skip
MEANS = (
    "avg_spread", "avg_spread_bps", "imbalance_l1", "imbalance_l5", "imbalance_l10",
    "imbalance_l20", "bid_qty_l5", "ask_qty_l5", "bid_qty_l10", "ask_qty_l10", "bid_qty_l20",
    "ask_qty_l20",
)  # fmt: skip


def assert_rolled_up(coarse: Row, seconds: list[Row]) -> None:
    """Compare a bar with its seconds: those with trades, those with snapshots, and all of them."""
    assert {name: total(seconds, name) for name in SUMS} == {n: Fraction(coarse[n]) for n in SUMS}
    assert coarse["cvd"] == seconds[-1]["cvd"]
    assert (coarse["quality"] == "ok") == ({"ok"} == {row["quality"] for row in seconds})
    traded = [row for row in seconds if row["trade_count"] != "0"]
    if traded:
        assert (coarse["open"], coarse["close"]) == (traded[0]["open"], traded[-1]["close"])
        assert Decimal(coarse["high"]) == max(Decimal(row["high"]) for row in traded)
        assert Decimal(coarse["low"]) == min(Decimal(row["low"]) for row in traded)
        largest = max(Decimal(row["max_trade_qty"]) for row in traded)
        assert largest == Decimal(coarse["max_trade_qty"])
    seen = [row for row in seconds if row["snapshot_count"] != "0"]
    if seen:
        assert seen[-1]["mid_close"] == coarse["mid_close"]
        assert Decimal(coarse["min_spread"]) == min(Decimal(row["min_spread"]) for row in seen)
        assert Decimal(coarse["max_spread"]) == max(Decimal(row["max_spread"]) for row in seen)
        for name in MEANS:
            mean = weighted_mean(seen, name)
            assert abs(Fraction(coarse[name]) - mean) <= mean * Fraction(1, 10**10)


@settings(max_examples=15)
@given(raw_lakes())
def test_minutes_are_their_seconds_rolled_up(lake: RawLake) -> None:
    files = files_of(lake.objects, lake.symbol, ("1s", "1m"))
    assume(files)
    (head, minutes), (_, seconds) = map(_head_and_lines, (files["1m"], files["1s"]))

    for place, minute in enumerate(minutes):
        its_own = seconds[60 * place : 60 * place + 60]
        if not _quiet(minute, its_own):
            assert_rolled_up(_rows(head, [minute])[0], _rows(head, its_own))


def _quiet(minute: str, seconds: list[str]) -> bool:
    """Tell whether nothing happened, and the lines differ in nothing but their time."""
    cells = dict(zip(COLUMNS, minute.split(","), strict=True))
    rest = minute.partition(",")[2]
    nothing = cells["trade_count"] == cells["snapshot_count"] == cells["missing_trades"] == "0"
    return nothing and all(line.partition(",")[2] == rest for line in seconds)


def _rows(head: str, lines: list[str]) -> list[Row]:
    return [*csv.DictReader([head, *lines])]


@settings(max_examples=15)
@given(raw_lakes())
def test_volume_is_that_of_the_counted_trades_of_the_day(lake: RawLake) -> None:
    files = files_of(lake.objects, lake.symbol)
    assume(files)
    counted = reference_day(lake.objects, lake.symbol, DAY).evidence.trades

    for data in files.values():
        rows = rows_of(data)
        quantities = (Fraction(trade.quantity) for trade in counted)
        assert sum(quantities, Fraction(0)) == total(rows, "vol_total")
        assert len(counted) == total(rows, "trade_count")
        assert all(
            Fraction(row["vol_buy"]) + Fraction(row["vol_sell"]) == Fraction(row["vol_total"])
            for row in rows
        )


# --- what must not matter -----------------------------------------------------------------------


def with_ids_only(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return plain chunks of those rows that have an id, each under its key."""
    found: dict[str, bytes] = {}
    for name, data in objects.items():
        key = ChunkKey.parse(name)
        if key:
            head, lines = _lines(key, data)
            place = _id_column(key, head)
            kept = [line for line in lines if place is not None and _cell(line, place)]
            found[str(replace(key, format=Format.PLAIN))] = _chunk(head, kept)
        else:
            found[name] = data
    return found


def _lines(key: ChunkKey, data: bytes) -> tuple[str, list[str]]:
    try:
        text = decompress(data, key.format).data.decode(errors="replace")
    except Corrupt:
        return "", []
    head, *lines = text.replace("\r", "").split("\n")
    return head, [line for line in lines if line]


def _id_column(key: ChunkKey, head: str) -> int | None:
    name = "trade_id" if key.stream is Stream.TRADES else "update_id"
    names = head.split(",")
    return names.index(name) if name in names else None


def _cell(line: str, place: int) -> str:
    cells = next(csv.reader([line]))
    return cells[place] if place < len(cells) else ""


def _chunk(head: str, lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in (head, *lines)).encode()


@settings(max_examples=20)
@given(raw_lakes(), st.data())
def test_rows_with_ids_may_be_split_among_runs_and_be_there_twice(
    lake: RawLake, data: st.DataObject
) -> None:
    objects = with_ids_only(lake.objects)
    keys = [key for key in map(ChunkKey.parse, objects) if key]
    assume(keys)
    split = {name: data for name, data in objects.items() if not ChunkKey.parse(name)}
    for key in keys:
        head, lines = _lines(key, objects[str(key)])
        cut = data.draw(st.integers(0, len(lines)))
        # Named so that the rows are still read in their order, which is the last of tie-breakers.
        split[str(replace(key, run=f"{key.run}1"))] = _chunk(head, lines[:cut])
        split[str(replace(key, run=f"{key.run}2"))] = _chunk(head, lines[cut:])
    twice = data.draw(st.lists(st.sampled_from(keys)))
    repeated = {str(replace(key, run="zz")): objects[str(key)] for key in twice}

    expected = files_of(objects, lake.symbol, ("1m",))
    assert expected == files_of(split, lake.symbol, ("1m",))
    assert expected == files_of({**objects, **repeated}, lake.symbol, ("1m",))


@settings(max_examples=10)
@given(raw_lakes())
def test_threads_change_no_byte_and_neither_does_a_rerun(lake: RawLake) -> None:
    with lake_of(lake.objects) as storage:
        found = []
        for threads in (1, 2, 4, 1):
            outcome = build(storage, lake.symbol, DAY, ("1m",), threads=threads, force=True)
            assume(outcome.status != Status.EMPTY)
            found.append([storage.read(stat.key)[0] for stat in products(storage)])

    assert 1 == len({tuple(each) for each in found})


def products(storage: LocalFolder) -> list[Stat]:
    return [*storage.list("aggregated/")]


@settings(max_examples=15)
@given(raw_lakes(), st.sampled_from([1, 2, 3, 7]))
def test_how_many_chunks_are_read_at_once_changes_no_byte(lake: RawLake, chunks: int) -> None:
    with lake_of(lake.objects) as storage:
        found = []
        for most in (10**6, chunks):
            with batches_of(most):
                outcome = build(storage, lake.symbol, DAY, ("1m",), force=True)
            assume(outcome.status != Status.EMPTY)
            found.append([storage.read(stat.key)[0] for stat in products(storage)])

    assert found[0] == found[1]


@settings(max_examples=15)
@given(raw_lakes(), st.randoms(use_true_random=False))
def test_the_order_in_which_objects_came_changes_no_byte(lake: RawLake, random: Random) -> None:
    names = [*lake.objects]
    random.shuffle(names)

    shuffled = {name: lake.objects[name] for name in names}

    assert files_of(lake.objects, lake.symbol) == files_of(shuffled, lake.symbol)


@settings(max_examples=15)
@given(raw_lakes())
def test_who_builds_again_finds_the_day_up_to_date(lake: RawLake) -> None:
    with lake_of(lake.objects) as storage:
        first = build(storage, lake.symbol, DAY, ("1h",))
        assume(first.status != Status.EMPTY)

        again = build(storage, lake.symbol, DAY, ("1h",))

    assert (Status.BUILT, Status.UP_TO_DATE) == (first.status, again.status)
    assert first.condition == again.condition


# --- around midnight, by hand -------------------------------------------------------------------

BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
SYMBOL = "BTCUSDT"
HEADS = {
    Stream.TRADES: (
        "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,event_time,received_ns"
    ),
    Stream.DEPTH20: "timestamp,bids,asks,update_id,event_time,received_ns",
}


def chunk(day: date, minute: int, *trades: str, run: str = "a") -> dict[str, bytes]:
    name = str(ChunkKey(Stream.TRADES, SYMBOL, day, minute, run))
    return {name: gzip.compress(_chunk(HEADS[Stream.TRADES], [*trades]))}


def trade(ms: int, price: str, id: int) -> str:
    return f"{START + ms},{price},1,true,{id},MARKET,,"


def minutes_of(objects: Mapping[str, bytes], margin: int = 10) -> list[Row]:
    return rows_of(files_of(objects, SYMBOL, ("1m",), margin_minutes=margin)["1m"])


def test_rows_of_the_day_that_lie_in_its_neighbours_chunks_are_its_own() -> None:
    lake = {
        **chunk(BEFORE, 1_439, trade(-7, "10", 1), trade(0, "11", 2)),
        **chunk(DAY, 0, trade(1, "12", 3), trade(-1, "99", 9)),
        **chunk(DAY, 1_439, trade(DAY_MS - 2, "13", 4), trade(DAY_MS, "98", 6)),
        **chunk(AFTER, 0, trade(DAY_MS - 1, "14", 5)),
    }

    rows = minutes_of(lake)

    assert ("11", "12", "2") == tuple(rows[0][name] for name in ("open", "close", "trade_count"))
    assert ("13", "14", "2") == tuple(rows[-1][name] for name in ("open", "close", "trade_count"))


def test_a_wider_margin_reads_more_and_keeps_the_day_what_it_is() -> None:
    lake = {
        **chunk(DAY, 5, trade(300_000, "10", 1)),
        **chunk(BEFORE, 1_425, trade(60_000, "11", 2)),
        **chunk(BEFORE, 1_439, trade(-5, "9", 3)),
    }

    assert ["9", "9", "10"] == [row["open"] for row in minutes_of(lake)][3:6]
    assert ["11", "11", "10"] == [row["open"] for row in minutes_of(lake, margin=15)][3:6]


def test_the_last_price_before_midnight_opens_the_day() -> None:
    late = chunk(BEFORE, 1_439, trade(-7, "10", 1), trade(-5, "11", 2))
    early = chunk(BEFORE, 3, trade(3 * 60_000 - DAY_MS, "9", 1))
    own = chunk(DAY, 2, trade(120_000, "12", 3))

    assert ["11", "11", "12"] == [row["close"] for row in minutes_of({**late, **own})][:3]
    assert ["9", "9", "12"] == [row["close"] for row in minutes_of({**early, **own})][:3]
    assert ["", "", "12"] == [row["close"] for row in minutes_of(own)][:3]


def test_a_days_bars_never_depend_on_another_days_output() -> None:
    lake = {**chunk(BEFORE, 7, trade(-DAY_MS, "9", 1)), **chunk(DAY, 2, trade(120_000, "12", 3))}

    with lake_of(lake) as storage:
        for day in (DAY, BEFORE, DAY):
            build(storage, SYMBOL, day, ("1m",), force=True)
        forwards = published(storage, SYMBOL, DAY, ("1m",))

    with lake_of(lake) as storage:
        build(storage, SYMBOL, DAY, ("1m",))
        assert forwards == published(storage, SYMBOL, DAY, ("1m",))


def test_numbers_of_hundreds_of_decimals_do_not_stop_a_day() -> None:
    tiny = "0." + "0" * 400 + "7"

    rows = minutes_of(chunk(DAY, 0, trade(0, tiny, 1), trade(60_000, "1", 2)))

    assert ["0." + "0" * 400 + "7", "1"] == [row["vwap"] for row in rows[:2]]
    assert [tiny, "1"] == [row["quote_volume"] for row in rows[:2]]


def test_ids_as_far_apart_as_64_bits_allow_are_counted() -> None:
    lake = chunk(DAY, 0, trade(0, "1", -(2**63)), trade(60_000, "2", 2**63 - 1))

    with lake_of(lake) as storage:
        build(storage, SYMBOL, DAY, ("1m",), parquet=True)
        rows = rows_of(published(storage, SYMBOL, DAY, ("1m",))[0]["1m"])
        typed = pl.read_parquet(storage.read(bars_key(SYMBOL, DAY, "1m", BarsFormat.PARQUET))[0])

    assert [str(2**64 - 2), "0"] == [rows[place]["missing_trades"] for place in (1, 2)]
    assert [2**64 - 2, 0] == typed["missing_trades"].to_list()[1:3]


# --- real markets -------------------------------------------------------------------------------

KLINES = {
    "open": "open", "high": "high", "low": "low", "close": "close", "vol_total": "volume",
    "quote_volume": "quote_volume", "trade_count": "count", "vol_buy": "taker_buy_volume",
}  # fmt: skip
"""Columns of a bar, and what the exchange calls them."""


def klines(file: Path) -> dict[str, Row]:
    """Return the exchange's own bars by the time at which they start, as bars are written."""
    with file.open(encoding="utf-8") as lines:
        return {_iso(int(row["open_time"])): row for row in csv.DictReader(lines)}


def _iso(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def plain(text: str) -> str:
    return f"{Decimal(text).normalize():f}"


def assert_same_as_the_exchange(bar: Row, kline: Row) -> None:
    expected = {ours: plain(kline[theirs]) for ours, theirs in KLINES.items()}

    assert expected == {name: bar[name] for name in KLINES}


def built(storage: LocalFolder, symbol: str, day: date) -> dict[str, Row]:
    """Build the minutes of a day; return them by their start."""
    build(storage, symbol, day, ("1m",))
    return {
        row["timestamp"]: row for row in rows_of(published(storage, symbol, day, ("1m",))[0]["1m"])
    }


def test_an_imported_hour_is_the_exchanges_own_digit_for_digit(
    real_data: Path, tmp_path: Path
) -> None:
    folder, day = real_data / "binance-usdm-2020-12-09", date(2020, 12, 9)
    storage = LocalFolder(tmp_path, durable=False)
    files = [folder / "BTCUSDT-trades-2020-12-09-00h.csv.gz"]
    import_files(storage, SYMBOL, files, now=product.LONG_AFTER, version="0", progress=None)

    bars = built(storage, SYMBOL, day)

    expected = klines(folder / "BTCUSDT-1m-2020-12-09.csv")
    assert 60 == len(expected)
    for start, kline in expected.items():
        assert_same_as_the_exchange(bars[start], kline)


def recorded(frames: Path, symbol: str) -> dict[str, bytes]:
    """Write recorded frames into chunks by the minute in which they were received."""
    chunks: dict[ChunkKey, list[str]] = {}
    with gzip.open(frames, "rt", encoding="utf-8") as lines:
        for line in lines:
            received_ns, _, text = line.partition(" ")
            said = json.loads(text)["data"]
            stream, row = _raw_row(said, received_ns)
            at = datetime.fromtimestamp(int(received_ns) // 10**9, UTC)
            key = ChunkKey(stream, symbol, at.date(), at.hour * 60 + at.minute, "k3v9")
            chunks.setdefault(key, []).append(row)
    return {
        str(key): gzip.compress(_chunk(HEADS[key.stream], rows)) for key, rows in chunks.items()
    }


def _raw_row(said: dict[str, Any], received_ns: str) -> tuple[Stream, str]:
    if said["e"] == "trade":
        cells = [said["T"], said["p"], said["q"], str(said["m"]).lower(), said["t"], said["X"]]
        return Stream.TRADES, ",".join(map(str, [*cells, said["E"], received_ns]))
    bids, asks = (json.dumps(said[side]).replace('"', '""') for side in "ba")
    return Stream.DEPTH20, f'{said["T"]},"{bids}","{asks}",{said["u"]},{said["E"]},{received_ns}'


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_recorded_minutes_up_to_midnight_are_the_exchanges_own_digit_for_digit(
    symbol: str, real_data: Path
) -> None:
    folder, day = real_data / "binance-usdm-2024-08-08", date(2024, 8, 8)
    expected = klines(folder / f"{symbol}-1m-2024-08-08.csv")

    with lake_of(recorded(folder / f"{symbol}-frames.jsonl.gz", symbol)) as storage:
        bars = built(storage, symbol, day)

    # The clock of the recorder was behind: what came after midnight lies in the last chunk too.
    minutes = [f"2024-08-08T23:{minute}:00Z" for minute in range(55, 60)]
    for start in minutes:
        assert_same_as_the_exchange(bars[start], expected[start])
        # Of nearly ten snapshots a second all are used.
        assert int(bars[start]["snapshot_count"]) > 580
    assert ["ok"] * 4 == [bars[start]["quality"] for start in minutes[:4]]
