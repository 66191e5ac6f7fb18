"""The made archive: real-shaped files that an import takes and that say what the market said."""

import csv
import hashlib
import io
import zipfile
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np

from lake.schemas import TradeType
from synthetic.archive import day_lines, write_days
from synthetic.chunks import day_start_ms
from synthetic.market import MINUTE_MS, Market, Pace
from synthetic.rows import TYPES, instrument
from tests.archive_site import trades_path

DAY = date(2025, 12, 11)
MARKET = Market(instrument("BTCUSDT"), Pace(20_000, 0), 1)


def rows(text: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text.decode()))]


def test_files_lie_and_look_as_the_archive_has_them(tmp_path: Path) -> None:
    write_days(tmp_path, MARKET, DAY, 1)

    path = tmp_path / trades_path("BTCUSDT", DAY).lstrip("/")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  {path.name}\n" == Path(f"{path}.CHECKSUM").read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        found = rows(archive.read(name))
    assert "BTCUSDT-trades-2025-12-11.csv" == name
    assert ["id", "price", "qty", "quote_qty", "time", "is_buyer_maker"] == [*found[0]]
    assert all(int(one["id"]) < int(other["id"]) for one, other in pairwise(found))
    for row in found[:100]:
        product = Decimal(row["price"]) * Decimal(row["qty"])
        assert 0 <= product - Decimal(row["quote_qty"]) < Decimal("0.01")


def test_only_market_trades_are_listed() -> None:
    header = b"id,price,qty,quote_qty,time,is_buyer_maker\n"
    found = rows(header + b"".join(day_lines(MARKET, DAY)))

    first = day_start_ms(DAY) // MINUTE_MS
    market = [MARKET.trades(first + minute) for minute in range(1440)]
    kinds = np.concatenate([trades.trade_type for trades in market])
    ids = np.concatenate([trades.trade_id for trades in market])
    listed = ids[(kinds == TYPES.index(TradeType.MARKET)) | (kinds == TYPES.index(TradeType.RPI))]
    assert listed.tolist() == [int(row["id"]) for row in found]
    assert 0 < len(listed) < len(ids)


def test_days_follow_each_other_and_are_written_once(tmp_path: Path) -> None:
    write_days(tmp_path, MARKET, DAY, 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.zip")}

    write_days(tmp_path, MARKET, DAY, 2)

    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.zip")}
    assert before.items() <= after.items()
    assert 2 == len(after)
