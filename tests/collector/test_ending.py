import json
from itertools import pairwise
from pathlib import Path

from collector.settings import Deadlines
from lake.layout import Stream
from tests.collector.rigs import Rig

START_MS = 1_765_440_000_000


def journal(rig: Rig) -> list[dict[str, object]]:
    texts = [rig.lake.read(key)[0] for key in rig.keys("journal/")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_everything_is_in_the_lake_and_the_spool_is_empty(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(20)
    rig.end()

    assert 2 == len(rig.keys("raw/"))
    assert [] == [path for path in (tmp_path / "spool").iterdir() if not path.name.startswith(".")]


def test_the_journal_tells_of_the_last_upload_and_then_of_the_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(20)
    rig.end("SIGTERM")

    lines = journal(rig)
    uploaded = [line for line in lines if line["event"] == "uploaded"]
    assert sum(rig.recorder.parts.intake.rows.values()) == sum(
        int(str(u["rows"])) for u in uploaded
    )
    assert ("stopped", "SIGTERM") == (lines[-1]["event"], lines[-1]["cause"])


def test_a_silence_at_the_end_is_proved_by_a_list(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    rig.trade_every_s = None
    rig.run(8)
    end_ms = rig.event_ms
    rig.end()

    (trades,) = [each for each in rig.journal().covered if each.stream is Stream.TRADES]
    assert end_ms - 4_000 <= trades.to_ms <= end_ms
    assert 1 == rig.refiller.proofs


def test_what_was_read_and_not_taken_yet_is_written(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    rig.trade("BTCUSDT")
    rig._bring(1, rig.crew.carried[1])
    rig.end()

    assert rig.ids["BTCUSDT"] == rig.recorder.parts.intake.tapes["BTCUSDT"].chain.last


def test_holes_that_are_open_are_gaps(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    rig.fills = False
    rig.trade("BTCUSDT")
    rig.run(5)
    rig.end()

    gaps = [line for line in journal(rig) if line["event"] == "gap"]
    assert [("trades", "stopped")] == [(gap["stream"], gap["cause"]) for gap in gaps]


def test_an_end_that_we_wanted_is_no_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    rig.mute = lambda *_: True
    rig.run(5)
    rig.end()

    assert not {"gap", "disconnected"} & {line["event"] for line in journal(rig)}


def test_connections_are_closed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    rig.end()

    assert {} == rig.crew.carried


def test_who_looks_on_sees_that_the_run_is_stopping(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(10)
    before = rig.edges.board.latest
    rig.end()
    after = rig.edges.board.latest

    assert before and not before.stopping
    assert after and after.stopping


def test_as_long_as_the_end_takes_the_status_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS, deadlines=Deadlines(stop_s=6.0))
    rig.run(10)
    rig.trade_every_s = None
    rig.run(8)
    rig.refiller.prove = lambda symbol: None  # type: ignore[method-assign]  # noqa: ARG005
    published: list[float] = []
    rig.edges.board.publish = lambda status: published.append(status.published_s)  # type: ignore[method-assign]
    rig.edges.spool.outbox.usage.add(packs=1)  # something that is never uploaded
    rig.end()

    moments = [*published, rig.clock.monotonic()]
    assert max(later - earlier for earlier, later in pairwise(moments)) < 1.5


def test_an_outage_at_the_end_is_a_gap_of_books_and_is_not_covered(tmp_path: Path) -> None:
    rig = Rig(tmp_path, START_MS)
    rig.run(20)
    lost_ms = rig.event_ms
    rig.crew.away = True
    rig.drop(1)
    rig.run(90)
    rig.end()

    (gap,) = [line for line in journal(rig) if line["event"] == "gap"]
    assert ("depth20", "reset") == (gap["stream"], gap["cause"])
    assert lost_ms == gap["from"]
    assert abs(int(str(gap["to"])) - rig.event_ms) <= 1_000
    assert max(each.to_ms for each in rig.journal().covered) <= lost_ms
