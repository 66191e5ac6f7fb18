import csv
import gzip
import io
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.archive.importer import (
    ArchiveError,
    ImportReport,
    LongHole,
    Order,
    carry_out,
    import_files,
)
from aggregator.archive.sources import IdAt, Source, imported_files
from lake.errors import LakeError, WrongLake
from lake.layout import LAKE_FILE, ChunkKey, JournalKey
from lake.storage import LocalFolder

DAY = date(2025, 12, 11)
START = 1_765_411_200_000
END = START + 86_400_000
MINUTE = 60_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "id,price,qty,quote_qty,time,is_buyer_maker\n"
COLUMNS = ["timestamp", "price", "quantity", "is_buyer_maker", "trade_id", "trade_type"]


def line(
    id_: int, time_ms: int, price: str = "100.10", qty: str = "0.5", maker: str = "true"
) -> str:
    return f"{id_},{price},{qty},50.05,{time_ms},{maker}\n"


def lines(*id_and_time: tuple[int, int]) -> str:
    return "".join(line(id_, time_ms) for id_, time_ms in id_and_time)


def whole_day(start_ms: int = START, first_id: int = 1, every_ms: int = 30_000) -> str:
    times = range(start_ms + 50, start_ms + 86_400_000, every_ms)
    return "".join(line(first_id + n, time_ms) for n, time_ms in enumerate(times))


def zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trades.csv", text)
    return file.getvalue()


@pytest.fixture
def lake(tmp_path: Path) -> LocalFolder:
    return new_lake(tmp_path)


def new_lake(folder: Path) -> LocalFolder:
    return LocalFolder(tempfile.mkdtemp(prefix="lake-", dir=folder), durable=False)


def stored(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def imported(lake: LocalFolder, *files: Path, **options: Any) -> ImportReport:
    given: dict[str, Any] = {"now": NOW, "version": "0.1.0", "progress": None, **options}
    return import_files(lake, given.pop("symbol", "BTCUSDT"), files, **given)


def objects(lake: LocalFolder) -> dict[str, bytes]:
    return {stat.key: lake.read(stat.key)[0] for stat in lake.list("")}


def chunk_rows(lake: LocalFolder) -> list[list[str]]:
    """All rows of all chunks, in the order of keys and rows."""
    rows = []
    for stat in lake.list("raw/"):
        header, *cells = csv.reader(gzip.decompress(lake.read(stat.key)[0]).decode().splitlines())
        assert COLUMNS == header
        rows += cells
    return rows


def covered(lake: LocalFolder) -> dict[date, tuple[int, int]]:
    found = {}
    for stat in lake.list("journal/"):
        key = JournalKey.parse(stat.key)
        events = [json.loads(text) for text in lake.read(stat.key)[0].splitlines()]
        spans = [(event["from"], event["to"]) for event in events if event["event"] == "covered"]
        assert key
        assert len(spans) <= 1
        if spans:
            found[key.date] = spans[0]
    return found


# --- the real recording ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recording(real_data: Path) -> Path:
    return real_data / "binance-usdm-2020-12-09" / "BTCUSDT-trades-2020-12-09-00h.csv.gz"


def test_a_real_hour_arrives_as_it_is(recording: Path, lake: LocalFolder) -> None:
    with gzip.open(recording, "rt") as file:
        source = list(csv.DictReader(file))
    expected = [
        [row["time"], row["price"], row["qty"], row["is_buyer_maker"], row["id"], ""]
        for row in source
    ]

    report = imported(lake, recording)

    rows = chunk_rows(lake)
    assert expected == [row for row in rows if row[5] != "UNPUBLISHED"]
    assert [["1607472531703", "0", "0", "false", "307088663", "UNPUBLISHED"]] == [
        row for row in rows if row[5]
    ]
    assert sorted(rows, key=lambda row: (int(row[0]), int(row[4]))) == rows
    keys = [ChunkKey.parse(stat.key) for stat in lake.list("raw/")]
    assert [0, 10, 20, 30, 40, 50] == [key.minute for key in keys if key]
    assert (100_311, 0, 0, 1, 0) == (
        report.rows_read, report.duplicates, report.out_of_order, report.unpublished,
        report.long_hole_count,
    )  # fmt: skip
    assert {date(2020, 12, 9): (1607472000428, 1607475599878)} == covered(lake)


# --- what a file may look like -----------------------------------------------------------------

SHAPES: dict[str, Callable[[str], bytes]] = {
    "a.csv": str.encode,
    "b.csv": lambda text: (HEADER + text).encode(),
    "c.csv.gz": lambda text: gzip.compress((HEADER + text).encode(), mtime=0),
    "d.zip": lambda text: zipped(text),
    "e.zip": lambda text: zipped((HEADER + text).replace("\n", "\r\n")),
    "f.csv.gz": lambda text: gzip.compress(text.encode()[:-1], mtime=0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_same_rows_makes_the_same_objects(tmp_path: Path, name: str) -> None:
    text = lines((1, START), (2, START + 5), (3, START + 20 * MINUTE))
    plain, other = new_lake(tmp_path), new_lake(tmp_path)
    imported(plain, stored(tmp_path, "plain.csv", text))

    imported(other, stored(tmp_path, name, SHAPES[name](text)))

    assert 4 == len(objects(plain))
    assert objects(plain) == objects(other)


def test_text_is_kept_and_only_booleans_are_made_alike(tmp_path: Path, lake: LocalFolder) -> None:
    text = line(1, START, "83624.5", "0.0010", "TRUE") + line(2, START, "0.10", "0", "False")

    imported(lake, stored(tmp_path, "a.csv", text))

    assert [
        [str(START), "83624.5", "0.0010", "true", "1", ""],
        [str(START), "0.10", "0", "false", "2", ""],
    ] == chunk_rows(lake)


def test_a_month_in_one_file_is_cut_into_its_dates(tmp_path: Path, lake: LocalFolder) -> None:
    month_start = START - 10 * 86_400_000
    step_ms = 3_600_000
    text = "".join(line(n, month_start + n * step_ms) for n in range(31 * 86_400_000 // step_ms))

    report = imported(lake, stored(tmp_path, "BTCUSDT-trades-2025-12.zip", zipped(text)))

    assert 31 == len(report.dates)
    assert {24} == {day.rows for day in report.dates}
    assert {24} == {day.chunks_written for day in report.dates}
    whole_days = {
        date(2025, 12, 1 + n): (month_start + n * 86_400_000, month_start + (n + 1) * 86_400_000)
        for n in range(31)
    }
    assert whole_days == covered(lake)
    assert whole_days == {day.date: day.covered for day in report.dates}


# --- the order and the repetition of rows ------------------------------------------------------

TRADES = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.integers(START - 15 * MINUTE, START + 15 * MINUTE),
        st.sampled_from(["1", "1.0", "25.50"]),
    ),
    min_size=1,
    max_size=25,
    unique=True,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=TRADES, data=st.data())
def test_order_files_and_repetition_of_rows_change_nothing(
    tmp_path: Path, trades: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(trades), max_size=5))
    shuffled = data.draw(st.permutations(trades + again))
    cut = data.draw(st.integers(1, len(shuffled)))
    plain, other = new_lake(tmp_path), new_lake(tmp_path)
    text = [line(id_, time_ms, price) for id_, time_ms, price in shuffled]
    files = [stored(tmp_path, "1.csv", "".join(text[:cut]))]
    if text[cut:]:
        files.append(stored(tmp_path, "2.csv", "".join(text[cut:])))

    imported(plain, stored(tmp_path, "0.csv", "".join(line(*trade) for trade in trades)))
    report = imported(other, *files)

    assert chunk_rows(plain) == chunk_rows(other)
    assert covered(plain) == covered(other)
    assert len(again) == report.duplicates
    kept = [row for row in chunk_rows(other) if not row[5]]
    expected = sorted(trades, key=lambda trade: (trade[1], trade[0], trade[2]))
    assert [[str(t), price, "0.5", "true", str(i), ""] for i, t, price in expected] == kept


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    files = [
        stored(tmp_path, "a.csv", lines((1, START), (5, START + 700_000))),
        stored(tmp_path, "b.csv", lines((3, START + 30), (900, START + 900_000))),
        stored(tmp_path, "c.csv", lines((3, START + 30), (4, START + 31))),
    ]
    forward, backward = new_lake(tmp_path), new_lake(tmp_path)

    assert imported(forward, *files) == imported(backward, *reversed(files))
    assert objects(forward) == objects(backward)


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    path = stored(tmp_path, "a.csv", whole_day())
    once, twice = new_lake(tmp_path), new_lake(tmp_path)

    imported(once, path)
    report = imported(twice, path, path)

    assert objects(once) == objects(twice)
    assert 2880 == report.duplicates


def test_rows_of_one_id_that_differ_are_both_kept(tmp_path: Path, lake: LocalFolder) -> None:
    text = line(1, START, "2") + line(1, START, "1") + line(1, START + 1, "1")

    report = imported(lake, stored(tmp_path, "a.csv", text))

    expected = [(START, "1"), (START, "2"), (START + 1, "1")]
    assert expected == [(int(row[0]), row[1]) for row in chunk_rows(lake)]
    assert 0 == report.duplicates


# --- holes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "limit", "is_long"),
    [(1, 100, False), (100, 100, False), (101, 100, True), (1, 0, True), (101, 101, False)],
)
def test_a_hole_is_filled_up_to_the_limit_and_named_beyond_it(
    tmp_path: Path, lake: LocalFolder, missing: int, limit: int, is_long: bool
) -> None:
    path = stored(tmp_path, "a.csv", lines((10, START + 7), (11 + missing, START + 99)))

    report = imported(lake, path, max_unpublished=limit)

    filled = [row for row in chunk_rows(lake) if row[5]]
    if is_long:
        assert [] == filled
        assert (LongHole(11, 10 + missing, START + 7, START + 99),) == report.long_holes
    else:
        assert [
            [str(START + 7), "0", "0", "false", str(11 + n), "UNPUBLISHED"] for n in range(missing)
        ] == filled
        assert () == report.long_holes
    assert int(is_long) == report.long_hole_count
    assert len(filled) == report.unpublished


def test_a_hole_over_midnight_between_files_lies_with_the_row_before(
    tmp_path: Path, lake: LocalFolder
) -> None:
    one = stored(tmp_path, "one.csv", lines((1, START - 5)))
    other = stored(tmp_path, "other.csv", lines((4, START + 5)))

    report = imported(lake, other, one)

    assert [2, 0] == [day.unpublished for day in report.dates]
    assert [START - 5] * 3 + [START + 5] == [int(row[0]) for row in chunk_rows(lake)]


def test_another_limit_is_another_run(tmp_path: Path, lake: LocalFolder) -> None:
    path = stored(tmp_path, "a.csv", lines((1, START), (3, START + 1)))

    assert imported(lake, path).run != imported(lake, path, max_unpublished=0).run
    assert 2 == len(list(lake.list("raw/")))


# --- covered time ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BTCUSDT-trades-2025-12-11.csv", (START, END)),
        ("trades.csv", (START + 50, END - 30_000 + 50)),
        ("BTCUSDT-trades-2025-12-11-all.csv", (START + 50, END - 30_000 + 50)),
        ("BTCUSDT-trades-2025-12.csv", (START + 50, END - 30_000 + 50)),
    ],
)
def test_the_outer_ends_are_whole_if_the_name_promises_the_day(
    tmp_path: Path, lake: LocalFolder, name: str, expected: tuple[int, int]
) -> None:
    report = imported(lake, stored(tmp_path, name, whole_day()))

    assert {DAY: expected} == covered(lake)
    assert expected == report.dates[0].covered


def test_a_truncated_day_is_covered_to_its_last_row(tmp_path: Path, lake: LocalFolder) -> None:
    rows = whole_day().splitlines(keepends=True)[:2000]

    imported(lake, stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", "".join(rows)))

    assert {DAY: (START, START + 50 + 1999 * 30_000)} == covered(lake)


def test_a_quiet_market_is_covered_as_far_as_its_longest_silence(
    tmp_path: Path, lake: LocalFolder
) -> None:
    hour = 60 * MINUTE
    text = lines((1, START + 3 * hour), (2, START + 8 * hour), (3, END - 6 * hour))

    imported(lake, stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", text))

    assert {DAY: (START, END)} == covered(lake)


def test_a_single_row_proves_no_time(tmp_path: Path, lake: LocalFolder) -> None:
    report = imported(lake, stored(tmp_path, "a.csv", line(1, START + 5)))

    assert {} == covered(lake)
    assert report.dates[0].covered is None
    assert 1 == len(list(lake.list("journal/")))


def test_dates_between_are_whole_whatever_their_files_are_called(
    tmp_path: Path, lake: LocalFolder
) -> None:
    texts = [whole_day(START + n * 86_400_000, 1 + n * 2880) for n in range(3)]
    files = [stored(tmp_path, f"{n}.csv", text) for n, text in enumerate(texts)]

    imported(lake, *files)

    last = START + 3 * 86_400_000 - 30_000 + 50
    assert [(START + 50, END), (END, END + 86_400_000), (END + 86_400_000, last)] == list(
        covered(lake).values()
    )


def test_a_midnight_between_rows_of_other_dates_is_covered_and_an_absent_day_is_not(
    tmp_path: Path, lake: LocalFolder
) -> None:
    truncated = whole_day().splitlines(keepends=True)[:2000]
    one = stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", "".join(truncated))
    other = whole_day(END + 86_400_000, 10_000_000)
    imported(lake, one, stored(tmp_path, "BTCUSDT-trades-2025-12-13.csv", other))

    found = covered(lake)
    assert [DAY, date(2025, 12, 13)] == list(found)
    assert (START, END) == found[DAY]
    assert (END + 86_400_000, END + 2 * 86_400_000) == found[date(2025, 12, 13)]


# --- repetition --------------------------------------------------------------------------------


def test_importing_twice_changes_nothing(tmp_path: Path, lake: LocalFolder) -> None:
    path = stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", whole_day())
    first = imported(lake, path)
    before = {stat.key: (stat, lake.read(stat.key)) for stat in lake.list("")}

    second = imported(lake, path, version="0.2.0", now=datetime(2026, 6, 1, tzinfo=UTC))

    assert before == {stat.key: (stat, lake.read(stat.key)) for stat in lake.list("")}
    assert first.run == second.run
    assert [(144, 0), (0, 144)] == [
        (report.dates[0].chunks_written, report.dates[0].chunks_already_there)
        for report in (first, second)
    ]


def test_a_fetched_file_is_named_last_under_its_own_date(
    tmp_path: Path, lake: LocalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds it there may take all of it for imported."""
    text = lines((1, START - 5), (2, START + 5), (3, END + 5))
    path = stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", text)
    source = Source(path.name, "ab" * 32, "https://archive.example/a.csv")
    written: list[str] = []
    write = LocalFolder.write

    def noted(self: LocalFolder, key: str, data: bytes, replaces: str | None = None) -> str:
        written.append(key)
        return write(self, key, data, replaces)

    monkeypatch.setattr(LocalFolder, "write", noted)
    report = carry_out(lake, Order("BTCUSDT", (path,), 100, NOW, "0.1.0", source), None)

    assert written[-1].startswith("journal/2025-12-11/")
    assert 3 == len([key for key in written if key.startswith("journal/")])
    (named,) = imported_files(lake.read(written[-1])[0])
    assert ("BTCUSDT", source) == (named[0], named[1].source)
    assert (report.first, report.last) == (named[1].first, named[1].last)
    assert (IdAt(1, START - 5), IdAt(3, END + 5)) == (report.first, report.last)


def test_the_same_rows_under_the_archives_name_add_only_what_it_promises(
    tmp_path: Path, lake: LocalFolder
) -> None:
    imported(lake, stored(tmp_path, "a.csv", whole_day()))
    before = objects(lake)
    imported(lake, stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", whole_day()))

    added = objects(lake).keys() - before.keys()
    assert ["journal"] == [key.split("/")[0] for key in added]
    assert before.items() <= objects(lake).items()


def test_the_same_rows_of_two_symbols_are_two_imports(tmp_path: Path, lake: LocalFolder) -> None:
    path = stored(tmp_path, "a.csv", lines((1, START), (2, START + 9)))
    reports = [imported(lake, path, symbol=symbol) for symbol in ("BTCUSDT", "币安人生USDT")]

    assert 2 == len({report.run for report in reports})
    texts = [lake.read(stat.key)[0].decode() for stat in lake.list("journal/")]
    assert [1, 1] == [
        sum(f'"symbol": "{symbol}"' in text for text in texts)
        for symbol in ("BTCUSDT", "币安人生USDT")
    ]


class FailingLake(LocalFolder):
    """A folder whose disk is pulled out after some writes."""

    writes_left = 0

    def write(self, key: str, data: bytes, replaces: str | None = None) -> str:
        if not self.writes_left:
            raise LakeError(f"cannot write {key}: the disk is gone; put it back")
        self.writes_left -= 1
        return super().write(key, data, replaces)


@pytest.mark.parametrize("writes", range(7))
def test_an_import_that_broke_is_completed_by_the_next(tmp_path: Path, writes: int) -> None:
    times = [START - 5, START + 5, START + 11 * MINUTE, START + 50 * MINUTE]
    path = stored(tmp_path, "a.csv", lines(*enumerate(times)))
    expected = new_lake(tmp_path)
    imported(expected, path)
    broken = FailingLake(new_lake(tmp_path).root)
    broken.writes_left = writes
    with pytest.raises(LakeError, match="the disk is gone"):
        imported(broken, path)

    assert writes == len(objects(broken))
    report = imported(LocalFolder(broken.root), path)
    assert objects(expected) == objects(broken)
    chunks = max(0, min(writes - 1, 4))
    assert chunks == sum(day.chunks_already_there for day in report.dates)


KILLED_IMPORT = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from aggregator.archive.importer import import_files
from lake.storage import LocalFolder
import_files(
    LocalFolder(sys.argv[1]), "BTCUSDT", [Path(sys.argv[2])],
    now=datetime(2026, 1, 1, tzinfo=UTC), version="0.1.0", progress=None,
)
"""


def test_an_import_that_was_killed_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    path = stored(tmp_path, "BTCUSDT-trades-2025-12-11.csv", whole_day(every_ms=1000))
    expected, killed = new_lake(tmp_path), new_lake(tmp_path)
    imported(expected, path)
    with subprocess.Popen([sys.executable, "-c", KILLED_IMPORT, killed.root, path]) as process:
        _wait_for_some_chunks(killed, process)
        process.send_signal(signal.SIGKILL)
    left = list(temporary.iterdir())
    imported(killed, path)

    assert -signal.SIGKILL == process.returncode
    assert 1 == len(left)
    assert [] == list(temporary.iterdir())
    assert objects(expected) == objects(killed)
    assert [] == list(killed.root.rglob(".*"))


def _wait_for_some_chunks(lake: LocalFolder, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while sum(1 for _ in lake.list("raw/")) < 5:
        assert process.poll() is None
        assert time.monotonic() < deadline


# --- refusals ----------------------------------------------------------------------------------

GOOD = lines((1, START), (2, START + 20 * MINUTE))


REFUSED: list[tuple[str, str | bytes | None, str]] = [
    ("bad.csv", GOOD + line(3, (START + 5) * 1000), "line 3: time .* in microseconds"),
    ("bad.csv", GOOD + line(3, (START + 5) * 1_000_000), "line 3: time .* in nanoseconds"),
    ("bad.csv", line(3, (START + 5) * 1000), "line 1: time .* in microseconds"),
    ("bad.csv", HEADER + GOOD + line(3, START, "1e5"), "line 4: price '1e5'"),
    ("bad.csv", GOOD + "3,100.10,0.5", "line 3: 3 cells"),
    ("bad.csv", GOOD[:-4], "line 2: is_buyer_maker 't'"),
    ("bad.csv", GOOD + HEADER, "line 3: id 'id'"),
    ("bad.csv", GOOD + line(3, 1_798_761_600_000), "line 3: time .* in the future"),
    ("bad.csv", "a,b\n1,2\n", "where the columns"),
    ("bad.csv", "", "no row"),
    ("bad.csv", HEADER, "no row"),
    ("bad.zip", b"PK", "not a zip"),
    ("bad.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:-9], "cannot read"),
    ("bad.txt", GOOD, "must end in"),
    ("ETHUSDT-trades-2025-12-11.csv", GOOD, "a file of ETHUSDT"),
    ("missing.csv", None, "no such file"),
]


@pytest.mark.parametrize(
    ("name", "data", "why"), REFUSED, ids=[f"{why} in {name}" for name, _, why in REFUSED]
)
def test_of_a_call_with_a_bad_file_nothing_is_written(
    tmp_path: Path, lake: LocalFolder, name: str, data: str | bytes | None, why: str
) -> None:
    good = stored(tmp_path, "good.csv", GOOD)
    bad = tmp_path / name if data is None else stored(tmp_path, name, data)

    for files in ([good, bad], [bad, good]):
        with pytest.raises(ArchiveError, match=why) as caught:
            imported(lake, *files)
        assert str(bad) in str(caught.value)
        assert "\n" not in str(caught.value)

    assert [] == list(lake.root.rglob("*"))


def test_a_checksum_that_does_not_match_stops_the_import(tmp_path: Path, lake: LocalFolder) -> None:
    path = stored(tmp_path, "a.csv", GOOD)
    stored(tmp_path, "a.csv.CHECKSUM", f"{'0' * 64}  a.csv\n")

    with pytest.raises(ArchiveError, match="its sha256 is not that of"):
        imported(lake, path)

    assert [] == list(lake.root.rglob("*"))


def test_a_lake_of_another_venue_is_left_alone(tmp_path: Path, lake: LocalFolder) -> None:
    lake.write(LAKE_FILE, b'{"venue": "elsewhere", "schema_version": 1}')

    with pytest.raises(WrongLake):
        imported(lake, stored(tmp_path, "a.csv", GOOD))

    assert [LAKE_FILE] == list(objects(lake))


def test_other_rows_under_the_name_of_a_chunk_stop_the_import(
    tmp_path: Path, lake: LocalFolder
) -> None:
    path = stored(tmp_path, "a.csv", GOOD)
    run = imported(new_lake(tmp_path), path).run
    key = f"raw/trades/BTCUSDT/{DAY}/0000-{run}.csv.gz"
    lake.write(key, b"mine")

    with pytest.raises(LakeError, match="other rows are there"):
        imported(lake, path)

    assert b"mine" == lake.read(key)[0]


# --- while it runs -----------------------------------------------------------------------------


def test_the_lake_is_marked_before_its_data(tmp_path: Path) -> None:
    lake = FailingLake(new_lake(tmp_path).root)
    lake.writes_left = 1
    with pytest.raises(LakeError, match="the disk is gone"):
        imported(lake, stored(tmp_path, "a.csv", GOOD))

    assert [LAKE_FILE] == list(objects(lake))


def test_progress_never_goes_back_and_ends_at_the_whole(tmp_path: Path, lake: LocalFolder) -> None:
    told: list[tuple[int, int]] = []
    files: Sequence[Path] = [
        stored(tmp_path, "a.zip", zipped(GOOD)),
        stored(tmp_path, "b.csv", GOOD + GOOD),
    ]
    imported(lake, *files, progress=lambda done, total: told.append((done, total)))

    total = 2 * sum(path.stat().st_size for path in files)
    assert {total} == {all_work for _, all_work in told}
    assert sorted(done for done, _ in told) == [done for done, _ in told]
    assert total == told[-1][0]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("after", [1, 2])
def test_an_import_that_is_stopped_leaves_no_temporary_rows(
    tmp_path: Path, lake: LocalFolder, monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException], after: int,
) -> None:  # fmt: skip
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    calls: list[int] = []

    def stopping(done: int, _total: int) -> None:
        calls.append(done)
        if len(calls) == after:
            assert list(temporary.iterdir())
            raise stop

    with pytest.raises(stop):
        imported(lake, stored(tmp_path, "a.csv", GOOD), progress=stopping)

    assert after == len(calls)
    assert [] == list(temporary.iterdir())


def test_a_folder_for_temporary_files_that_is_gone_is_said_in_one_line(
    tmp_path: Path, lake: LocalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(gone))
    shutil.rmtree(gone)

    with pytest.raises(ArchiveError, match="name another folder in TMPDIR"):
        imported(lake, stored(tmp_path, "a.csv", GOOD))
