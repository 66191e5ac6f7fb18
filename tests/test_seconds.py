"""The passes sum second by second, and say so when a number is not an ordinary one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from aggregator import book, exact, seconds
from aggregator.kernels import HAS_ID, TAKER_BUY

Ints = NDArray[np.int64]
Trade = tuple[int, int, int, int, int]  # ms of the day, price, quantity, flags, code
Book = tuple[int, tuple[int, ...], tuple[int, ...]]  # ms of the day, bids, asks

COUNTED = np.array([1, 0], np.uint8)
UNTOUCHED = -7


def ints(values: object) -> Ints:
    return np.array(values, np.int64)


def summed_trades(trades: list[Trade]) -> tuple[int, Ints, list[int]]:
    """Return how many seconds were found, the table of them, and how many were left out."""
    times, prices, quantities, flags, codes = zip(*trades, strict=True)
    table, left_out = np.full((seconds.TRADE_FIELDS, 3), UNTOUCHED), np.zeros(2, np.int64)
    found = seconds.sum_trades(
        ints(times), ints([prices, quantities]), np.array(flags, np.uint8),
        np.array(codes, np.uint8), COUNTED, table, left_out,
    )  # fmt: skip
    return found, table, left_out.tolist()


def summed_books(books: list[Book]) -> tuple[int, Ints]:
    times, bids, asks = zip(*books, strict=True)
    table = np.full((seconds.BOOK_FIELDS, 3), UNTOUCHED)
    sides = [np.ascontiguousarray(ints(side).T) for side in (bids, asks)]
    return seconds.sum_books(ints(times), sides[0], sides[1], table), table


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], True),
        ([(5, 1, HAS_ID)], True),
        ([(5, 1, HAS_ID), (5, 2, HAS_ID | TAKER_BUY), (6, 9, HAS_ID)], True),
        ([(5, 1, HAS_ID), (5, 1, HAS_ID)], False),
        ([(5, 2, HAS_ID), (6, 1, HAS_ID)], False),
        ([(6, 1, HAS_ID), (5, 2, HAS_ID)], False),
        ([(5, 1, HAS_ID), (5, 2, TAKER_BUY)], False),
        ([(5, -(2**63), HAS_ID), (5, 2**63 - 1, HAS_ID)], True),
    ],
)
def test_order_is_that_of_times_and_of_ids_that_every_row_has(
    rows: list[tuple[int, int, int]], expected: bool
) -> None:
    times, ids, flags = (np.array([row[n] for row in rows], np.int64) for n in range(3))

    assert expected == bool(seconds.in_order(times, ids, flags.astype(np.uint8)))


def test_a_second_has_first_greatest_least_and_last_price_and_its_sums() -> None:
    found, table, left_out = summed_trades(
        [
            (1_000, 10, 3, TAKER_BUY, 0),
            (1_500, 12, 1, 0, 0),
            (1_600, 99, 9, 0, 1),
            (1_600, 0, 9, 0, 0),
            (1_700, 9, 0, 0, 0),
            (1_999, 8, 4, TAKER_BUY, 0),
            (2_000, 11, 5, 0, 0),
        ]
    )

    assert (2, [2, 1]) == (found, left_out)
    assert [1, 10, 12, 8, 8, 7, 1, 74, 4, 2, 1] == table[:, 0].tolist()
    assert [2, 11, 11, 11, 11, 0, 5, 55, 5, 0, 1] == table[:, 1].tolist()
    assert {UNTOUCHED} == {*table[:, 2].tolist()}


def test_a_second_of_books_has_sums_extremes_and_the_last_mid() -> None:
    one, half = 1 << 40, 1 << 39
    found, table = summed_books(
        [
            (3_000, (9, 1, 2, 3, 4), (11, 1, 2, 3, 4)),
            (3_400, (9, 1, 5, 6, 7), (10, 1, 5, 6, 7)),
            (5_999, (8, 2, 2, 2, 2), (24, 6, 6, 6, 6)),
        ]
    )

    assert 2 == found
    assert [3, 3, 7, 9, 11, 7, 9, 11, 1, 2, 95] == table[:11, 0].tolist()
    assert [2 * half, 0] * 4 == table[11:19, 0].tolist()
    assert [5, 16, 2, 2, 2, 6, 6, 6, 16, 16, 160] == table[:11, 1].tolist()
    assert [*[one // 4, 0] * 4, half, 0, 1] == table[11:, 1].tolist()


def test_the_parts_of_a_ratio_are_all_of_it() -> None:
    _, table = summed_books([(0, (9, 1, 1, 1, 1), (11, 2, 6, 10, 2**28 - 1))])

    parts = table[seconds.RATIOS : seconds.RATIOS + 8, 0].reshape(4, 2).tolist()
    ratios = [(high << 40) + low for high, low in parts]
    assert [int(1 / whole * 2.0**80) for whole in (3, 7, 11, 2**28)] == ratios


HALF = seconds.MOST_SUMMED // 2


@pytest.mark.parametrize(
    ("trades", "found"),
    [
        ([(0, 1, HALF, 0, 0), (0, 1, HALF - 1024, 0, 0)], 1),
        ([(0, 1, HALF, 0, 0), (1_000, 1, HALF, 0, 0)], seconds.UNUSUAL),
        ([(0, 2, HALF - 1024, 0, 0)], 1),
        ([(0, 2**40, 2**40, 0, 0)], seconds.UNUSUAL),
        ([(0, 2**40, 2**40, 0, 1)], 0),
    ],
)
def test_sums_of_trades_that_could_overflow_are_unusual(trades: list[Trade], found: int) -> None:
    assert found == summed_trades(trades)[0]


LEVELS = (1, 1, 1, 1)
WIDEST = (2**52, 2**52, 2**52, 2**52)


@pytest.mark.parametrize(
    ("books", "found"),
    [
        ([(0, (2**50, *LEVELS), (3 * 2**50, *LEVELS))] * 25, 1),
        ([(0, (2**50, *LEVELS), (3 * 2**50, *LEVELS))] * 26, seconds.UNUSUAL),
        ([(0, (2**51, *LEVELS), (2**53, *LEVELS))], seconds.UNUSUAL),
        ([(0, (1, *WIDEST), (2, *WIDEST))] * 63, 1),
        ([(0, (1, *WIDEST), (2, *WIDEST))] * 64, seconds.UNUSUAL),
        ([(0, (1, 1, 1, 1, 2**52), (2, 1, 1, 1, 2**52 + 1))], seconds.UNUSUAL),
        ([(0, (1, 1, 1, 1, 1), (2, 1, 1, 1, 2**28 - 1))], 1),
        ([(0, (1, 1, 1, 1, 1), (2, 1, 1, 1, 2**28))], seconds.UNUSUAL),
    ],
)
def test_sums_of_books_that_could_overflow_and_ratios_that_lose_bits_are_unusual(
    books: list[Book], found: int
) -> None:
    assert found == summed_books(books)[0]


def test_the_passes_keep_within_what_others_hold() -> None:
    assert exact.LIMIT >= 2 * seconds.MOST_SUMMED
    assert 2.0**book._BITS == seconds.PART
