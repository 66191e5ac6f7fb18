"""Folders of runs, and who may touch them."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.spool.runfolder import RunFolder, claim_dead, new_run
from tests.collector.spools import START_NS

WRITER = """
import sys, time
from pathlib import Path
from collector.spool.runfolder import RunFolder
folder = RunFolder.create(Path(sys.argv[1]), "other")
print("made", flush=True)
time.sleep(60)
"""


def claimed(spool: Path) -> list[str]:
    return [folder.run for folder in claim_dead(spool)]


def test_the_folder_of_a_living_run_is_left_alone(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "a")

    assert [] == claimed(tmp_path)
    folder.release()
    assert ["a"] == claimed(tmp_path)


def test_the_folder_of_a_process_that_was_killed_is_claimed_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()

        assert [] == claimed(tmp_path)
        process.kill()
        process.wait()
        mine = claim_dead(tmp_path)
        assert ["other"] == [folder.run for folder in mine]
        assert [] == claimed(tmp_path)


def test_what_is_no_folder_of_a_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "notes.txt").write_text("mine")

    assert [] == claimed(tmp_path)
    assert {"photos", "notes.txt"} <= {path.name for path in tmp_path.iterdir()}


def test_a_folder_that_cannot_be_locked_is_named_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    RunFolder.create(tmp_path, "a").release()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "lock").mkdir()

    assert ["a"] == claimed(tmp_path)
    assert f"cannot recover {tmp_path / 'b'}" in caplog.text


def test_a_spool_that_does_not_exist_has_no_dead_runs(tmp_path: Path) -> None:
    assert [] == claimed(tmp_path / "none")


def test_a_folder_goes_when_its_run_is_over_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "a")
    (folder.path / "rows").write_bytes(b"")

    assert not folder.tidy()
    folder.over()
    assert not folder.tidy()
    (folder.path / "rows").unlink()
    assert folder.tidy()
    assert not folder.path.exists()
    assert not folder.tidy()


@pytest.mark.parametrize("spool", ["file", "file/below"])
def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path, spool: str) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CollectorError, match=r"cannot make the spool .*file.*--spool"):
        RunFolder.create(tmp_path / spool, "a")


def test_names_of_runs_are_new_and_sort_by_time() -> None:
    names = [new_run(START_NS + second * 10**9) for second in range(50)]

    assert names == sorted(names)
    assert 50 == len({new_run(START_NS) for _ in range(50)})
    assert all(name.isalnum() and name.islower() for name in names)
