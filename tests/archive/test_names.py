from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.names import Period, period_of, symbol_of
from aggregator.utc import day_start_ms


def ms(*ymd: int) -> int:
    return int(datetime(*ymd, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-trades-2025-01-31.zip", "BTCUSDT"),
        ("BTCUSDT-trades-2025-01.csv", "BTCUSDT"),
        ("BTCUSDT-trades-2020-12-09-00h.csv.gz", "BTCUSDT"),
        ("BTCUSDT_250926-trades-2025-01-31.zip", "BTCUSDT_250926"),
        ("币安人生USDT-trades-2025-01-31.zip", "币安人生USDT"),
        ("my-trades.csv", None),
        ("trades-2025-01-31.csv", None),
        ("BTCUSDT-aggTrades-2025-01-31.zip", None),
    ],
)
def test_a_name_tells_its_symbol(name: str, symbol: str | None) -> None:
    assert symbol == symbol_of(name)


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("BTCUSDT-trades-2025-01-31.zip", Period(ms(2025, 1, 31), ms(2025, 2, 1))),
        ("BTCUSDT-trades-2025-01-31.csv", Period(ms(2025, 1, 31), ms(2025, 2, 1))),
        ("BTCUSDT-trades-2025-01-31.csv.gz", Period(ms(2025, 1, 31), ms(2025, 2, 1))),
        ("BTCUSDT-trades-2024-02.zip", Period(ms(2024, 2, 1), ms(2024, 3, 1))),
        ("BTCUSDT-trades-2025-12.csv", Period(ms(2025, 12, 1), ms(2026, 1, 1))),
        ("BTCUSDT-trades-2025-02-29.zip", None),
        ("BTCUSDT-trades-2025-13.zip", None),
        ("BTCUSDT-trades-2020-12-09-00h.csv.gz", None),
        ("BTCUSDT-trades-2025-01-31 (1).zip", None),
        ("BTCUSDT-trades-2025-01-31.zip.csv", None),
        ("trades.csv", None),
    ],
)
def test_a_name_promises_a_day_or_a_month_only_as_the_archive_writes_it(
    name: str, period: Period | None
) -> None:
    assert period == period_of(name)


@given(day=st.dates(date(2019, 9, 8), date(2100, 1, 1)))
def test_every_day_and_month_is_read_back(day: date) -> None:
    of_day = period_of(f"BTCUSDT-trades-{day}.zip")
    of_month = period_of(f"BTCUSDT-trades-{day:%Y-%m}.zip")

    assert Period(day_start_ms(day), day_start_ms(day) + 86_400_000) == of_day
    assert of_month
    assert of_month.start_ms <= day_start_ms(day) < of_month.end_ms
    assert 28 <= (of_month.end_ms - of_month.start_ms) / 86_400_000 <= 31
