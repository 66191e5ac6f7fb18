import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aggregator.archive import scratch
from aggregator.archive.rows import ArchiveError
from aggregator.archive.scratch import explained, scratch_folder

PREFIX = "flowlake-try-"
LIVING = """
import time
from aggregator.archive.scratch import scratch_folder
with scratch_folder("flowlake-try-") as folder:
    (folder / "rows").write_text("1")
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
def living_program() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", LIVING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "ready\n" == process.stdout.readline()
        yield process
        process.kill()


def sweep(parent: Path) -> int:
    return scratch.sweep(parent, PREFIX)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_whatever_ends_the_program(
    temporary: Path, error: type[BaseException]
) -> None:
    with pytest.raises(error), scratch_folder(PREFIX) as folder:
        (folder / "rows").write_text("1")
        raise error

    assert [] == list(temporary.iterdir())


def test_the_next_program_removes_what_a_killed_one_left(temporary: Path) -> None:
    with living_program() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = list(temporary.glob("*/rows"))
    with scratch_folder(PREFIX):
        now = list(temporary.glob("*/rows"))

    assert 1 == len(left)
    assert [] == now
    assert [] == list(temporary.iterdir())


def test_a_program_that_lives_keeps_its_folder(temporary: Path) -> None:
    with living_program():
        assert 0 == sweep(temporary)
        with scratch_folder(PREFIX):
            pass

        assert 1 == len(list(temporary.glob("*/rows")))


def test_a_folder_that_was_half_removed_is_removed(temporary: Path) -> None:
    folder = temporary / "flowlake-try-abc"
    folder.mkdir()
    (folder / "0-0.arrow").write_bytes(b"rows")

    assert 1 == sweep(temporary)
    assert not folder.exists()


def test_a_folder_whose_program_was_killed_before_its_lock_is_removed(temporary: Path) -> None:
    folder = temporary / "flowlake-try-abc"
    folder.mkdir()

    assert 1 == sweep(temporary)
    assert not folder.exists()


def test_a_sweep_that_comes_between_folder_and_lock_does_not_disturb_a_program(
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
    with scratch_folder(PREFIX) as folder:
        assert made[1] == folder
        assert 0 == sweep(temporary)
    assert 2 == len(made)


def test_what_is_no_folder_of_ours_is_left_alone(temporary: Path) -> None:
    strays = [temporary / "other", temporary / "flowlake-try-file"]
    for path in strays:
        path.write_text("mine")

    assert 0 == sweep(temporary)
    assert all(path.exists() for path in strays)


def test_a_folder_held_by_another_descriptor_is_left_alone(temporary: Path) -> None:
    folder = temporary / "flowlake-try-abc"
    folder.mkdir()
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    held = sweep(temporary)
    os.close(descriptor)

    assert 0 == held
    assert 1 == sweep(temporary)


def test_what_the_system_says_becomes_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(ArchiveError, match="Is a directory; free some space") as caught,
        explained(tmp_path),
    ):
        tmp_path.read_bytes()

    assert str(tmp_path) in str(caught.value)
