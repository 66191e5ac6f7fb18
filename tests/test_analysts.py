"""The page for analysts: its code runs as it stands there, and its file names exist."""

import csv
import re
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from lake.schemas import BAR_COLUMNS
from tests.cases import BEFORE, DAY, SYMBOL, Lake

PAGE = (Path(__file__).parent.parent / "docs" / "analysts.md").read_text(encoding="utf-8")
BUCKET = "gs://my-lake/"
IMPORTS = "import duckdb, pandas as pd, polars as pl"
"""What blocks further down the page take for granted."""


def blocks(language: str) -> list[str]:
    """Return the code of a language, block by block."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block_of(tool: str) -> str:
    """Return the block in the section of a tool."""
    (code,) = re.findall(rf"^## {tool}\n\n```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(code)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the symbols as the page has it: a day of 1s and 1m, with Parquet."""
    folder = tmp_path_factory.mktemp("lake")
    lake = Lake(folder)
    lake.record(BEFORE, [1439])
    lake.record(DAY, range(90))
    lake.build(labels=("1s", "1m"), parquet=True)
    return folder / "aggregated"


@pytest.fixture
def here(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where the page stands; return the CSV that it reads."""
    monkeypatch.chdir(copied)
    return copied / SYMBOL / f"{DAY}_1m.csv"


def run(code: str) -> Mapping[str, Any]:
    """Run code and return the names that it leaves."""
    names: dict[str, Any] = {}
    exec(compile(f"{IMPORTS}\n{code}", "docs/analysts.md", "exec"), names)
    return names


def exact(file: Path, column: str, *, whole: bool = False) -> list[Decimal]:
    """Return a column of the file as it is written, all of it or where the record is whole."""
    with file.open(encoding="utf-8", newline="") as lines:
        bars = [*csv.DictReader(lines)]
    return [Decimal(bar[column]) for bar in bars if bar["quality"] == "ok" or not whole]


def test_pandas_reads_time_and_numbers_and_leaves_out_what_is_not_whole(here: Path) -> None:
    left = run(block_of("pandas"))

    assert "UTC" == str(left["bars"].index.tz)
    assert len(BAR_COLUMNS) - 1 == len(left["bars"].columns)
    whole = exact(here, "vol_total", whole=True)
    assert 0 < len(whole) < 1440
    assert float(sum(whole)) == pytest.approx(left["hours"].vol_total.sum())


def test_polars_sums_the_days_of_all_symbols_exactly(here: Path) -> None:
    (day,) = run(block_of("Polars"))["days"].to_dicts()

    assert f"{SYMBOL}/{DAY}_1m.parquet" == day["file"]
    assert sum(exact(here, "vol_total", whole=True)) == day["vol_total"]


def test_duckdb_knows_the_price_that_a_day_was_traded_at(here: Path) -> None:
    ((file, vwap),) = run(block_of("DuckDB"))["days"].fetchall()
    volume = sum(exact(here, "vol_total", whole=True))

    assert f"{SYMBOL}/{DAY}_1m.parquet" == file
    assert float(sum(exact(here, "quote_volume", whole=True)) / volume) == pytest.approx(vwap)


def test_what_is_said_to_be_exact_is_read_exactly(here: Path) -> None:
    decimals, *_ = (code for code in blocks("python") if "import Decimal" in code)
    bars = run(decimals)["bars"]

    assert exact(here, "vol_buy") == [*bars.vol_buy]


def test_every_way_to_name_the_type_keeps_the_digits(here: Path) -> None:
    (ways,) = (code for code in blocks("python") if "dtype_backend" in code)
    by_pandas, by_polars, by_duckdb = (run(line)["bars"] for line in ways.splitlines())
    close = exact(here, "close")

    assert close == by_polars["close"].to_list()
    assert close == [row[0] for row in by_duckdb.project("close").fetchall()]
    assert close == by_pandas["close"].to_list()


def test_every_name_of_a_file_or_folder_on_the_page_exists(copied: Path) -> None:
    paths = {path.relative_to(copied).as_posix() for path in copied.rglob("*")}
    named = re.findall(r"[\w*/:.-]*(?:BTCUSDT\b|_1[sm]\.)[\w*./-]*", PAGE)
    names = {name.removeprefix(BUCKET).removeprefix("aggregated/").rstrip("/") for name in named}

    assert {f"{SYMBOL}/{DAY}_1m.csv", f"{SYMBOL}/{DAY}_manifest.json", "*_1m.parquet"} <= names
    assert set() == {name for name in names if not any(fnmatch(path, name) for path in paths)}


def test_shell_and_sql_ask_the_bucket_with_one_wildcard_in_a_name() -> None:
    assert all(BUCKET in line for code in blocks("sh") for line in code.splitlines())
    assert all(BUCKET in code for code in blocks("sql"))
    # BigQuery takes one wildcard in a name.
    assert all(
        1 >= uri.count("*") for code in blocks("sql") for uri in re.findall(r"gs://\S+", code)
    )
