from collector.fleet.plan import follow
from collector.fleet.tracks import Track
from collector.record.chronicle import Chronicle
from collector.record.cover import HOUR_MS
from collector.record.intake import Intake
from collector.record.witness import Witness
from collector.spool.news import Lost
from lake.layout import Stream
from tests.collector.feeds import Rows
from tests.collector.fleets import BTC_BOOKS, BTC_TRADES, START_MS, Sea
from tests.collector.notes import Log, Notes

CLOSE_MS = 90_000
EDGE_MS = (START_MS // HOUR_MS + 1) * HOUR_MS


class Stand:
    """A witness of one symbol."""

    def __init__(self) -> None:
        self.sea, self.notes = Sea(["BTCUSDT"]), Notes()
        self.intake = Intake(self.sea.fleet.links, Rows(), lambda *_: None, lambda _: None)
        self.chronicle = Chronicle(self.notes, Log())
        self.witness = Witness(self.sea.fleet, self.intake, self.notes, self.chronicle, CLOSE_MS)

    @property
    def books(self) -> Track:
        return self.sea.fleet.tracks[BTC_BOOKS]

    def covered(self) -> list[tuple[str, int, int]]:
        return [(each["stream"], each["from"], each["to"]) for each in self.notes.of("covered")]


def test_an_hour_is_told_when_its_lines_have_come_and_then_closed() -> None:
    it = Stand()
    it.witness.tick(EDGE_MS - 1_000)
    it.books.cover.add(EDGE_MS - 500, EDGE_MS + 200_000)
    it.witness.tick(EDGE_MS + CLOSE_MS - 1)
    assert [] == it.covered()

    it.witness.tick(EDGE_MS + CLOSE_MS)
    assert [("depth20", EDGE_MS - 500, EDGE_MS)] == it.covered()
    assert EDGE_MS == it.notes.closed_ms[-1]


def test_an_hour_is_told_once() -> None:
    it = Stand()
    it.witness.tick(EDGE_MS - 1_000)
    it.books.cover.add(EDGE_MS - 500, EDGE_MS + 500)
    for after_ms in range(0, 300_000, 1_000):
        it.witness.tick(EDGE_MS + after_ms)

    assert 1 == len(it.covered())


def test_a_hole_in_the_ids_is_not_covered() -> None:
    it = Stand()
    track = it.sea.fleet.tracks[BTC_TRADES]
    track.cover.add(START_MS, START_MS + 10_000)
    chain = it.intake.tape("BTCUSDT").chain
    chain.see(1, START_MS + 1_000)
    chain.see(3, START_MS + 2_000)
    it.witness.tell_all()

    assert [
        ("trades", START_MS, START_MS + 1_000), ("trades", START_MS + 2_001, START_MS + 10_000),
    ] == it.covered()  # fmt: skip


def test_the_checkpoint_says_what_could_be_claimed_and_claims_nothing() -> None:
    it = Stand()
    it.books.cover.add(START_MS, START_MS + 10_000)
    it.witness.checkpoint()

    assert [[START_MS]] == [[line["from"] for line in lines] for lines in it.notes.checkpoints]
    assert [] == it.covered()


def test_of_a_symbol_that_is_left_everything_is_told() -> None:
    it = Stand()
    it.books.cover.add(START_MS, START_MS + 10_000)
    left = follow(it.sea.fleet, ["ETHUSDT"])
    it.witness.leave(left)

    assert [("depth20", START_MS, START_MS + 10_000)] == it.covered()


def test_rows_lost_on_their_way_to_the_disk_are_gaps_and_not_covered() -> None:
    it = Stand()
    it.books.cover.add(START_MS, START_MS + 100_000)
    from_ns, to_ns = (START_MS + 40_000) * 1_000_000, (START_MS + 50_000) * 1_000_000
    it.witness.lost(Lost("k3v9", Stream.DEPTH20, None, from_ns, to_ns, 90, "disk full"), 0)
    it.witness.tell_all()

    (gap,) = it.notes.of("gap")
    assert ("depth20", "disk full") == (gap["stream"], gap["cause"])
    assert [
        ("depth20", START_MS, START_MS + 35_000),
        ("depth20", START_MS + 55_000, START_MS + 100_000),
    ] == it.covered()


def test_a_gap_of_the_books_is_told_when_they_come_again() -> None:
    it = Stand()
    it.sea.run(30)
    it.sea.drop(1, "reset")
    it.sea.run(5)
    it.witness.tick(it.sea.event_ms)

    assert ["reset"] == [gap["cause"] for gap in it.notes.of("gap")]


def test_a_gap_that_is_open_at_the_end_lasts_until_then() -> None:
    it = Stand()
    it.sea.run(30)
    it.sea.drop(1, "reset")
    end_ms = it.sea.event_ms + 20_000
    it.witness.end(end_ms)

    assert [end_ms] == [gap["to"] for gap in it.notes.of("gap")]
