import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.candidates import CANDIDATES, FLOOR, PEERS, US, Candidate
from benchmarks.compare import difference, first_difference
from benchmarks.contest import Result, run_once
from benchmarks.inputs import DATE, Input
from benchmarks.measure import ROOT, Failed, Usage, measure, typical
from benchmarks.report import Table, contest_table, markdown, runs_table, with_tables
from lake.layout import Stream, raw_day_prefix
from lake.schemas import BAR_COLUMNS

BARS = ",".join(column.name for column in BAR_COLUMNS) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """Return a small day, built by us, with a minute that two runs wrote, and one that is lost."""
    day = Input(trades=700, snapshots=900, cache=tmp_path_factory.mktemp("bench"))
    day.make()
    chunks = _chunks(day, Stream.TRADES)
    for chunk in (chunks[100], _chunks(day, Stream.DEPTH20)[200]):
        minute, _, rest = chunk.name.partition("-")
        shutil.copy(chunk, chunk.with_name(f"{minute}-other{rest}"))
    chunks[300].unlink()
    run_once(US, day)
    return day


def _chunks(day: Input, stream: Stream) -> list[Path]:
    return sorted((day.lake / raw_day_prefix(stream, day.symbol, day.day)).iterdir())


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_builds_the_bars_that_we_build(made: Input, peer: Candidate) -> None:
    if not peer.is_installed():
        pytest.skip(f"{peer.needs} is not installed; `make bench` does it")
    run_once(peer, made)

    assert first_difference(US.output(made), peer.output(made)) is None


def test_the_day_of_that_comparison_has_what_a_peer_could_get_wrong(made: Input) -> None:
    rows = [line.split(",") for line in _bars(made, "1m").read_text().splitlines()[1:]]
    missing, quality = BARS.split(",").index("missing_trades"), [row[-1] for row in rows]

    assert any(row[missing] not in ("", "0") for row in rows)
    assert {"ok", "partial"} <= set(quality)
    assert "" != rows[0][1], "the price before the day is known"


def test_the_floor_writes_as_much_as_we_do(made: Input) -> None:
    run_once(FLOOR, made)
    ours, floor = US.output(made), FLOOR.output(made)

    assert [file.stat().st_size for file in sorted(ours.glob("*.csv"))] == [
        file.stat().st_size for file in sorted(floor.glob("*.csv"))
    ]


def _bars(made: Input, label: str) -> Path:
    return US.output(made) / f"{DATE}_{label}.csv"


# The comparison


def _changed(column: str, value: str) -> Callable[[list[str]], list[str]]:
    place = [each.name for each in BAR_COLUMNS].index(column)
    return lambda cells: [*cells[:place], value, *cells[place + 1 :]]


def _with_row(made: Input, tmp_path: Path, change: Callable[[list[str]], list[str]]) -> str | None:
    """Return what is said of our own file with one row changed, the 721st."""
    lines = _bars(made, "1m").read_text().splitlines()
    lines[720] = ",".join(change(lines[720].split(",")))
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("\n".join(lines) + "\n")
    return difference(_bars(made, "1m"), theirs)


def test_another_value_is_a_difference_that_names_its_place(made: Input, tmp_path: Path) -> None:
    said = _with_row(made, tmp_path, _changed("close", "1.23"))

    assert said
    assert said.startswith(f"{DATE}_1m.csv:721: close is '1.23' instead of ")


@pytest.mark.parametrize(
    ("column", "value"), [("quality", "gap"), ("missing_trades", ""), ("avg_spread", "0.2")]
)
def test_every_kind_of_column_is_compared(
    made: Input, tmp_path: Path, column: str, value: str
) -> None:
    assert _with_row(made, tmp_path, _changed(column, value)) is not None


@pytest.mark.parametrize("change", [lambda cells: cells[:-1], lambda cells: [*cells, "1"]])
def test_another_number_of_cells_is_a_difference(
    made: Input, tmp_path: Path, change: Callable[[list[str]], list[str]]
) -> None:
    assert _with_row(made, tmp_path, change) is not None


def test_a_row_too_few_is_a_difference(made: Input, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter.csv"
    shorter.write_text("".join(_bars(made, "1m").read_text().splitlines(keepends=True)[:-1]))

    assert difference(_bars(made, "1m"), shorter) is not None


def test_a_file_that_is_not_there_is_a_difference(made: Input, tmp_path: Path) -> None:
    assert f"{DATE}_1m.csv was not written" == first_difference(US.output(made), tmp_path)


@pytest.mark.parametrize(
    ("column", "ours", "theirs", "is_same"),
    [
        ("close", "1.5", "1.50", True),
        ("close", "1.5", "1.5000000001", False),
        ("close", "", "0", False),
        ("vwap", "1.00000000001", "1", True),
        ("vwap", "1", "1.000000002", False),
        ("vwap", "0.5", "nan", False),
        ("quality", "ok", "OK", False),
    ],
)
def test_numbers_are_compared_as_numbers_and_means_within_a_tolerance(
    tmp_path: Path, column: str, ours: str, theirs: str, is_same: bool
) -> None:
    files = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    for file, value in zip(files, (ours, theirs), strict=True):
        file.write_text(BARS + ",".join(_changed(column, value)([""] * len(BAR_COLUMNS))) + "\n")

    assert is_same == (difference(*files) is None)


# The measurement and its report


def test_a_child_process_is_measured_with_its_own_children() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    start = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    used = measure([sys.executable, "-c", start])

    assert used.cpu_s >= 0.3
    assert used.wall_s >= 0.3
    assert used.peak_mb > 1


def test_a_program_that_fails_is_no_measurement() -> None:
    with pytest.raises(Failed, match="boom"):
        measure([sys.executable, "-c", "raise SystemExit('boom')"])


def test_of_several_runs_the_median_counts_for_each_figure() -> None:
    runs = [Usage(1, 30, 200), Usage(2, 10, 100), Usage(9, 20, 300)]

    assert Usage(2, 20, 200) == typical(runs)


def test_who_is_wrong_has_his_figures_struck_out(made: Input) -> None:
    ourselves = Result(US, (Usage(2, 4, 500),))
    right, wrong = Result(PEERS[0], (Usage(4, 6, 800),)), Result(PEERS[1], (Usage(1, 2, 3),), "no")
    absent = Result(PEERS[2], fault="not installed")
    table = contest_table([ourselves, right, wrong, absent], made)

    assert ("4.00", "6.00", "800", "2.00", "1.50", "yes") == table.rows[1][1:]
    assert ("~~1.00~~", "~~2.00~~", "~~3~~", "~~0.50~~", "~~0.50~~", "no: no") == table.rows[2][1:]
    assert ("", "", "", "", "", "not installed") == table.rows[3][1:]


def test_a_page_names_no_place_of_this_machine(made: Input) -> None:
    results = [Result(candidate, (Usage(1, 2, 3),)) for candidate in CANDIDATES]
    inputs = Input(made.trades, made.snapshots)
    page = markdown({"cores": "2"}, [contest_table(results, inputs), runs_table(results)])

    assert str(ROOT) not in page
    assert "aggregator backfill --lake .cache/bench/" in page


def test_the_table_on_the_page_is_that_of_the_results() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    begin, end = "<!-- table: The same day, the same bars -->\n", "<!-- end of table -->"
    table = page.partition(begin)[2].partition(end)[0]

    assert table
    assert table in (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")


def test_a_table_replaces_the_one_of_its_title_on_the_page() -> None:
    page = "a\n<!-- table: T -->\nold\n<!-- end of table -->\nb\n<!-- table: U -->\nu\n"
    table, elsewhere = (Table(title, "", ("", "s"), (("us", "1"),)) for title in ("T", "V"))
    replaced = page.replace("old", "|  | s |\n| --- | ---: |\n| us | 1 |")

    assert replaced == with_tables(page, [elsewhere, table])
    with pytest.raises(ValueError, match="no end"):
        with_tables(page, [Table("U", "", ("", "s"), ())])
