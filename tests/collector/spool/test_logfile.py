"""A file that only grows."""

from pathlib import Path
from threading import Thread

import pytest

from collector.spool.logfile import LogFile
from tests.collector.spools import no_file_longer_than


def test_parts_are_appended_one_after_another(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")

    assert 0 == log.append([b"ab", b"c"])
    assert 3 == log.append([b"d"])
    assert b"bcd" == log.read(1, 100)


def test_a_write_that_fails_leaves_nothing_and_the_next_goes_on_where_it_began(
    tmp_path: Path,
) -> None:
    log = LogFile(tmp_path / "log")
    log.append([b"whole"])
    with no_file_longer_than(100), pytest.raises(OSError, match="File too large"):
        log.append([b"x" * 50, b"y" * 80])

    assert b"whole" == (tmp_path / "log").read_bytes()
    assert 5 == log.append([b"more"])
    assert b"wholemore" == (tmp_path / "log").read_bytes()


def test_a_file_of_another_run_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"another's")

    with pytest.raises(FileExistsError):
        LogFile(tmp_path / "log")


def test_what_another_run_left_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"left")
    log = LogFile.left_by_another(tmp_path / "log")

    assert 4 == log.end
    assert b"left" == log.read(0, 100)


def test_what_was_synced_is_known(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    log.append([b"abc"])

    assert 0 == log.synced
    log.sync()
    assert 3 == log.synced


def test_it_can_be_closed_while_another_thread_syncs_it(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    log.append([b"abc"])
    syncing = Thread(target=log.sync)
    syncing.start()
    log.close()
    syncing.join()
    log.sync()

    assert log.is_closed
