"""The commands as a scheduler and a person call them: what they do, say, and exit with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aggregator.cli import app
from lake.layout import LAKE_FILE, Format, manifest_key
from tests.cases import (
    AFTER,
    BEFORE,
    COMMAND,
    DAY,
    OTHER,
    SYMBOL,
    Lake,
    Ran,
    called,
    chunk_key,
    covered,
    in_terminal,
    ran,
    recording,
    troubled,
)

ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands
            if command.callback]  # fmt: skip
LONG_AGO = DAY - timedelta(days=2)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with three minutes of a day."""
    lake = Lake(tmp_path / "lake")
    lake.record(DAY, range(3))
    return lake


def backfill(lake: Lake, *options: object, start: date = DAY, end: date = DAY) -> list[object]:
    days = ["--start", start, "--end", end, "--workers", 1, "--resolutions", "1h"]
    return ["backfill", "--lake", lake.path, *days, *options]


def daily(lake: Lake, *options: object, day: date | None = DAY) -> list[object]:
    days = ["--date", day] if day else []
    return ["daily", "--lake", lake.path, *days, "--workers", 1, "--resolutions", "1h", *options]


def says(line: str, *, tried: str, about: object, advice: str) -> bool:
    """Tell whether a failure says what was tried, on what, and what to do next."""
    return tried in line and str(about) in line and advice in line.rpartition(";")[2]


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    helped = called(command, "--help")

    assert 0 == helped.code
    assert f"aggregator {command} --lake" in helped.out
    assert re.search(r"Examples:\n\n +aggregator", helped.out)


def test_the_program_says_what_it_can_do() -> None:
    helped = called("--help")

    assert 0 == helped.code
    assert {"daily", "backfill", "status", "import"} <= {*COMMANDS}
    assert all(f"\n  {command} " in helped.out for command in COMMANDS)
    assert 2 == called().code


# Start


HEAVY = {"llvmlite", "matplotlib", "numba", "polars", "pyarrow", "rich"}


def imported(*arguments: object) -> set[str]:
    """Return the heavy libraries that a run needs."""
    code = (
        "import atexit, sys; from aggregator.cli import main; "
        f"atexit.register(lambda: print(*({HEAVY!r} & {{*sys.modules}}), file=sys.stderr)); main()"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return {*done.stderr.split()}


def test_no_run_waits_for_what_it_does_not_need(lake: Lake) -> None:
    assert {"llvmlite", "polars"} == imported(*daily(lake))
    assert set() == imported(*daily(lake))
    assert {"pyarrow"} <= imported(*backfill(lake, "--parquet"))


def test_the_program_says_its_version() -> None:
    assert Ran(0, f"flowlake {version('flowlake')}\n", "") == ran("--version")


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("daily --date yesterday", "is no date"),
        ("daily --date 2999-01-01", "in the future"),
        ("daily --date 2025-12-11 --lookback 3", "--lookback, not both"),
        ("daily --date 0001-01-01", "is before 1970-01-01"),
        ("daily --lookback 0", "--lookback"),
        ("daily --margin 9", "--margin"),
        ("daily --workers 0", "--workers"),
        ("daily --resolutions 7s", "does not divide a day"),
        ("daily --symbols a/b", "is no symbol"),
        ("backfill", "--start"),
        ("backfill --start 2025-12-11", "--end"),
        ("backfill --start 2025-12-11 --end 2025-12-10", "is before --start"),
        ("backfill --start 2025-12-11 --end 2999-01-01", "in the future"),
        ("backfill --start 2025-12-11 --end 2025-12-11 --task bad", "is no task"),
        ("backfill --start 2025-12-11 --end 2025-12-11 --task 2/2", "is no task"),
        ("status --start 2025-12-11 --end 2025-12-10", "is before --start"),
        ("status --end 2025-02-29", "is no date"),
        ("import", "FILE"),
        ("import --symbol A,B file.csv", "takes one symbol"),
        ("import --symbol A --max-unpublished -1 file.csv", "--max-unpublished"),
        ("compact", "compact"),
        ("status --lakes x", "--lakes"),
    ],
)
def test_wrong_usage_exits_with_2_and_touches_nothing(
    arguments: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_URL", str(tmp_path / "nowhere"))
    monkeypatch.setenv("COLUMNS", "200")

    assert said in called(*arguments.split()).usage_error
    assert [] == [*tmp_path.iterdir()]


@pytest.mark.parametrize(("index", "count"), [("2", "2"), ("x", "2"), ("0", "0"), ("-1", "3")])
def test_a_platform_that_counts_wrongly_is_wrong_usage(
    lake: Lake, index: str, count: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_RUN_TASK_INDEX", index)
    monkeypatch.setenv("CLOUD_RUN_TASK_COUNT", count)

    assert called(*backfill(lake)).usage_error


# Lakes that are none

ON_A_LAKE: dict[str, Callable[[Lake], list[object]]] = {
    "daily": daily,
    "backfill": backfill,
    "dry run": lambda lake: backfill(lake, "--dry-run"),
    "status": lambda lake: ["status", "--lake", lake.path],
}
anything = pytest.mark.parametrize("arguments", ON_A_LAKE.values(), ids=ON_A_LAKE)
Arguments = Callable[[Lake], list[object]]


@anything
def test_a_lake_that_does_not_exist_is_told_and_not_made(
    arguments: Arguments, tmp_path: Path
) -> None:
    nowhere = Lake(tmp_path / "nowhere")

    line = called(*arguments(nowhere)).failure

    assert says(line, tried="there is no lake", about=nowhere.path, advice="existing folder")
    assert not nowhere.path.exists()


@anything
def test_a_file_is_no_lake(arguments: Arguments, tmp_path: Path) -> None:
    file = Lake(tmp_path / "file")
    file.path.touch()

    line = called(*arguments(file)).failure

    assert says(line, tried="cannot open lake", about=file.path, advice="")
    assert "it is no folder; name a folder or a bucket" in line


@anything
@pytest.mark.parametrize(
    ("marker", "why", "advice"),
    [
        ({"venue": "kraken", "schema_version": 1}, "'kraken'", "name the lake of this venue"),
        ({"venue": "binance-usdm", "schema_version": 2}, "version is 2", "install a newer release"),
        ("?", "no lake's marker", "restore it"),
    ],
)
def test_another_lake_is_not_worked_on(
    arguments: Arguments, lake: Lake, marker: object, why: str, advice: str
) -> None:
    lake.write(LAKE_FILE, json.dumps(marker).encode())

    line = called(*arguments(lake)).failure

    assert says(line, tried="cannot", about=lake.path, advice="")
    assert why in line
    assert advice in line
    assert not (lake.path / "aggregated").exists()


def test_an_import_into_another_lake_is_refused(lake: Lake, tmp_path: Path) -> None:
    lake.write(LAKE_FILE, b'{"venue": "kraken", "schema_version": 1}')

    line = called("import", "--lake", lake.path, "--symbol", SYMBOL, archive(tmp_path)).failure

    assert "it holds the data of 'kraken', not of 'binance-usdm'" in line


# Units that fail


def test_an_unknown_symbol_is_named_and_the_others_are_built(lake: Lake) -> None:
    done = called(*backfill(lake, "--symbols", f"NOPEUSDT,{SYMBOL}"))

    assert says(done.failure, tried="cannot build", about=f"NOPEUSDT {DAY}", advice="collector")
    assert {("NOPEUSDT", str(DAY)): "failed", (SYMBOL, str(DAY)): "built"} == done.units


def test_an_empty_day_of_a_range_is_reported_and_no_failure(lake: Lake) -> None:
    done = called(*backfill(lake, start=BEFORE, end=AFTER))

    assert 0 == done.code
    assert [(SYMBOL, str(DAY))] == [*done.units]
    assert [f"{day}: no symbol has a chunk" for day in (BEFORE, AFTER)] == [
        line["message"] for line in done.logged if line["severity"] == "NOTICE"
    ]


def test_a_range_of_nothing_is_no_failure(lake: Lake) -> None:
    done = called(*backfill(lake, start=LONG_AGO, end=LONG_AGO))

    assert 0 == done.code
    assert "0 days: nothing to do" == done.logged[-1]["message"]


def test_expired_days_are_kept_and_reported(lake: Lake) -> None:
    called(*backfill(lake))
    lake.remove(*(chunk_key(minute) for minute in range(3)))

    kept = called(*backfill(lake))

    assert (0, {(SYMBOL, str(DAY)): "kept"}) == (kept.code, kept.units)
    assert "NOTICE" == kept.logged[0]["severity"]


def test_what_expired_and_grew_is_refused_until_it_is_forced(lake: Lake) -> None:
    lake.record(AFTER, [30])
    called(*backfill(lake))
    before = lake.products()
    lake.remove(chunk_key(0))
    lake.record(minutes=[9])

    refused = called(*backfill(lake, end=AFTER))

    assert says(refused.failure, tried="cannot rebuild", about=f"{SYMBOL} {DAY}", advice="--force")
    assert {(SYMBOL, str(DAY)): "failed", (SYMBOL, str(AFTER)): "built"} == refused.units
    assert before.items() <= lake.products().items()
    assert {(SYMBOL, str(DAY)): "built"} == called(*backfill(lake, "--force")).units


# Rights and room


@pytest.fixture
def open_lake() -> Iterator[Lake]:
    """Return a lake in a place that every user can reach."""
    with TemporaryDirectory(prefix="flowlake-test-") as folder:
        Path(folder).chmod(0o755)
        lake = Lake(Path(folder) / "lake")
        lake.record(DAY, range(3))
        lake.record(DAY, range(3), symbol=OTHER)
        for path in (lake.path, *lake.path.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield lake
        lake.path.chmod(0o755)


def writable(lake: Lake) -> None:
    """Let everybody write where bars are published."""
    lake.write(LAKE_FILE, b'{"venue": "binance-usdm", "schema_version": 1}').chmod(0o644)
    for folder in ("aggregated", f"aggregated/{SYMBOL}", f"aggregated/{OTHER}"):
        (lake.path / folder).mkdir()
        (lake.path / folder).chmod(0o777)


def test_a_lake_that_may_not_be_read_is_told(open_lake: Lake) -> None:
    open_lake.path.chmod(0)

    line = troubled("nobody", *backfill(open_lake)).failure

    assert says(line, tried="cannot", about=open_lake.path, advice="give this user access")


def test_a_lake_that_may_not_be_written_fails_every_unit(open_lake: Lake) -> None:
    open_lake.path.chmod(0o555)

    done = troubled("nobody", *backfill(open_lake))

    assert says(done.failure, tried="cannot write", about=LAKE_FILE, advice="give this user access")
    assert {"failed"} == set(done.units.values())


def test_a_chunk_that_may_not_be_read_fails_its_unit_alone(open_lake: Lake) -> None:
    writable(open_lake)
    (open_lake.path / chunk_key(1)).chmod(0)

    done = troubled("nobody", *backfill(open_lake))

    line = done.failure
    assert says(line, tried="cannot read", about=chunk_key(1), advice="give this user access")
    assert {(SYMBOL, str(DAY)): "failed", (OTHER, str(DAY)): "built"} == done.units


def test_a_full_disk_is_told_and_leaves_nothing_behind(lake: Lake) -> None:
    full = troubled("full", 1000, *backfill(lake))

    assert says(full.failure, tried="cannot write", about=f"{DAY}_1h.csv", advice="run again")
    assert [] == lake.hidden()
    assert not (lake.path / manifest_key(SYMBOL, DAY)).exists()
    assert {(SYMBOL, str(DAY)): "built"} == called(*backfill(lake)).units


# The scheduled job


def test_a_symbol_whose_collector_died_is_a_failure_and_the_others_are_built(lake: Lake) -> None:
    lake.journal(BEFORE, recording(SYMBOL, "DIEDUSDT"), hour=23)

    done = called(*daily(lake))

    assert says(done.failure, tried="cannot build", about=f"DIEDUSDT {DAY}", advice="collector")
    assert {(SYMBOL, str(DAY)): "built", ("DIEDUSDT", str(DAY)): "failed"} == done.units


def test_without_journals_the_day_before_says_what_is_missing(lake: Lake) -> None:
    lake.record(BEFORE, symbol=OTHER)

    done = called(*daily(lake))

    assert f"cannot build {OTHER} {DAY}" in done.failure
    assert "built" == done.units[SYMBOL, str(DAY)]


def test_a_day_without_any_chunk_is_a_failure(lake: Lake) -> None:
    line = called(*daily(lake, day=LONG_AGO)).failure

    assert says(line, tried=f"cannot build {LONG_AGO}", about=lake.path, advice="collector")


def test_an_empty_lake_is_a_failure(tmp_path: Path) -> None:
    assert "has no chunk of it for any symbol" in called(*daily(Lake(tmp_path))).failure


def test_a_symbol_that_was_asked_for_has_to_be_there(lake: Lake) -> None:
    assert "NOPEUSDT" in called(*daily(lake, "--symbols", "NOPEUSDT")).failure


@pytest.fixture
def recent(tmp_path: Path) -> tuple[Lake, list[date]]:
    """Return a lake of the last days, today first, so that one of them is always yesterday."""
    today = datetime.now(UTC).date()
    last = [today - timedelta(days=back) for back in range(6)]
    lake = Lake(tmp_path / "lake")
    for day in last:
        lake.record(day, [600, 601])
    return lake, last


def test_a_night_that_failed_heals_in_the_next(recent: tuple[Lake, list[date]]) -> None:
    lake, (_, yesterday, empty, before, *_) = recent
    lake.remove(*(chunk_key(minute, empty) for minute in (600, 601)))

    done = called(*daily(lake, day=None))
    lake.record(empty, [600, 601])
    healed = called(*daily(lake, day=None))

    assert (0, 0) == (done.code, healed.code)
    assert {str(yesterday): "built", str(empty): "empty", str(before): "built"} == by_day(done)
    # Of yesterday the price before it has come to light.
    assert {str(yesterday): "built", str(empty): "built", str(before): "up to date"} == by_day(
        healed
    )


def by_day(done: Ran) -> dict[str, str]:
    return {day: status for (_, day), status in done.units.items()}


def test_lookback_counts_yesterday(recent: tuple[Lake, list[date]]) -> None:
    lake, last = recent

    done = called(*daily(lake, "--lookback", 1, day=None))

    assert [(SYMBOL, str(last[1]))] == [*done.units]
    assert {"built"} == set(done.units.values())


def test_today_is_pending(recent: tuple[Lake, list[date]]) -> None:
    lake, (today, *_) = recent

    called(*daily(lake, day=today))

    assert "pending" == lake.manifest(today)["condition"]
    assert {"built"} == set(called(*daily(lake, day=today)).units.values())


def archive(folder: Path, first_id: int = 1) -> Path:
    """Write a file as the exchange's archive has it."""
    path = folder / "trades.csv"
    start = int(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp()) * 1000
    rows = [
        f"{first_id + number},100.5,0.1,10.05,{start + 60_000 * number},true\n"
        for number in range(1440)
    ]
    path.write_text("id,price,qty,quote_qty,time,is_buyer_maker\n" + "".join(rows))
    return path


def test_an_imported_lake_needs_no_collector(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    imported = called("import", "--lake", lake.path, "--symbol", SYMBOL, archive(tmp_path))

    assert 0 == imported.code
    assert {(SYMBOL, str(DAY)): "built"} == called(*daily(lake)).units
    assert "has no chunk of it for any symbol" in called(*daily(lake, day=AFTER)).failure


# Imports


def test_a_file_that_is_refused_makes_no_lake(tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"

    line = called("import", "--lake", tmp_path / "lake", "--symbol", SYMBOL, missing).failure

    assert "cannot import" in line
    assert str(missing) in line
    assert not (tmp_path / "lake").exists()


# What is said


def test_without_a_terminal_every_line_is_json(lake: Lake) -> None:
    lake.journal(DAY, b"{torn\n", recording(SYMBOL), covered(DAY, 0, 1440))
    lake.write(chunk_key(7))

    done = ran(*backfill(lake, start=BEFORE))

    assert (0, "") == (done.code, done.err)
    note, unit, summary = done.logged
    assert ("NOTICE", "WARNING", "INFO") == tuple(
        line["severity"] for line in (note, unit, summary)
    )
    assert "1 chunks unusable, 1 lines of the journals unreadable" in unit["message"]
    assert "1 days: 1 built" == summary["message"]


def test_an_unknown_trade_type_is_a_warning(lake: Lake) -> None:
    head = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type"
    row = "1765411200000,1,1,true,1,[/X]"
    lake.write(chunk_key(9, form=Format.PLAIN), f"{head}\n{row}\n".encode())

    unit, _ = called(*backfill(lake)).logged

    assert "WARNING" == unit["severity"]
    assert "unknown trade type [/X]" in unit["message"]


def test_a_terminal_shows_progress_and_a_table(lake: Lake) -> None:
    code, text = in_terminal(*backfill(lake, "--symbols", f"{SYMBOL},NOPEUSDT"), columns=120)

    assert 1 == code
    for shown in ("days", "2/2", f"chunks of {SYMBOL} {DAY}", "condition", "degraded"):
        assert shown in text
    assert f"cannot build NOPEUSDT {DAY}" in text
    assert "aggregator: 1 of 2 days failed: cannot build NOPEUSDT" in text
    assert '"severity"' not in text
    assert "\x1b[?25h" in text, "the cursor has to come back"


def test_a_terminal_shows_the_plan_and_the_import_too(lake: Lake, tmp_path: Path) -> None:
    planned = in_terminal(*backfill(lake, "--dry-run"))
    imported = in_terminal(
        "import", "--lake", tmp_path / "new", "--symbol", SYMBOL, archive(tmp_path)
    )

    assert (0, 0) == (planned[0], imported[0])
    assert "1 of 1 days would be built, from 3 chunks" in ANSI.sub("", planned[1])
    assert "1,440 trades of 1 days" in imported[1]
    assert '"severity"' not in planned[1] + imported[1]


def test_status_has_colour_on_a_terminal_and_none_in_a_pipe(lake: Lake) -> None:
    called(*backfill(lake))

    code, text = in_terminal("status", "--lake", lake.path, columns=60)
    piped = ran("status", "--lake", lake.path, COLUMNS="140")

    assert 0 == code == piped.code
    assert "\x1b[33mdegraded" in text
    assert "\x1b" not in piped.out
    assert "malformed" in piped.out
    assert "malformed" not in text


def test_status_as_json_has_every_day(lake: Lake) -> None:
    lake.record(BEFORE)
    called(*backfill(lake, start=BEFORE))

    status = called("status", "--lake", lake.path, "--json")

    days = json.loads(status.out)
    assert [str(BEFORE), str(DAY)] == [day["date"] for day in days]
    assert {"condition", "coverage", "holes", "missing_trades"} <= days[0].keys()
    assert [] == json.loads(called("status", "--lake", lake.path, "--json", "--start", AFTER).out)


def test_status_shows_the_last_fortnight_that_there_is(lake: Lake) -> None:
    days = [DAY - timedelta(days=back) for back in range(16)]
    for day in days[1:]:
        lake.record(day, [0])
    called(*backfill(lake, start=days[-1]))

    def shown(*options: object) -> list[str]:
        status = called("status", "--lake", lake.path, "--json", *options)
        return [day["date"] for day in json.loads(status.out)]

    assert [str(day) for day in reversed(days[:14])] == shown()
    assert [str(day) for day in reversed(days[1:15])] == shown("--end", days[1])
    assert 16 == len(shown("--start", "2020-01-01", "--end", "9999-12-31"))


def test_the_lake_can_be_named_by_the_environment(lake: Lake) -> None:
    assert "nothing is published" in ran("status", LAKE_URL=str(lake.path)).out


def test_whoever_stops_reading_hears_no_complaint(lake: Lake) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [COMMAND, *map(str, backfill(lake))], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert (1, b"") == (done.returncode, done.stderr)


def test_a_dry_run_changes_nothing(lake: Lake) -> None:
    planned = called(*backfill(lake, "--dry-run"))

    assert 0 == planned.code
    assert ["build"] == [line["action"] for line in planned.logged if "action" in line]
    assert not (lake.path / "aggregated").exists()
