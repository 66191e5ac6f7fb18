"""The whole collector as a process, against the local exchange."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.manifest import Manifest
from collector.run import spool_settings
from collector.settings import RunSettings
from collector.spool.capacity import SpoolSettings
from lake.layout import ChunkKey, bars_key, manifest_key
from tests.collector.runs import Process, received
from tests.exchange import Exchange, Listing, Pace, Settings, Terms

BUSY = Settings(
    symbols=("BTCUSDT", "ETHUSDT"), pace=Pace(trades_per_s=20),
    others=(Listing("OLDUSDT", "SETTLING"),),
)  # fmt: skip


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """Serve two symbols; a test that judges stops it itself."""
    with Exchange(BUSY) as opened:
        yield opened


def recording(
    exchange: Exchange, folder: Path, *options: str, symbols: str = "BTCUSDT,ETHUSDT"
) -> Process:
    """Start a collector, and wait until it writes."""
    process = Process(exchange, folder, symbols, *options)
    process.wait_for(lambda: received(folder))
    return process


def test_the_spool_is_bounded_as_the_command_line_says() -> None:
    told = RunSettings(
        "./lake", None, spool_folder="/somewhere", spool_limit_bytes=7 << 20, fsync_s=0.5
    )

    assert SpoolSettings(Path("/somewhere"), 7 << 20, 0.5) == spool_settings(told)


def test_sigterm_flushes_uploads_and_exits_with_0(exchange: Exchange, tmp_path: Path) -> None:
    process = recording(exchange, tmp_path)
    time.sleep(3)
    took_s = process.end(signal.SIGTERM)

    assert 0 == process.process.returncode, process.log()
    assert took_s < 8
    assert ["SIGTERM"] == [line["cause"] for line in process.lines("stopped")]
    assert [] == [path for path in (tmp_path / "spool").iterdir() if not path.name.startswith(".")]
    verdict = process.verdict()
    assert verdict.good, verdict


def test_ctrl_c_ends_it_as_well(exchange: Exchange, tmp_path: Path) -> None:
    process = recording(exchange, tmp_path)
    process.end(signal.SIGINT)

    assert 0 == process.process.returncode
    assert ["SIGINT"] == [line["cause"] for line in process.lines("stopped")]


def test_the_duration_ends_it(exchange: Exchange, tmp_path: Path) -> None:
    process = Process(exchange, tmp_path, "BTCUSDT", "--duration", "3")

    assert 0 == process.wait(), process.log()
    assert ["the duration is over"] == [line["cause"] for line in process.lines("stopped")]


def test_whatever_the_aggregator_makes_of_it_is_ok(exchange: Exchange, tmp_path: Path) -> None:
    process = recording(exchange, tmp_path)
    time.sleep(6)
    process.end()
    (day,) = {key.date for text in process.objects() if (key := ChunkKey.parse(text))}
    aggregator = Path(sys.executable).parent / "aggregator"
    command = [str(aggregator), "daily", "--lake", str(tmp_path / "lake"), "--date", str(day)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    for symbol in ("BTCUSDT", "ETHUSDT"):
        manifest = Manifest.parse(process.lake.read(manifest_key(symbol, day))[0]).whole
        assert {} == manifest["set_aside"]["malformed"]
        assert 0 == manifest["trades"]["missing"] == manifest["trades"]["conflicts"]
        bars = process.lake.read(bars_key(symbol, day, "1s"))[0].decode().splitlines()[1:]
        recorded = [index for index, bar in enumerate(bars) if bar.rsplit(",", 1)[1] != "gap"]
        # The streams do not begin and end in the very same second.
        inside = bars[recorded[2] : recorded[-2]]
        assert len(inside) >= 3
        assert {"ok"} == {bar.rsplit(",", 1)[1] for bar in inside}


def test_after_a_kill_the_next_run_saves_what_was_left_and_asks_for_the_rest(
    exchange: Exchange, tmp_path: Path
) -> None:
    killed = recording(exchange, tmp_path)
    time.sleep(4)
    killed.end(signal.SIGKILL)
    killed_ms = round(exchange.clock.now_ms())
    time.sleep(1)
    process = recording(exchange, tmp_path)
    time.sleep(6)
    process.end()

    assert 2 == len({key.run for text in process.objects() if (key := ChunkKey.parse(text))})
    assert {"between two runs"} == {line["cause"] for line in process.lines("gap")}
    assert sum(line["rows"] for line in process.lines("refilled")) > 0
    lost = (killed_ms - 1_200, killed_ms + 500)
    verdict = process.verdict(Terms(excused=(lost,)))
    assert verdict.good, verdict


def test_a_symbol_that_does_not_trade_is_named_and_left_out(
    exchange: Exchange, tmp_path: Path
) -> None:
    process = recording(exchange, tmp_path, symbols="BTCUSDT,OLDUSDT,NONESUCH")
    process.end()

    assert 0 == process.process.returncode
    named = {line["symbol"]: line["cause"] for line in process.lines("left_out")}
    assert {"OLDUSDT", "NONESUCH"} == set(named)
    assert 2 == len(process.lines("left_out")) == len(process.said("left_out"))
    assert "SETTLING" in named["OLDUSDT"]
    assert [["BTCUSDT"]] == [line["symbols"] for line in process.lines("recording")]


@pytest.mark.parametrize(
    ("symbols", "options"), [("NONESUCH", []), ("BTCUSDT,NONESUCH", ["--strict"])]
)
def test_without_symbols_or_if_strict_it_exits_with_1(
    exchange: Exchange, tmp_path: Path, symbols: str, options: list[str]
) -> None:
    process = Process(exchange, tmp_path, symbols, *options)

    assert 1 == process.wait()
    said = json.loads(process.log().splitlines()[-1])
    assert "ERROR" == said["severity"]
    assert "NONESUCH" in said["message"]
    assert "Traceback" not in process.log()


def test_symbols_that_cannot_be_checked_at_the_start_are_checked_later(
    exchange: Exchange, tmp_path: Path
) -> None:
    exchange.do("rest how=503 paths=exchangeInfo for_s=60 times=2")
    process = Process(exchange, tmp_path, "BTCUSDT,NONESUCH", "--start-within", "2s")
    process.wait_for(lambda: process.said("left_out"))
    process.end()

    assert 0 == process.process.returncode
    assert ["BTCUSDT"] == process.lines("recording")[-1]["symbols"]


def test_an_exchange_that_acknowledges_and_says_nothing_is_an_error(
    exchange: Exchange, tmp_path: Path
) -> None:
    exchange.do("mute")
    process = Process(exchange, tmp_path, "BTCUSDT", "--start-within", "4s")

    assert 1 == process.wait()
    assert "no stream has spoken within 4 s" in process.log()
    assert "Traceback" not in process.log()


def test_a_refused_location_is_said_with_regions_that_work(
    exchange: Exchange, tmp_path: Path
) -> None:
    exchange.do("refuse how=451 for_s=0")
    process = Process(exchange, tmp_path, "BTCUSDT", "--start-within", "4s")

    assert 1 == process.wait()
    assert "asia-northeast1" in process.log().splitlines()[-1]


def test_connections_are_rotated_and_nothing_is_lost(exchange: Exchange, tmp_path: Path) -> None:
    process = recording(exchange, tmp_path, "--rotate-after", "4s")
    process.wait_for(lambda: len(process.said("handed_over")) >= 2)
    time.sleep(2)
    process.end()

    assert [] == process.lines("gap") == process.lines("disconnected")
    verdict = process.verdict()
    assert verdict.good, verdict
    assert verdict.covered_share > 0.9
    assert 0 == verdict.counts["repeated rows"]


def test_a_market_of_many_symbols_is_stopped_in_time(tmp_path: Path) -> None:
    symbols = tuple(f"S{number:03}USDT" for number in range(100))
    with Exchange(Settings(symbols=symbols, pace=Pace(2.0, 500.0))) as exchange:
        process = recording(exchange, tmp_path, symbols="all")
        time.sleep(4)
        took_s = process.end()

        assert 0 == process.process.returncode, process.log()
        assert took_s < 8
        assert 200 == len({text.rsplit("/", 2)[0] for text in process.objects()})
        verdict = process.verdict()
    assert verdict.good, verdict


def test_the_journal_of_today_begins_with_who_records(exchange: Exchange, tmp_path: Path) -> None:
    process = recording(exchange, tmp_path)
    process.end()
    (key,) = process.objects("journal/")
    first = json.loads(process.lake.read(key)[0].splitlines()[0])

    assert datetime.now(UTC).strftime("%Y-%m-%d") in key
    assert ("recording", "collector", ["BTCUSDT", "ETHUSDT"]) == (
        first["event"], first["by"], first["symbols"],
    )  # fmt: skip
    assert abs(first["clock_offset_ms"]) < 1_000
