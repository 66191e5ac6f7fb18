"""Collector and aggregator together give the official klines, from frames as they were recorded."""

import csv
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from tests.collector.promises import judged
from tests.exchange import Clock, Exchange, Settings
from tests.exchange.collectors import collecting
from tests.exchange.standstill import unless_the_machine_stood_still

DAY = date(2024, 8, 8)
START = datetime(2024, 8, 8, 23, 54, 4, tzinfo=UTC)
"""Some seconds before the first frame; the recording ends a second after midnight."""
LASTS_S = 365.0
SPEED = 15.0
SYMBOLS = "BTCUSDT", "ETHUSDT"
MINUTES = [f"2024-08-08T23:{minute}:00Z" for minute in range(55, 60)]
SAME = {
    "open": "open", "high": "high", "low": "low", "close": "close", "vol_total": "volume",
    "quote_volume": "quote_volume", "trade_count": "count", "vol_buy": "taker_buy_volume",
}  # fmt: skip
"""Our columns, and what the exchange calls them."""

Row = Mapping[str, str]


def recorded(real_data: Path, folder: Path) -> Path:
    """Return a lake that was recorded from a replay, at the time when it happened."""
    files = sorted((real_data / "binance-usdm-2024-08-08").glob("*-frames.jsonl.gz"))
    settings = Settings(recordings=tuple(files), rebase=False, speed=SPEED)
    clock = Clock.starting_at(START.timestamp() * 1000, SPEED)
    options = "--duration", str(LASTS_S), "--silent-after", "60s"
    with Exchange(settings, clock) as exchange, collecting(exchange, folder, *options) as collector:
        assert 0 == collector.wait(), collector.log()
    judged(exchange, folder / "lake")
    return folder / "lake"


def aggregate(lake: Path) -> None:
    job = [sys.executable, "-c", "from aggregator.cli import main; main()", "daily"]
    command = [*job, "--lake", str(lake), "--date", DAY.isoformat()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr


def bars_of(lake: Path, symbol: str) -> dict[str, Row]:
    with (lake / "aggregated" / symbol / f"{DAY}_1m.csv").open(encoding="utf-8") as file:
        return {row["timestamp"]: row for row in csv.DictReader(file)}


def klines_of(real_data: Path, symbol: str) -> dict[str, Row]:
    path = real_data / "binance-usdm-2024-08-08" / f"{symbol}-1m-{DAY}.csv"
    with path.open(encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    starts = [datetime.fromtimestamp(int(row["open_time"]) / 1000, UTC) for row in rows]
    return {
        f"{start:%Y-%m-%dT%H:%M:%SZ}": row for start, row in zip(starts, rows, strict=True)
    }  # fmt: skip


@unless_the_machine_stood_still
def test_every_complete_minute_is_the_official_kline(real_data: Path, tmp_path: Path) -> None:
    lake = recorded(real_data, tmp_path)
    aggregate(lake)

    for symbol in SYMBOLS:
        bars, klines = bars_of(lake, symbol), klines_of(real_data, symbol)
        for start in MINUTES:
            ours = {name: Decimal(bars[start][name]) for name in SAME}
            official = {name: Decimal(klines[start][theirs]) for name, theirs in SAME.items()}
            assert official == ours, (symbol, start)
            assert int(bars[start]["snapshot_count"]) > 580
        # The recording ends so soon after midnight that nothing proves the last silence.
        assert ["ok"] * 4 == [bars[start]["quality"] for start in MINUTES[:4]]
