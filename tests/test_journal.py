import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.journal import (
    Covered,
    Journal,
    Recording,
    Refill,
    Unfilled,
    read_journal,
    write_event,
)
from lake.layout import Stream

AT = "2025-12-11T08:00:00.012Z"

RECORDING = write_event(
    "recording",
    AT,
    run="k3v9",
    by="collector",
    version="0.3.0",
    symbols=["BTCUSDT", "币安人生USDT"],
    streams=["trades", "depth20"],
    clock_offset_ms=None,
)
COVERED = write_event(
    "covered",
    AT,
    stream="depth20",
    symbol="币安人生USDT",
    **{"from": 1765440000000, "to": 1765443600000},
)


def test_an_event_is_one_line_of_plain_json() -> None:
    expected = (
        '{"event": "covered", "at": "2025-12-11T08:00:00.012Z", "stream": "depth20", '
        '"symbol": "币安人生USDT", "from": 1765440000000, "to": 1765443600000}\n'
    )

    assert expected.encode() == COVERED


def test_a_field_that_an_event_does_not_need_is_absent() -> None:
    assert "clock_offset_ms" not in json.loads(RECORDING)


def test_a_journal_is_read_over_all_its_objects() -> None:
    journal = read_journal([RECORDING + COVERED, RECORDING])

    recording = Recording("collector", frozenset({"BTCUSDT", "币安人生USDT"}), frozenset(Stream))
    covered = Covered(Stream.DEPTH20, "币安人生USDT", 1765440000000, 1765443600000)
    assert Journal((recording, recording), (covered,), 0) == journal


def test_events_of_other_kinds_and_empty_lines_say_nothing_and_are_no_fault() -> None:
    gap = write_event("gap", AT, stream="trades", symbol="BTCUSDT", cause="connection reset")

    assert Journal() == read_journal([gap, b"\n", b"", write_event("invented later", AT)])


def test_a_stream_invented_later_is_left_out_of_a_recording() -> None:
    line = write_event("recording", AT, by="x", symbols=["A"], streams=["trades", "liquidations"])

    assert [{Stream.TRADES}] == [recording.streams for recording in read_journal([line]).recordings]


def test_the_last_line_needs_no_newline_and_windows_may_have_been_here() -> None:
    text = COVERED.replace(b"\n", b"\r\n") + COVERED.rstrip()

    assert 2 == len(read_journal([text]).covered)


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b'{"event": "covered"',
        b'{"at": "2025-12-11T08:00:00.012Z"}',
        b'["event", "covered"]',
        b'"covered"',
        b"null",
        b"17",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"event": "recording", "symbols": "BTCUSDT", "streams": ["trades"]}',
        b'{"event": "recording", "symbols": [17], "streams": ["trades"]}',
        b'{"event": "recording", "symbols": ["BTCUSDT"], "streams": "trades"}',
        b'{"event": "recording", "symbols": ["BTCUSDT"]}',
        b'{"event": "covered", "stream": "trades", "symbol": "A", "from": 1.5, "to": 2}',
        b'{"event": "covered", "stream": "trades", "symbol": "A", "from": true, "to": 2}',
        b'{"event": "covered", "stream": "trades", "symbol": "A", "from": "1", "to": "2"}',
        b'{"event": "covered", "symbol": "A", "from": 1, "to": 2}',
    ],
)
def test_an_unreadable_line_is_counted_and_the_others_are_read(line: bytes) -> None:
    journal = read_journal([COVERED + line + b"\n" + COVERED])

    assert (2, 0, 1) == (len(journal.covered), len(journal.recordings), journal.unreadable_lines)


@given(st.lists(st.binary()))
def test_no_content_stops_the_reader(texts: list[bytes]) -> None:
    journal = read_journal(texts)
    lines = sum(bool(line.strip()) for text in texts for line in text.splitlines())

    assert 0 <= journal.unreadable_lines <= lines


spans = st.builds(
    Covered,
    st.sampled_from(Stream),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(),
    st.integers(),
)


@given(st.lists(spans))
def test_covered_time_is_read_as_it_was_written(spans: list[Covered]) -> None:
    lines = (
        write_event(
            "covered",
            AT,
            stream=span.stream,
            symbol=span.symbol,
            **{"from": span.from_ms, "to": span.to_ms},
        )
        for span in spans
    )

    assert Journal(covered=tuple(spans)) == read_journal([b"".join(lines)])


SOURCE = {"file": "a.zip", "sha256": "ab", "url": "https://x/a.zip"}
REPAIRED = write_event(
    "recording", AT, run="m1", by="repair", symbols=["BTCUSDT"], streams=["trades"],
    rows=7, unpublished=2, sources=[SOURCE],
)  # fmt: skip
UNFILLED = write_event(
    "gap", AT, by="repair", stream="trades", symbol="BTCUSDT", first_id=5, last_id=9, cause="gone"
)


def test_a_repair_says_what_it_refilled_from_where_and_what_not() -> None:
    journal = read_journal([REPAIRED + UNFILLED])

    assert (
        Refill("BTCUSDT", "m1", 7, 2, (("a.zip", "ab", "https://x/a.zip"),)),
    ) == journal.refills
    assert (Unfilled("BTCUSDT", 5, 9, "gone"),) == journal.unfilled
    assert 1 == len(journal.recordings)


@pytest.mark.parametrize(
    "line",
    [REPAIRED.replace(b"7", b'"7"'), REPAIRED.replace(b"sha256", b"md5"),
     UNFILLED.replace(b"5, ", b"5.5, "), UNFILLED.replace(b"cause", b"because")],
    ids=["rows", "source", "id", "cause"],
)  # fmt: skip
def test_a_repair_that_cannot_be_read_is_counted(line: bytes) -> None:
    journal = read_journal([line])

    assert (1, (), ()) == (journal.unreadable_lines, journal.refills, journal.unfilled)
