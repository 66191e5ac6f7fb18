"""Decoded rows become one frame: every row, in the order of its key, at its exact value."""

from dataclasses import replace
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import rows as rows_of
from aggregator.columns import RawRows
from aggregator.decode import Decoder
from aggregator.lines import TypeCodes
from aggregator.numerals import NEVER_RECEIVED
from aggregator.rows import HALF_SPREAD, IMBALANCES, Piece, Rows, book_rows, trade_rows
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import DAY, START_MS

KEY = ChunkKey(Stream.TRADES, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
TRADES = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,received_ns\n"
BOOKS = "timestamp,bids,asks,update_id\n"


def trades(*lines: str) -> RawRows:
    return Decoder(Stream.TRADES).decode([(KEY, (TRADES + "\n".join(lines)).encode())])[0]


def books(*lines: str) -> RawRows:
    key = replace(KEY, stream=Stream.DEPTH20)
    return Decoder(Stream.DEPTH20).decode([(key, (BOOKS + "\n".join(lines)).encode())])[0]


def trade(ms: int, price: str = "1.5", id: str = "7", received: str = "") -> str:
    return f"{START_MS + ms},{price},2,true,{id},RPI,{received}"


def book(ms: int, bids: str, asks: str, id: str = "7") -> str:
    return f'{START_MS + ms},"{bids}","{asks}",{id}'


def joined(parts: list[tuple[RawRows, bool]]) -> Rows:
    return trade_rows([Piece(raw, neighbour) for raw, neighbour in parts])


def values(rows: Rows, column: str, scale: int) -> list[Fraction]:
    units = rows.limbs.integers(rows.frame, column)
    return [Fraction(value, 10**scale) for value in units if value is not None]


def times(rows: Rows) -> list[int]:
    return [at - START_MS for at in rows.frame["timestamp"].to_list()]


# --- pieces -------------------------------------------------------------------------------------


def test_pieces_keep_their_rows_in_order() -> None:
    parts = [
        (trades(), True),
        (trades(trade(1), trade(2, "0.125")), True),
        (trades(trade(3, id="")), False),
        (trades(), False),
        (trades(trade(4), "x", trade(5, "123456789012345678")), False),
        (trades(trade(6)), True),
    ]

    rows = joined(parts)

    assert [1, 2, 3, 4, 5, 6] == times(rows)
    assert [True, True, False, False, False, True] == rows.frame["neighbour"].to_list()
    expected = [1.5, 0.125, 1.5, 1.5, 123456789012345678, 1.5]
    assert [Fraction(price) for price in expected] == values(rows, "price", rows.price_scale)


@pytest.mark.parametrize("pieces", [1, 2])
def test_pieces_are_taken_out_of_their_list(pieces: int) -> None:
    of_trades = [Piece(trades(trade(1)), neighbour=False)] * pieces
    of_books = [Piece(books(book(1, "[[9,1]]", "[[10,1]]")), neighbour=False)] * pieces

    assert pieces == len(trade_rows(of_trades).frame) == len(book_rows(of_books).frame)
    assert [] == of_trades == of_books


prices = st.sampled_from(["1", "0.5", "1234567.125", "1e2", "-1", "123456789012345678"])


@given(st.lists(st.lists(st.tuples(prices, st.booleans()), max_size=4), min_size=1, max_size=5))
def test_no_row_and_no_digit_is_lost_on_the_way(chunks: list[list[tuple[str, bool]]]) -> None:
    lines = [
        [trade(1, price, "7" if has_id else "") for price, has_id in chunk] for chunk in chunks
    ]

    rows = joined([(trades(*chunk), False) for chunk in lines])

    kept = [row for chunk in chunks for row in chunk if row[0] != "1e2"]
    assert [Fraction(price) for price, _ in kept] == values(rows, "price", rows.price_scale)
    assert [7 if has_id else None for _, has_id in kept] == rows.frame["id"].to_list()
    assert [price != "-1" for price, _ in kept] == rows.frame["positive"].to_list()


# --- trades -------------------------------------------------------------------------------------


def test_a_trade_has_what_its_row_says() -> None:
    rows = joined([(trades(trade(1, received="17"), trade(2, "0", id="")), False)])

    code = TypeCodes().names.index("RPI")
    common = {"neighbour": False, "code": code, "taker_buy": False, "quantity": 2}
    assert [
        {"timestamp": START_MS + 1, "id": 7, "received_ns": 17, "positive": True, "price": 15},
        {"timestamp": START_MS + 2, "id": None, "received_ns": NEVER_RECEIVED, "positive": False,
         "price": 0},
    ] == rows.frame.drop(*common).to_dicts()  # fmt: skip
    assert [common, common] == rows.frame.select(*common).to_dicts()
    assert (1, 0) == (rows.price_scale, rows.quantity_scale)


def test_trades_whose_products_leave_64_bits_are_held_wide_with_their_products() -> None:
    price = "123456789012.345678"
    rows = joined([(trades(trade(1, price), trade(2, "0.000000000001")), False)])

    assert not rows.limbs.narrow
    expected = [2 * Fraction(price), Fraction(2, 10**12)]
    assert expected == values(rows, "quote", rows.price_scale + rows.quantity_scale)


def test_no_trades_make_an_empty_frame() -> None:
    rows = joined([(trades(), False)])

    assert 0 == len(rows.frame)
    assert rows.limbs.narrow


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
@pytest.mark.parametrize(("count", "narrow"), [(3, True), (4, False)])
def test_trades_are_narrow_as_long_as_the_sum_of_their_products_fits(
    count: int, narrow: bool, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_of, "_PIECE", piece)

    rows = joined([(trades(*[trade(1, str(2**57))] * count), False)])

    assert narrow == rows.limbs.narrow


# --- books --------------------------------------------------------------------------------------


def test_a_book_has_spread_mid_quantities_and_ratios() -> None:
    bids, asks = "[[9.5,1.5],[9,2]]", "[[10.25,0.5],[11,4]]"
    rows = book_rows([Piece(books(book(1, bids, asks)), neighbour=False)])

    frame = rows.frame
    assert (2, 1) == (rows.price_scale, rows.quantity_scale)
    assert [Fraction("0.75")] == values(rows, "spread", 2)
    assert [Fraction("9.875")] == values(rows, "mid", 3)
    assert [Fraction("3.5")] == values(rows, "bid_qty_l5", 1) == values(rows, "bid_qty_l20", 1)
    assert [Fraction("4.5")] == values(rows, "ask_qty_l5", 1)
    assert 0.75 == frame["imbalance_l1"].item()
    assert 3.5 / 8 == frame["imbalance_l5"].item() == frame["imbalance_l20"].item()
    assert 0.75 / 19.75 == frame[HALF_SPREAD].item()


def test_hashes_stand_beside_rows_without_id_only() -> None:
    with_id, without = book(1, "[[9,1]]", "[[10,1]]"), book(2, "[[9,1]]", "[[10,1]]", id="")

    rows = [
        book_rows([Piece(books(*lines), neighbour=False) for lines in ([with_id], [line])])
        for line in (with_id, without)
    ]

    assert "hash0" not in rows[0].frame.columns
    assert {"hash0", "hash1"} <= set(rows[1].frame.columns)
    assert [7, None] == rows[1].frame["id"].to_list()


def test_a_mid_between_two_ticks_is_exact_and_so_is_that_of_wide_prices() -> None:
    lines = [
        book(1, "[[99.999999999999999,1]]", "[[100.00000000000000,1]]"),
        book(2, "[[123456789012345678,1]]", "[[123456789012345679,1]]"),
    ]
    rows = book_rows([Piece(books(*lines), neighbour=False)])

    expected = [Fraction("99.9999999999999995"), Fraction("123456789012345678.5")]
    assert expected == values(rows, "mid", rows.price_scale + 1)


def test_books_with_an_empty_side_have_no_ratio_that_is_no_number() -> None:
    rows = book_rows([Piece(books(book(1, "[]", "[]")), neighbour=False)])

    assert [0.0] * 5 == [rows.frame[name].item() for name in (*IMBALANCES, HALF_SPREAD)]


SMALL = "0." + "0" * 400 + "1"


@pytest.mark.parametrize(
    "nothing",
    [
        book(1, "[[9,1]]", "[[10,-1]]"),
        book(1, "[[9,0]]", "[[10,0]]"),
        book(1, "[[-9,1]]", "[[9,1]]"),
        book(1, f"[[9,1],[8,{SMALL}]]", "[[10,-1]]"),
    ],
)
def test_sums_of_nothing_make_no_ratio_even_beside_the_smallest_numbers(nothing: str) -> None:
    rows = book_rows(
        [Piece(books(nothing, book(2, "[[9,1]]", f"[[10,{SMALL}]]")), neighbour=False)]
    )

    assert all(0 <= rows.frame[name][0] <= 1 for name in (*IMBALANCES, HALF_SPREAD))
    assert [1.0] * 4 == [rows.frame[name][1] for name in IMBALANCES]


sizes = st.integers(1, 10**18 - 1)


@given(sizes, sizes, st.sampled_from([2, 5, 12]))
def test_a_ratio_is_the_nearest_float_at_any_scale(bought: int, sold: int, scale: int) -> None:
    line = book(1, f"[[9,{bought}]]", f"[[10,{sold}]]")
    finer = book(2, "[[9,1]]", f"[[10,0.{'0' * (scale - 1)}1]]")

    for lines in ([line], [line, finer]):
        frame = book_rows([Piece(books(*lines), neighbour=False)]).frame

        assert bought / (bought + sold) == frame["imbalance_l20"][0]


def test_no_books_make_an_empty_frame() -> None:
    rows = book_rows([Piece(books(), neighbour=False)])

    assert 0 == len(rows.frame)
    assert isinstance(rows.frame, pl.DataFrame)
