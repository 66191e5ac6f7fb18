"""What survives a power cut, and when."""

from collections.abc import Callable
from pathlib import Path

from collector.clock import Clock
from collector.spool.logfile import LogFile
from collector.spool.syncer import Syncer
from tests.collector.spools import wait_until


class Refusing(LogFile):
    """A log on a disk that cannot sync."""

    def sync(self) -> None:
        raise OSError(5, "Input/output error")


def test_every_few_seconds_all_that_was_written_is_synced(tmp_path: Path) -> None:
    syncer = Syncer(Clock(), every_s=0.02)
    logs = [LogFile(tmp_path / name) for name in "ab"]
    for log in logs:
        syncer.watch(log)
    syncer.start()
    for size in (3, 6):
        for log in logs:
            log.append([b"abc"])
        wait_until(lambda: {log.end for log in logs} == {log.synced for log in logs})
        assert [size, size] == [log.synced for log in logs]
    syncer.stop()


def test_a_log_that_was_closed_is_synced_no_more(tmp_path: Path) -> None:
    syncer = Syncer(Clock(), every_s=1)
    log = LogFile(tmp_path / "log")
    syncer.watch(log)
    log.append([b"abc"])
    log.close()

    assert syncer.sync()
    assert 0 == log.synced


def test_what_vouches_is_taken_before_a_sync_and_written_after_it(tmp_path: Path) -> None:
    syncer = Syncer(Clock(), every_s=1)
    log = LogFile(tmp_path / "log")
    syncer.watch(log)
    log.append([b"abc"])
    seen = list[int]()

    def vouch() -> Callable[[], None]:
        seen.append(log.synced)
        return lambda: seen.append(log.synced)

    syncer.vouch(vouch)
    syncer.sync()

    assert [0, 3] == seen


def test_nothing_is_vouched_for_if_the_disk_cannot_sync(tmp_path: Path) -> None:
    syncer = Syncer(Clock(), every_s=1)
    syncer.watch(Refusing(tmp_path / "log"))
    written = list[int]()
    syncer.vouch(lambda: lambda: written.append(1))

    assert not syncer.sync()
    assert [] == written
    assert "Input/output error" == syncer.error
