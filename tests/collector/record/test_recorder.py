import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.errors import CollectorError
from collector.settings import Deadlines
from lake.layout import ChunkKey, Stream
from tests.collector.rigs import Rig
from tests.collector.spools import wait_until

DAY = date(2025, 12, 11)
MORNING_MS = round(datetime(2025, 12, 11, 9, 30, tzinfo=UTC).timestamp() * 1000)
EVENING_MS = round(datetime(2025, 12, 11, 23, 58, tzinfo=UTC).timestamp() * 1000)
MIDNIGHT_MS = EVENING_MS + 120_000


def lines(rig: Rig, event: str) -> list[dict[str, Any]]:
    """Return the lines of a kind from the journal in the lake."""
    texts = [rig.lake.read(key)[0] for key in rig.keys("journal/")]
    parsed = [json.loads(line) for text in texts for line in text.splitlines()]
    return [line for line in parsed if line["event"] == event]


def spans(rig: Rig, stream: Stream, symbol: str = "BTCUSDT") -> list[tuple[int, int]]:
    """Return the covered time of a channel."""
    found = [
        each for each in rig.journal().covered if (each.stream, each.symbol) == (stream, symbol)
    ]
    return sorted((each.from_ms, each.to_ms) for each in found)


def test_rows_and_covered_time_come_into_the_lake(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(150)
    rig.end()

    keys = [ChunkKey.parse(key) for key in rig.keys("raw/")]
    assert {(stream, 9 * 60 + minute) for stream in Stream for minute in (30, 31, 32)} == {
        (key.stream, key.minute) for key in keys if key
    }
    for stream in Stream:
        (span,) = spans(rig, stream)
        assert span[1] - span[0] > 145_000
        assert MORNING_MS < span[0] and span[1] <= rig.event_ms


def test_lines_meet_exactly_at_midnight(tmp_path: Path) -> None:
    rig = Rig(tmp_path, EVENING_MS)
    rig.run(300)
    rig.end()

    for stream in Stream:
        before, after = spans(rig, stream)
        assert before[1] == MIDNIGHT_MS == after[0]
    assert ["journal/2025-12-11/23-k3v9.jsonl", "journal/2025-12-12/00-k3v9.jsonl"] == (
        rig.keys("journal/")
    )


def test_an_hour_is_told_within_two_minutes(tmp_path: Path) -> None:
    rig = Rig(tmp_path, EVENING_MS)
    rig.run(120 + 92)
    wait_until(lambda: rig.keys("journal/"))

    assert MIDNIGHT_MS == spans(rig, Stream.DEPTH20)[-1][1]
    rig.end()


def test_a_quiet_symbol_is_covered_over_the_hour_though_nobody_trades(tmp_path: Path) -> None:
    rig = Rig(tmp_path, EVENING_MS)
    rig.newest["BTCUSDT"] = (1_000, EVENING_MS - 60_000)
    rig.trade_every_s = None
    rig.run(300)
    rig.end()

    found = spans(rig, Stream.TRADES)
    assert (MIDNIGHT_MS, MIDNIGHT_MS) == (found[0][1], found[1][0])
    assert found[1][1] - found[0][0] > 280_000
    assert [] == rig.keys("raw/trades/")


def test_a_quiet_symbol_stays_covered_over_a_rotation(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS, deadlines=Deadlines(rotate_s=60.0))
    rig.run(30)
    rig.trade_every_s = None
    rig.run(200)
    rig.trade("BTCUSDT")
    rig.run(10)
    rig.end()

    assert len(lines(rig, "handed_over")) >= 2
    assert 1 == len(spans(rig, Stream.TRADES)) == len(spans(rig, Stream.DEPTH20))


def test_a_lost_connection_leaves_a_gap_in_the_books_and_its_trades_come_back(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(30)
    lost_ms = rig.event_ms
    rig.drop(1, "reset by peer")
    rig.run(30)
    rig.end()

    (gap,) = lines(rig, "gap")
    assert ("depth20", lost_ms, "reset by peer") == (gap["stream"], gap["from"], gap["cause"])
    assert len(lines(rig, "refilled")) == 1
    first, second = spans(rig, Stream.DEPTH20)
    assert first[1] < lost_ms < gap["to"] < second[0]


def test_what_cannot_be_refilled_is_a_gap_and_not_covered(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(30)
    rig.fills = False
    rig.mute = lambda _, channel: channel.stream is Stream.TRADES
    rig.run(4)
    rig.mute = lambda *_: False
    rig.run(30)
    rig.end()

    (gap,) = [line for line in lines(rig, "gap") if line["stream"] == "trades"]
    assert gap["last_id"] - gap["first_id"] + 1 == 4
    assert all(end <= gap["from"] or start >= gap["to"] for start, end in spans(rig, Stream.TRADES))
    assert 2 == len(spans(rig, Stream.TRADES))


def test_a_dead_stream_of_trades_is_found_and_its_time_taken_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(30)
    dead_ms = rig.event_ms
    rig.mute = lambda number, channel: number == 1 and channel.stream is Stream.TRADES
    rig.run(40)
    rig.end()

    assert ["BTCUSDT trades"] == lines(rig, "stalled")[0]["names"]
    first, second = spans(rig, Stream.TRADES)
    assert first[1] <= dead_ms < second[0]
    assert [] == [line for line in lines(rig, "gap") if line["stream"] == "trades"]


def test_the_claims_of_a_killed_run_are_those_of_its_checkpoint(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(30)
    path = tmp_path / "spool" / "k3v9" / "checkpoint"
    wait_until(path.exists)
    texts = [json.loads(line) for line in path.read_text().splitlines()]

    claimed = [line for line in texts if line["event"] == "covered"]
    assert {"trades", "depth20"} == {line["stream"] for line in claimed}
    assert all(line["to"] <= rig.event_ms for line in claimed)
    rig.end()


def test_a_clock_that_steps_back_starts_a_new_run_and_no_row_is_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(70)
    rig.clock.shift_ns = -15_000_000_000
    rig.run(30)
    rig.end()

    runs = {key.run for text in rig.keys("raw/") if (key := ChunkKey.parse(text))}
    runs = {run.partition("R")[0] for run in runs}
    assert 2 == len(runs)
    assert [-15_000] == [line["step_ms"] for line in lines(rig, "clock_stepped")]
    assert runs == {line["run"] for line in lines(rig, "recording")}
    covered = spans(rig, Stream.DEPTH20)
    assert all(before[1] == after[0] for before, after in zip(covered, covered[1:], strict=False))


def test_a_clock_that_steps_ahead_a_little_changes_no_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(20)
    rig.clock.shift_ns = 3_000_000_000
    rig.run(60)
    rig.end()

    assert 1 == len({key.run for text in rig.keys("raw/") if (key := ChunkKey.parse(text))})
    assert [3_000] == [line["step_ms"] for line in lines(rig, "clock_stepped")]
    assert [] == lines(rig, "stalled")


def test_while_the_recorder_was_held_up_no_stream_was_silent(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(30)
    rig.clock.real_s += 45.0
    rig.run(10)
    rig.end()

    assert [] == lines(rig, "stalled")


def test_if_no_stream_speaks_at_the_start_the_run_fails(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.mute = lambda *_: True

    with pytest.raises(CollectorError, match=r"no stream has spoken within 30 s .*check --ws-url"):
        rig.run(60)
    rig.end("nothing spoke")


def test_the_open_holes_of_a_living_run_are_on_the_disk(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS)
    rig.run(10)
    rig.fills = False
    rig.mute = lambda _, channel: channel.stream is Stream.TRADES
    rig.run(2)
    rig.mute = lambda *_: False
    rig.run(3)
    path = tmp_path / "spool" / ".k3v9.holes"
    assert "BTCUSDT" == json.loads(path.read_text().splitlines()[0])[0]

    rig.end()
    assert not path.exists()


def test_the_status_says_how_every_stream_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, MORNING_MS, ("BTCUSDT", "ETHUSDT"))
    rig.run(20)
    status = rig.edges.board.latest
    assert status

    assert {"fresh"} == {stream.state for stream in status.streams}
    assert 4 == len(status.streams) == status.connections[0].streams
    assert ("1", None) != (status.streams[0].last, status.streams[0].lag_ms)
    assert 36 <= status.counters.rows[Stream.TRADES] <= sum(rig.ids.values()) - 2_000
    rig.end()
