import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.archive.importer import import_files
from aggregator.fetch.days import Fate, Outcome
from aggregator.fetch.fetcher import Fetcher, Terms
from aggregator.fetch.pipeline import Threads
from aggregator.fetch.site import Site
from lake.layout import Stream, raw_day_prefix
from lake.stopping import ENDING
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite, Cut, Fault, Reset, Slow, Status, trades_path
from tests.fetch.days import (
    DAY,
    DAY_MS,
    NOW,
    QUICK,
    START,
    SYMBOL,
    TERMS,
    THREADS,
    at,
    day,
    day_lines,
    line,
    new_folder,
    objects,
    publish,
)


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path / "lake", durable=False)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as archive:
        yield archive


@pytest.fixture
def down(tmp_path: Path) -> Path:
    return new_folder(tmp_path, "down")


class Fetch:
    """Fetches into a lake and remembers nothing between two calls."""

    def __init__(self, lake: LocalFolder, archive: ArchiveSite, down: Path) -> None:
        self.lake, self.archive, self.down = lake, archive, down

    def __call__(
        self, *numbers: int, terms: Terms = TERMS, symbols: tuple[str, ...] = (SYMBOL,),
        threads: Threads = THREADS,
    ) -> list[Outcome]:  # fmt: skip
        days = [day(number) for number in numbers]
        with Site(self.archive.url, self.down, connections=2, patience=QUICK) as site:
            found = [*Fetcher(self.lake, site, terms).run(symbols, days, threads)]
        return sorted(found, key=lambda outcome: (outcome.day, outcome.symbol))


@pytest.fixture
def fetch(lake: LocalFolder, archive: ArchiveSite, down: Path) -> Fetch:
    return Fetch(lake, archive, down)


def fates(outcomes: list[Outcome]) -> list[Fate]:
    return [outcome.fate for outcome in outcomes]


def test_days_arrive_as_an_import_by_hand_writes_them(fetch: Fetch, tmp_path: Path) -> None:
    publish(fetch.archive, range(3))
    other = LocalFolder(tmp_path / "other", durable=False)
    for number in range(3):
        path = fetch.archive.place(trades_path(SYMBOL, day(number)))
        import_files(other, SYMBOL, [path], now=NOW, version="0.1.0", progress=None)

    outcomes = fetch(0, 1, 2)

    assert [Fate.IMPORTED] * 3 == fates(outcomes)
    assert [1440] * 3 == [outcome.rows for outcome in outcomes]
    raw = {key: data for key, data in objects(fetch.lake).items() if key.startswith("raw/")}
    assert raw == {key: data for key, data in objects(other).items() if key.startswith("raw/")}
    assert [] == [*fetch.down.iterdir()]


def test_a_day_that_is_there_costs_a_few_bytes(fetch: Fetch) -> None:
    publish(fetch.archive, range(2))
    fetch(0, 1)
    before = objects(fetch.lake)
    fetch.archive.asked.clear()

    assert [Fate.THERE] * 2 == fates(fetch(0, 1))

    assert before == objects(fetch.lake)
    assert fetch.archive.paths() == fetch.archive.paths(".CHECKSUM")


def test_a_day_that_was_imported_by_hand_is_not_doubled(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    path = fetch.archive.place(trades_path(SYMBOL, DAY))
    import_files(fetch.lake, SYMBOL, [path], now=NOW, version="0.1.0", progress=None)
    raw = [*fetch.lake.list("raw/")]

    assert [Fate.IMPORTED] == fates(fetch(0))
    assert raw == [*fetch.lake.list("raw/")]
    assert [Fate.THERE] == fates(fetch(0))


def test_another_limit_is_another_import(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    fetch(0)

    assert [Fate.IMPORTED] == fates(fetch(0, terms=replace(TERMS, max_unpublished=0)))


def test_a_file_that_was_replaced_is_imported_beside_the_earlier_one(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    fetch(0)
    before = objects(fetch.lake)
    fetch.archive.publish_trades(SYMBOL, DAY, [*day_lines(), line(1441, START + DAY_MS - 5)])

    (outcome,) = fetch(0)

    assert Fate.IMPORTED is outcome.fate
    assert "the archive has replaced the file: both are in the lake" in outcome.remarks
    after = objects(fetch.lake)
    assert before.items() <= after.items()
    assert len(after) > len(before)
    assert [Fate.THERE] == fates(fetch(0))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2025, 12, 12, 3, tzinfo=UTC), "it is not published yet"),
        (datetime(2025, 12, 13, 3, tzinfo=UTC), "the archive does not have it"),
    ],
)
def test_a_day_that_the_archive_does_not_have_is_named(
    fetch: Fetch, now: datetime, words: str
) -> None:
    (outcome,) = fetch(0, terms=replace(TERMS, now=now))

    assert (Fate.ABSENT, (words,)) == (outcome.fate, outcome.remarks)
    assert {} == objects(fetch.lake)


def test_a_day_that_the_archive_has_withdrawn_stays(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    fetch(0)
    path = trades_path(SYMBOL, DAY)
    fetch.archive.withdraw(path)
    fetch.archive.withdraw(path + ".CHECKSUM")

    (outcome,) = fetch(0)

    assert (Fate.THERE, ("the archive has withdrawn it since",)) == (outcome.fate, outcome.remarks)


def good_and_bad(archive: ArchiveSite, *lines: str) -> str:
    publish(archive, [0])
    return archive.publish_trades(SYMBOL, day(1), lines)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line(1441, (START + DAY_MS) * 1000)], "microseconds"),
        (["1441,100.1,0.5,50.05,yesterday,true"], "no time in milliseconds"),
        ([line(1441, START + DAY_MS), "1442,100.1"], "line 3"),
        ([], "it has no row"),
    ],
)
def test_a_file_that_is_not_as_the_archive_writes_it_fails_alone(
    fetch: Fetch, lines: list[str], words: str
) -> None:
    path = good_and_bad(fetch.archive, *lines)

    good, bad = fetch(0, 1)

    assert (Fate.IMPORTED, Fate.FAILED) == (good.fate, bad.fate)
    assert words in bad.remarks[0]
    assert fetch.archive.url + path in bad.remarks[0]
    assert str(fetch.down) not in bad.remarks[0]
    assert [] == [*fetch.lake.list(raw_day_prefix(Stream.TRADES, SYMBOL, day(1)))]
    assert [] == [*fetch.down.iterdir()]


def test_a_damaged_member_fails_alone_and_heals_when_it_is_replaced(fetch: Fetch) -> None:
    publish(fetch.archive, [0, 1])
    path = trades_path(SYMBOL, day(1))
    data = bytearray(fetch.archive.place(path).read_bytes())
    data[len(data) // 2] ^= 0xFF
    fetch.archive.publish(path, bytes(data))
    outcomes = fetch(0, 1)

    assert [Fate.IMPORTED, Fate.FAILED] == fates(outcomes)
    assert [] == [*fetch.lake.list(raw_day_prefix(Stream.TRADES, SYMBOL, day(1)))]
    publish(fetch.archive, [1])
    assert [Fate.THERE, Fate.IMPORTED] == fates(fetch(0, 1))


def test_doubled_and_disordered_rows_are_counted_and_kept_once(fetch: Fetch) -> None:
    rows = day_lines()
    fetch.archive.publish_trades(SYMBOL, DAY, [*rows[:100], *rows[50:90], *rows[100:][::-1]])

    (outcome,) = fetch(0)

    assert "40 rows were there twice" in outcome.remarks
    assert any("out of order" in remark for remark in outcome.remarks)


def test_a_truncated_day_is_covered_as_far_as_it_goes(fetch: Fetch) -> None:
    fetch.archive.publish_trades(SYMBOL, DAY, day_lines()[:700], header=False)

    (outcome,) = fetch(0)

    assert ("it ends already at 2025-12-11T11:39:00.050Z",) == outcome.remarks


def test_long_holes_are_named_and_short_ones_filled(fetch: Fetch) -> None:
    fetch.archive.publish_trades(SYMBOL, DAY, at(0, (1, 5), (4, 50), (500, 900)))

    (outcome,) = fetch(0)

    assert 2 == outcome.unpublished
    assert "the archive lacks 495 ids, 5 to 499" in outcome.remarks[0]


def test_faults_on_the_way_change_nothing(fetch: Fetch, tmp_path: Path, down: Path) -> None:
    publish(fetch.archive, range(4))
    plain = LocalFolder(tmp_path / "plain", durable=False)
    Fetch(plain, fetch.archive, down)(0, 1, 2, 3)
    chance = random.Random(7)
    faults: list[Fault] = [
        Status(503), Status(429, {"Retry-After": "0"}), Cut(0.3), Reset(0.6), Reset(),
        Slow(0.001, piece=2048), Status(500),
    ]  # fmt: skip
    for number in range(4):
        path = trades_path(SYMBOL, day(number))
        fetch.archive.fail(path, *chance.sample(faults, 3))
        fetch.archive.fail(path + ".CHECKSUM", *chance.sample(faults, 3))

    assert [Fate.IMPORTED] * 4 == fates(fetch(0, 1, 2, 3))
    assert objects(plain) == objects(fetch.lake)


def test_connections_are_few(fetch: Fetch) -> None:
    publish(fetch.archive, range(8))
    for number in range(8):
        fetch.archive.fail(trades_path(SYMBOL, day(number)), Slow(0.02, piece=4096))

    fetch(*range(8), threads=Threads(first=6, second=2))

    assert 2 == fetch.archive.most_at_once


def test_an_archive_that_is_away_is_not_asked_for_every_day(fetch: Fetch) -> None:
    publish(fetch.archive, range(30))
    for number in range(30):
        fetch.archive.fail_always(trades_path(SYMBOL, day(number)) + ".CHECKSUM", Status(500))

    outcomes = fetch(*range(30), threads=Threads(first=1, second=1))

    assert [Fate.FAILED] * 30 == fates(outcomes)
    assert 3 * QUICK.attempts == len(fetch.archive.asked)
    assert "not asked for: the archive did not answer 3 times in a row" in outcomes[-1].remarks[0]


def test_symbols_are_told_apart(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    fetch.archive.publish_trades("币安人生USDT", DAY, day_lines())

    outcomes = fetch(0, symbols=(SYMBOL, "币安人生USDT", "ETHUSDT"))

    assert [(SYMBOL, "imported"), ("ETHUSDT", "absent"), ("币安人生USDT", "imported")] == [
        (outcome.symbol, outcome.fate) for outcome in outcomes
    ]
    assert [Fate.THERE, Fate.THERE] == fates(fetch(0, symbols=(SYMBOL, "币安人生USDT")))


def test_whoever_is_to_end_imports_no_more(fetch: Fetch) -> None:
    publish(fetch.archive, range(3))
    ENDING.set()
    try:
        outcomes = fetch(0, 1, 2)
    finally:
        ENDING.clear()

    assert [Fate.FAILED] * 3 == fates(outcomes)
    assert [] == [*fetch.lake.list("raw/")]
    assert [Fate.IMPORTED] * 3 == fates(fetch(0, 1, 2))


def test_it_is_told_how_far_an_import_is(fetch: Fetch) -> None:
    publish(fetch.archive, [0])
    parts: list[float] = []
    with Site(fetch.archive.url, fetch.down, patience=QUICK) as site:
        told = Fetcher(fetch.lake, site, TERMS, lambda _, part: parts.append(part))
        list(told.run([SYMBOL], [DAY], THREADS))

    assert sorted(parts) == parts
    assert 1.0 == parts[-1]
    assert len(parts) > 100
