from pathlib import Path

from tests.collector.rigs import Rig

START_MS = 1_765_440_000_000


def test_strange_frames_of_one_kind_are_told_once_in_a_while(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(3)
    for _ in range(50):
        rig.inbox.post(1, rig.clock.wall_ns(), [b"{"])
        rig.run(0.5)
    rig.inbox.post(1, rig.clock.wall_ns(), [b"\xff"])
    rig.run(1)
    said = [message for _, message in rig.log.said if "strange" in message]

    assert 2 == len(said)
    assert 51 == sum(rig.recorder.parts.intake.strange.values())
    rig.end()


def test_a_fast_clock_is_looked_after_less_often(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)

    assert 0.1 == rig.recorder.parts.tick_s
    rig.end()
