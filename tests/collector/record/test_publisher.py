from pathlib import Path

from collector.feed.inbox import Backlog
from lake.layout import Stream
from tests.collector.rigs import Rig
from tests.collector.spools import wait_until

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


def test_once_a_minute_and_at_the_end_the_log_says_how_the_run_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(150)
    said = [line for line in rig.log.fields if line.get("event") == "status"]
    uptimes = [line["uptime_s"] for line in said]

    assert [0, 60, 120] == [round(each, -1) for each in uptimes if isinstance(each, int)]
    assert [0, 2, 2] == [line["fresh_streams"] for line in said]
    assert {"k3v9"} == {line["run"] for line in said}
    rig.end()
    last = [line for line in rig.log.fields if line.get("event") == "status"]
    assert 4 == len(last)
    assert 2 == last[-1]["fresh_streams"]


def test_while_the_lake_takes_all_the_oldest_row_is_of_the_minute_that_is_open(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(130)
    outbox = rig.edges.outbox
    wait_until(lambda: outbox.totals().objects == 4 and outbox.status().oldest_age_s is None)
    rig.run(20)
    status = rig.edges.board.latest

    assert status
    assert 28 <= status.uploads.oldest_row_age_s <= 30
    rig.end()
