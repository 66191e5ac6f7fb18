from pathlib import Path

from collector.feed.inbox import Backlog
from lake.layout import Stream
from tests.collector.rigs import Rig

START_MS = 1_765_440_000_000


def test_the_board_shows_what_was_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(20)
    status = rig.edges.board.latest
    assert status

    assert "k3v9" == status.run
    assert 15 < status.counters.rows[Stream.TRADES] <= 20
    assert (
        status.counters.frames
        == status.counters.rows[Stream.TRADES] + (status.counters.rows[Stream.DEPTH20])
    )
    assert status.counters.received_bytes > 10_000
    assert (False, ()) == (status.stopping, status.alerts)
    rig.end()


def test_a_recorder_that_falls_behind_says_so_for_a_while(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    publisher = rig.recorder.parts.publisher

    assert not publisher.is_behind(Backlog(100, 1, 1, 0, 0.0), 50.0)
    assert publisher.is_behind(Backlog(50_000, 1, 1, 0, 0.0), 51.0)
    assert not publisher.is_behind(Backlog(100, 1, 1, 0, 0.0), 52.0)
    assert publisher.is_behind(Backlog(100, 1, 1, 3, 1.0), 53.0)
    assert publisher.is_behind(Backlog(100, 1, 1, 3, 1.0), 62.0)
    assert not publisher.is_behind(Backlog(100, 1, 1, 3, 1.0), 64.0)
    rig.end()


def test_while_it_is_behind_no_stream_is_blamed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(20)
    rig.mute = lambda *_: True
    rig.inbox.backlog = lambda: Backlog(50_000, 1, 1, 0, 0.0)  # type: ignore[method-assign]
    rig.run(30)

    counts = rig.recorder.parts.chronicle.counts
    assert (0, 1) == (counts["stalled"], counts["behind"])
    status = rig.edges.board.latest
    assert status and "falls behind" in status.alerts[0]
    rig.end()
