"""What the journal of a run adds up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.view.session import Session, Sessions, time_ms
from tests.collector.diaries import at, covered, line, recording, whole_hour

DAY = "2025-12-11"
START, END = f"{DAY}T08:00:00", f"{DAY}T09:00:00"
ROWS = line("uploaded", START, objects=1, rows=5, bytes=60)


def folded(*texts: bytes, run: str = "k3v9") -> list[Session]:
    found = Sessions()
    for text in texts:
        found.add(run, text)
    return found.all()


def session(*lines: bytes) -> Session:
    [found] = folded(recording(START) + b"".join(lines))
    return found


def test_a_run_says_who_it_is_and_what_it_records() -> None:
    [found] = folded(recording(START, symbols=["ETHUSDT", "BTCUSDT"]))

    assert ("k3v9", "collector", "0.3.0") == (found.run, found.by, found.version)
    assert (("BTCUSDT", "ETHUSDT"), ("depth20", "trades")) == (found.symbols, found.streams)


def test_a_run_spans_from_its_first_line_to_its_last() -> None:
    found = session(line("connected", f"{DAY}T08:00:01"), line("stopped", END, cause="SIGTERM"))

    assert (START, END) == (at(found.from_ms)[:19], at(found.to_ms)[:19])


def test_uploads_are_added_up() -> None:
    found = session(
        line("uploaded", START, objects=2, rows=30, bytes=400),
        line("uploaded", END, objects=1, rows=5, bytes=60),
    )

    assert (3, 35, 460) == (found.objects, found.rows, found.bytes)


def test_uploads_of_the_journal_itself_are_no_rows() -> None:
    found = session(line("uploaded", END, objects=1, rows=22, bytes=3303, journal=True))

    assert (0, 0) == (found.rows, found.bytes)


def test_what_a_later_run_uploads_of_a_dead_one_is_the_dead_ones() -> None:
    dead = recording(START, "dead") + line("uploaded", START, objects=1, rows=5, bytes=50)
    later = recording(END, "later") + line(
        "uploaded", END, objects=2, rows=30, bytes=400, of_run="dead"
    )

    assert [("dead", 35, START), ("later", 0, END)] == [
        (each.run, each.rows, at(each.to_ms)[:19]) for each in folded(dead, later)
    ]


def test_a_run_that_a_later_one_recovered_has_died_at_its_last_row() -> None:
    found = session(line("recovered", END, rows=30, last_received=f"{DAY}T08:30:00.000Z"))

    assert ("died", f"{DAY}T08:30:00") == (found.condition, at(found.to_ms)[:19])


def test_a_run_that_was_stopped_has_not_died_though_another_uploaded_the_rest() -> None:
    found = session(ROWS, line("stopped", END, cause="SIGTERM"), line("recovered", END, rows=30))

    assert "complete" == found.condition


def test_gaps_are_counted_and_so_are_the_ids_in_them() -> None:
    found = session(
        line("gap", START, stream="trades", symbol="BTCUSDT", first_id=100, last_id=116),
        line("gap", START, stream="trades", symbol="BTCUSDT", first_id=200, last_id=200),
        line("gap", START, stream="depth20", symbol="BTCUSDT"),
    )

    assert (3, 18) == (found.gaps, found.missing_ids)


def test_refills_hand_overs_stalls_and_reconnects_are_counted() -> None:
    found = session(
        line("refilled", START, symbol="BTCUSDT", rows=17, unpublished=3),
        line("refilled", START, symbol="BTCUSDT", rows=1),
        line("reconnected", START), line("handed_over", START), line("handed_over", START),
        line("stalled", START),
    )  # fmt: skip

    assert (18, 3, 1, 2, 1) == (
        found.refilled, found.unpublished, found.reconnects, found.hand_overs, found.stalls,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ("complete", [ROWS, line("stopped", END, cause="SIGTERM")]),
        ("degraded", [ROWS, line("gap", START, stream="depth20"), line("stopped", END)]),
        ("empty", [line("stopped", END, cause="cannot record")]),
        ("open", []),
        ("open", [line("gap", START, stream="depth20")]),
    ],
)
def test_a_run_is_complete_degraded_by_a_gap_or_open(condition: str, lines: list[bytes]) -> None:
    assert condition == session(*lines).condition


def test_the_covered_share_is_of_symbols_times_streams_times_span() -> None:
    found = folded(
        recording(START, symbols=["BTCUSDT", "ETHUSDT"])
        + covered(END, START, END)
        + covered(END, START, f"{DAY}T08:30:00", stream="depth20")
        + line("stopped", END)
    )

    assert [(1 + 0.5) / 4] == [each.covered for each in found]


def test_time_that_is_claimed_twice_counts_once() -> None:
    half = f"{DAY}T08:30:00"
    first = recording(START) + covered(END, START, half) + line("stopped", END)
    again = recording(END, run="k3v9") + covered(END, f"{DAY}T08:15:00", half)

    assert [0.25] == [each.covered for each in folded(first, again)]


def test_a_run_over_midnight_is_covered_on_both_days() -> None:
    found = Sessions()
    found.add("k3v9", whole_hour("2025-12-10", 23))
    found.end_day()
    found.add("k3v9", whole_hour("2025-12-11", 0, stopped=True))

    [each] = found.all()
    assert 0.9997 < each.covered <= 1
    assert 7199_000 == each.to_ms - each.from_ms


def test_objects_of_one_run_are_one_session_whatever_their_keys_say() -> None:
    found = Sessions()
    found.add("k3v9", recording(START))
    found.add("k3v9R1", recording(START) + line("gap", START, stream="depth20"))

    assert [("k3v9", 1)] == [(each.run, each.gaps) for each in found.all()]


def test_runs_are_listed_in_the_order_of_their_starts() -> None:
    runs = folded(recording(END, "b"), recording(START, "c"), recording(END, "a"))

    assert ["c", "a", "b"] == [each.run for each in runs]


def test_imports_are_no_sessions() -> None:
    assert [] == folded(recording(START, by="import"))


def test_an_unreadable_line_is_counted_and_the_others_are_used() -> None:
    text = (
        recording(START) + b"no json\n[1]\n{}\n\n" + line("covered", START) + line("stopped", END)
    )
    [found] = folded(text)

    assert (4, "") == (found.unreadable_lines, found.stopped)


def test_an_event_of_a_later_release_is_no_error() -> None:
    assert 0 == session(line("moonrise", END, phase="full")).unreadable_lines


def test_a_run_without_any_time_covers_nothing() -> None:
    assert 0 == session().covered


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8))
def test_covered_time_is_the_union_of_all_claims(spans: list[tuple[int, int]]) -> None:
    claims = [covered(END, minute(a), minute(b)) for a, b in spans]
    found = session(*claims, line("stopped", END))
    united = {second for a, b in spans for second in range(a, b)}

    assert len(united) / 60 / 2 == pytest.approx(found.covered)


def minute(number: int) -> str:
    return at(time_ms(f"{START}.000Z") + number * 60_000)[:19]


@given(
    st.binary(max_size=60)
    | st.dictionaries(st.text(max_size=8), st.integers()).map(repr).map(str.encode)
)
def test_no_bytes_stop_the_reading(garbage: bytes) -> None:
    found: list[Any] = folded(recording(START) + garbage + b"\n" + line("stopped", END))

    assert "" == found[0].stopped
