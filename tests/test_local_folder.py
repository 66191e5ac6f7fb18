"""What only a folder on a disk has to endure: kills, full disks, modes, files in the way."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lake.errors import AlreadyExists, LakeError
from lake.storage import LocalFolder
from tests.storage_writers import PAYLOAD

KEY = "aggregated/BTCUSDT/2025-12-11_1m.csv"
ROOT = Path(__file__).parent.parent
PATIENCE_S = 60


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake")


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage_writers", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def names(folder: LocalFolder) -> list[str]:
    """Return all files, those with a dot too."""
    return sorted(
        str(path.relative_to(folder.root)) for path in folder.root.rglob("*") if path.is_file()
    )


def leftovers(folder: LocalFolder) -> list[Path]:
    return [path for path in folder.root.rglob(".*") if path.stat().st_size == len(PAYLOAD)]


@contextmanager
def halted_writer(folder: LocalFolder) -> Iterator[subprocess.Popen[str]]:
    """Have a process replace KEY that cannot go on: we hold the lock that the last step needs."""
    version = folder.write(KEY, b"old")
    held = os.open((folder.root / KEY).parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with start("replace", folder.url, KEY, version) as writer:
        try:
            wait_until(lambda: len(leftovers(folder)) == 1)
            yield writer
        finally:
            os.close(held)


def test_what_a_killed_writer_leaves_is_invisible_and_swept(folder: LocalFolder) -> None:
    with halted_writer(folder) as writer:
        writer.kill()
        writer.wait()

        assert [KEY] == [stat.key for stat in folder.list("")]
        assert b"old" == folder.read(KEY)[0]
        assert 2 == len(names(folder))
        assert 1 == folder.sweep("aggregated/BTCUSDT/2025-12-11_")
        assert [KEY] == names(folder)


def test_a_sweep_never_takes_what_a_living_writer_is_writing(folder: LocalFolder) -> None:
    with halted_writer(folder) as writer:
        assert 0 == folder.sweep("aggregated/BTCUSDT/2025-12-11_")
        assert writer.poll() is None
        assert 1 == len(leftovers(folder))
    assert 0 == writer.returncode
    assert PAYLOAD == folder.read(KEY)[0]
    assert [KEY] == names(folder)


def test_a_sweep_keeps_to_its_own_unit(folder: LocalFolder) -> None:
    with halted_writer(folder) as writer:
        writer.kill()
        writer.wait()

        assert 0 == folder.sweep("aggregated/BTCUSDT/2025-12-12_")
        assert 0 == folder.sweep("aggregated/ETHUSDT/2025-12-11_")
        assert 1 == len(leftovers(folder))


@pytest.mark.parametrize("life_s", [0, 0.003, 0.01, 0.03])
def test_a_writer_killed_at_any_moment_leaves_whole_objects_only(
    folder: LocalFolder, life_s: float
) -> None:
    with start("create_without_end", folder.url, "raw/") as writer:
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(life_s)
        writer.send_signal(signal.SIGKILL)
    stats = [*folder.list("raw/")]
    folder.sweep("raw/")

    assert {PAYLOAD} == set(folder.read_many(stats))
    assert [stat.key for stat in stats] == names(folder)


def test_a_full_disk_leaves_nothing_and_says_so(folder: LocalFolder) -> None:
    with start("create_on_a_full_disk", folder.url, KEY) as writer:
        said, _ = writer.communicate()

    assert said.startswith(f"cannot write {folder.url}/{KEY}: File too large; ")
    assert [] == names(folder)


def test_without_permission_every_operation_says_who_can_help(folder: LocalFolder) -> None:
    folder.write("below/x", b"data")
    folder.root.chmod(0)
    try:
        with start("all_without_permission", folder.url, "below/x") as user:
            said, _ = user.communicate()
    finally:
        folder.root.chmod(0o755)
    what = ["list", "list", "read", "write", "open lake"]

    assert what == [
        line.removeprefix("cannot ").split(f" {folder.url}")[0] for line in said.splitlines()
    ]
    assert all(
        line.endswith(": Permission denied; give this user access to it and run again")
        for line in said.splitlines()
    )


@pytest.mark.parametrize("key", ["raw/file/x", "raw/file/x/y"])
def test_a_file_where_a_folder_should_be_is_not_taken_for_the_object(
    folder: LocalFolder, key: str
) -> None:
    folder.write("raw/file", b"data")

    with pytest.raises(LakeError, match="move it away") as raised:
        folder.write(key, b"")
    assert not isinstance(raised.value, AlreadyExists)
    assert ["raw/file"] == names(folder)


def test_files_with_a_dot_are_nobodys_objects(folder: LocalFolder) -> None:
    folder.write("raw/x", b"data")
    (folder.root / ".dot").mkdir()
    (folder.root / ".dot" / "x").write_bytes(b"")
    (folder.root / "raw" / ".x").write_bytes(b"")

    assert ["raw/x"] == [stat.key for stat in folder.list("")]
    assert ["raw/"] == list(folder.folders(""))


def test_a_link_to_nowhere_is_no_object(folder: LocalFolder) -> None:
    folder.write("raw/x", b"data")
    (folder.root / "raw" / "y").symlink_to("nowhere")

    assert ["raw/x"] == [stat.key for stat in folder.list("")]


def test_a_write_leaves_no_file_of_its_own_behind(folder: LocalFolder) -> None:
    version = folder.write(KEY, b"first")
    folder.write(KEY, b"second", replaces=version)
    with pytest.raises(AlreadyExists):
        folder.write(KEY, b"third")

    assert [KEY] == names(folder)
