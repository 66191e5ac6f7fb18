"""A day's streams become files, and what the inputs prove about each bar of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import inputs
from aggregator.day import Day, build
from aggregator.inputs import NO_TESTIMONY
from aggregator.quality import Spans
from aggregator.resolutions import Resolution
from lake.layout import BarsFormat, Stream
from tests.spellings import DAY, START_MS
from tests.test_reduce import DAY_MS, book, books_of, trade, trades_of

LABELS = ("1s", "1m", "1h")


def said(
    recorded: frozenset[Stream] = frozenset(), **covered: list[tuple[int, int]]
) -> inputs.Testimony:
    """Return what journals say; covered time is in ms from the start of the day."""
    spans = {
        stream: Spans.of_pairs(
            (START_MS + start, START_MS + end) for start, end in covered.get(stream, [])
        )
        for stream in Stream
    }
    return inputs.Testimony(spans, recorded)


WHOLE_DAY = [(0, DAY_MS)]


def day_of(
    trades: list[str], books: list[str], testimony: inputs.Testimony = NO_TESTIMONY,
    labels: tuple[str, ...] = LABELS,
) -> Day:  # fmt: skip
    resolutions = [Resolution.parse(label) for label in labels]
    return build(DAY, trades_of(trades), books_of(books), testimony, resolutions)


def column(day: Day, label: str, name: str) -> list[str]:
    data = day.files[Resolution.parse(label)].decode()
    head, *rows = data.removesuffix("\n").split("\n")
    place = head.split(",").index(name)
    return [row.split(",")[place] for row in rows]


def test_every_resolution_has_the_whole_day() -> None:
    day = day_of([trade(0, 1)], [])

    assert [86_400, 1_440, 24] == [len(column(day, label, "timestamp")) for label in LABELS]
    assert ["2025-12-11T00:00:00Z", "2025-12-11T23:59:59Z"] == [
        column(day, "1s", "timestamp")[place] for place in (0, -1)
    ]


def test_a_covered_day_without_a_hole_is_whole() -> None:
    day = day_of([trade(0, 1), trade(5_000, 2)], [], said(trades=WHOLE_DAY, depth20=WHOLE_DAY))

    assert day.whole
    assert {"ok": 24} == day.qualities[Resolution.parse("1h")]
    assert 1.0 == day.coverage
    assert (Stream.TRADES, Stream.DEPTH20) == day.expected


def test_a_day_that_nothing_is_expected_of_has_no_quality_and_is_not_whole() -> None:
    day = day_of([], [])

    assert () == day.expected
    assert not day.whole
    assert {"": 24} == day.qualities[Resolution.parse("1h")]
    assert {""} == set(column(day, "1h", "quality"))


@pytest.mark.parametrize(
    ("trades", "books", "testimony", "expected"),
    [
        ([trade(0)], [], NO_TESTIMONY, (Stream.TRADES,)),
        ([], [book(0, bid="999")], NO_TESTIMONY, (Stream.DEPTH20,)),
        ([], [], said(frozenset({Stream.DEPTH20})), (Stream.DEPTH20,)),
        ([], [], said(trades=[(5, 6)]), (Stream.TRADES,)),
        ([trade(0)], [book(0)], NO_TESTIMONY, (Stream.TRADES, Stream.DEPTH20)),
    ],
)
def test_a_stream_is_expected_if_rows_covered_time_or_a_recording_say_so(
    trades: list[str], books: list[str], testimony: inputs.Testimony, expected: tuple[Stream, ...]
) -> None:
    assert expected == day_of(trades, books, testimony, ("1h",)).expected


def test_a_stream_that_was_dead_all_day_leaves_no_bar_ok() -> None:
    testimony = said(frozenset(Stream), trades=WHOLE_DAY)

    day = day_of([trade(0, 1), trade(5, 2)], [], testimony)

    assert {"partial": 24} == day.qualities[Resolution.parse("1h")]


def test_quality_says_what_is_seen_second_by_second() -> None:
    trades = [trade(0, 1), trade(2_500, 2), trade(2_600, 5), trade(5_000, 6)]

    day = day_of(trades, [])

    # The first ms is not seen: another trade of it may lie before the first. Ids 3 and 4 lack
    # from 2.5 s to 2.6 s.
    grades = column(day, "1s", "quality")
    assert ["partial", "ok", "partial", "ok", "ok", "partial", "gap"] == grades[:7]
    assert {"gap"} == set(grades[6:])
    assert ["0", "0", "2", "0"] == column(day, "1s", "missing_trades")[:4]
    assert 2 == day.missing
    assert [3] == day.holes.first_id.tolist()


def test_without_ids_missing_trades_are_unknown_and_trades_prove_nothing() -> None:
    day = day_of([trade(0), trade(5_000)], [])

    assert {""} == set(column(day, "1m", "missing_trades"))
    assert ["partial", "gap"] == column(day, "1m", "quality")[:2]


def test_coverage_is_the_share_of_the_day_inside_the_seen_time_of_the_book() -> None:
    day = day_of([], [book(0), book(2_000), book(10_000)], said(depth20=[(43_200_000, DAY_MS)]))

    assert (2 + 43_200) / 86_400 == day.coverage


moments = st.integers(0, 600_000) | st.sampled_from([0, 999, 1_000, DAY_MS - 1])


@settings(max_examples=8)
@given(
    st.lists(st.tuples(moments, st.integers(1, 30)), max_size=12, unique_by=lambda pair: pair[1]),
    st.lists(moments, max_size=12),
    st.lists(st.tuples(moments, moments), max_size=3),
)
def test_coarse_bars_are_ok_exactly_if_all_their_seconds_are_and_miss_as_many_ids(
    trades: list[tuple[int, int]], books: list[int], covered: list[tuple[int, int]]
) -> None:
    testimony = said(trades=covered, depth20=covered)

    day = day_of([trade(ms, id) for ms, id in trades], [*map(book, books)], testimony)

    fine = column(day, "1s", "quality")
    for label, length in (("1m", 60), ("1h", 3_600)):
        coarse = column(day, label, "quality")
        for bar, grade in enumerate(coarse):
            seconds = fine[bar * length : (bar + 1) * length]
            assert (grade == "ok") == (set(seconds) == {"ok"})
        assert _sum(column(day, "1s", "missing_trades")) == _sum(
            column(day, label, "missing_trades")
        )
    assert day.whole == (set(fine) == {"ok"})


def _sum(cells: list[str]) -> int:
    return sum(int(cell or 0) for cell in cells)


prices = st.sampled_from(["100", "0.5", "0", "99.125", "123456789012345678", "0.000000001"])
some_trades = st.lists(st.builds(trade, moments, st.integers(1, 12), prices), min_size=1)
some_books = st.lists(st.builds(book, moments, st.integers(1, 12), st.sampled_from(["99", "0.1"])))


@settings(max_examples=25)
@given(some_trades, some_books, st.integers(1, 20))
def test_rows_with_ids_that_are_read_again_change_no_byte(
    trades: list[str], books: list[str], times: int
) -> None:
    once = day_of(trades, books, labels=("1m",))
    again = day_of(trades + trades * times, books + books * times, labels=("1m",))

    assert once.files == again.files


@pytest.mark.parametrize("times", [1, 60])
def test_what_64_bits_do_not_hold_is_written_as_if_they_did(times: int) -> None:
    # Sixty doubles of these trades leave 64 bits; what is counted are seven.
    trades = [trade(n * 60_000, n, f"{n}23456789.12345678") for n in range(1, 8)]
    trades += [trade(n * 60_000 + 1, 10 + n, f"{n}.7") for n in range(1, 8)]

    day = day_of(trades * times, [], labels=("1m",))

    assert "61728395.4117" == column(day, "1m", "vwap")[1]
    assert day_of(trades, [], labels=("1m",)).files == day.files
    assert (times < 60) == trades_of(trades * times).scales.limbs.narrow


def test_what_is_to_be_published_is_named_by_resolution_and_form() -> None:
    day = day_of([], [], labels=("1h", "1d"))

    assert [(resolution, BarsFormat.CSV) for resolution in day.files] == [*day.outputs]
    assert [*day.files.values()] == [*day.outputs.values()]
