import json

from aggregator.archive.sources import Source
from aggregator.repair.lacking import Lack, Why
from aggregator.repair.statement import MOST_NAMED, Statement, other_name, repair_run, run_name
from lake.journal import Refill, Unfilled, read_journal
from tests.repair.days import DAY, START, SYMBOL

SOURCE = Source("BTCUSDT-trades-2025-12-11.zip", "ab" * 32, "https://archive/x.zip")
RUN = run_name(SYMBOL, DAY, 100, ["ab"])


def said(*lacks: Lack) -> Statement:
    covered = (START, START + 1000)
    return Statement(SYMBOL, RUN, "0.1.0", START + 77, 12, 3, (SOURCE,), lacks, covered)


def test_readers_of_the_journal_find_all_that_a_repair_says() -> None:
    journal = read_journal([said(Lack(range(5, 8), START, START + 9, Why.LONG)).journal()])

    source = (SOURCE.file, SOURCE.sha256, SOURCE.url)
    assert (Refill(SYMBOL, RUN, 12, 3, (source,)),) == journal.refills
    assert (Unfilled(SYMBOL, 5, 7, Why.LONG),) == journal.unfilled
    assert [(START, START + 1000)] == [(line.from_ms, line.to_ms) for line in journal.covered]
    assert 0 == journal.unreadable_lines


def test_a_journal_begins_with_where_the_rows_came_from() -> None:
    first = json.loads(said().journal().splitlines()[0])

    assert ("recording", "repair", [SYMBOL]) == (first["event"], first["by"], first["symbols"])
    assert [SOURCE.fields()] == first["sources"]


def test_of_very_many_holes_the_first_are_named() -> None:
    lacks = (Lack(range(n, n + 1), START, START, Why.LONG) for n in range(0, 4000, 2))

    assert MOST_NAMED == said(*lacks).journal().count(b'"gap"')


def test_a_run_is_named_after_what_it_repairs_and_what_with() -> None:
    names = {
        run_name(SYMBOL, DAY, 100, ["ab"]), run_name("ETHUSDT", DAY, 100, ["ab"]),
        run_name(SYMBOL, DAY, 99, ["ab"]), run_name(SYMBOL, DAY, 100, ["ab", "absent"]),
    }  # fmt: skip

    assert 4 == len(names)
    assert names == {repair_run(name) for name in names}
    assert RUN == repair_run(other_name(RUN, b"rows"))


def test_other_runs_are_no_repairs() -> None:
    assert {None} == {repair_run(run) for run in ("k3v9", "i0123456789abcdef", RUN + "R1")}
