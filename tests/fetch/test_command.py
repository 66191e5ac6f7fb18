import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.archive.importer import import_files
from aggregator.fetch.command import FetchSettings, run_fetch
from aggregator.fetch.patience import FetchError
from lake.layout import bars_key
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite, Slow, Status, trades_path
from tests.cases import ROOT, Lake
from tests.fetch.days import (
    DAY,
    DAY_MS,
    NOW,
    QUICK,
    START,
    SYMBOL,
    day,
    day_lines,
    line,
    objects,
    publish,
)

PROGRAM = """
import sys
from datetime import date
from aggregator.fetch.command import FetchSettings, run_fetch
from aggregator.fetch.patience import Patience
from aggregator.run import stop_on_sigterm
from lake.open import open_lake
lake, url, start, end = sys.argv[1:]
stop_on_sigterm()
run_fetch(open_lake(lake, create=True), FetchSettings(
    ("BTCUSDT",), date.fromisoformat(start), date.fromisoformat(end), url,
    connections=2, workers=2, patience=Patience(first_wait_s=0.01)))
"""


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as archive:
        yield archive


def wanted(archive: ArchiveSite, days: int, *symbols: str) -> FetchSettings:
    return FetchSettings(
        symbols or (SYMBOL,), DAY, day(days - 1), archive.url, workers=2, patience=QUICK
    )


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def test_a_fetch_ends_in_one_line_with_its_facts(
    archive: ArchiveSite, lake: LocalFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(archive, [0, 2])

    run_fetch(lake, wanted(archive, 3))

    *days, end = logged(capsys)
    assert {"imported": 2, "absent": 1} == {
        fate: sum(line["fate"] == fate for line in days) for fate in ("imported", "absent")
    }
    assert "3 days: 2 imported, 1 absent; 2,880 trades, 0.0 MB" == end["message"]
    assert {
        "event": "summary", "imported": 2, "there_already": 0, "absent": 1, "failed": 0,
        "absent_days": ["BTCUSDT 2025-12-12"], "unpublished": 0, "unpublished_between_days": 0,
    }.items() <= end.items()  # fmt: skip


def test_an_archive_that_has_nothing_is_a_failure(archive: ArchiveSite, lake: LocalFolder) -> None:
    with pytest.raises(FetchError, match="has no trades of BTCUSDT, ETHUSDT from 2025-12-11"):
        run_fetch(lake, wanted(archive, 2, SYMBOL, "ETHUSDT"))

    assert {} == objects(lake)


def test_a_day_that_fails_does_not_stop_the_others(
    archive: ArchiveSite, lake: LocalFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(archive, range(3))
    archive.fail_always(trades_path(SYMBOL, day(1)), Status(500))

    with pytest.raises(FetchError, match="1 of 3 days failed: cannot get http") as caught:
        run_fetch(lake, wanted(archive, 3))

    assert "\n" not in str(caught.value)
    assert 2 == logged(capsys)[-1]["imported"]
    archive.mend()
    run_fetch(lake, wanted(archive, 3))
    end = logged(capsys)[-1]
    assert (1, 2) == (end["imported"], end["there_already"])


def test_ids_lost_between_two_files_are_named(
    archive: ArchiveSite, lake: LocalFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(archive, [0])
    archive.publish_trades(SYMBOL, day(1), day_lines(1, 1441 + 150))

    run_fetch(lake, wanted(archive, 2))

    hole = next(line for line in logged(capsys) if line["event"] == "hole")
    assert "the archive lacks 150 ids, 1441 to 1590" in hole["message"]
    assert (
        "between BTCUSDT-trades-2025-12-11.zip and BTCUSDT-trades-2025-12-12.zip"
        in (hole["message"])
    )


def test_no_temporary_file_is_left(
    archive: ArchiveSite, lake: LocalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    publish(archive, range(2))

    run_fetch(lake, wanted(archive, 2))

    assert [] == [*folder.iterdir()]


def built(lake: Lake, days: int) -> list[bytes]:
    """Return the bars of one second of each day."""
    for number in range(days):
        lake.build(day(number), labels=("1s",))
    return [lake.storage.read(bars_key(SYMBOL, day(number), "1s"))[0] for number in range(days)]


def test_bars_are_those_of_an_import_of_all_files_at_once(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    """Ids spent over midnight, a quiet midnight, lost ids: all come out alike."""
    hour = 3_600_000
    whole = day_lines(1, 1444)
    files = [
        day_lines(0, 1),
        [*whole[:500], *whole[700:]],
        [line(2884 + n, START + 2 * DAY_MS + n * hour) for n in range(3, 20)],
        [line(2901 + n, START + 3 * DAY_MS + n * hour) for n in range(5, 24)],
    ]
    for number, lines in enumerate(files):
        archive.publish_trades(SYMBOL, day(number), lines)
    paths = [archive.place(trades_path(SYMBOL, day(number))) for number in range(4)]
    one, other = Lake(tmp_path / "one"), Lake(tmp_path / "other")
    import_files(one.storage, SYMBOL, paths, now=NOW, version="0.1.0", progress=None)

    run_fetch(other.storage, wanted(archive, 4))

    assert built(one, 4) == built(other, 4)


def test_what_a_truncated_day_lacks_stays_a_gap(archive: ArchiveSite, tmp_path: Path) -> None:
    archive.publish_trades(SYMBOL, day(0), day_lines(0, 1)[:900])
    archive.publish_trades(SYMBOL, day(1), day_lines(1, 1441))
    lake = Lake(tmp_path / "lake")

    run_fetch(lake.storage, wanted(archive, 2))

    first, second = built(lake, 2)
    qualities = [row.rpartition(b",")[2] for row in first.splitlines()[1:]]
    assert qualities == [b"ok"] * 53940 + [b"partial"] + [b"gap"] * (86400 - 53941)
    assert b"gap" not in second


def begun(lake: Path, archive: ArchiveSite, days: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, lake, archive.url, DAY, day(days - 1)]
    return subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def objects_reach(lake: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the lake has so many objects, or when the process has ended."""
    while process.poll() is None and len([*lake.rglob("[!.]*.*")]) < count:
        time.sleep(0.005)


def test_killed_at_random_it_ends_in_the_same_lake(archive: ArchiveSite, tmp_path: Path) -> None:
    days, chance, folder = 5, random.Random(11), tmp_path / "temporary"
    folder.mkdir()
    for number in range(days):
        # A hole over each midnight: what is written between the days must come out alike too.
        archive.publish_trades(SYMBOL, day(number), day_lines(number, 1 + number * 27, 24))
    plain, path = LocalFolder(tmp_path / "plain", durable=False), tmp_path / "lake"
    run_fetch(plain, wanted(archive, days))
    for count in sorted(chance.sample(range(5, len(objects(plain)) - 2), 4)):
        process = begun(path, archive, days, folder)
        objects_reach(path, count, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert -signal.SIGKILL == process.returncode
    process = begun(path, archive, days, folder)
    _, said = process.communicate(timeout=120)

    assert (0, b"") == (process.returncode, said)
    assert objects(plain) == objects(LocalFolder(path))
    assert [] == [*folder.iterdir()]


def test_asked_to_stop_it_stops_at_once_and_goes_on_later(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    publish(archive, range(3))
    for number in range(3):
        archive.fail_always(trades_path(SYMBOL, day(number)), Slow(0.5, piece=50))
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = begun(tmp_path / "lake", archive, 3, folder)
    while not archive.paths(".zip"):
        time.sleep(0.05)
    asked_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert 128 + signal.SIGTERM == process.returncode
    assert time.monotonic() - asked_s < 20
    assert [] == [*folder.iterdir()]
    archive.mend()
    run_fetch(LocalFolder(tmp_path / "lake"), wanted(archive, 3))
