"""Which of several rows is kept, what it takes from the others, and in which order rows stand."""

from dataclasses import dataclass, replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.clean import Cleaned, clean_books, clean_trades, is_counted
from aggregator.numerals import NEVER_RECEIVED

TYPES = ["", "MARKET", "RPI", "UNPUBLISHED", "NA", "LIQUIDATION"]
SEEN = 1_000


@dataclass(frozen=True)
class Trade:
    """One row as it was read; `note` tells it from its twins."""

    note: str
    timestamp: int = 5
    id: int | None = 1
    received_ns: int = SEEN
    kind: str = "MARKET"
    taker_buy: bool = True
    price: int = 100
    quantity: int = 7


def frame(*trades: Trade) -> pl.DataFrame:
    """Return a narrow frame; price, as an additional column, carries the note."""
    return pl.DataFrame(
        {
            "timestamp": [trade.timestamp for trade in trades],
            "id": pl.Series([trade.id for trade in trades], dtype=pl.Int64),
            "received_ns": [trade.received_ns for trade in trades],
            "code": pl.Series([TYPES.index(trade.kind) for trade in trades], dtype=pl.UInt8),
            "taker_buy": [trade.taker_buy for trade in trades],
            "price": [trade.price for trade in trades],
            "quantity": [trade.quantity for trade in trades],
            "note": [trade.note for trade in trades],
        },
        schema_overrides={"timestamp": pl.Int64, "received_ns": pl.Int64},
    )


def clean(*trades: Trade) -> Cleaned:
    return clean_trades(frame(*trades), TYPES, ["price", "quantity"])


def kept(*trades: Trade) -> list[str]:
    return clean(*trades).kept["note"].to_list()


def kinds(*trades: Trade) -> list[str]:
    return [TYPES[code] for code in clean(*trades).kept["code"]]


def conflicts(*trades: Trade) -> list[bool]:
    return clean(*trades).dropped["conflict"].to_list()


# --- which trade is kept ------------------------------------------------------------------------


def test_the_first_received_of_a_trade_is_kept() -> None:
    early, late = Trade("early", received_ns=SEEN), Trade("late", received_ns=SEEN + 1)

    assert ["early"] == kept(late, early)
    assert ["early"] == kept(early, late)


def test_rows_without_a_receive_time_come_last() -> None:
    imported = Trade("imported", received_ns=NEVER_RECEIVED)

    assert ["live"] == kept(imported, Trade("live", received_ns=2**62))


def test_of_rows_received_at_the_same_time_the_first_read_is_kept() -> None:
    assert ["a"] == kept(Trade("a"), Trade("b"), Trade("c"))
    assert ["b"] == kept(*(Trade(note, received_ns=NEVER_RECEIVED) for note in "bac"))


def test_an_unpublished_row_yields_to_any_other() -> None:
    nothing = Trade("nothing", kind="UNPUBLISHED", received_ns=0, price=0, quantity=0)
    imported = Trade("imported", kind="", received_ns=NEVER_RECEIVED)

    assert ["imported"] == kept(nothing, imported)
    assert ["nothing"] == kept(nothing, replace(nothing, note="b", received_ns=5))


def test_rows_of_different_ids_or_without_one_are_all_kept() -> None:
    rows = [Trade("a", id=1), Trade("b", id=2), Trade("c", id=None), Trade("d", id=None)]

    assert ["a", "b", "c", "d"] == kept(*rows)
    assert 0 == len(clean(*rows).dropped)


@pytest.mark.parametrize("id", [0, -1, 2**63 - 1, -(2**63)])
def test_ids_at_the_ends_of_64_bits_are_ids(id: int) -> None:
    assert ["a"] == kept(Trade("a", id=id), Trade("b", id=id))


# --- the type of a trade ------------------------------------------------------------------------


def test_a_trade_without_a_type_takes_the_first_of_the_others() -> None:
    rows = [
        Trade("imported", kind="", received_ns=1),
        Trade("b", kind="", received_ns=2),
        Trade("c", kind="RPI", received_ns=3),
        Trade("d", kind="MARKET", received_ns=4),
    ]

    assert ["imported"] == kept(*rows[::-1])
    assert ["RPI"] == kinds(*rows)


def test_a_type_of_its_own_stays() -> None:
    rows = (Trade("a", kind="MARKET", received_ns=1), Trade("b", kind="RPI", received_ns=2))

    assert ["MARKET"] == kinds(*rows)


def test_that_an_id_was_never_published_is_no_type_to_take() -> None:
    nothing = Trade("nothing", kind="UNPUBLISHED", received_ns=1)

    assert [""] == kinds(nothing, Trade("a", kind="", received_ns=2))


def test_no_trade_takes_the_type_of_another() -> None:
    rows = (
        Trade("a", id=1, kind=""),
        Trade("a2", id=1, kind=""),
        Trade("b", id=2, kind="RPI"),
        Trade("b2", id=2, kind="MARKET", received_ns=SEEN + 1),
        Trade("c", id=None, kind=""),
    )

    assert ["", "RPI", ""] == kinds(*rows)


# --- conflicts ----------------------------------------------------------------------------------


def test_equal_rows_are_no_conflict() -> None:
    assert [False, False] == conflicts(Trade("a"), Trade("b"), Trade("c"))


@pytest.mark.parametrize(
    "other",
    [
        Trade("b", timestamp=6),
        Trade("b", taker_buy=False),
        Trade("b", price=101),
        Trade("b", quantity=8),
        Trade("b", kind="RPI"),
        Trade("b", kind="NA"),
    ],
)
def test_rows_that_differ_are_conflicts(other: Trade) -> None:
    assert [True] == conflicts(Trade("a"), replace(other, received_ns=SEEN + 1))


def test_a_type_conflicts_only_with_another_type() -> None:
    assert [False] == conflicts(Trade("a"), Trade("b", kind=""))
    assert [False, False] == conflicts(Trade("a", kind=""), Trade("b"), Trade("c"))
    # The first of the others' types was taken; the second is another.
    assert [False, True] == conflicts(Trade("a", kind=""), Trade("b"), Trade("c", kind="RPI"))


def test_an_unpublished_row_is_never_a_conflict() -> None:
    nothing = Trade("n", timestamp=3, kind="UNPUBLISHED", price=0, quantity=0, taker_buy=False)

    assert [False] == conflicts(nothing, Trade("a"))
    assert [False] == conflicts(nothing, replace(nothing, note="m", timestamp=4))


def test_dropped_rows_have_their_own_timestamps() -> None:
    rows = clean(Trade("a", timestamp=5), Trade("b", timestamp=9, received_ns=SEEN + 1))

    assert [(9, True)] == rows.dropped.rows()


# --- the order of trades ------------------------------------------------------------------------


def test_trades_stand_by_timestamp_then_id_then_as_they_were_read() -> None:
    rows = [
        Trade("f", timestamp=6, id=1),
        Trade("c", timestamp=5, id=None),
        Trade("b", timestamp=5, id=9),
        Trade("d", timestamp=5, id=None),
        Trade("a", timestamp=5, id=8),
        Trade("e", timestamp=5, id=None),
    ]

    assert list("abcdef") == kept(*rows)


def test_rows_that_are_clean_already_are_left_as_they_are() -> None:
    rows = frame(Trade("a", timestamp=5, id=1), Trade("b", timestamp=5, id=2), Trade("c", 7, 9))

    assert clean_trades(rows, TYPES, ["price", "quantity"]).kept is rows


def test_no_rows_are_clean() -> None:
    cleaned = clean()

    assert (0, 0) == (len(cleaned.kept), len(cleaned.dropped))


few = st.integers(0, 3)
rows_of_trades = st.lists(
    st.builds(
        Trade,
        note=st.text("abc", min_size=1, max_size=3),
        timestamp=few,
        id=st.none() | few,
        received_ns=few | st.just(NEVER_RECEIVED),
        kind=st.sampled_from(TYPES),
        taker_buy=st.booleans(),
        price=few,
        quantity=few,
    ),
    max_size=12,
)


@given(rows_of_trades)
def test_one_row_of_each_id_is_kept_and_every_other_is_counted(trades: list[Trade]) -> None:
    cleaned = clean(*trades)

    ids = cleaned.kept["id"].drop_nulls().to_list()
    assert sorted({trade.id for trade in trades if trade.id is not None}) == sorted(ids)
    assert sum(trade.id is None for trade in trades) == cleaned.kept["id"].null_count()
    assert len(trades) == len(cleaned.kept) + len(cleaned.dropped)


@given(rows_of_trades, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_with_different_receive_times_are_read_changes_nothing(
    trades: list[Trade], random: object
) -> None:
    distinct = [
        replace(trade, received_ns=n, id=trade.id or 0, note=str(n))
        for n, trade in enumerate(trades)
    ]
    shuffled = [*distinct]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    one, other = clean(*distinct), clean(*shuffled)

    assert one.kept.equals(other.kept)
    assert one.dropped.sort("timestamp", "conflict").equals(
        other.dropped.sort("timestamp", "conflict")
    )


# --- which trades count -------------------------------------------------------------------------


def test_market_and_rpi_trades_and_those_without_a_type_count() -> None:
    rows = frame(*(Trade(kind, id=n, kind=kind) for n, kind in enumerate(TYPES)))
    positive = rows.with_columns(positive=pl.lit(value=True))

    assert ["", "MARKET", "RPI"] == positive.filter(is_counted(TYPES))["note"].to_list()


def test_a_trade_without_price_or_quantity_does_not_count() -> None:
    rows = frame(Trade("a")).with_columns(positive=pl.lit(value=False))

    assert 0 == len(rows.filter(is_counted(TYPES)))


# --- snapshots ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """One valid snapshot; `text` stands for its bids and asks."""

    note: str
    timestamp: int = 5
    id: int | None = 1
    received_ns: int = SEEN
    text: int = 0


def books(*rows: Book, hashes: bool = True) -> Cleaned:
    columns = {
        "timestamp": pl.Series([row.timestamp for row in rows], dtype=pl.Int64),
        "id": pl.Series([row.id for row in rows], dtype=pl.Int64),
        "received_ns": pl.Series([row.received_ns for row in rows], dtype=pl.Int64),
        "note": pl.Series([row.note for row in rows], dtype=pl.String),
    }
    if hashes:
        for n, sign in enumerate((1, -1)):
            texts = [sign * row.text for row in rows]
            columns[f"hash{n}"] = pl.Series(texts, dtype=pl.Int64)
    return clean_books(pl.DataFrame(columns))


def kept_books(*rows: Book) -> list[str]:
    return books(*rows).kept["note"].to_list()


def test_the_first_received_of_an_update_is_kept() -> None:
    early, late = Book("early", received_ns=1, timestamp=9), Book("late", received_ns=2)

    assert ["early"] == kept_books(late, early)
    assert [(5, False)] == books(late, early).dropped.rows()
    assert ["live"] == kept_books(Book("import", received_ns=NEVER_RECEIVED), Book("live"))
    assert ["a"] == kept_books(Book("a"), Book("b"))


def test_snapshots_without_id_are_one_only_if_time_and_text_are_the_same() -> None:
    rows = [
        Book("a", id=None, text=1),
        Book("b", id=None, text=2),
        Book("c", id=None, text=1, timestamp=6),
        Book("d", id=None, text=1, received_ns=SEEN - 1),
    ]

    assert ["b", "d", "c"] == kept_books(*rows)


def test_a_snapshot_with_id_is_no_twin_of_one_without() -> None:
    assert ["a", "b"] == kept_books(Book("b", id=None, text=1), Book("a", id=7, text=1))


def test_snapshots_stand_by_timestamp_then_update_then_as_they_were_read() -> None:
    rows = [
        Book("e", timestamp=6, id=1),
        Book("c", timestamp=5, id=None, text=1),
        Book("b", timestamp=5, id=9),
        Book("d", timestamp=5, id=None, text=2),
        Book("a", timestamp=5, id=8),
    ]

    assert list("abcde") == kept_books(*rows)


def test_snapshots_that_all_have_ids_need_no_hashes() -> None:
    assert ["a", "b"] == books(Book("b", id=2), Book("a", id=1), hashes=False).kept[
        "note"
    ].to_list()


def test_no_snapshots_are_clean() -> None:
    assert (0, 0) == (len(books().kept), len(books().dropped))
