from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.archive.covered import SILENCE_MS, FileSpan
from aggregator.archive.names import period_of
from aggregator.archive.rows import ArchiveError
from aggregator.archive.scan import Scan, scan
from aggregator.archive.sources import IdAt
from aggregator.archive.spool import spool

START = 1_765_411_200_000
LATEST_MS = START + 10 * 86_400_000


def table(*time_and_id: tuple[int, int]) -> str:
    return "".join(f"{id_},1.5,2,3,{START + time},true\n" for time, id_ in time_and_id)


def scanned(*files: Path) -> Scan:
    with spool() as rows:
        return scan(files, "BTCUSDT", rows, latest_ms=LATEST_MS, advance=lambda _: None)


def stored(folder: Path, name: str, *time_and_id: tuple[int, int]) -> Path:
    path = folder / name
    path.write_text(table(*time_and_id))
    return path


def test_a_file_spans_from_its_earliest_to_its_latest_row(tmp_path: Path) -> None:
    path = stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", (500, 1), (100, 2), (900, 3))

    found = scanned(path)

    promised = period_of(path.name)
    assert (FileSpan(promised, START + 100, START + 900, SILENCE_MS),) == found.spans


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 12 * SILENCE_MS), min_size=1, max_size=12))
def test_the_longest_silence_is_that_in_the_order_of_time_and_at_least_a_minute(
    tmp_path: Path, times: list[int]
) -> None:
    found = scanned(stored(tmp_path, "a.csv", *((time, n) for n, time in enumerate(times))))

    ordered = sorted(times)
    silences = [b - a for a, b in zip(ordered, ordered[1:], strict=False)]
    assert max([SILENCE_MS, *silences]) == found.spans[0].longest_silence_ms


def test_the_silence_of_a_file_is_not_filled_by_another(tmp_path: Path) -> None:
    one = stored(tmp_path, "one.csv", (0, 1), (10 * SILENCE_MS, 5))
    other = stored(tmp_path, "other.csv", (3 * SILENCE_MS, 2), (5 * SILENCE_MS, 3))

    silences = [span.longest_silence_ms for span in scanned(one, other).spans]

    assert [10 * SILENCE_MS, 2 * SILENCE_MS] == silences


def test_rows_that_go_back_in_time_or_id_are_counted(tmp_path: Path) -> None:
    path = stored(tmp_path, "a.csv", (5, 5), (5, 5), (6, 6), (4, 7), (5, 3), (9, 8), (10, 9))

    found = scanned(path)

    assert 7 == found.rows
    assert 2 == found.out_of_order


def test_rows_that_go_back_over_the_end_of_a_block_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.archive.files.whole_lines.__defaults__", (40,))
    path = stored(tmp_path, "a.csv", *((n, 100 - n) for n in range(50)))

    assert 49 == scanned(path).out_of_order


def test_ids_are_missing_only_if_no_file_has_them(tmp_path: Path) -> None:
    one = stored(tmp_path, "one.csv", (1, 1), (2, 5), (3, 9))
    other = stored(tmp_path, "other.csv", (1, 2), (2, 4), (9, 12))

    gaps = scanned(one, other).id_gaps

    assert [(2, 4), (5, 9), (9, 12)] == list(
        zip(gaps.before.tolist(), gaps.after.tolist(), strict=True)
    )


def test_all_bytes_of_all_files_are_told(tmp_path: Path) -> None:
    files = [stored(tmp_path, f"{n}.csv", (n, n)) for n in range(3)]
    told: list[int] = []
    with spool() as rows:
        scan(files, "BTCUSDT", rows, latest_ms=LATEST_MS, advance=told.append)

    assert sum(path.stat().st_size for path in files) == sum(told)


def test_a_fault_of_the_last_file_is_raised(tmp_path: Path) -> None:
    good = stored(tmp_path, "good.csv", (1, 1))
    bad = tmp_path / "bad.csv"
    bad.write_text(table((1, 1)) + "2,1.5\n")

    with pytest.raises(ArchiveError, match="bad.csv: line 2"):
        scanned(good, bad)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=12),
    cut=st.integers(1, 12),
)
def test_the_outermost_ids_are_known_at_their_first_times(
    tmp_path: Path, rows: list[tuple[int, int]], cut: int
) -> None:
    files = [
        stored(tmp_path, f"{number}.csv", *part)
        for number, part in enumerate((rows[:cut], rows[cut:]))
        if part
    ]

    found = scanned(*files)

    low, high = (pick(id_ for _, id_ in rows) for pick in (min, max))
    assert IdAt(low, START + min(time for time, id_ in rows if id_ == low)) == found.first
    assert IdAt(high, START + min(time for time, id_ in rows if id_ == high)) == found.last
