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
from aggregator.unit import BarCounts, Outcome, Status, Unit
from collector.spool.news import Refused
from deploy.settings import Settings
from lake.layout import ChunkKey, JournalKey, Stream
from lake.storage import LocalFolder
from tests import cases
from tests.bucket import BucketServer, Kind, Refuse
from tests.cases import DAY, SYMBOL, trades
from tests.collector.rigs import Rig
from tests.collector.runs import Process
from tests.deploy.logs import DAILY, POOL, counted, entry
from tests.deploy.samples import DEPLOY
from tests.exchange import Exchange, Pace
from tests.exchange import Settings as Market

UNIT = Unit(date(2025, 12, 11), "BTCUSDT")
COLLECTOR = ("recording", "late-uploads", "refused-uploads", "full-spools")
AGGREGATOR = ("failures", "nights", "degraded-days")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
FOR_EVER = 10**9
SPEED = 40.0


def counts(log: str, resource: dict[str, Any], **settings: object) -> dict[str, int]:
    """Return how many lines of a log each metric counts."""
    changed: Settings = replace(DEPLOY.settings, **settings)  # type: ignore[arg-type]
    deploy = replace(DEPLOY, settings=changed)
    found = entries(log, resource)
    metrics = ((name, deploy.filled(f"metrics/{name}")) for name in deploy.names("metrics"))
    return {name: len(counted(metric, found)) for name, metric in metrics}


def entries(log: str, resource: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a log as they are kept."""
    return [entry(line, resource) for line in log.splitlines() if line.startswith("{")]


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
    with Exchange(Market(symbols=SYMBOLS, pace=Pace(5), speed=SPEED)) as opened:
        yield opened


def recording(exchange: Exchange, folder: Path, *options: str) -> Process:
    """Return a collector on the exchange's clock, on which a minute is soon over."""
    at = ("--speed", str(SPEED), "--anchor-ns", str(exchange.clock.anchor_ns))
    return Process(exchange, folder, ",".join(SYMBOLS), *at, *options)


def test_a_collector_that_is_well_says_once_a_minute_that_it_is_and_nothing_else(
    exchange: Exchange, tmp_path: Path
) -> None:
    collector = recording(exchange, tmp_path)
    collector.wait_for(lambda: counts(collector.log(), POOL)["recording"] >= 2)
    collector.end()
    found = counts(collector.log(), POOL)

    assert {"recording"} == {name for name, count in found.items() if count}


def test_a_collector_that_hears_nothing_is_not_counted(exchange: Exchange, tmp_path: Path) -> None:
    collector = recording(exchange, tmp_path)
    collector.wait_for(lambda: counts(collector.log(), POOL)["recording"])
    exchange.stop()
    before = len(collector.said("status"))
    collector.wait_for(lambda: len(collector.said("status")) >= before + 3)
    collector.end()

    # The first of these may have been written as the exchange stopped.
    assert 1 <= counts(collector.log(), POOL)["recording"] <= before + 1


def test_a_chunk_whose_name_is_taken_by_another_is_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 1_765_440_000_000)
    rig.edges.outbox.news.append(Refused("k3v9", "raw/x", "spool/x"))
    rig.run(10)
    rig.end()
    said = zip(rig.log.said, rig.log.fields, strict=True)
    lines = (
        {"severity": severity, "message": message, **fields} for (severity, message), fields in said
    )

    assert 1 == counts("\n".join(map(json.dumps, lines)), POOL)["refused-uploads"]


def test_a_bucket_that_takes_nothing_shows_as_trouble_and_fills_the_spool(
    exchange: Exchange, bucket: BucketServer, tmp_path: Path
) -> None:
    bucket.script.add(Refuse(403), kind=Kind.WRITE, key="raw/*", times=FOR_EVER)
    collector = recording(exchange, tmp_path, "--lake", bucket.lake, "--spool-limit", "1MiB")
    collector.wait_for(lambda: counts(collector.log(), POOL)["late-uploads"] > 1)
    collector.end()
    found = counts(collector.log(), POOL)

    assert found["full-spools"] > 0
    assert collector.said("upload_failed")
    assert [] == [line for line in entries(collector.log(), POOL) if "textPayload" in line]
    assert found["recording"] > 5


def logged(*outcomes: Outcome) -> str:
    file = io.StringIO()
    with JsonReporter(file) as told:
        for outcome in outcomes:
            told.outcome(outcome)
    told.summary(outcomes)
    return file.getvalue()


def built(partial: int, gap: int = 0) -> Outcome:
    counts = BarCounts("1m", 1440, partial, gap)
    return Outcome(UNIT, Status.BUILT, "degraded", counts=counts)


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
    ("partial", "gap", "percent", "expected"),
    [
        (14, 0, 1, 0),
        (15, 0, 1, 1),
        (1_003, 0, 1, 1),
        (2, 1, 1, 1),
        (0, 1_440, 1, 1),
        (7, 0, 0.5, 0),
        (8, 0, 0.5, 1),
        (144, 0, 10, 0),
        (145, 0, 10, 1),
        (1, 0, 0, 1),
        (0, 0, 0, 0),
    ],
)
def test_a_degraded_day_is_counted_only_above_the_setting(
    partial: int, gap: int, percent: float, expected: int
) -> None:
    log = logged(built(partial, gap))

    assert expected == counts(log, DAILY, degraded_percent=percent)["degraded-days"]


def test_a_degraded_day_that_is_only_looked_at_again_is_not_counted() -> None:
    seen = replace(built(0, 40), status=Status.UP_TO_DATE)

    assert 0 == counts(logged(seen), DAILY)["degraded-days"]


def test_a_day_that_was_built_says_how_many_of_its_bars_are_not_ok(tmp_path: Path) -> None:
    lake = LocalFolder(tmp_path)
    lake.write(str(ChunkKey(Stream.TRADES, SYMBOL, DAY, 0, "a")), trades(DAY, 0))
    lake.write(str(JournalKey(DAY, 0, "a")), cases.recording(SYMBOL))
    builder = Builder(lake, BuildSettings(), lambda: datetime(2030, 1, 1, tzinfo=UTC))

    outcome = builder.run(Unit(DAY, SYMBOL))

    # Of this day one minute is there.
    assert outcome.counts
    assert outcome.counts.gap > 1_400
    assert 1 == counts(logged(outcome), DAILY)["degraded-days"]
