import fcntl
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.archive.chunks import CHUNK_MS
from aggregator.archive.rows import ArchiveError
from aggregator.archive.spool import Spool, spool, sweep

LIVING_IMPORT = """
import time
import polars as pl
from aggregator.archive.spool import spool
with spool() as rows:
    rows.add(pl.DataFrame({"timestamp": [1], "price": ["2"]}))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@contextmanager
def living_import() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", LIVING_IMPORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "ready\n" == process.stdout.readline()
        yield process
        process.kill()


def rows(*times: int) -> pl.DataFrame:
    prices = [str(number) for number in range(len(times))]
    return pl.DataFrame(
        {"timestamp": times, "price": prices}, schema_overrides={"timestamp": pl.Int64}
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=st.lists(st.lists(st.integers(0, 5 * CHUNK_MS), max_size=8), max_size=5))
def test_rows_come_back_by_their_ten_minutes_and_nothing_is_lost(blocks: list[list[int]]) -> None:
    times = [time for block in blocks for time in block]
    with spool() as spooled:
        for block in blocks:
            spooled.add(rows(*block))
        starts = spooled.starts()
        found = {start: pl.concat(spooled.take(start)) for start in starts}

        assert [] == spooled.starts()
    assert sorted({time // CHUNK_MS * CHUNK_MS for time in times}) == starts
    for start, part in found.items():
        expected = [time for time in times if start <= time < start + CHUNK_MS]
        assert expected == part["timestamp"].to_list()


def test_rows_taken_leave_the_disk(temporary: Path) -> None:
    with spool() as spooled:
        spooled.add(rows(1, 2))
        before = len(list(temporary.glob("*/*.arrow")))
        list(spooled.take(0))

        assert 1 == before
        assert [] == list(temporary.glob("*/*.arrow"))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_whatever_ends_the_import(
    temporary: Path, error: type[BaseException]
) -> None:
    with pytest.raises(error), spool() as spooled:
        spooled.add(rows(1))
        raise error

    assert [] == list(temporary.iterdir())


def test_the_next_import_removes_what_a_killed_one_left(temporary: Path) -> None:
    with living_import() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = list(temporary.glob("*/*.arrow"))
    with spool():
        now = list(temporary.glob("*/*.arrow"))

    assert 1 == len(left)
    assert [] == now
    assert [] == list(temporary.iterdir())


def test_an_import_that_lives_keeps_its_rows(temporary: Path) -> None:
    with living_import():
        assert 0 == sweep(temporary)
        with spool():
            pass

        assert 1 == len(list(temporary.glob("*/*.arrow")))


def test_a_folder_that_was_half_removed_is_removed(temporary: Path) -> None:
    folder = temporary / "flowlake-import-abc"
    folder.mkdir()
    (folder / "0-0.arrow").write_bytes(b"rows")

    assert 1 == sweep(temporary)
    assert not folder.exists()


def test_a_folder_whose_import_was_killed_before_its_lock_is_removed(temporary: Path) -> None:
    folder = temporary / "flowlake-import-abc"
    folder.mkdir()

    assert 1 == sweep(temporary)
    assert not folder.exists()


def test_a_sweep_that_comes_between_folder_and_lock_does_not_disturb_an_import(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def make_and_lose_the_first(prefix: str) -> str:
        folder = temporary / f"{prefix}{len(made)}"
        folder.mkdir()
        made.append(folder)
        if len(made) == 1:
            assert 1 == sweep(temporary)
        return str(folder)

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose_the_first)
    with spool() as spooled:
        spooled.add(rows(1))

        assert 1 == len(list(spooled.take(0)))
    assert 2 == len(made)


def test_what_is_not_an_import_is_left_alone(temporary: Path) -> None:
    strays = [temporary / "other", temporary / "flowlake-import-file"]
    for path in strays:
        path.write_text("mine")

    assert 0 == sweep(temporary)
    assert all(path.exists() for path in strays)


def test_a_folder_held_by_another_descriptor_is_left_alone(temporary: Path) -> None:
    folder = temporary / "flowlake-import-abc"
    folder.mkdir()
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    held = sweep(temporary)
    os.close(descriptor)

    assert 0 == held
    assert 1 == sweep(temporary)


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ArchiveError, match="free some space") as caught:
            Spool(tmp_path).add(rows(*range(1000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)

    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
