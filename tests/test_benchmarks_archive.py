"""The peer of a fetch has our bars, and a command that is killed comes to its end."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks.archive import COMPARED, History, _minutes
from benchmarks.archive_kills import differing, measure_killed
from benchmarks.measure import Failed
from synthetic.archive import write_days
from synthetic.market import Market, Pace
from synthetic.rows import instrument
from tests.archive_site import trades_path
from tests.cases import ROOT, Lake, called

DAY = date(2025, 12, 11)

ONE_MORE = """
import sys, time
from pathlib import Path
file = Path(sys.argv[1])
done = len(file.read_text()) if file.exists() else 0
for _ in range(done, 40):
    with file.open("a") as each:
        each.write("x")
    time.sleep(0.1)
"""


def test_the_peer_has_the_same_minutes(tmp_path: Path) -> None:
    write_days(tmp_path / "archive", Market(instrument("BTCUSDT"), Pace(5_000, 0), 1), DAY, 1)
    path = tmp_path / "archive" / trades_path("BTCUSDT", DAY).lstrip("/")
    lake = Lake(tmp_path / "lake")
    assert 0 == called("import", "--lake", lake.path, "--symbol", "BTCUSDT", path).code
    lake.build(DAY, labels=("1m",))

    command = [sys.executable, "-m", "benchmarks.archive_duckdb", str(path.parent)]
    subprocess.run([*command, str(tmp_path / "peer")], cwd=ROOT, check=True)

    ours = _minutes(lake.bars("1m", DAY).parent, DAY)
    assert ours == _minutes(tmp_path / "peer", DAY)
    assert len(ours) > 500
    assert {*COMPARED} == ours[0].keys()


def test_a_killed_command_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONE_MORE, str(tmp_path / "file")]

    used = measure_killed(command, kills=2, within_s=1.5)

    assert "x" * 40 == (tmp_path / "file").read_text(encoding="utf-8")
    assert used.wall_s > 3.5  # a kill cuts at most one of the pauses short


def test_a_command_that_ends_before_its_time_counts_too() -> None:
    used = measure_killed([sys.executable, "-c", ""], kills=1, within_s=1.1)

    assert used.cpu_s > 0


def test_a_command_that_fails_is_an_error() -> None:
    with pytest.raises(Failed, match="ended with 3"):
        measure_killed([sys.executable, "-c", "raise SystemExit(3)"], kills=0, within_s=1)


def test_what_two_folders_do_not_share_is_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, texts in ((one, "abc"), (other, "abd")):
        (folder / "deep").mkdir(parents=True)
        for name, text in zip(("deep/1", "2", "3"), texts, strict=True):
            (folder / name).write_text(text)
    (one / "4").write_text("")

    assert ["3", "4"] == differing(one, other)


def test_history_is_counted_in_millions() -> None:
    history = History(365, 100_000)

    assert (36.5, date(2025, 12, 31)) == (history.millions, history.end)
