"""Small days of trades, as the archive lists them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aggregator.fetch.fetcher import Fetcher, Terms
from aggregator.fetch.patience import Patience
from aggregator.fetch.pipeline import Threads
from aggregator.fetch.site import Site
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite

SYMBOL = "BTCUSDT"
DAY = date(2025, 12, 11)
START = 1_765_411_200_000
DAY_MS = 86_400_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = Patience(attempts=4, first_wait_s=0.01, longest_wait_s=0.05, timeout_s=2)
TERMS = Terms(100, NOW, "0.1.0")


def day(number: int) -> date:
    """Return a day; day 0 is `DAY`."""
    return DAY + timedelta(days=number)


def line(id_: int, time_ms: int, price: str = "100.10") -> str:
    return f"{id_},{price},0.5,50.05,{time_ms},true"


def day_lines(number: int = 0, first_id: int = 1, count: int = 1440) -> list[str]:
    """Return trades spread evenly over a day."""
    step_ms = DAY_MS // count
    start = START + number * DAY_MS + 50
    return [line(first_id + n, start + n * step_ms) for n in range(count)]


def at(number: int, *id_and_ms: tuple[int, int]) -> list[str]:
    """Return trades of a day by id and ms of the day."""
    return [line(id_, START + number * DAY_MS + ms) for id_, ms in id_and_ms]


def fetcher(lake: LocalFolder, site: Site, terms: Terms = TERMS) -> Fetcher:
    return Fetcher(lake, site, terms)


def objects(lake: LocalFolder) -> Mapping[str, bytes]:
    """Return everything in a lake."""
    return {stat.key: lake.read(stat.key)[0] for stat in lake.list("")}


def publish(site: ArchiveSite, days: Iterable[int], per_day: int = 1440) -> None:
    """Publish days whose ids follow each other."""
    for number in days:
        site.publish_trades(SYMBOL, day(number), day_lines(number, 1 + number * per_day, per_day))


def new_folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


THREADS = Threads(first=2, second=2)
