"""Days of trades as the exchange's archive publishes them: a zip of one table, and its checksum."""

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from lake.schemas import TradeType
from synthetic.chunks import day_start_ms
from synthetic.market import DAY_MINUTES, MINUTE_MS, Market
from synthetic.rows import TYPES, pick
from synthetic.text import archive_csv

HEADER = b"id,price,qty,quote_qty,time,is_buyer_maker\n"
_LISTED = [TYPES.index(TradeType.MARKET), TYPES.index(TradeType.RPI)]
_LEVEL = 6


def day_lines(market: Market, day: date) -> Iterator[bytes]:
    """Yield the lines of a day, minute by minute; ids of what is no market trade are left out."""
    first = day_start_ms(day) // MINUTE_MS
    for minute in range(first, first + DAY_MINUTES):
        trades = market.trades(minute)
        yield archive_csv(pick(trades, np.isin(trades.trade_type, _LISTED)), market.instrument)


def write_days(folder: Path, market: Market, start: date, days: int) -> None:
    """Write the days of a market below the archive's own paths; what is there is left alone."""
    symbol = market.instrument.symbol
    place = folder / "data" / "futures" / "um" / "daily" / "trades" / symbol
    place.mkdir(parents=True, exist_ok=True)
    for number in range(days):
        day = start + timedelta(days=number)
        path = place / f"{symbol}-trades-{day}.zip"
        checksum = path.with_name(f"{path.name}.CHECKSUM")
        # The checksum comes last, so that a run that is broken off is not taken for whole.
        if not checksum.exists():
            _write_zip(path, f"{symbol}-trades-{day}.csv", day_lines(market, day))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            checksum.write_text(f"{digest}  {path.name}\n", encoding="utf-8")


def _write_zip(path: Path, name: str, lines: Iterator[bytes]) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
        archive.open(entry, "w") as table,
    ):
        table.write(HEADER)
        for text in lines:
            table.write(text)
