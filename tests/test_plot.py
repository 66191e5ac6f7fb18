"""A picture of a published day, asked for on the command line."""

import shlex
from pathlib import Path

import pytest

from aggregator.plot import look
from aggregator.span import Span
from aggregator.unit import Unit
from lake.errors import LakeError
from lake.layout import manifest_key
from tests.cases import AFTER, BEFORE, DAY, OTHER, SYMBOL, Lake, called, ran

UNIT = Unit(DAY, SYMBOL)
PNG = b"\x89PNG"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Return a lake with a published day, and stand beside it."""
    lake = Lake(tmp_path / "lake")
    lake.record(BEFORE, [1439])
    lake.record(DAY, range(30))
    lake.build(labels=("1s", "1m"))
    monkeypatch.chdir(tmp_path)
    return lake


def asked(*options: object, day: object = DAY, symbol: str = SYMBOL) -> tuple[object, ...]:
    return ("plot", "--lake", "lake", "--symbol", symbol, "--date", day, *options)


@pytest.mark.usefixtures("lake")
def test_the_picture_is_named_after_symbol_and_day(tmp_path: Path) -> None:
    done = called(*asked("--width", 600))
    (line,) = done.logged

    assert (0, "") == (done.code, done.err)
    assert f"wrote {SYMBOL}-{DAY}.png" == line["message"]
    data = (tmp_path / line["path"]).read_bytes()
    assert (PNG, line["bytes"]) == (data[:4], len(data))


@pytest.mark.usefixtures("lake")
def test_the_picture_goes_where_it_is_asked_for_and_over_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "日.PNG"
    out.write_bytes(b"old")

    assert 0 == called(*asked("--out", out, "--width", 600, symbol=SYMBOL.lower())).code
    assert PNG == out.read_bytes()[:4]


def test_the_command_writes_nothing_into_the_lake(lake: Lake) -> None:
    before = lake.products()
    called(*asked("--width", 600))

    assert before == lake.products()


def test_a_chinese_symbol_has_a_picture_whatever_fonts_there_are(lake: Lake) -> None:
    lake.record(symbol=OTHER)
    lake.build(symbol=OTHER)
    done = ran("plot", "--lake", lake.path, "--symbol", OTHER, "--date", DAY, "--out",
               lake.path.parent / "out.png")  # fmt: skip

    assert (0, "") == (done.code, done.err)


def test_a_short_span_is_of_the_finest_bars(lake: Lake) -> None:
    assert "1m" == look(lake.storage, UNIT, Span()).resolution.label
    assert "1s" == look(lake.storage, UNIT, Span(0, 1800)).resolution.label


def test_a_day_that_is_not_published_names_the_command_that_builds_it(lake: Lake) -> None:
    lake.record(AFTER)
    said = called(*asked(day=AFTER)).failure

    assert said.startswith(f"cannot draw {SYMBOL} {AFTER}: it is not published; build it with: ")
    program, *command = shlex.split(said.partition("build it with: ")[2])
    assert "aggregator" == program
    assert 0 == called(*command).code
    assert 0 == called(*asked("--width", 600, day=AFTER)).code


def test_a_manifest_that_cannot_be_read_is_said(lake: Lake) -> None:
    (lake.path / manifest_key(SYMBOL, DAY)).write_bytes(b"{}")

    assert "its manifest cannot be read; build it with: " in called(*asked()).failure


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"half")])
def test_bars_that_are_being_rebuilt_are_not_drawn(lake: Lake, spoil: object) -> None:
    assert callable(spoil)
    spoil(lake.bars("1m"))

    with pytest.raises(LakeError, match=f"{DAY}_1m.csv is not what its manifest says"):
        look(lake.storage, UNIT, Span())


@pytest.mark.usefixtures("lake")
def test_a_place_that_cannot_be_written_is_named() -> None:
    said = called(*asked("--out", "nowhere/day.png", "--width", 600)).failure

    assert "cannot write the picture nowhere/day.png: No such file or directory; " in said


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "9:30"), "'9:30' is no time of the day; write it as 09:30"),
        (("--to", "24:30"), "'24:30' is no time of the day"),
        (("--from", "10:00", "--to", "10:00"), "10:00 is not after 10:00"),
        (("--from", "24:00"), "24:00 is not after 24:00"),
        (("--out", "day.jpg"), "let its name end in .png"),
        (("--width", "20"), "600<=x"),
    ],
)
def test_wrong_usage_exits_with_2(options: tuple[str, ...], said: str) -> None:
    assert said in called(*asked(*options)).usage_error


@pytest.mark.usefixtures("lake")
def test_a_wrong_date_or_symbol_exits_with_2() -> None:
    assert "is no date" in called(*asked(day="2025-13-01")).usage_error
    assert "is in the future" in called(*asked(day="2125-01-01")).usage_error
    assert "takes one symbol" in called(*asked(symbol="A,B")).usage_error
