"""Changes, as people and programs read them."""

import json
from pathlib import Path

import pytest

from aggregator.changes_view import print_changes
from tests.cases import DAY, SYMBOL, Lake, called
from tests.product import LONG_AFTER
from tests.test_changes import FIRST, SECOND


def test_a_table_names_what_to_download_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")

    print_changes([FIRST, SECOND], LONG_AFTER, as_json=False)

    text = capsys.readouterr().out
    for said in (str(DAY), SYMBOL, "inputs", "degraded → complete", "2026-01-01T01:00:00+00:00"):
        assert said in text
    assert "1 days to download again, 2 changes" in text


def test_where_nothing_changed_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_changes([], LONG_AFTER, as_json=False)

    assert "no published day changed since" in capsys.readouterr().out


def test_the_command_tells_it_in_json(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.record()
    lake.build()
    lake.record(minutes=[7])
    lake.build()
    status = ("status", "--lake", tmp_path, "--json", "--changed-since")

    (said,) = json.loads(called(*status, "2026-01-01").out)

    assert (SYMBOL, str(DAY), "inputs") == (said["symbol"], said["date"], said["reason"])
    assert {"name", "old_sha256", "new_sha256"} == said["outputs"][0].keys()
    assert [] == json.loads(called(*status, "2026-01-01T00:00:00.001Z").out)
    assert [] == json.loads(called(*status, "2026-01-01", "--end", "2025-12-10").out)


@pytest.mark.parametrize("time", ["yesterday", "2999-01-01", "2025-13-01"])
def test_a_wrong_time_is_wrong_usage(tmp_path: Path, time: str) -> None:
    assert called("status", "--lake", tmp_path, "--changed-since", time).usage_error
