from pathlib import Path

import pytest

from collector.trades.holes import Hole
from collector.trades.openholes import OpenHoles

FIRST = Hole("BTCUSDT", 8, 9, 5, 7)
SECOND = Hole("币安人生USDT", 1, 3, 2, 4)


def inherited(folder: Path, dead: list[str]) -> list[Hole]:
    """Return what a new run finds, which is killed at once."""
    return OpenHoles(folder, "new").inherit(dead)


def test_a_successor_finds_the_holes_of_a_killed_run_once(tmp_path: Path) -> None:
    OpenHoles(tmp_path, "k3v9").save([FIRST, SECOND])
    (tmp_path / "k3vA").mkdir()

    assert [FIRST, SECOND] == OpenHoles(tmp_path, "k3vA").inherit(["k3v9"])
    assert [] == OpenHoles(tmp_path, "k3vB").inherit(["k3v9"])


def test_they_are_not_forgotten_if_the_successor_is_killed_before_it_got_anything(
    tmp_path: Path,
) -> None:
    OpenHoles(tmp_path, "k3v9").save([FIRST])
    OpenHoles(tmp_path, "k3vA").inherit(["k3v9"])

    assert [FIRST] == OpenHoles(tmp_path, "k3vB").inherit(["k3vA"])


def test_the_holes_of_a_run_that_lives_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "k3v9").mkdir()
    OpenHoles(tmp_path, "k3v9").save([FIRST])

    assert [] == inherited(tmp_path, ["another"])
    assert [FIRST] == inherited(tmp_path, ["k3v9"])


def test_closed_holes_are_forgotten(tmp_path: Path) -> None:
    holes = OpenHoles(tmp_path, "k3v9")
    holes.save([FIRST, SECOND])
    holes.save([SECOND])

    assert [SECOND] == inherited(tmp_path, ["k3v9"])


def test_a_run_that_ends_leaves_no_file(tmp_path: Path) -> None:
    holes = OpenHoles(tmp_path, "k3v9")
    holes.save([FIRST])
    holes.remove()

    assert [] == [*tmp_path.iterdir()]


def test_a_run_that_goes_on_under_another_name_takes_its_holes_along(tmp_path: Path) -> None:
    holes = OpenHoles(tmp_path, "k3v9")
    holes.save([FIRST])
    holes.rename("k3vA")

    assert [".k3vA.holes"] == [path.name for path in tmp_path.iterdir()]
    assert [FIRST] == inherited(tmp_path, ["k3vA"])


def test_holes_that_cannot_be_put_down_again_stay_where_they_are(tmp_path: Path) -> None:
    OpenHoles(tmp_path, "k3v9").save([FIRST])
    (tmp_path / ".k3vA.tmp").mkdir()  # where the new file would be written

    assert [FIRST] == OpenHoles(tmp_path, "k3vA").inherit(["k3v9"])
    assert [FIRST] == inherited(tmp_path, ["k3v9"])


def test_what_a_killed_run_was_writing_is_removed_but_not_what_a_living_one_writes(
    tmp_path: Path,
) -> None:
    (tmp_path / "alive").mkdir()
    for run in ("dead", "alive"):
        (tmp_path / f".{run}.tmp").write_text("[")

    assert [] == inherited(tmp_path, ["dead"])
    assert [".alive.tmp"] == [path.name for path in tmp_path.glob(".*.tmp")]


def test_a_disk_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    holes = OpenHoles(folder, "k3v9")
    holes.save([FIRST])
    assert [] == inherited(folder, ["k3v9"])

    folder.mkdir()
    holes.save([FIRST])
    assert [FIRST] == inherited(folder, ["k3v9"])


@pytest.mark.parametrize("text", ["{", '["BTCUSDT", 8]\n', "\n"])
def test_a_torn_file_is_named_and_forgotten(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".k3v9.holes").write_text(text)

    assert [] == inherited(tmp_path, ["k3v9"])
    assert ".k3v9.holes" in caplog.text
