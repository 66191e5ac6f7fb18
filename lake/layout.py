"""Keys of the lake: built and parsed here, and nowhere else. No clock, no disk, no bucket.

    lake.json
    raw/{stream}/{SYMBOL}/{YYYY-MM-DD}/{HHMM}-{run}.csv[.gz|.zst]
    journal/{YYYY-MM-DD}/{HH}-{run}.jsonl
    aggregated/{SYMBOL}/{YYYY-MM-DD}_{resolution}.csv[ and .parquet]
    aggregated/{SYMBOL}/{YYYY-MM-DD}_manifest.json
    aggregated/{SYMBOL}/changes/{YYYY-MM-DD}-{hash}.json

Keys sort, as text, in the order of their times: a range of minutes is a range of keys.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LAKE_FILE = "lake.json"
VENUE = "binance-usdm"
MINUTES_PER_DAY = 1440

_SYMBOL = r"[^/\s.][^/\s]*"
_DATE = r"\d{4}-\d{2}-\d{2}"
_CHUNK = re.compile(
    rf"raw/(?P<stream>trades|depth20)/(?P<symbol>{_SYMBOL})/(?P<date>{_DATE})"
    r"/(?P<hhmm>[01]\d[0-5]\d|2[0-3][0-5]\d)-(?P<run>[A-Za-z0-9]+)"
    r"\.(?P<format>csv\.gz|csv\.zst|csv)",
    re.ASCII,
)
_JOURNAL = re.compile(
    rf"journal/(?P<date>{_DATE})/(?P<hour>[01]\d|2[0-3])-(?P<run>[A-Za-z0-9]+)\.jsonl", re.ASCII
)
_PRODUCT = re.compile(
    rf"aggregated/(?P<symbol>{_SYMBOL})/(?P<date>{_DATE})_(?P<name>[^/]+)", re.ASCII
)


class Stream(StrEnum):
    """A recorded stream; the value is its folder below `raw/`."""

    TRADES = "trades"
    DEPTH20 = "depth20"


class Format(StrEnum):
    """How a raw chunk is compressed; the value is the ending of its key."""

    PLAIN = "csv"
    GZIP = "csv.gz"
    ZSTD = "csv.zst"


class BarsFormat(StrEnum):
    """How the bars of a day are written; the value is the ending of their key."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, order=True)
class ChunkKey:
    """One minute of one stream of one run.

    `minute` counts from 00:00 UTC of `date` (0 to 1439) and is the first that the chunk covers.
    """

    stream: Stream
    symbol: str
    date: date
    minute: int
    run: str
    format: Format = Format.GZIP

    def __str__(self) -> str:
        name = f"{clock(self.minute)}-{self.run}.{self.format}"
        return f"{raw_day_prefix(self.stream, self.symbol, self.date)}{name}"

    @classmethod
    def parse(cls, key: str) -> "ChunkKey | None":
        """Read a key; None if it is not a raw chunk's, so that strays are left alone."""
        match = _CHUNK.fullmatch(key)
        day = match and parse_date(match["date"])
        if not match or not day:
            return None
        minute = int(match["hhmm"][:2]) * 60 + int(match["hhmm"][2:])
        return cls(
            Stream(match["stream"]), match["symbol"], day, minute, match["run"],
            Format(match["format"]),
        )  # fmt: skip


@dataclass(frozen=True, order=True)
class JournalKey:
    """What one run saw in one hour of exchange time."""

    date: date
    hour: int
    run: str

    def __str__(self) -> str:
        return f"{journal_prefix(self.date)}{self.hour:02d}-{self.run}.jsonl"

    @classmethod
    def parse(cls, key: str) -> "JournalKey | None":
        """Read a key; None if it is not a journal object's."""
        match = _JOURNAL.fullmatch(key)
        day = match and parse_date(match["date"])
        return cls(day, int(match["hour"]), match["run"]) if match and day else None


@dataclass(frozen=True, order=True)
class ProductKey:
    """A published file of one symbol and day; `name` is such as `1m.csv`, `manifest.json`."""

    symbol: str
    date: date
    name: str

    def __str__(self) -> str:
        return f"{aggregated_prefix(self.symbol)}{self.date}_{self.name}"

    @classmethod
    def parse(cls, key: str) -> "ProductKey | None":
        """Read a key; None if it is not a product's."""
        match = _PRODUCT.fullmatch(key)
        day = match and parse_date(match["date"])
        return cls(match["symbol"], day, match["name"]) if match and day else None


def raw_stream_prefix(stream: Stream) -> str:
    """Return the folder whose folders are the symbols of a stream."""
    return f"raw/{stream}/"


def raw_symbol_prefix(stream: Stream, symbol: str) -> str:
    """Return the folder whose folders are the dates of a symbol."""
    return f"{raw_stream_prefix(stream)}{symbol}/"


def raw_day_prefix(stream: Stream, symbol: str, day: date) -> str:
    """Return the folder of a day's chunks."""
    return f"{raw_symbol_prefix(stream, symbol)}{day}/"


def raw_minute_bound(stream: Stream, symbol: str, day: date, minute: int) -> str:
    """Return the key that sorts before every chunk of the minute and after all earlier ones.

    `minute` may be 1440: then it sorts after every chunk of the day.
    """
    clock_text = clock(minute) if minute < MINUTES_PER_DAY else "2400"
    return f"{raw_day_prefix(stream, symbol, day)}{clock_text}"


def journal_root() -> str:
    """Return the folder whose folders are the dates of the journal."""
    return "journal/"


def journal_prefix(day: date) -> str:
    """Return the folder of a day's journal objects."""
    return f"{journal_root()}{day}/"


def aggregated_root() -> str:
    """Return the folder whose folders are the published symbols."""
    return "aggregated/"


def aggregated_prefix(symbol: str) -> str:
    """Return the folder of a symbol's published files."""
    return f"{aggregated_root()}{symbol}/"


def changes_prefix(symbol: str) -> str:
    """Return the folder of a symbol's change objects."""
    return f"{aggregated_prefix(symbol)}changes/"


def product_bound(symbol: str, day: date) -> str:
    """Return the key that sorts before every product of the day and after all earlier ones."""
    return f"{aggregated_prefix(symbol)}{day}_"


def changes_bound(symbol: str, day: date) -> str:
    """Return the prefix of a day's change objects."""
    return f"{changes_prefix(symbol)}{day}-"


def bars_key(symbol: str, day: date, resolution: str, form: BarsFormat = BarsFormat.CSV) -> str:
    """Return the key of a day's bars; `resolution` is a label such as `1m`."""
    return str(ProductKey(symbol, day, f"{resolution}.{form}"))


def manifest_key(symbol: str, day: date) -> str:
    """Return the key of a day's manifest."""
    return str(ProductKey(symbol, day, "manifest.json"))


def change_key(symbol: str, day: date, digest: str) -> str:
    """Return the key of a change object; `digest` is 16 hexadecimal digits."""
    return f"{changes_bound(symbol, day)}{digest}.json"


def is_symbol(text: str) -> bool:
    """Tell whether the text can name a folder of one symbol."""
    return re.fullmatch(_SYMBOL, text, re.ASCII) is not None


def last_part(folder: str) -> str:
    """Return the name of a folder: `BTCUSDT` for `raw/trades/BTCUSDT/`."""
    return folder.rstrip("/").rpartition("/")[2]


def clock(minute: int) -> str:
    """Write a minute of the day as `HHMM`."""
    return f"{minute // 60:02d}{minute % 60:02d}"


def parse_date(text: str) -> date | None:
    """Read `YYYY-MM-DD`; None if there is no such day."""
    try:
        return date.fromisoformat(text) if re.fullmatch(_DATE, text, re.ASCII) else None
    except ValueError:
        return None
