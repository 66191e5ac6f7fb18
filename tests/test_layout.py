import re
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lake import layout
from lake.layout import ChunkKey, Format, JournalKey, ProductKey, Stream

DAY = date(2025, 12, 11)

days = st.dates(min_value=date(1970, 1, 1))
symbols = st.sampled_from(["BTCUSDT", "1000PEPEUSDT", "币安人生USDT", "BTCUSDT_260327"]) | st.text(
    min_size=1
).filter(layout.is_symbol)
runs = st.from_regex(re.compile(r"[A-Za-z0-9]+", re.ASCII), fullmatch=True)
chunks = st.builds(
    ChunkKey,
    st.sampled_from(Stream),
    symbols,
    days,
    st.integers(0, 1439),
    runs,
    st.sampled_from(Format),
)
journals = st.builds(JournalKey, days, st.integers(0, 23), runs)
products = st.builds(
    ProductKey, symbols, days, st.sampled_from(["1m.csv", "1s.csv", "manifest.json", "parity.json"])
)


@given(chunks)
def test_a_chunk_key_is_read_as_it_was_written(key: ChunkKey) -> None:
    assert key == ChunkKey.parse(str(key))


@given(journals)
def test_a_journal_key_is_read_as_it_was_written(key: JournalKey) -> None:
    assert key == JournalKey.parse(str(key))


@given(products)
def test_a_product_key_is_read_as_it_was_written(key: ProductKey) -> None:
    assert key == ProductKey.parse(str(key))


@given(chunks | journals | products)
def test_a_key_is_of_one_kind(key: ChunkKey | JournalKey | ProductKey) -> None:
    read = [kind.parse(str(key)) for kind in (ChunkKey, JournalKey, ProductKey)]

    assert [key] == [found for found in read if found]


def test_keys_are_those_of_the_lake() -> None:
    expected = {
        "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.gz": ChunkKey(
            Stream.TRADES, "BTCUSDT", DAY, 481, "k3v9"
        ),
        "raw/depth20/币安人生USDT/2025-12-11/0000-k3v9R1.csv.zst": ChunkKey(
            Stream.DEPTH20, "币安人生USDT", DAY, 0, "k3v9R1", Format.ZSTD
        ),
        "journal/2025-12-11/08-k3v9.jsonl": JournalKey(DAY, 8, "k3v9"),
        "aggregated/BTCUSDT/2025-12-11_1m.csv": ProductKey("BTCUSDT", DAY, "1m.csv"),
    }

    assert list(expected) == [str(key) for key in expected.values()]
    assert "aggregated/BTCUSDT/2025-12-11_1s.csv" == layout.bars_key("BTCUSDT", DAY, "1s")
    assert "aggregated/BTCUSDT/2025-12-11_manifest.json" == layout.manifest_key("BTCUSDT", DAY)
    assert "aggregated/BTCUSDT/changes/2025-12-11-00ff.json" == layout.change_key(
        "BTCUSDT", DAY, "00ff"
    )


@pytest.mark.parametrize(
    "stray",
    [
        "",
        "lake.json",
        "raw/trades/BTCUSDT/2025-12-11/",
        "raw/trades/BTCUSDT/2025-12-11/0801.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0801-.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0801-k3_v9.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.GZ",
        "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.gz\n",
        "raw/trades/BTCUSDT/2025-12-11/0801-k3v9.parquet",
        "raw/trades/BTCUSDT/2025-12-11/2400-k3v9.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/0860-k3v9.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/٠٨٠١-k3v9.csv.gz",
        "raw/trades/BTCUSDT/2025-02-29/0801-k3v9.csv.gz",
        "raw/trades/BTCUSDT/2025-12-1/0801-k3v9.csv.gz",
        "raw/trades/BTCUSDT/20251211/0801-k3v9.csv.gz",
        "raw/trades/BTCUSDT/2025-12-11/more/0801-k3v9.csv.gz",
        "raw/trades/.hidden/2025-12-11/0801-k3v9.csv.gz",
        "raw/trades/BTC USDT/2025-12-11/0801-k3v9.csv.gz",
        "raw/trades//2025-12-11/0801-k3v9.csv.gz",
        "raw/klines/BTCUSDT/2025-12-11/0801-k3v9.csv.gz",
        "x/raw/trades/BTCUSDT/2025-12-11/0801-k3v9.csv.gz",
        "journal/2025-12-11/24-k3v9.jsonl",
        "journal/2025-13-11/08-k3v9.jsonl",
        "journal/2025-12-11/08-k3v9.json",
        "aggregated/BTCUSDT/changes/2025-12-11-00ff.json",
        "aggregated/BTCUSDT/2025-12-11_",
        "aggregated/BTCUSDT/2025-12-32_1m.csv",
    ],
)
def test_a_stray_is_no_key(stray: str) -> None:
    assert [None, None, None] == [kind.parse(stray) for kind in (ChunkKey, JournalKey, ProductKey)]


@given(st.text())
def test_whatever_is_read_as_a_key_is_written_as_it_was(text: str) -> None:
    for folder in ("raw/trades/", "raw/depth20/A/2025-12-11/", "journal/", "aggregated/", ""):
        stray = folder + text
        read = [kind.parse(stray) for kind in (ChunkKey, JournalKey, ProductKey)]

        assert {stray} >= {str(key) for key in read if key}


@given(symbols, st.sampled_from(Stream), st.lists(st.tuples(days, st.integers(0, 1439), runs)))
def test_chunks_sort_as_text_in_the_order_of_their_minutes(
    symbol: str, stream: Stream, times: list[tuple[date, int, str]]
) -> None:
    keys = [ChunkKey(stream, symbol, day, minute, run) for day, minute, run in times]
    minutes = [(key.date, key.minute) for key in sorted(keys, key=str)]

    assert sorted(minutes) == minutes


@given(chunks, st.integers(0, 1440))
@example(ChunkKey(Stream.TRADES, "BTCUSDT", DAY, 1439, "zzz"), 1440)
@example(ChunkKey(Stream.TRADES, "BTCUSDT", DAY, 0, "0"), 0)
def test_a_minute_bound_parts_the_chunks_before_it_from_the_others(
    key: ChunkKey, minute: int
) -> None:
    for bound in (minute, key.minute, key.minute + 1):
        text = layout.raw_minute_bound(key.stream, key.symbol, key.date, bound)

        assert (key.minute < bound) == (str(key) < text)


@given(symbols, st.integers(-400, 400), st.sampled_from(["1m.csv", "manifest.json"]))
def test_a_product_bound_parts_the_days_before_it_from_the_others(
    symbol: str, distance: int, name: str
) -> None:
    key = ProductKey(symbol, DAY + timedelta(days=distance), name)

    assert (distance < 0) == (str(key) < layout.product_bound(symbol, DAY))


@given(chunks)
def test_every_chunk_lies_in_the_folders_of_its_stream_symbol_and_day(key: ChunkKey) -> None:
    day_folder = layout.raw_day_prefix(key.stream, key.symbol, key.date)
    symbol_folder = layout.raw_symbol_prefix(key.stream, key.symbol)

    assert str(key).startswith(day_folder)
    assert day_folder.startswith(symbol_folder)
    assert symbol_folder.startswith(layout.raw_stream_prefix(key.stream))
    assert [key.symbol, str(key.date)] == [*map(layout.last_part, (symbol_folder, day_folder))]


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", ".hidden", "BTC USDT", "BTC\n"])
def test_a_text_that_cannot_name_one_folder_is_no_symbol(text: str) -> None:
    assert not layout.is_symbol(text)


@pytest.mark.parametrize("text", ["2025-12-11x", "2025-1-01", "2025-02-30", "0000-01-01", ""])
def test_a_text_that_is_no_day_is_no_date(text: str) -> None:
    assert layout.parse_date(text) is None
