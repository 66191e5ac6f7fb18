"""The checkpoint file."""

from pathlib import Path

import pytest

from collector.spool.checkpoint import checkpoint_path, write_checkpoint
from collector.spool.runfolder import RunFolder
from tests.collector.spools import no_file_longer_than


def test_a_checkpoint_replaces_the_one_before(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "a")
    for lines in ([b"old\n", b"older\n"], [b"new\n"]):
        write_checkpoint(folder, lines)

    assert b"new\n" == checkpoint_path(folder).read_bytes()


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "a")
    write_checkpoint(folder, [b"old\n"])
    with no_file_longer_than(100), pytest.raises(OSError):
        write_checkpoint(folder, [b"new" * 100])

    assert b"old\n" == checkpoint_path(folder).read_bytes()
