"""Which chunks a day reads, what the journals say of it, and what tells two inputs apart."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator import inputs
from aggregator.inputs import (
    NO_TESTIMONY,
    InputChunk,
    Inputs,
    carry_window,
    fingerprint,
    members,
    pack_members,
    sorted_out,
    unpack_members,
    window,
)
from aggregator.quality import NEVER, Spans
from lake.journal import Covered, Journal, Recording, Refill, Unfilled
from lake.layout import ChunkKey, Format, Stream
from lake.storage import Stat
from tests.spellings import DAY, START_MS

SYMBOL = "币安人生USDT"
DAY_MS = 86_400_000


def key(minute: int, day: date = DAY, stream: Stream = Stream.TRADES, run: str = "a") -> ChunkKey:
    return ChunkKey(stream, SYMBOL, day, minute, run)


def chunk(minute: int, size: int = 5, **fields: object) -> InputChunk:
    named = replace(key(minute), **fields)  # type: ignore[arg-type]
    return InputChunk(named, Stat(str(named), size, "1"))


def of(
    trades: Iterable[InputChunk] = (), books: Iterable[InputChunk] = (), **fields: object
) -> Inputs:
    found = Inputs(tuple(trades), tuple(books), (), NO_TESTIMONY)
    return replace(found, **fields)  # type: ignore[arg-type]


# --- the window ---------------------------------------------------------------------------------


minutes = st.integers(0, 1_439) | st.sampled_from((0, 9, 10, 11, 1_429, 1_430, 1_439))


@given(
    st.integers(-2, 2), minutes, st.sampled_from([10, 17, 60, 1_440]), st.sampled_from(Format),
    st.text("azAZ09", min_size=1),
)  # fmt: skip
@example(1, 10, 10, Format.GZIP, "a")
@example(-1, 1_429, 10, Format.GZIP, "a")
def test_a_day_reads_its_own_chunks_and_those_of_the_margin_on_both_sides(
    shift: int, minute: int, margin: int, form: Format, run: str
) -> None:
    start, end = window(Stream.TRADES, SYMBOL, DAY, margin)

    found = ChunkKey(Stream.TRADES, SYMBOL, DAY + timedelta(days=shift), minute, run, form)

    at = shift * 1_440 + minute
    assert (-margin <= at < 1_440 + margin) == (start <= str(found) < end)


@given(st.integers(-2, 1), minutes, st.integers(0, 1_439))
@example(-1, 1_430, 0)
def test_the_carry_is_the_day_before_up_to_the_margin(
    shift: int, minute: int, from_minute: int
) -> None:
    start, end = carry_window(SYMBOL, DAY, 10, from_minute)

    found = str(key(minute, DAY + timedelta(days=shift)))

    assert (shift == -1 and from_minute <= minute < 1_430) == (start <= found < end)


def test_the_window_of_one_symbol_holds_no_chunk_of_another() -> None:
    start, end = window(Stream.TRADES, "BTC", DAY, 10)

    assert not start <= str(replace(key(5), symbol="BTCUSDT")) < end


def test_chunks_are_told_from_strays() -> None:
    stats = [Stat(str(key(5)), 7, "1"), Stat(f"{key(6)}.bak", 8, "2"), Stat("raw/README", 9, "3")]

    chunks, left_alone = sorted_out(stats)

    assert (InputChunk(key(5), stats[0]),) == chunks
    assert (f"{key(6)}.bak", "raw/README") == left_alone


def test_only_a_chunk_under_the_date_itself_is_one_of_the_day() -> None:
    beside = chunk(1_439, date=DAY - timedelta(days=1))
    book = chunk(0, stream=Stream.DEPTH20)

    assert not of([beside]).has_chunk_of(DAY)
    assert of([beside], [book]).has_chunk_of(DAY)
    assert of([beside, chunk(0)]).has_chunk_of(DAY)


def test_the_carry_comes_before_the_chunks_of_the_day() -> None:
    carried, own = chunk(100, date=DAY - timedelta(days=1)), chunk(0)

    found = of([own]).with_carry([carried], 95)

    assert (carried, own) == found.of(Stream.TRADES)
    assert 95 == found.carry


# --- what the journals say ----------------------------------------------------------------------


def covered(start: int, end: int, symbol: str = SYMBOL, stream: Stream = Stream.TRADES) -> Covered:
    return Covered(stream, symbol, START_MS + start, START_MS + end)


def said(*lines: Covered) -> list[tuple[int, int]]:
    found = inputs.testimony(Journal(covered=lines), SYMBOL, DAY).covered[Stream.TRADES]
    return [(start - START_MS, end - START_MS) for start, end in found.pairs()]


def test_covered_time_is_the_union_over_all_runs() -> None:
    assert [(0, 9)] == said(covered(5, 9), covered(0, 5))
    assert [(0, 3), (5, 9)] == said(covered(0, 3), covered(5, 9), covered(6, 7))


def test_covered_time_of_others_says_nothing() -> None:
    assert [] == said(covered(0, 5, symbol="OTHER"), covered(0, 5, stream=Stream.DEPTH20))


def test_covered_time_is_clipped_to_the_day() -> None:
    assert [(0, 5)] == said(covered(-9, 5))
    assert [(5, DAY_MS)] == said(covered(5, DAY_MS + 9))
    assert [(0, DAY_MS)] == said(covered(-(10**30), 10**30))
    assert [] == said(covered(-9, 0), covered(DAY_MS, DAY_MS + 9), covered(10**30, 10**31))


def test_covered_time_that_ends_before_it_starts_is_none() -> None:
    assert [] == said(covered(9, 5), covered(5, 5))


def test_a_recording_names_streams_only_with_its_own_symbols() -> None:
    recordings = (
        Recording("collector", frozenset({SYMBOL}), frozenset({Stream.TRADES})),
        Recording("collector", frozenset({"OTHER"}), frozenset({Stream.DEPTH20})),
    )

    found = inputs.testimony(Journal(recordings), SYMBOL, DAY)

    assert {Stream.TRADES} == found.recorded
    assert frozenset() == inputs.testimony(Journal(), SYMBOL, DAY).recorded


def spans(*pairs: tuple[int, int]) -> inputs.Testimony:
    return inputs.Testimony(
        {Stream.TRADES: Spans.of_pairs(pairs), Stream.DEPTH20: NEVER}, frozenset()
    )


def test_what_was_said_is_within_what_says_it_all_and_more() -> None:
    recorded = replace(spans((0, 5)), recorded=frozenset({Stream.TRADES}))

    assert NO_TESTIMONY.within(NO_TESTIMONY)
    assert spans((0, 5)).within(spans((0, 9)))
    assert not spans((0, 9)).within(spans((0, 5)))
    assert not spans((0, 9)).within(spans((0, 4), (5, 9)))
    assert spans((0, 5)).within(recorded)
    assert not recorded.within(spans((0, 5)))


# --- what tells inputs apart --------------------------------------------------------------------


def test_equal_inputs_have_equal_fingerprints() -> None:
    assert fingerprint(of([chunk(1), chunk(2)])) == fingerprint(of([chunk(1), chunk(2)]))
    assert fingerprint(of()).startswith("sha256:")


@pytest.mark.parametrize(
    "other",
    [
        of(),
        of([chunk(1)]),
        of([chunk(1), chunk(3)]),
        of([chunk(1), chunk(2, size=6)]),
        of([chunk(1), chunk(2, run="b")]),
        of([chunk(1), chunk(2), chunk(3)]),
        of([chunk(1)], [chunk(2, stream=Stream.DEPTH20)]),
        of([chunk(1), chunk(2)], testimony=spans((START_MS, START_MS + 1))),
        of([chunk(1), chunk(2)], testimony=replace(NO_TESTIMONY, recorded=frozenset(Stream))),
    ],
)
def test_other_inputs_have_other_fingerprints(other: Inputs) -> None:
    assert fingerprint(of([chunk(1), chunk(2)])) != fingerprint(other)


def test_strays_and_versions_of_objects_are_no_inputs() -> None:
    same = chunk(1)
    rewritten = InputChunk(same.key, replace(same.stat, version="2", crc32c="AAAAAA=="))

    assert fingerprint(of([same])) == fingerprint(of([rewritten], left_alone=("raw/README",)))


def test_chunks_of_the_day_keep_their_hashes_while_others_come_and_go() -> None:
    before, after = of([chunk(1), chunk(2)]), of([chunk(2), chunk(3)], [chunk(1, run="b")])

    assert 1 == len(members(before) & members(after))
    assert 2 == len(members(before))
    assert members(before) != members(of([chunk(1), chunk(2, size=6)]))


@given(st.frozensets(st.binary(min_size=6, max_size=6)))
def test_hashes_of_chunks_come_back_from_their_text(found: frozenset[bytes]) -> None:
    assert found == unpack_members(pack_members(found))


def test_three_thousand_chunks_have_hashes_of_their_own() -> None:
    chunks = [chunk(minute, run=run) for minute in range(1_440) for run in ("a", "b")]

    assert len(chunks) == len(members(of(chunks)))


# --- what repairs say ---------------------------------------------------------------------------

REFILL = Refill(SYMBOL, "m1", 7, 2, (("a.zip", "ab", "https://x/a.zip"),))
UNFILLED = Unfilled(SYMBOL, 5, 9, "gone")


def test_repairs_of_others_say_nothing_and_one_that_is_read_twice_says_it_once() -> None:
    other = replace(REFILL, symbol="OTHER")
    journal = Journal(refills=(REFILL, other, REFILL), unfilled=(UNFILLED, UNFILLED))

    found = inputs.testimony(journal, SYMBOL, DAY)

    assert ((REFILL,), (UNFILLED,)) == (found.refills, found.unfilled)


@pytest.mark.parametrize("more", [{"refills": (REFILL,)}, {"unfilled": (UNFILLED,)}], ids=str)
def test_a_repair_is_new_input_also_if_it_found_nothing(more: dict[str, Any]) -> None:
    repaired = replace(NO_TESTIMONY, **more)

    assert fingerprint(of([chunk(1)])) != fingerprint(of([chunk(1)], testimony=repaired))
    assert NO_TESTIMONY.within(repaired)
    assert not repaired.within(NO_TESTIMONY)
