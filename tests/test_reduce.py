"""A day's rows become seconds and counts; pieces and double rows change nothing of them."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import reduce
from aggregator.columns import RawRows
from aggregator.decode import Decoder
from aggregator.edges import Edges
from aggregator.reduce import Books, Trades, reduce_books, reduce_trades
from aggregator.rows import Piece, book_rows, trade_rows
from aggregator.stretches import BookStretches, IdStretches
from lake.layout import ChunkKey, Format, Stream
from tests.spellings import DAY, START_MS

TRADES = "timestamp,price,quantity,is_buyer_maker,trade_id,trade_type,received_ns\n"
BOOKS = "timestamp,bids,asks,update_id\n"
DAY_MS = 86_400_000


def trade(
    ms: int,
    id: int | str = "",
    price: str = "100.5",
    kind: str = "MARKET",
    received: int | str = "",
) -> str:
    return f"{START_MS + ms},{price},2,true,{id},{kind},{received}\n"


def book(ms: int, id: int | str = "", bid: str = "99", ask: str = "101") -> str:
    return f'{START_MS + ms},"[[{bid},1]]","[[{ask},3]]",{id}\n'


def raw_rows(decoder: Decoder, lines: list[str]) -> RawRows:
    """Return the rows of one chunk of the decoder's stream."""
    key = ChunkKey(decoder.stream, "TESTUSDT", DAY, 0, "k3v9", Format.PLAIN)
    head = TRADES if decoder.stream is Stream.TRADES else BOOKS
    rows, _ = decoder.decode([(key, (head + "".join(lines)).encode())])
    return rows


def pieces(decoder: Decoder, own: list[str], neighbour: list[str]) -> list[Piece]:
    """Return the rows of a chunk of the day before, and of one of the day."""
    return [
        Piece(raw_rows(decoder, lines), neighbour=is_neighbour)
        for lines, is_neighbour in ((neighbour, True), (own, False))
    ]


def trades_of(own: list[str], neighbour: list[str] | None = None) -> Trades:
    """Reduce the rows of a chunk of the day, and of one of the day before."""
    decoder = Decoder(Stream.TRADES)
    rows = trade_rows(pieces(decoder, own, neighbour or []))
    return reduce_trades(rows, decoder.types.names, START_MS)


def books_of(own: list[str], neighbour: list[str] | None = None) -> Books:
    return reduce_books(book_rows(pieces(Decoder(Stream.DEPTH20), own, neighbour or [])), START_MS)


def facts(reduced: Trades | Books) -> list[Any]:
    """Return everything that is known, in a form that can be compared."""
    return [_plain(getattr(reduced, field.name)) for field in fields(reduced)]


def _plain(value: Any) -> Any:
    if isinstance(value, IdStretches | BookStretches):
        return [getattr(value, field.name).tolist() for field in fields(value)]
    return (value.schema, value.to_dicts()) if hasattr(value, "to_dicts") else value


# --- counts -------------------------------------------------------------------------------------


def test_trades_of_the_day_are_counted_by_what_became_of_them() -> None:
    counts = trades_of(
        [
            trade(0, 11, received=2),
            trade(5, 11, received=3),
            trade(6, 12, price="0", kind="NA"),
            trade(7, 13, kind="LIQUIDATION"),
            trade(8, price="0"),
            trade(DAY_MS - 1, 14),
            trade(DAY_MS, 15),
        ],
        [trade(-1, 9), trade(1, 10)],
    ).counts

    assert (7, 3, 1, 1) == (counts.rows, counts.kept, counts.duplicates, counts.conflicts)
    assert {"LIQUIDATION": 1, "MARKET": 1, "NA": 1} == counts.left_out
    assert (1, 1) == (counts.without_id, counts.late)
    assert (10, 14) == (counts.first_id, counts.last_id)


def test_snapshots_of_the_day_are_counted_by_what_became_of_them() -> None:
    counts = books_of(
        [
            book(0, 1),
            book(5, 1),
            book(6, 2, bid="101"),
            book(7, 3, ask="-101"),
            book(8, 4, bid="101"),
            book(-5, 5, bid="101"),
            book(9),
            book(9),
        ],
        [book(10, 6), book(DAY_MS, 7)],
    ).counts

    assert (8, 3, 2, 0) == (counts.rows, counts.kept, counts.duplicates, counts.conflicts)
    assert {"crossed": 2, "not_positive": 1} == counts.left_out
    assert (2, 1) == (counts.without_id, counts.late)


def test_a_wrong_snapshot_gives_way_to_a_right_one_of_its_id() -> None:
    books = books_of([book(0, 1, bid="101"), book(0, 1)])

    assert [1] == books.seconds["snapshot_count"].to_list()
    assert 0 == books.counts.duplicates


def test_nothing_read_is_nothing_known() -> None:
    trades, books = trades_of([]), books_of([])

    assert None is trades.edges is books.edges
    assert not trades.any_id
    assert (0, None, None) == (trades.counts.rows, trades.counts.first_id, trades.counts.last_id)
    assert {} == trades.before


def test_rows_of_other_days_are_rows_read() -> None:
    trades, books = trades_of([], [trade(-5, 7)]), books_of([], [book(-5)])

    assert Edges(START_MS - 5, START_MS - 5, 7, 7, all_ids=True) == trades.edges
    assert Edges(START_MS - 5, START_MS - 5, None, None, all_ids=False) == books.edges
    assert trades.any_id
    assert 0 == len(trades.seconds) == len(books.seconds)


def test_rows_without_ids_leave_no_id_to_speak_of() -> None:
    assert not trades_of([trade(0)]).any_id
    assert trades_of([trade(0), trade(1, 5)]).any_id


# --- the price before the day -------------------------------------------------------------------


def test_the_price_before_is_that_of_the_last_counted_trade() -> None:
    trades = trades_of(
        [trade(0, 15, price="200")],
        [
            trade(-2, 13, price="103"),
            trade(-2, 12, price="102"),
            trade(-9, 11, price="101"),
            trade(-1, 14, price="0", kind="NA"),
            trade(-1, 16, price="999", kind="INSURANCE_FUND"),
        ],
    )

    assert {"price": 103} == trades.before


def test_a_wide_price_before_is_exact() -> None:
    trades = trades_of(
        [trade(0, 2, price="0.000000000000000001")], [trade(-1, 1, price="98765432109")]
    )

    assert not trades.scales.limbs.narrow
    total = sum(value * 10 ** (9 * place) for place, value in enumerate(trades.before.values()))
    assert 98765432109 * 10**trades.scales.price == total


# --- holes, stretches ---------------------------------------------------------------------------


def test_holes_are_found_among_all_rows_read_also_excluded_ones() -> None:
    trades = trades_of(
        [trade(10, 5), trade(20, 6, price="0", kind="NA"), trade(30, 9)], [trade(-9, 3)]
    )

    holes = trades.stretches.holes()
    assert [4, 7] == holes.first_id.tolist()
    assert [4, 8] == holes.last_id.tolist()
    assert [(START_MS + 11, START_MS + 20)] == trades.stretches.seen().pairs()


def test_only_used_snapshots_make_stretches() -> None:
    books = books_of([book(0), book(1_500, bid="101"), book(2_000), book(4_001)], [book(-2_000)])

    assert [(START_MS - 2_000, START_MS + 2_000)] == books.stretches.seen().pairs()


# --- pieces and doubles -------------------------------------------------------------------------

times = st.integers(0, 4_000) | st.integers(-500, DAY_MS + 500)
ids = st.integers(1, 12) | st.just("")
some_trades = st.lists(
    st.builds(
        trade, times, ids, st.sampled_from(["100", "0.5", "0", "99.125", "123456789012345678"]),
        st.sampled_from(["MARKET", "", "NA", "UNPUBLISHED"]), st.integers(1, 5),
    ),
    min_size=1, max_size=20,
)  # fmt: skip
some_books = st.lists(
    st.builds(book, times, ids, st.sampled_from(["99", "98.5", "101", "0.000001"]), st.just("101")),
    min_size=1,
    max_size=20,
)


@settings(max_examples=40)
@given(some_trades, some_books, st.sampled_from([1, 2, 3, 7]))
def test_reduced_piece_by_piece_a_day_is_the_same(
    trades: list[str], books: list[str], size: int
) -> None:
    whole = facts(trades_of(trades)), facts(books_of(books))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduce, "_PIECE", size)
        in_pieces = facts(trades_of(trades)), facts(books_of(books))

    assert whole == in_pieces
