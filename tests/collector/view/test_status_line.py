"""The line of the log that says once a minute how a run is."""

from dataclasses import replace

from collector.view.status import Pressure, SpoolStatus, StreamState, UploadStatus
from collector.view.status_line import status_numbers, status_sentence
from lake.layout import Stream
from tests.collector.statuses import both, well

SILENT = both("XRPUSDT", StreamState.SILENT)


def test_a_run_that_is_well_says_so_in_numbers() -> None:
    numbers = status_numbers(well())

    assert (4, 4, 0) == (numbers["streams"], numbers["fresh_streams"], numbers["faults"])
    assert (0, 0, 6912) == (numbers["oldest_upload_s"], numbers["gaps"], numbers["rows"])
    assert "4 of 4 streams fresh; no row waits; 0.0% of the spool taken" == status_sentence(well())


def test_what_alerts_wait_for_is_a_number_always() -> None:
    assert all(type(value) in (int, float) for value in status_numbers(well()).values())


def test_streams_that_are_not_fresh_are_told_from_those_that_are() -> None:
    status = well(*both("BTCUSDT"), *SILENT)

    assert 3 == status_numbers(status)["fresh_streams"]
    assert 1 == status_numbers(status)["faults"]
    assert "3 of 4 streams fresh" in status_sentence(status)
    assert "XRPUSDT depth20: silent" in status_sentence(status)


def test_the_age_of_the_oldest_row_is_told_in_seconds() -> None:
    status = replace(well(), uploads=UploadStatus(40, 3_000, 100.0, 5.0, "away", 190.04))

    assert (190.0, 40) == (
        status_numbers(status)["oldest_upload_s"],
        status_numbers(status)["pending"],
    )
    assert "the oldest row that waits is of 3 min 10 s ago" in status_sentence(status)


def test_the_spool_is_told_as_a_share_of_its_limit() -> None:
    spool = SpoolStatus(7 << 30, 10 << 30, pressure=Pressure.EARLY_WARNING)

    assert 0.7 == status_numbers(replace(well(), spool=spool))["spool_share"]
    assert 1 == status_numbers(replace(well(), spool=spool))["spool_pressure"]
    assert 0 == status_numbers(replace(well(), spool=SpoolStatus()))["spool_share"]


def test_a_disk_that_cannot_be_written_is_a_number_too() -> None:
    broken = replace(well(), spool=SpoolStatus(error="No space left on device"))

    assert [0, 1] == [status_numbers(each)["spool_failed"] for each in (well(), broken)]


def test_gaps_and_rows_of_both_streams_are_added_up() -> None:
    counters = replace(well().counters, gaps={Stream.TRADES: 2, Stream.DEPTH20: 3})

    assert 5 == status_numbers(replace(well(), counters=counters))["gaps"]


def test_of_many_faults_only_some_are_named() -> None:
    status = replace(well(), alerts=tuple(f"fault {number}" for number in range(9)))

    assert 9 == status_numbers(status)["faults"]
    assert "fault 2" in status_sentence(status)
    assert "fault 3" not in status_sentence(status)
