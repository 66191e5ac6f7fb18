"""What an import tells people and machines."""

import re
from pathlib import Path
from typing import Any

import pytest

from aggregator.archive.importer import MAX_NAMED_HOLES
from aggregator.import_view import run_import
from lake.errors import LakeError
from lake.storage import LocalFolder
from tests.cases import DAY, SYMBOL, Ran, called, trades

HEADER = "id,price,qty,quote_qty,time,is_buyer_maker\n"
NOON_MS = 1_765_454_400_000


def archive(folder: Path, *ids: int) -> Path:
    """Write a file of the exchange's archive with these ids, a second from one to the next."""
    rows = [f"{id},100.5,0.1,10.05,{NOON_MS + place * 1000},true\n" for place, id in enumerate(ids)]
    path = folder / f"{SYMBOL}-trades-{DAY}.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def imported(
    capsys: pytest.CaptureFixture[str], folder: Path, *ids: int, max_unpublished: int = 100
) -> list[dict[str, Any]]:
    """Import the ids and return what was logged."""
    lake = LocalFolder(folder / "lake", durable=False)
    run_import(lake, SYMBOL, [archive(folder, *ids)], max_unpublished)
    captured = capsys.readouterr()
    assert "" == captured.err
    return Ran(0, captured.out, "").logged


def test_an_import_ends_in_one_line_with_its_facts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (line,) = imported(capsys, tmp_path, 1, 2, 2, 5, 4)

    assert line["message"].startswith(f"{SYMBOL}: 5 trades of 1 days as run i")
    assert line["message"].endswith("1 chunks written, 0 were there already")
    assert {
        "severity": "INFO", "event": "import", "symbol": SYMBOL, "rows": 5, "duplicates": 0,
        "out_of_order": 1, "unpublished": 1, "dates": [str(DAY)], "long_holes": 0,
    }.items() <= line.items()  # fmt: skip


def test_importing_again_says_that_everything_was_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    imported(capsys, tmp_path, 1, 2)
    (line,) = imported(capsys, tmp_path, 1, 2)

    assert line["message"].endswith("0 chunks written, 1 were there already")


def test_ids_that_the_files_lack_are_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hole, summary = imported(capsys, tmp_path, 10, 20, max_unpublished=8)

    assert ("WARNING", "hole", SYMBOL) == (hole["severity"], hole["event"], hole["symbol"])
    assert (
        "the files lack 9 ids, 11 to 19, between 2025-12-11T12:00:00.000Z "
        "and 2025-12-11T12:00:01.000Z"
    ) == hole["message"]
    assert 1 == summary["long_holes"]


def test_more_holes_than_anybody_reads_are_counted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ids = range(0, 4004, 2)
    *holes, summary = imported(capsys, tmp_path, *ids, max_unpublished=0)

    assert (MAX_NAMED_HOLES, len(ids) - 1) == (len(holes), summary["long_holes"])


def test_a_file_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    path = archive(tmp_path, 1, 2)
    path.write_text(HEADER + "1,100.5,oops,10,1765454400000,true\n", encoding="utf-8")
    lake = LocalFolder(tmp_path / "lake", durable=False)

    with pytest.raises(LakeError, match=r"cannot import .*line 2"):
        run_import(lake, SYMBOL, [path], 100)

    assert [] == [*lake.list("")]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", trades(DAY, 0)])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "zip", "txt"])
def test_whatever_is_no_archive_is_one_line(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"trades.{ending}"
    path.write_bytes(content)

    line = called("import", "--lake", tmp_path / "lake", "--symbol", SYMBOL, path).failure

    assert str(path) in line
    assert re.match(r"cannot (import|read) .+; .+", line)
    assert not (tmp_path / "lake").exists()
