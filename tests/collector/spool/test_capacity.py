"""How much room the spool has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool.capacity import Capacity, SpoolSettings
from collector.spool.usage import Usage
from collector.view.status import Pressure
from tests.collector.disks import mounted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of one MiB."""
    with mounted(tmp_path, 1):
        yield tmp_path


def test_the_free_bytes_of_the_disk_are_known(tmp_path: Path) -> None:
    capacity = Capacity(SpoolSettings(tmp_path), Usage())
    capacity.measure()

    assert capacity.free_bytes
    assert capacity.free_bytes > 0


def test_what_the_spool_takes_counts_against_its_limit(tmp_path: Path) -> None:
    usage = Usage()
    capacity = Capacity(SpoolSettings(tmp_path, limit_bytes=1000), usage)
    usage.add(packs=950)
    capacity.measure()

    full = capacity.pressure
    usage.add(packs=-950)
    capacity.measure()

    assert (Pressure.NO_DEPTH, Pressure.NONE) == (full, capacity.pressure)


def test_nothing_is_taken_in_again_while_the_disk_refuses_rows(tmp_path: Path) -> None:
    usage = Usage()
    capacity = Capacity(SpoolSettings(tmp_path, limit_bytes=1000), usage)
    usage.add(packs=950)
    capacity.measure()
    usage.add(packs=-950)
    capacity.measure(unwritten_bytes=1)
    refusing = capacity.pressure
    capacity.measure()

    assert (Pressure.NO_DEPTH, Pressure.NONE) == (refusing, capacity.pressure)


def test_a_disk_that_is_full_stops_everything_whatever_the_limit(small_disk: Path) -> None:
    capacity = Capacity(SpoolSettings(small_disk), Usage())
    capacity.measure()
    empty = capacity.pressure
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "others").write_bytes(bytes(2 << 20))
    capacity.measure()

    assert (Pressure.NONE, Pressure.NO_TRADES) == (empty, capacity.pressure)


def test_a_disk_that_is_away_is_judged_by_the_limit_alone(tmp_path: Path) -> None:
    capacity = Capacity(SpoolSettings(tmp_path / "gone"), Usage())
    capacity.measure(unwritten_bytes=0)

    assert capacity.free_bytes is None
    assert Pressure.NONE is capacity.pressure
