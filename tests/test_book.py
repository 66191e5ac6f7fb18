"""Means over snapshots: right to the last digits, whatever the order and the pieces."""

from dataclasses import dataclass
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.book import book_seconds, ratio_parts, roll_up_books, used, with_mean_ratios
from aggregator.decode import Decoder
from aggregator.rows import HALF_SPREAD, IMBALANCES, RATIOS, Piece, Rows, book_rows
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import DAY, START_MS

KEY = ChunkKey(Stream.DEPTH20, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
CLOSE = Fraction(1, 10**12)


@dataclass(frozen=True)
class Book:
    """A snapshot of one level a side, `ms` after the start of the day."""

    ms: int
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str

    @property
    def line(self) -> str:
        bids, asks = (
            f'"[[""{price}"",""{quantity}""]]"'
            for price, quantity in ((self.bid, self.bid_quantity), (self.ask, self.ask_quantity))
        )
        return f"{START_MS + self.ms},{bids},{asks}\n"

    @property
    def imbalance(self) -> Fraction:
        bid, ask = Fraction(self.bid_quantity), Fraction(self.ask_quantity)
        return bid / (bid + ask)

    @property
    def half_spread(self) -> Fraction:
        bid, ask = Fraction(self.bid), Fraction(self.ask)
        return (ask - bid) / (ask + bid)


def rows_of(books: list[Book]) -> Rows:
    text = "timestamp,bids,asks\n" + "".join(book.line for book in books)
    raw, _ = Decoder(Stream.DEPTH20).decode([(KEY, text.encode())])
    return book_rows([Piece(raw, neighbour=False)])


def seconds_of(rows: Rows, pieces: int = 1) -> pl.DataFrame:
    """Reduce in so many pieces, as a long day is."""
    parts, size = ratio_parts(rows.frame), -(-len(rows.frame) // pieces) or 1
    seconds = [
        book_seconds(rows.frame.slice(i, size), rows.limbs, START_MS, parts)
        for i in range(0, max(len(rows.frame), 1), size)
    ]
    return roll_up_books(pl.concat(seconds).lazy(), rows.limbs, 1).collect()


def day_of(rows: Rows, pieces: int = 1) -> pl.DataFrame:
    whole = roll_up_books(seconds_of(rows, pieces).lazy(), rows.limbs, 86_400)
    return with_mean_ratios(whole).collect()


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def assert_close(expected: Fraction, found: float) -> None:
    assert abs(Fraction(found) - expected) <= CLOSE * expected


quantities = st.sampled_from(
    ["1", "0.5", "12.345", "0.00000001", "99999999.99999999", "123456789012345678",
     "0.000000000000000001", "0." + "0" * 60 + "7", "0." + "0" * 200 + "1"]
)  # fmt: skip
bids = st.sampled_from(["99", "99.999999999999999", "0.00000001", "61799.9", "1"])
asks = st.sampled_from(["100", "100.000000000000001", "61800", "123456789012345678"])
books = st.builds(Book, st.integers(0, 86_399_999), bids, quantities, asks, quantities).filter(
    lambda book: Fraction(book.bid) < Fraction(book.ask)
)
days = st.lists(books, min_size=1, max_size=12).map(lambda day: sorted(day, key=lambda b: b.ms))


@given(days)
def test_means_of_ratios_are_right_for_the_smallest_and_the_largest_numbers(
    day: list[Book],
) -> None:
    found = day_of(rows_of(day))

    assert_close(mean([book.half_spread for book in day]), found[HALF_SPREAD].item())
    for name in IMBALANCES:
        assert_close(mean([book.imbalance for book in day]), found[name].item())


@given(days)
def test_sums_and_extremes_are_exact(day: list[Book]) -> None:
    rows = rows_of(day)
    found, limbs = day_of(rows), rows.limbs

    def value(column: str, scale: int) -> Fraction:
        return Fraction(limbs.integers(found, column)[0] or 0, 10**scale)

    spreads = [Fraction(book.ask) - Fraction(book.bid) for book in day]
    assert sum(spreads) == value("spread", rows.price_scale)
    assert (min(spreads), max(spreads)) == (
        value("min_spread", rows.price_scale),
        value("max_spread", rows.price_scale),
    )
    last = (Fraction(day[-1].bid) + Fraction(day[-1].ask)) / 2
    assert last == value("mid", rows.price_scale + 1)
    for name in ("bid_quantity", "ask_quantity"):
        total = sum(Fraction(getattr(book, name)) for book in day)
        assert total == value(f"{name[:3]}_qty_l20", rows.quantity_scale)
    assert [len(day)] == found["snapshot_count"].to_list()


@given(days, st.integers(1, 12), st.permutations(range(12)))
def test_pieces_and_order_change_no_bit_of_a_mean(
    day: list[Book], pieces: int, order: list[int]
) -> None:
    # At one time, so that the last snapshot is the same in any order.
    same = [Book(5, "99", book.bid_quantity, "100", book.ask_quantity) for book in day]
    shuffled = [same[place] for place in order if place < len(same)]

    whole = day_of(rows_of(same))

    assert whole.equals(day_of(rows_of(same), pieces))
    assert whole.equals(day_of(rows_of(shuffled)))


@given(days, st.sampled_from([1, 5, 60, 3_600]))
def test_bars_of_bars_are_the_bars(day: list[Book], length: int) -> None:
    rows = rows_of(day)
    seconds = seconds_of(rows).lazy()

    once = roll_up_books(seconds, rows.limbs, 3_600).collect()
    steps = roll_up_books(seconds, rows.limbs, length)
    twice = roll_up_books(steps, rows.limbs, 3_600 // length).collect()

    assert once.equals(twice)


def test_a_ratio_of_any_size_is_cut_into_enough_parts_and_usual_ones_into_two() -> None:
    usual = pl.DataFrame({name: [0.5, 1.0, 1e-6] for name in RATIOS})

    assert 2 == ratio_parts(usual)
    assert 2 == ratio_parts(usual.clear())
    for exponent in (-1, -20, -67, -68, -200, -900):
        assert 53 - exponent <= 40 * ratio_parts(usual * 0.0 + 2.0**exponent) + 1


def test_a_second_by_hand() -> None:
    day = [
        Book(0, "99", "1", "101", "3"),
        Book(999, "99", "3", "100", "1"),
        Book(1_000, "98", "1", "100", "1"),
    ]
    rows = rows_of(day)

    seconds = with_mean_ratios(seconds_of(rows).lazy()).collect()

    assert [0, 1] == seconds["bar"].to_list()
    assert [2, 1] == seconds["snapshot_count"].to_list()
    assert [0.5, 0.5] == seconds["imbalance_l20"].to_list()
    assert [3, 2] == seconds["spread"].to_list()
    assert [1, 2] == seconds["min_spread"].to_list()
    assert [2, 2] == seconds["max_spread"].to_list()
    assert [995, 990] == seconds["mid"].to_list()


def test_only_snapshots_with_nothing_wrong_are_used() -> None:
    crossed, right = Book(0, "101", "1", "100", "1"), Book(1, "99", "1", "100", "1")
    rows = rows_of([crossed, right])

    assert [START_MS + 1] == used(rows.frame.lazy()).collect()["timestamp"].to_list()


@pytest.mark.parametrize("count", [0, 1])
def test_no_snapshots_make_no_bars(count: int) -> None:
    rows = rows_of([Book(0, "99", "1", "100", "1")][:count])

    assert count == len(day_of(rows))
