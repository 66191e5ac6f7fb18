"""Days of trades, as the archive lists them and as a lake recorded them, with pieces cut out."""

import csv
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from lake.layout import ChunkKey, JournalKey, Stream, journal_prefix
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite

SYMBOL = "BTCUSDT"
DAY = date(2025, 12, 11)
START = 1_765_411_200_000
DAY_MS = 86_400_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Trade:
    id: int
    ms: int
    price: str = "100.5"
    quantity: str = "0.25"
    maker: str = "true"
    kind: str = ""

    def archived(self) -> str:
        quote = Decimal(self.price) * Decimal(self.quantity)
        return f"{self.id},{self.price},{self.quantity},{quote},{self.ms},{self.maker}"


def spread(first_id: int, count: int, number: int = 0) -> list[Trade]:
    """Return trades spread evenly over a day; day 0 is `DAY`."""
    step, start = DAY_MS // count, START + number * DAY_MS + 50
    return [Trade(first_id + n, start + n * step, f"{100 + n % 9}.5") for n in range(count)]


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def record(
    lake: LocalFolder, trades: Iterable[Trade], run: str = "k1", symbol: str = SYMBOL
) -> None:
    """Write trades as a collector does, a chunk for each minute."""
    chunks: dict[ChunkKey, list[Trade]] = {}
    for trade in trades:
        at = datetime.fromtimestamp(trade.ms // 1000, UTC)
        key = ChunkKey(Stream.TRADES, symbol, at.date(), at.hour * 60 + at.minute, run)
        chunks.setdefault(key, []).append(trade)
    for key, rows in chunks.items():
        lines = ["timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,received_ns\n"]
        lines += [
            f"{t.ms},{t.price},{t.quantity},{t.maker},{t.id},{t.kind},{t.ms}000000\n" for t in rows
        ]
        lake.write(str(key), gzip.compress("".join(lines).encode(), mtime=0))


def recording(lake: LocalFolder, day: date, symbol: str = SYMBOL) -> None:
    """Say in the journal that a collector records the trades."""
    said = {
        "event": "recording", "at": f"{day}T00:00:00.000Z", "run": "k1", "by": "collector",
        "symbols": [symbol], "streams": ["trades"],
    }  # fmt: skip
    lake.write(str(JournalKey(day, 0, "k1")), json.dumps(said).encode() + b"\n")


def publish(site: ArchiveSite, day: date, trades: Iterable[Trade], symbol: str = SYMBOL) -> str:
    return site.publish_trades(symbol, day, [trade.archived() for trade in trades])


def klines(trades: Iterable[Trade]) -> list[str]:
    """Return the klines of the minutes that have trades."""
    volumes: dict[int, Decimal] = {}
    for trade in trades:
        minute = trade.ms // MINUTE_MS * MINUTE_MS
        volumes[minute] = volumes.get(minute, Decimal()) + Decimal(trade.quantity)
    return [f"{m},1,1,1,1,{v},{m + 59_999},1,1,1,1,0" for m, v in volumes.items()]


def objects(lake: LocalFolder, prefix: str = "") -> Mapping[str, bytes]:
    """Return everything that a lake has; of change objects no more than that they are there."""
    return {
        stat.key: b"" if "/changes/" in stat.key else lake.read(stat.key)[0]
        for stat in lake.list(prefix)
    }


def statements(lake: LocalFolder, day: date = DAY) -> list[dict[str, object]]:
    """Return the lines of the repairs in the journal of a day."""
    texts = [
        lake.read(stat.key)[0].splitlines()
        for stat in lake.list(journal_prefix(day))
        if stat.key.rpartition("-")[2].startswith("m")
    ]
    return [json.loads(line) for text in texts for line in text]


def recorded_hour(folder: Path) -> list[Trade]:
    """Return the recorded hour of 2020-12-09."""
    with gzip.open(folder / "BTCUSDT-trades-2020-12-09-00h.csv.gz", "rt") as file:
        return [
            Trade(int(r["id"]), int(r["time"]), r["price"], r["qty"], r["is_buyer_maker"])
            for r in csv.DictReader(file)
        ]


def recorded_frames(path: Path) -> list[Trade]:
    """Return the recorded trade frames."""
    with gzip.open(path, "rt") as lines:
        said = (json.loads(line.partition(" ")[2])["data"] for line in lines)
        return [
            Trade(e["t"], e["T"], e["p"], e["q"], str(e["m"]).lower(), e["X"])
            for e in said if e["e"] == "trade"
        ]  # fmt: skip


def cut(trades: Sequence[Trade], chance: Random) -> list[Trade]:
    """Return the trades without ids, minutes and reconnects lost at random, and without ends."""
    lost = {trade.id for trade in trades if chance.random() < 0.002}
    for length_ms in (MINUTE_MS, MINUTE_MS, 2_500, 1_200, 7_000, 400):
        start = chance.choice(trades).ms
        lost |= {trade.id for trade in trades if start <= trade.ms < start + length_ms}
    low, high = chance.randrange(3_000), len(trades) - chance.randrange(3_000)
    return [trade for trade in trades[low:high] if trade.id not in lost]
