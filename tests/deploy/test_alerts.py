"""What the alerts wait for is what the programs say: their real lines, and the real filters."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator.builder import Builder
from aggregator.console import JsonReporter
from aggregator.settings import BuildSettings
from aggregator.unit import Outcome, Status, Unit
from deploy.settings import Settings
from lake.layout import ChunkKey, JournalKey, Stream
from lake.storage import LocalFolder
from tests.bucket import BucketServer, Kind, Refuse
from tests.cases import DAY, SYMBOL, recording, trades
from tests.collector.runs import Process
from tests.deploy.logs import DAILY, POOL, counted, entry
from tests.deploy.samples import DEPLOY
from tests.exchange import Exchange, Pace
from tests.exchange import Settings as Market

UNIT = Unit(date(2025, 12, 11), "BTCUSDT")
COLLECTOR = ("chunks", "upload-trouble", "spool-pressure")
AGGREGATOR = ("failures", "nights", "degraded-days")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
FOR_EVER = 10**9


def counts(log: str, resource: dict[str, Any], **settings: object) -> dict[str, int]:
    """Return how many lines of a log each metric counts."""
    changed: Settings = replace(DEPLOY.settings, **settings)  # type: ignore[arg-type]
    deploy = replace(DEPLOY, settings=changed)
    entries = [entry(line, resource) for line in log.splitlines() if line.startswith("{")]
    metrics = ((name, deploy.filled(f"metrics/{name}")) for name in deploy.names("metrics"))
    return {name: len(counted(metric, entries)) for name, metric in metrics}


def test_every_metric_has_an_alert_and_a_test() -> None:
    filters = [
        condition["conditionThreshold"]["filter"]
        for name in DEPLOY.names("alerts")
        for condition in DEPLOY.filled(f"alerts/{name}").content["conditions"]
    ]

    assert {*COLLECTOR, *AGGREGATOR} == {*DEPLOY.names("metrics")}
    assert all(any(f'user/flowlake-{name}"' in each for each in filters) for name in COLLECTOR)
    assert all(any(f'user/flowlake-{name}"' in each for each in filters) for name in AGGREGATOR)


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange(Market(symbols=SYMBOLS, pace=Pace(trades_per_s=100))) as opened:
        yield opened


def test_a_collector_that_is_well_is_counted_by_its_chunks_alone(
    exchange: Exchange, tmp_path: Path
) -> None:
    collector = Process(exchange, tmp_path, "BTCUSDT", "--duration", "3")

    assert 0 == collector.wait(), collector.log()
    found = counts(collector.log(), POOL)
    assert found["chunks"] > 0
    assert {"chunks"} == {name for name, count in found.items() if count}


def test_a_bucket_that_takes_nothing_shows_as_trouble_and_fills_the_spool(
    exchange: Exchange, bucket: BucketServer, tmp_path: Path
) -> None:
    bucket.script.add(Refuse(403), kind=Kind.WRITE, key="raw/*", times=FOR_EVER)
    options = ("--lake", bucket.lake, "--spool-limit", "1MiB")
    collector = Process(exchange, tmp_path, ",".join(SYMBOLS), *options)
    collector.wait_for(lambda: collector.said("pressure"))
    collector.end()
    found = counts(collector.log(), POOL)

    assert found["spool-pressure"] > 0
    assert found["upload-trouble"] > 0
    assert 0 == found["chunks"]


def logged(*outcomes: Outcome) -> str:
    file = io.StringIO()
    with JsonReporter(file) as told:
        for outcome in outcomes:
            told.outcome(outcome)
    told.summary(outcomes)
    return file.getvalue()


def built(detail: str) -> Outcome:
    return Outcome(UNIT, Status.BUILT, "degraded", detail)


def test_a_night_that_went_well_is_counted_once() -> None:
    log = logged(Outcome(UNIT, Status.BUILT, "complete"), Outcome(UNIT, Status.UP_TO_DATE))

    assert {"nights": 1} == {name: count for name, count in counts(log, DAILY).items() if count}


def test_a_day_that_failed_is_counted_beside_the_night() -> None:
    found = counts(logged(Outcome(UNIT, Status.FAILED, detail="no chunk")), DAILY)

    assert {"nights": 1, "failures": 1} == {name: each for name, each in found.items() if each}


def test_what_a_program_complains_of_at_its_end_is_counted() -> None:
    line = json.dumps({"severity": "ERROR", "message": "cannot build 2025-12-11: no chunk"})

    assert 1 == counts(line, DAILY)["failures"]


@pytest.mark.parametrize(
    ("detail", "percent", "expected"),
    [
        ("3 trades missing, 14 1m bars partial", 1, 0),
        ("15 1m bars partial", 1, 1),
        ("115 1m bars partial", 1, 1),
        ("1,003 1m bars partial", 1, 1),
        ("1 1m bars gap, 2 1m bars partial", 1, 1),
        ("1,440 1m bars gap", 1, 1),
        ("100 1m bars partial, 7 malformed rows", 10, 0),
        ("145 1m bars partial", 10, 1),
        ("1 1m bars partial", 0, 1),
        ("17 trades missing", 0, 0),
    ],
)
def test_a_degraded_day_is_counted_only_above_the_setting(
    detail: str, percent: float, expected: int
) -> None:
    log = logged(built(detail))

    assert expected == counts(log, DAILY, degraded_percent=percent)["degraded-days"]


def test_a_degraded_day_that_is_only_looked_at_again_is_not_counted() -> None:
    seen = Outcome(UNIT, Status.UP_TO_DATE, "degraded", "40 1m bars gap")

    assert 0 == counts(logged(seen), DAILY)["degraded-days"]


def test_the_counts_are_written_as_the_manifest_says_them(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path)
    lake.write(str(ChunkKey(Stream.TRADES, SYMBOL, DAY, 0, "a")), trades(DAY, 0))
    lake.write(str(JournalKey(DAY, 0, "a")), recording(SYMBOL))
    builder = Builder(lake, BuildSettings(), lambda: datetime(2030, 1, 1, tzinfo=UTC))

    # Of this day one minute is there.
    assert 1 == counts(logged(builder.run(Unit(DAY, SYMBOL))), DAILY)["degraded-days"]
