from pathlib import Path

from collector.record.chronicle import Chronicle
from collector.record.intake import Intake
from collector.record.stores import Stores
from collector.record.witness import Witness
from collector.spool.diary import Diary
from collector.spool.news import Lost, Refused, Uploaded
from lake.layout import Stream
from tests.collector.feeds import Rows
from tests.collector.fleets import BTC_BOOKS, Sea
from tests.collector.notes import Log, Notes
from tests.collector.spools import SECOND_NS, START_NS, Place, ids, trade, wait_until


class House:
    """Stores of one symbol over a real spool."""

    def __init__(self, folder: Path, limit_bytes: int = 10 << 30) -> None:
        self.place = Place(folder)
        self.spool = self.place.started(limit_bytes=limit_bytes)
        self.sea, self.notes = Sea(["BTCUSDT"]), Notes()
        self.sea.run(5)
        self.intake = Intake(self.sea.fleet.links, Rows(), lambda *_: None, lambda _: None)
        chronicle = Chronicle(self.notes, Log())
        witness = Witness(self.sea.fleet, self.intake, self.notes, chronicle, 90_000)
        self.stores = Stores(self.spool, self.sea.fleet, self.intake, chronicle, witness)

    def told(self) -> list[str]:
        self.stores.tell_news()
        return [line["event"] for line in self.notes.lines]


def test_what_is_flushed_and_sealed_is_uploaded_and_told(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.spool.append(Stream.TRADES, "BTCUSDT", START_NS, trade(7, START_NS))
    house.stores.flush()
    house.stores.seal(START_NS + 60 * SECOND_NS)
    wait_until(lambda: "uploaded" in house.told())

    (line,) = house.notes.of("uploaded")
    assert (1, 1) == (line["objects"], line["rows"])
    assert 1 == house.stores.uploaded
    assert [7] == ids(house.place.lake)
    house.spool.stop(5)


def test_without_room_books_are_left_out_first_and_their_time_is_not_covered(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, limit_bytes=100_000)
    number = 0
    while house.intake.writes_books:
        number += 1
        line = trade(number, START_NS, pad=4_000)
        house.spool.append(Stream.TRADES, "BTCUSDT", START_NS, line)
        house.stores.flush()

    assert house.intake.writes_trades
    assert "no_depth" == house.notes.of("pressure")[-1]["level"]
    assert "the spool is full" == house.sea.fleet.tracks[BTC_BOOKS].cause
    house.spool.stop(5)


def test_when_there_is_room_again_everything_is_written(tmp_path: Path) -> None:
    house = House(tmp_path, limit_bytes=100_000)
    house.spool.append(Stream.TRADES, "BTCUSDT", START_NS, trade(1, START_NS, pad=99_000))
    house.stores.flush()
    assert (False, False) == (house.intake.writes_books, house.intake.writes_trades)

    house.stores.seal(START_NS + 60 * SECOND_NS)
    wait_until(lambda: not house.spool.outbox.usage.total_bytes)
    house.stores.flush()
    assert (True, True) == (house.intake.writes_books, house.intake.writes_trades)
    assert "none" == house.notes.of("pressure")[-1]["level"]
    house.spool.stop(5)


def test_the_upload_of_another_run_is_told_as_such(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.spool.outbox.news.append(Uploaded("dead", 5, 2, 30, 400, 0.1))
    house.told()

    assert "dead" == house.notes.of("uploaded")[0]["of_run"]
    house.spool.stop(5)


def test_an_upload_of_the_journal_is_told_as_such_and_has_no_rows(tmp_path: Path) -> None:
    house = House(tmp_path)
    diary = Diary(house.spool, {"event": "recording", "run": "k3v9"})
    diary.note({"event": "connected"})
    diary.stop()
    wait_until(lambda: "uploaded" in house.told())

    (line,) = house.notes.of("uploaded")
    assert (1, 0, True) == (line["objects"], line["rows"], line["journal"])
    house.spool.stop(5)


def test_losses_and_refusals_are_told(tmp_path: Path) -> None:
    house = House(tmp_path)
    now_ns = house.sea.event_ms * 1_000_000
    house.spool.outbox.news.append(Lost("a", Stream.DEPTH20, None, now_ns, now_ns, 3, "disk full"))
    house.spool.outbox.news.append(Refused("a", "raw/x.csv.gz", "/spool/x"))

    assert ["gap", "upload_refused"] == house.told()
    house.spool.stop(5)
