"""The arithmetic of disks and memory, and the measurement that it stands on."""

from datetime import date

import pytest

from deploy.sizing import LOG_BYTES, PACKED_BYTES, outage_minutes, size, spool_bytes
from lake.layout import Format
from synthetic.chunks import books_tape, day_start_ms, pack, trades_tape
from synthetic.market import MINUTE_MS, Market, Pace
from synthetic.rows import instrument

TEN_BOOKS_AND_FIVE_TRADES = Pace(trades=5 * 86_400, snapshots=10 * 86_400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("10Gi", 10 << 30), ("9GiB", 9 << 30), ("512Mi", 512 << 20), ("2GB", 2 * 10**9)],
)
def test_sizes_are_read_as_kubernetes_and_the_collector_write_them(
    text: str, expected: int
) -> None:
    assert expected == size(text)


@pytest.mark.parametrize("text", ["4Gigs", "", "Gi", "1.5Gi"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        size(text)


@pytest.mark.parametrize("symbols", [1, 50, 800])
@pytest.mark.parametrize("minutes", [0, 60, 600])
def test_a_spool_of_the_size_for_an_outage_takes_it(symbols: int, minutes: int) -> None:
    assert (
        minutes <= outage_minutes(symbols, spool_bytes(symbols, minutes) + symbols) <= minutes + 1
    )


def test_a_symbols_minute_is_as_large_as_the_arithmetic_says() -> None:
    market = Market(instrument("BTCUSDT"), TEN_BOOKS_AND_FIVE_TRADES, 1)
    first = day_start_ms(date(2025, 12, 11)) // MINUTE_MS
    minutes = range(first, first + 1440, 60)
    trades, books = trades_tape(market), books_tape(market)
    texts = [trades.csv(trades.minute(each), market.instrument) for each in minutes]
    texts += [books.csv(books.minute(each), market.instrument) for each in minutes]
    packed, whole = sum(len(pack(text, Format.GZIP)) for text in texts), sum(map(len, texts))

    assert PACKED_BYTES == pytest.approx(packed / len(minutes), rel=0.2)
    assert LOG_BYTES == pytest.approx(whole / len(minutes), rel=0.2)
