"""The lines of one object of the journal."""

from datetime import date
from pathlib import Path

import pytest

from collector.spool.hours import Hour
from collector.spool.spoolnames import HourName
from tests.collector.spools import no_file_longer_than

NAME = HourName(date(2025, 12, 11), 8)


def hour(folder: Path) -> Hour:
    return Hour(NAME, folder, NAME.end_ms)


def on_disk(folder: Path) -> bytes:
    return (folder / "2025-12-11T08.journal").read_bytes()


def test_lines_are_on_the_disk_when_they_are_saved(tmp_path: Path) -> None:
    each = hour(tmp_path)
    each.add(b"1\n")
    each.add(b"2\n")
    each.save()
    each.save()

    assert b"1\n2\n" == on_disk(tmp_path) == each.text()


def test_claims_are_in_the_text_at_once_and_on_the_disk_when_they_are_told_to(
    tmp_path: Path,
) -> None:
    each = hour(tmp_path)
    each.add(b"1\n")
    each.add_claim(b"claim\n")
    each.save()

    assert b"1\nclaim\n" == each.text()
    assert b"1\n" == on_disk(tmp_path)
    each.save_claims([b"claim\n"])
    assert b"1\nclaim\n" == on_disk(tmp_path)


def test_lines_that_could_not_be_written_go_before_later_ones(tmp_path: Path) -> None:
    each = hour(tmp_path)
    each.add(b"1" * 500 + b"\n")
    with no_file_longer_than(100), pytest.raises(OSError):
        each.save()
    each.save_claims([b"claim\n"])

    assert b"1" * 500 + b"\nclaim\n" == on_disk(tmp_path)


def test_a_claim_that_comes_after_the_object_was_made_is_not_written(tmp_path: Path) -> None:
    each = hour(tmp_path)
    each.close()
    each.save_claims([b"claim\n"])

    assert [] == list(tmp_path.iterdir())
