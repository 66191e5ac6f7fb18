"""A lake of trades alone, and one of the book alone, from the first command to the last."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.utc import day_start_ms
from lake.layout import ChunkKey, Format, Stream
from tests.archive_site import ArchiveSite
from tests.cases import DAY, SYMBOL, Lake, Ran, called, in_terminal
from tests.parity.days import HEADER, kline_lines, market

TRADES = market()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ArchiveSite]:
    with ArchiveSite(tmp_path / "archive") as site:
        site.publish_klines(SYMBOL, DAY, kline_lines(TRADES))
        yield site


def books(lake: Lake) -> None:
    start = day_start_ms(DAY)
    rows = "".join(
        f'{start + at * 500},"[[99,1]]","[[100,2]]",{at}\n' for at in range(600)
    )  # fmt: skip
    key = ChunkKey(Stream.DEPTH20, SYMBOL, DAY, 0, "a", Format.PLAIN)
    lake.write(str(key), f"timestamp,bids,asks,update_id\n{rows}".encode())


def trades(lake: Lake) -> None:
    key = ChunkKey(Stream.TRADES, SYMBOL, DAY, 0, "a", Format.PLAIN)
    lake.write(str(key), (HEADER + "".join(each.row for each in TRADES)).encode())


WRITERS = {"trades": trades, "depth20": books}


@pytest.fixture(params=[*WRITERS])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Lake, str]:
    """Return a lake and the one stream that it has."""
    lake = Lake(tmp_path / "lake")
    WRITERS[request.param](lake)
    return lake, request.param


def on(lake: Lake, command: str, *more: object) -> Ran:
    return called(command, "--lake", lake.path, *more)


def other(stream: str) -> str:
    (name,) = {*WRITERS} - {stream}
    return name


def test_it_is_built_and_the_other_stream_is_said_to_lack(one: tuple[Lake, str]) -> None:
    lake, stream = one

    ran = on(lake, "daily", "--date", DAY)

    assert 0 == ran.code
    assert [stream] == lake.manifest()["streams"]
    assert f"no {other(stream)}" in ran.logged[0]["message"]
    again = on(lake, "backfill", "--start", DAY, "--end", DAY)
    assert (0, {(SYMBOL, str(DAY)): "up to date"}) == (again.code, again.units)


def test_status_says_which_stream_there_is(one: tuple[Lake, str]) -> None:
    lake, stream = one
    on(lake, "daily", "--date", DAY)

    (said,) = json.loads(on(lake, "status", "--json").out)
    _, shown = in_terminal("status", "--lake", lake.path, columns=120)

    assert [stream] == said["streams"]
    assert "none" in shown


def test_it_can_be_drawn(one: tuple[Lake, str], tmp_path: Path) -> None:
    lake, _ = one
    on(lake, "daily", "--date", DAY)
    picture = tmp_path / "day.png"

    ran = on(lake, "plot", "--symbol", SYMBOL, "--date", DAY, "--out", picture)

    assert 0 == ran.code
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_only_trades_can_be_compared_with_klines(one: tuple[Lake, str], site: ArchiveSite) -> None:
    lake, stream = one
    on(lake, "daily", "--date", DAY)

    ran = on(lake, "verify", "--date", DAY, "--archive-url", site.url)

    assert 0 == ran.code, ran
    expected = ("equal", 8) if stream == "trades" else ("not comparable", 0)
    assert expected == (ran.logged[0]["verdict"], ran.logged[0]["equal"])
    if stream == "depth20":
        assert "1,440 have no trades recorded" in ran.logged[0]["message"]


def test_trades_can_be_fetched_into_it(one: tuple[Lake, str], site: ArchiveSite) -> None:
    lake, _ = one
    rows = [f"{n},10.5,0.1,1.05,{day_start_ms(DAY) + n * 60_000},true" for n in range(1, 1440)]
    site.publish_trades(SYMBOL, DAY, rows)
    days = ("--symbols", SYMBOL, "--start", DAY, "--end", DAY)

    ran = on(lake, "fetch", *days, "--archive-url", site.url)

    assert 0 == ran.code, ran
    assert 0 == on(lake, "backfill", *days).code
    assert "trades" in lake.manifest()["streams"]


def test_a_day_of_the_other_stream_only_is_no_stranger(one: tuple[Lake, str]) -> None:
    lake, stream = one
    WRITERS[other(stream)](lake)

    assert 0 == on(lake, "daily", "--date", DAY).code
    assert ["depth20", "trades"] == sorted(lake.manifest()["streams"])
