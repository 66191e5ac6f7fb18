from dataclasses import replace

import pytest

from aggregator.archive.holes import LongHole
from aggregator.archive.report import ImportedDate, ImportReport
from aggregator.archive.sources import IdAt
from aggregator.fetch.days import Fate, Outcome, Wanted, hole_words, outcome_of
from tests.fetch.days import DAY, DAY_MS, START, SYMBOL

END = START + DAY_MS
WHOLE = ImportedDate(DAY, END - 1, 1000, 3, 144, 0, (START, END))
REPORT = ImportReport(
    SYMBOL, "i0", (WHOLE,), 1000, 0, 0, 3, (), 0, IdAt(1, START), IdAt(1003, END - 1)
)
HOLE = LongHole(10, 209, START + 1, START + 2000)


def outcome(report: ImportReport = REPORT, *, replaces: bool = False) -> Outcome:
    return outcome_of(Wanted(DAY, SYMBOL), report, 4096, replaces=replaces)


def covered(span: tuple[int, int] | None) -> ImportReport:
    return replace(REPORT, dates=(replace(WHOLE, covered=span),))


def test_an_ordinary_day_needs_no_words() -> None:
    assert Outcome(SYMBOL, DAY, Fate.IMPORTED, (), 1000, 4096, 3) == outcome()
    assert "BTCUSDT 2025-12-11 imported" == str(outcome())


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (replace(REPORT, duplicates=1200), "1,200 rows were there twice"),
        (replace(REPORT, out_of_order=7), "7 rows were out of order"),
        (covered((START, START + 72_843_000)), "it ends already at 2025-12-11T20:14:03.000Z"),
        (covered((START + 1000, END)), "it begins only at 2025-12-11T00:00:01.000Z"),
        (covered(None), "a single row proves no time"),
        (replace(REPORT, dates=()), "no row of the file is of this day"),
    ],
)
def test_what_is_unusual_is_said(report: ImportReport, words: str) -> None:
    assert (words,) == outcome(report).remarks
    assert f"BTCUSDT 2025-12-11 imported: {words}" == str(outcome(report))


def test_lost_ids_are_named_and_the_many_counted() -> None:
    found = outcome(replace(REPORT, long_holes=(HOLE,) * 5, long_hole_count=1005))

    assert (hole_words(HOLE),) * 3 == found.remarks[:3]
    assert "1,002 more holes" == found.remarks[3]
    assert (
        "the archive lacks 200 ids, 10 to 209, between 2025-12-11T00:00:00.001Z and "
        "2025-12-11T00:00:02.000Z"
    ) == hole_words(HOLE)


def test_a_replaced_file_is_said_to_be_one() -> None:
    assert ("the archive has replaced the file: both are in the lake",) == outcome(
        replaces=True
    ).remarks
