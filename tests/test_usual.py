"""Usual rows give without a query what `reduce` gives of them; all others are left to it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.decode import Decoder
from aggregator.reduce import Books, Trades, reduce_books, reduce_trades
from aggregator.rows import MEAN_QUANTITIES, Piece, book_rows, trade_rows
from aggregator.usual import usual_books, usual_trades
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import DAY, START_MS
from tests.test_reduce import DAY_MS, facts

HEADERS = {
    Stream.TRADES: "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type\n",
    Stream.DEPTH20: "timestamp,bids,asks,update_id\n",
}
TRADE_DECIMALS = (
    "open", "high", "low", "close", "vol_buy", "vol_sell", "quote_volume", "max_trade_qty",
)  # fmt: skip
BOOK_DECIMALS = ("spread", "min_spread", "max_spread", "mid", *MEAN_QUANTITIES)
LONGEST = "9" * 18


def trade(ms: int, id: int | str, price: str = "100.5", size: str = "2", **more: str) -> str:
    maker, kind = more.get("maker", "true"), more.get("kind", "MARKET")
    return f"{START_MS + ms},{price},{size},{maker},{id},{kind}\n"


def book(ms: int, id: int | str, bid: str = "99", ask: str = "101", sizes: str = "13") -> str:
    bids, asks = (
        ",".join(f"[{price}{'0' if '.' in price else '.0'}{n},{size}]" for n in order)
        for price, size, order in ((bid, sizes[0], (2, 1)), (ask, sizes[1:], (1, 2)))
    )
    return f'{START_MS + ms},"[{bids}]","[{asks}]",{id}\n'


def piece(stream: Stream, lines: list[str], *, neighbour: bool = False) -> tuple[Piece, list[str]]:
    """Return the rows of a chunk, and the trade types met."""
    decoder = Decoder(stream)
    key = ChunkKey(stream, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
    raw, _ = decoder.decode([(key, (HEADERS[stream] + "".join(lines)).encode())])
    return Piece(raw, neighbour), decoder.types.names


def both_trades(lines: list[str], *, neighbour: bool = False) -> tuple[Trades | None, Trades]:
    """Return what is made of rows without a query, and with."""
    rows, types = piece(Stream.TRADES, lines, neighbour=neighbour)
    quick = usual_trades([rows], types, START_MS)
    return quick, reduce_trades(trade_rows([rows]), types, START_MS)


def both_books(lines: list[str], *, neighbour: bool = False) -> tuple[Books | None, Books]:
    rows, _ = piece(Stream.DEPTH20, lines, neighbour=neighbour)
    return usual_books([rows], START_MS), reduce_books(book_rows([rows]), START_MS)


def amounts(reduced: Trades | Books) -> dict[str, list[int | None]]:
    """Return the decimals of the seconds, whatever their layout."""
    names = TRADE_DECIMALS if isinstance(reduced, Trades) else BOOK_DECIMALS
    return {name: reduced.scales.limbs.integers(reduced.seconds, name) for name in names}


# --- usual rows ---------------------------------------------------------------------------------

steps = st.sampled_from([0, 0, 1, 80, 999, 1_000, 2_001, 7_000])
starts = st.sampled_from([-3_000, -1, 0, 500, DAY_MS - 5_000])
prices = st.sampled_from(["100.5", "100.25", "99", "0", "-3", "0.001"])
some_trades = st.lists(
    st.tuples(
        steps, st.integers(1, 3), prices, st.sampled_from(["1", "0.5", "0", "-1"]),
        st.fixed_dictionaries({
            "maker": st.sampled_from(["true", "false"]),
            "kind": st.sampled_from(["MARKET", "RPI", "", "NA", "UNPUBLISHED", "LIQUIDATION"]),
        }),
    ),
    min_size=1, max_size=30,
)  # fmt: skip
some_books = st.lists(
    st.tuples(
        steps, st.integers(1, 3), st.sampled_from(["99", "98.5", "0.1"]),
        st.sampled_from(["99.5", "101", "12345"]), st.sampled_from(["11", "13", "91000", "10.001"]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


def rising(rows: list[Any], start: int) -> list[Any]:
    """Return rows with times and ids in place of the steps to them."""
    ms, id, placed = start, 0, []
    for step, rise, *rest in rows:
        ms, id = ms + step, id + rise
        placed.append((ms, id, *rest))
    return placed


@given(some_trades, starts, st.booleans())
def test_usual_trades_give_what_a_query_would(rows: list[Any], start: int, neighbour: bool) -> None:
    lines = [trade(*row, **more) for *row, more in rising(rows, start)]
    quick, slow = both_trades(lines, neighbour=neighbour)

    assert quick
    assert facts(slow) == facts(quick)


@given(some_books, starts, st.booleans())
def test_usual_books_give_what_a_query_would(rows: list[Any], start: int, neighbour: bool) -> None:
    quick, slow = both_books([book(*row) for row in rising(rows, start)], neighbour=neighbour)

    assert quick
    assert facts(slow) == facts(quick)


def test_the_price_before_is_that_of_the_last_counted_trade_before_the_day() -> None:
    quick, slow = both_trades(
        [
            trade(-9, 1, "101"),
            trade(-8, 2, "103"),
            trade(-7, 3, "0"),
            trade(-6, 4, "102", "0"),
            trade(-5, 5, "99", kind="INSURANCE_FUND"),
            trade(0, 6, "200"),
        ]
    )

    assert quick
    assert {"price": 103} == quick.before
    assert facts(slow) == facts(quick)


def test_types_that_are_left_out_are_named_in_order() -> None:
    kinds = ("NA", "OTHER", "", "MARKET", "ANOTHER", "NA")
    quick, slow = both_trades([trade(n, n, kind=kind) for n, kind in enumerate(kinds)])

    assert quick
    assert [("ANOTHER", 1), ("NA", 2), ("OTHER", 1)] == [*quick.counts.left_out.items()]
    assert facts(slow) == facts(quick)


def test_rows_that_are_reduced_are_held_no_more() -> None:
    rows, types = piece(Stream.TRADES, [trade(0, 1)])
    books, _ = piece(Stream.DEPTH20, [book(0, 1)])
    trades_read, books_read = [rows], [books]

    assert usual_trades(trades_read, types, START_MS)
    assert usual_books(books_read, START_MS)
    assert [] == trades_read == books_read


# --- rows that are not --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [trade(0, "")],
        [trade(0, 1), trade(0, ""), trade(0, 2)],
        [trade(0, 1), trade(0, 1)],
        [trade(0, 2), trade(1, 1)],
        [trade(1, 1), trade(0, 2)],
        [trade(0, 1, "0." + "0" * 101 + "1")],
        [trade(0, 1, LONGEST, "0.1"), trade(0, 2, "0.1")],
        [trade(0, n, size=LONGEST[:-1]) for n in range(1, 8)],
        [trade(0, 1, LONGEST, LONGEST)],
        [trade(0, n, LONGEST[:9], LONGEST[:9]) for n in range(1, 3)],
    ],
)
def test_unusual_trades_are_left_where_they_are(lines: list[str]) -> None:
    rows, types = piece(Stream.TRADES, lines)
    read = [rows]

    assert None is usual_trades(read, types, START_MS)
    assert [rows] == read


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [book(0, "")],
        [book(0, 1), book(0, 1)],
        [book(0, 2), book(1, 1)],
        [book(1, 1), book(0, 2)],
        [book(0, 1, bid="101", ask="99")],
        [f'{START_MS},"[[9,1],[8,1]]","[[12,1],[11,1]]",1\n'],
        [book(0, 1), book(0, 2, sizes="00")],
        [book(0, 1, bid=LONGEST[:-2], ask=LONGEST[:-1])],
        [book(0, 1, sizes="1" + LONGEST[:17])],
        [book(0, n, bid=LONGEST[:14], ask="1" + "0" * 14) for n in range(1, 99)],
    ],
)
def test_unusual_books_are_left_where_they_are(lines: list[str]) -> None:
    rows, _ = piece(Stream.DEPTH20, lines)
    read = [rows]

    assert None is usual_books(read, START_MS)
    assert [rows] == read


def test_pieces_that_stand_among_each_other_are_left_where_they_are() -> None:
    (one, types), (other, _) = (piece(Stream.TRADES, [trade(n, n)]) for n in (1, 2))
    (book_one, _), (book_other, _) = (piece(Stream.DEPTH20, [book(n, n)]) for n in (1, 2))

    assert None is usual_trades([one, other], types, START_MS)
    assert None is usual_books([book_one, book_other], START_MS)


def test_a_ratio_that_would_lose_bits_in_two_parts_is_unusual() -> None:
    small, smaller = (both_books([book(0, 1, sizes=f"1{2**n - 1}")])[0] for n in (28, 29))

    assert small
    assert None is smaller


# --- whatever they are --------------------------------------------------------------------------

times = st.integers(0, 3_000) | st.integers(-500, DAY_MS + 500)
ids = st.integers(1, 12) | st.just("")
numbers = st.sampled_from(["100", "0.5", "0", "99.125", LONGEST, LONGEST[:9], "0." + LONGEST[:-1]])
any_trades = st.lists(st.builds(trade, times, ids, numbers, numbers), max_size=12)
any_books = st.lists(
    st.builds(
        book, times, ids, st.sampled_from(["99", "0.000001", LONGEST[:12]]),
        st.sampled_from(["101", "99.000001", LONGEST[:13], LONGEST[:15]]),
        st.sampled_from(["11", "19" + "0" * 9, "1" + LONGEST[:15], "1" + LONGEST[:16]]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60)
@given(any_trades, any_books)
def test_what_is_taken_for_usual_gives_what_a_query_would(
    trades: list[str], books: list[str]
) -> None:
    for quick, slow in (both_trades(trades), both_books(books)):
        if quick and slow.scales.limbs.narrow:
            assert facts(slow) == facts(quick)
        elif quick:
            # Rows of other days need wide columns there, and none here.
            assert amounts(slow) == amounts(quick)
