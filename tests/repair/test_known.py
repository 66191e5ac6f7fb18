from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.repair.known import Known, look
from aggregator.repair.statement import run_name
from aggregator.unit import Unit
from lake.layout import JournalKey
from lake.storage import LocalFolder
from tests.product import LONG_AFTER, build, settings
from tests.repair.days import DAY, SYMBOL, Trade, day, objects, record, recording, spread

UNIT = Unit(DAY, SYMBOL)
RUN = run_name(SYMBOL, DAY, 100, ["ab"])


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path, durable=False)


def looked(lake: LocalFolder, now: datetime = LONG_AFTER) -> Known:
    return look(lake, UNIT, settings(), now)


def holes(known: Known) -> list[tuple[int, int]]:
    return list(zip(known.holes.first_id.tolist(), known.holes.last_id.tolist(), strict=True))


def test_holes_are_found_whether_the_day_is_published_or_not(lake: LocalFolder) -> None:
    record(lake, [t for t in spread(1, 100) if t.id not in (7, 8)])

    before = looked(lake)
    build(lake, SYMBOL, DAY)
    after = looked(lake)

    assert (True, [(7, 8)]) == (before.needs, holes(before))
    assert (True, [(7, 8)]) == (after.needs, holes(after))


def test_more_holes_are_found_than_a_manifest_names(lake: LocalFolder) -> None:
    record(lake, [t for t in spread(1, 6000) if t.id % 2])

    assert 2999 == len(holes(looked(lake)))


def test_ends_of_a_day_that_nobody_saw_need_a_look_too(lake: LocalFolder) -> None:
    record(lake, spread(1, 1440)[200:])

    known = looked(lake)

    assert (True, []) == (known.needs, holes(known))


def test_a_day_between_its_neighbours_is_whole_and_nothing_is_changed(lake: LocalFolder) -> None:
    for number in (-1, 0, 1):
        record(lake, spread(10_000 + 1440 * number, 1440, number))
    build(lake, SYMBOL, DAY)
    before = objects(lake)

    assert not looked(lake).needs
    assert before == objects(lake)


def test_what_a_killed_repair_has_left_is_not_known_yet(lake: LocalFolder) -> None:
    trades = spread(1, 100)
    record(lake, trades[:10] + trades[12:])
    record(lake, trades[10:12], run=RUN)

    assert [(11, 12)] == holes(looked(lake))

    lake.write(str(JournalKey(DAY, 0, RUN)), b"")
    known = looked(lake)
    assert ([], frozenset({RUN})) == (holes(known), known.finished)


@pytest.mark.parametrize(
    ("trades", "now", "why"),
    [
        ([], LONG_AFTER, "no chunk"),
        ([Trade("", t.ms) for t in spread(1, 9)], LONG_AFTER, "no ids"),  # type: ignore[arg-type]
        (spread(1, 9), datetime(2025, 12, 12, 0, 5, tzinfo=UTC), "not over"),
    ],
    ids=["no chunk", "no ids", "today"],
)
def test_where_nobody_can_tell_it_is_said_why(
    lake: LocalFolder, trades: list[Trade], now: datetime, why: str
) -> None:
    record(lake, trades)
    recording(lake, day(0))

    assert why in looked(lake, now).why_not


def test_a_day_whose_raw_has_expired_is_left_alone(lake: LocalFolder) -> None:
    record(lake, [t for t in spread(1, 100) if t.id not in (7, 8)])
    build(lake, SYMBOL, DAY)
    first = next(lake.list("raw/"))
    (Path(lake.url) / first.key).unlink()

    assert "expired" in looked(lake).why_not
