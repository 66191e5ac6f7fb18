"""The command line, as people and schedulers call it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from collector.cli import app
from collector.settings import Deadlines, RunSettings, Shard
from lake.storage import LocalFolder
from tests.collector.diaries import put, whole_hour

PROGRAM = Path(sys.executable).parent / "collector"
NOWHERE = ("--ws-url", "ws://127.0.0.1:9", "--rest-url", "http://127.0.0.1:9")


def collector(*arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Run the installed program; return exit code, standard output and standard error."""
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=cwd,
        env={**os.environ, "TYPER_USE_RICH": "0"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> RunSettings:
    """Return what `collector run` with these arguments would record."""
    seen: list[RunSettings] = []
    monkeypatch.setattr("collector.run.run", seen.append)
    result = CliRunner().invoke(app, ["run", "--lake", str(tmp_path), *arguments])

    assert (0, "") == (result.exit_code, result.output)
    return seen[0]


def failure(*arguments: str) -> str:
    """Return the one line of a command that fails."""
    code, out, err = collector(*arguments)

    assert (1, "", 1) == (code, out, len(err.splitlines()))
    line: dict[str, Any] = json.loads(err)
    assert "ERROR" == line["severity"]
    return str(line["message"])


def test_it_says_its_version() -> None:
    code, out, _ = collector("--version")

    assert code == 0
    assert re.fullmatch(r"flowlake \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize("command", ["run", "sessions"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    code, out, _ = collector(command, "--help")

    assert code == 0
    assert re.search(rf"^ +collector {command} --lake", out, re.MULTILINE)
    assert "LAKE_URL" in out


def test_a_lake_and_symbols_are_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BINANCE_API_KEY", raising=False)
    lake = str(tmp_path)

    assert RunSettings(lake, ("BTCUSDT", "ETHUSDT")) == told(
        monkeypatch, tmp_path, "--symbols", "btcusdt,ETHUSDT"
    )
    assert told(monkeypatch, tmp_path, "--symbols", "all").symbols is None


def test_every_option_reaches_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "k3y")
    found = told(
        monkeypatch, tmp_path, "--symbols", "all", "--ws-url", "ws://[::1]:1/", "--rest-url",
        "http://x:2", "--spool", "/somewhere", "--spool-limit", "1GiB", "--fsync", "1.5",
        "--duration", "60", "--shard", "1/4", "--strict", "--metrics-port", "9100",
        "--metrics-host", "127.0.0.1", "--streams-per-connection", "1024", "--rotate-after", "30",
        "--connection-limit", "60", "--start-within", "1s", "--first-snapshot-within", "2s",
        "--first-trade-within", "3s", "--silent-after", "4s", "--lag-limit", "5s",
        "--lag-patience", "6s", "--dead-after", "7s", "--connect-timeout", "8s",
        "--speed", "100", "--anchor-ns", "17",
    )  # fmt: skip

    assert RunSettings(
        lake=str(tmp_path), symbols=None, ws_url="ws://[::1]:1", rest_url="http://x:2",
        spool_folder="/somewhere", spool_limit_bytes=1 << 30, fsync_s=1.5, duration_s=60,
        shard=Shard(1, 4), strict=True, metrics_port=9100, metrics_host="127.0.0.1",
        streams_per_connection=1024, speed=100, anchor_ns=17, api_key="k3y",
        deadlines=Deadlines(
            rotate_s=30, limit_s=60, force_s=15, any_frame_s=1, first_frame_s=2, first_trade_s=3,
            silence_s=4, lag_s=5, lagging_s=6, dead_s=7, connect_s=8,
        ),
    ) == found  # fmt: skip


def test_the_lake_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[RunSettings] = []
    monkeypatch.setattr("collector.run.run", seen.append)
    monkeypatch.setenv("LAKE_URL", str(tmp_path))
    CliRunner().invoke(app, ["run", "--symbols", "all"])

    assert str(tmp_path) == seen[0].lake


def test_no_option_takes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "s3cret")
    _, out, _ = collector("run", "--help")

    assert "BINANCE_API_KEY" in out
    assert "s3cret" not in out
    assert "--api-key" not in out


def test_a_local_lake_is_made_and_marked_and_a_silent_exchange_is_a_failure(tmp_path: Path) -> None:
    lake = tmp_path / "new" / "lake"
    code, out, err = collector(
        "run", "--lake", str(lake), "--spool", str(tmp_path / "spool"), "--symbols", "BTCUSDT",
        "--start-within", "1s", *NOWHERE,
    )  # fmt: skip

    assert "binance-usdm" == json.loads((lake / "lake.json").read_bytes())["venue"]
    assert 1 == code
    assert "ERROR" == json.loads(err)["severity"]
    assert all(json.loads(line)["severity"] for line in out.splitlines())


@pytest.mark.parametrize(
    "wrong",
    [
        ("--symbols", ""),
        ("--symbols", "BTC/USDT"),
        ("--symbols", "all,BTCUSDT"),
        ("--symbols", "BTCUSDT", "--shard", "4/4"),
        ("--symbols", "BTCUSDT", "--ws-url", "fstream.binance.com"),
        ("--symbols", "BTCUSDT", "--rest-url", "wss://x"),
        ("--symbols", "BTCUSDT", "--streams-per-connection", "1025"),
        ("--symbols", "BTCUSDT", "--metrics-port", "65536"),
        ("--symbols", "BTCUSDT", "--duration", "0"),
        ("--symbols", "BTCUSDT", "--duration", "soon"),
        ("--symbols", "BTCUSDT", "--rotate-after", "25h"),
        ("--symbols", "BTCUSDT", "--spool-limit", "lots"),
        ("--symbols", "BTCUSDT", "--fsync", "-1"),
        ("--sybmols", "BTCUSDT"),
        (),
    ],
)
def test_wrong_usage_is_exit_code_2_and_touches_nothing(
    wrong: tuple[str, ...], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["run", "--lake", str(tmp_path / "lake"), *wrong])

    assert 2 == result.exit_code
    assert not (tmp_path / "lake").exists()


def test_a_lake_of_another_venue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake.json").write_text('{"venue": "kraken", "schema_version": 1}')
    message = failure("run", "--lake", str(tmp_path), "--symbols", "BTCUSDT", *NOWHERE)

    assert "holds the data of 'kraken'" in message
    assert ["lake.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_lake_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("mine")

    assert "it is no folder" in failure(
        "run", "--lake", str(tmp_path / "lake"), "--symbols", "BTCUSDT", *NOWHERE
    )


def test_sessions_of_a_lake_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    assert "there is no lake at" in failure("sessions", "--lake", str(tmp_path / "lake"))
    assert [] == [*tmp_path.iterdir()]


def test_sessions_are_listed_as_a_table_or_as_json(tmp_path: Path) -> None:
    put(LocalFolder(tmp_path), "2025-12-11", 8, whole_hour("2025-12-11", 8, stopped=True))
    code, table, _ = collector("sessions", "--lake", str(tmp_path))
    _, as_json, _ = collector("sessions", "--lake", str(tmp_path), "--json")

    assert 0 == code
    assert "k3v9" in table
    assert ["k3v9"] == [each["run"] for each in json.loads(as_json)]


def test_sessions_of_a_range_are_those_of_its_days(tmp_path: Path) -> None:
    for number in range(1, 21):
        day, run = f"2025-12-{number:02d}", f"run{number}"
        put(LocalFolder(tmp_path), day, 8, whole_hour(day, 8, run), run)

    def runs(*options: str) -> list[str]:
        _, out, _ = collector("sessions", "--lake", str(tmp_path), "--json", *options)
        return [each["run"] for each in json.loads(out)]

    assert ["run19", "run20"] == runs("--start", "2025-12-19")
    assert ["run1"] == runs("--start", "2025-12-01", "--end", "2025-12-01")
    assert [f"run{number}" for number in range(7, 21)] == runs()
    assert 2 == collector("sessions", "--start", "2025-12-02", "--end", "2025-12-01")[0]


def test_a_reader_that_has_had_enough_is_no_traceback(tmp_path: Path) -> None:
    put(LocalFolder(tmp_path), "2025-12-11", 8, whole_hour("2025-12-11", 8))
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [PROGRAM, "sessions", "--lake", tmp_path, "--json"], stdout=theirs,
        stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(theirs)

    assert (1, b"") == (done.returncode, done.stderr)
