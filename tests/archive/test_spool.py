import resource
import signal
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.archive.chunks import CHUNK_MS
from aggregator.archive.rows import ArchiveError
from aggregator.archive.spool import Spool, spool


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def rows(*times: int) -> pl.DataFrame:
    prices = [str(number) for number in range(len(times))]
    return pl.DataFrame(
        {"timestamp": times, "price": prices}, schema_overrides={"timestamp": pl.Int64}
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    blocks=st.lists(st.lists(st.integers(0, 5 * CHUNK_MS), max_size=8), max_size=5),
    memory_bytes=st.integers(0, 400),
)
def test_rows_come_back_by_their_ten_minutes_and_nothing_is_lost(
    blocks: list[list[int]], memory_bytes: int
) -> None:
    times = [time for block in blocks for time in block]
    with spool(memory_bytes) as spooled:
        for block in blocks:
            spooled.add(rows(*block))
        starts = spooled.starts()
        found = {start: pl.concat(spooled.take(start)) for start in starts}

        assert [] == spooled.starts()
    assert sorted({time // CHUNK_MS * CHUNK_MS for time in times}) == starts
    for start, part in found.items():
        expected = [time for time in times if start <= time < start + CHUNK_MS]
        assert expected == part["timestamp"].to_list()


def test_rows_taken_leave_the_disk(temporary: Path) -> None:
    with spool(memory_bytes=0) as spooled:
        spooled.add(rows(1, 2))
        before = len(list(temporary.glob("*/*.arrow")))
        list(spooled.take(0))

        assert 1 == before
        assert [] == list(temporary.glob("*/*.arrow"))


def test_few_rows_need_no_disk(temporary: Path) -> None:
    with spool() as spooled:
        spooled.add(rows(1, 2))

        assert [] == [*temporary.glob("*/*.arrow")]
        assert [2] == [part.height for part in spooled.take(0)]


def test_nothing_is_left_on_the_disk(temporary: Path) -> None:
    with spool(memory_bytes=0) as spooled:
        spooled.add(rows(1))
        during = len(list(temporary.glob("flowlake-import-*/*.arrow")))

    assert 1 == during
    assert [] == list(temporary.iterdir())


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ArchiveError, match="free some space") as caught:
            Spool(tmp_path, memory_bytes=0).add(rows(*range(1000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)

    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
