from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path
from random import Random

import pytest

from aggregator.fetch.patience import Patience
from aggregator.fetch.site import Site
from aggregator.repair.files import Files
from aggregator.repair.mender import Mender, Terms
from aggregator.repair.outcome import Fate, Outcome
from aggregator.repair.statement import repair_run
from aggregator.unit import Unit
from lake.layout import ChunkKey
from lake.storage import LocalFolder
from tests.archive_site import ArchiveSite
from tests.cases import Watched
from tests.product import LONG_AFTER, build, published, settings
from tests.repair.days import (
    DAY,
    SYMBOL,
    Trade,
    day,
    klines,
    objects,
    publish,
    record,
    recording,
    spread,
)

PATIENCE = Patience(attempts=2, first_wait_s=0.01, timeout_s=5)


class Killed(BaseException):
    """The program is no more."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        yield site


def new_lake(tmp_path: Path, name: str) -> LocalFolder:
    return LocalFolder(tmp_path / name, durable=False)


def mended(
    lake: LocalFolder, archive: ArchiveSite, folder: Path, *, most: int = 100, of: date = DAY
) -> Outcome:
    place = folder / "site"
    place.mkdir(exist_ok=True)
    terms = Terms(settings(), most, LONG_AFTER, "0.1.0")
    with Site(archive.url, place, patience=PATIENCE) as site:
        return Mender(lake, Files(site), terms).mend(Unit(of, SYMBOL))


def runs(lake: LocalFolder) -> set[str]:
    keys = (ChunkKey.parse(stat.key) for stat in lake.list("raw/"))
    return {key.run for key in keys if key and repair_run(key.run)}


def ids_of(lake: LocalFolder) -> dict[str, int]:
    build(lake, SYMBOL, DAY, ("1m",))
    _, manifest = published(lake, SYMBOL, DAY, ("1m",))
    return {name: manifest["trades"][name] for name in ("rows", "duplicates", "missing")}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_lost_on_either_side_each_id_is_filled_or_lacks_for_a_reason(
    seed: int, archive: ArchiveSite, tmp_path: Path
) -> None:
    chance, lake, most = Random(seed), new_lake(tmp_path, "lake"), 6
    all_trades = spread(1, 3000)

    def without(pieces: int, longest: int) -> list[Trade]:
        lost: set[int] = set()
        for _ in range(pieces):
            first = chance.randrange(2, 2990)
            lost |= {*range(first, min(first + chance.randrange(1, longest), 2999))}
        return [trade for trade in all_trades if trade.id not in lost]

    listed, kept = without(30, 12), without(60, 90)
    publish(archive, DAY, listed)
    archive.publish_klines(SYMBOL, DAY, klines(listed))
    record(lake, kept)

    outcome = mended(lake, archive, tmp_path, most=most)

    in_file, in_lake = ({trade.id for trade in each} for each in (listed, kept))
    neither = [trade.id for trade in all_trades if trade.id not in in_file | in_lake]
    stretches = _stretches(neither)
    absent = _stretches([trade.id for trade in all_trades if trade.id not in in_file])
    long = {id_ for ids in absent if len(ids) > most for id_ in ids}
    short = [ids for ids in stretches if not long & {*ids}]
    assert Fate.REPAIRED == outcome.fate
    assert len(in_file - in_lake) == outcome.rows
    assert sum(map(len, short)) == outcome.unpublished
    assert len(neither) - sum(map(len, short)) == outcome.lacking
    assert {
        "rows": 3000 - outcome.lacking, "duplicates": 0, "missing": outcome.lacking,
    } == ids_of(lake)  # fmt: skip


def _stretches(ids: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for id_ in ids:
        if found and found[-1][-1] == id_ - 1:
            found[-1].append(id_)
        else:
            found.append([id_])
    return found


def holed(*lost: range) -> list[Trade]:
    return [t for t in spread(1, 2880) if not any(t.id in ids for ids in lost)]


def test_killed_before_any_write_it_comes_to_the_same_lake(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    """Also the one that looks at the day before, for ids spent over midnight."""
    before, lost = spread(1, 290, -1), {*range(400, 403), *range(450, 551)}
    trades = [trade for trade in spread(301, 600) if trade.id not in lost]
    for number, each in ((-1, before), (0, trades)):
        publish(archive, day(number), each)
        archive.publish_klines(SYMBOL, day(number), klines(each))
    plain = new_lake(tmp_path, "plain")
    _record_around(plain, before, trades)
    assert Fate.REPAIRED is mended(plain, archive, tmp_path).fate
    for last in count():
        killed = _killed_after(last, tmp_path / f"lake{last}", before, trades, archive)
        if killed is None:
            break
        mended(killed, archive, tmp_path)

        assert objects(plain) == objects(killed)
    assert last > 10


def _record_around(lake: LocalFolder, before: list[Trade], trades: list[Trade]) -> None:
    lost = {*range(301, 320), *range(380, 480)}
    record(lake, [trade for trade in before if trade.id < 280])
    record(lake, [trade for trade in trades if trade.id not in lost])


def _killed_after(
    writes: int, path: Path, before: list[Trade], trades: list[Trade], archive: ArchiveSite
) -> LocalFolder | None:
    """Return a lake whose repair ended after so many writes; None if it did not."""
    lake = LocalFolder(path, durable=False)
    _record_around(lake, before, trades)
    done = count()

    def tell(what: str) -> None:
        if what.startswith("write") and next(done) == writes:
            raise Killed

    try:
        mended(Watched(path, tell), archive, path.parent)
    except Killed:
        return lake
    return None


def test_a_file_that_was_replaced_is_another_run_and_only_the_rest_is_written(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    lake = new_lake(tmp_path, "lake")
    record(lake, holed(range(5, 1000)))
    publish(archive, DAY, holed(range(5, 600)))
    first = mended(lake, archive, tmp_path)
    publish(archive, DAY, spread(1, 2880))

    second = mended(lake, archive, tmp_path)

    assert (400, 595) == (first.rows, second.rows)
    assert (595, 0) == (first.lacking, second.lacking)
    assert 2 == len(runs(lake))
    assert {"rows": 2880, "duplicates": 0, "missing": 0} == ids_of(lake)


def test_rows_that_came_while_a_killed_repair_lay_are_no_obstacle(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    lake = new_lake(tmp_path, "lake")
    publish(archive, DAY, spread(1, 2880))
    record(lake, holed(range(5, 10)))
    mended(lake, archive, tmp_path)
    for stat in lake.list("journal/"):
        (Path(lake.url) / stat.key).unlink()
    record(lake, spread(1, 2880)[5:7], run="late")

    outcome = mended(lake, archive, tmp_path)

    assert (Fate.REPAIRED, 3, 2) == (outcome.fate, outcome.rows, len(runs(lake)))
    assert 0 == ids_of(lake)["missing"]


def test_without_klines_short_holes_are_believed_and_that_is_said(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    lake = new_lake(tmp_path, "lake")
    record(lake, holed(range(5, 10)))
    publish(archive, DAY, holed(range(5, 7)))

    outcome = mended(lake, archive, tmp_path)

    assert (3, 2) == (outcome.rows, outcome.unpublished)
    assert any("no klines" in remark for remark in outcome.remarks)


def test_a_collector_that_was_dead_all_day_gets_the_day(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    lake = new_lake(tmp_path, "lake")
    recording(lake, DAY)
    record(lake, spread(1, 2880)[:1])
    publish(archive, DAY, spread(1, 2880))

    assert 2879 == mended(lake, archive, tmp_path).rows


def test_a_hole_that_the_day_before_must_fill_reaches_there(
    archive: ArchiveSite, tmp_path: Path
) -> None:
    lake = new_lake(tmp_path, "lake")
    record(lake, [*spread(1, 1440, -1)[:-5], *spread(1441, 2880)[5:]])
    publish(archive, DAY, spread(1441, 2880))

    outcome = mended(lake, archive, tmp_path)

    assert ((day(-1),), 5, 5) == (outcome.reaches, outcome.rows, outcome.lacking)
