"""A day reduced in parts says what it says reduced all at once, wherever it is cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from aggregator.book import share_names
from aggregator.day import build
from aggregator.decode import Decoder
from aggregator.edges import overlapping
from aggregator.exact import LIMIT
from aggregator.inputs import NO_TESTIMONY
from aggregator.parts import joined_books, joined_trades
from aggregator.reduce import Books, Trades, reduce_books, reduce_trades
from aggregator.resolutions import Resolution
from aggregator.rows import MEAN_QUANTITIES, RATIOS, Piece, book_rows, trade_rows
from lake.layout import Stream
from tests.spellings import DAY, START_MS
from tests.test_reduce import DAY_MS, raw_rows

# --- a day, all at once and in parts ------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Rows of neighbouring chunks, of the day or of the day before."""

    lines: list[str]
    neighbour: bool = False


def reduced_trades(decoder: Decoder, batches: Sequence[Batch]) -> Trades:
    """Reduce the rows of all batches at once."""
    rows = trade_rows(_pieces(decoder, batches))
    return reduce_trades(rows, decoder.types.names, START_MS)


def reduced_books(decoder: Decoder, batches: Sequence[Batch]) -> Books:
    """Reduce the rows of all batches at once."""
    return reduce_books(book_rows(_pieces(decoder, batches)), START_MS)


def _pieces(decoder: Decoder, batches: Sequence[Batch]) -> list[Piece]:
    return [Piece(raw_rows(decoder, batch.lines), batch.neighbour) for batch in batches]


def trades_of(batches: Sequence[Batch]) -> Trades:
    return reduced_trades(Decoder(Stream.TRADES), batches)


def books_of(batches: Sequence[Batch]) -> Books:
    return reduced_books(Decoder(Stream.DEPTH20), batches)


def parts_of_trades(batches: Sequence[Batch]) -> list[Trades]:
    """Reduce each batch by itself, and those together that overlap."""
    decoder = Decoder(Stream.TRADES)
    groups = overlapping([reduced_trades(decoder, [batch]).edges for batch in batches])
    return [reduced_trades(decoder, [batches[place] for place in group]) for group in groups]


def parts_of_books(batches: Sequence[Batch]) -> list[Books]:
    """Reduce each batch by itself, and those together that overlap."""
    decoder = Decoder(Stream.DEPTH20)
    groups = overlapping([reduced_books(decoder, [batch]).edges for batch in batches])
    return [reduced_books(decoder, [batches[place] for place in group]) for group in groups]


def facts(part: Trades | Books) -> dict[str, Any]:
    """Return all that is known of a stream, however its decimals are laid out."""
    own = _trade_facts(part) if isinstance(part, Trades) else _book_facts(part)
    stretches = [column.tolist() for column in vars(part.stretches).values()]
    return {**own, "stretches": stretches, "counts": part.counts, "edges": part.edges}


def _trade_facts(trades: Trades) -> dict[str, Any]:
    scales, before = trades.scales, [*trades.before.values()]
    whole = sum(limb * 10 ** (9 * place) for place, limb in enumerate(before))
    return {
        "before": Fraction(whole, 10**scales.price) if before else None,
        **_values(trades, ("open", "high", "low", "close"), scales.price),
        **_values(trades, ("vol_buy", "vol_sell", "max_trade_qty"), scales.quantity),
        **_values(trades, ("quote_volume",), scales.price + scales.quantity),
        **_whole_numbers(trades, ("bar", "trade_count_buy", "trade_count_sell")),
    }


def _book_facts(books: Books) -> dict[str, Any]:
    return {
        **_values(books, ("spread", "min_spread", "max_spread"), books.scales.price),
        **_values(books, ("mid",), books.scales.price + 1),
        **_values(books, MEAN_QUANTITIES, books.scales.quantity),
        **_whole_numbers(books, ("bar", "snapshot_count")),
        **{name: _ratio_sums(books, name) for name in RATIOS},
    }


def _values(part: Trades | Books, names: Sequence[str], scale: int) -> dict[str, Any]:
    columns = {name: part.scales.limbs.integers(part.seconds, name) for name in names}
    return {
        name: [Fraction(units, 10**scale) for units in column if units is not None]
        for name, column in columns.items()
    }


def _whole_numbers(part: Trades | Books, names: Sequence[str]) -> dict[str, Any]:
    return {name: part.seconds[name].to_list() for name in names}


def _ratio_sums(books: Books, name: str) -> list[Fraction]:
    """Return the sums of a ratio exactly: into how many parts it was cut is no fact."""
    parts = sum(part.startswith(f"{name}/") for part in share_names(books.seconds))
    cut = [books.seconds[f"{name}/{place}"].to_list() for place in range(parts)]
    return [
        sum((Fraction(part, 2 ** (40 * place)) for place, part in enumerate(row, 1)), Fraction(0))
        for row in zip(*cut, strict=True)
    ]


NO_TRADES, NO_BOOKS = trades_of([Batch([])]), books_of([Batch([])])
MINUTES = Resolution.parse("1m")


def file_of(part: Trades | Books) -> bytes:
    """Return the bars of the minutes of a day of one stream."""
    trades, books = (part, NO_BOOKS) if isinstance(part, Trades) else (NO_TRADES, part)
    return build(DAY, trades, books, NO_TESTIMONY, [MINUTES]).files[MINUTES]


def assert_same_trades(batches: Sequence[Batch]) -> list[Trades]:
    """Compare the trades all at once with their parts, and return these."""
    whole, parts = trades_of(batches), parts_of_trades(batches)
    joined = joined_trades(parts)

    assert facts(whole) == facts(joined)
    assert file_of(whole) == file_of(joined)
    return parts


def assert_same_books(batches: Sequence[Batch]) -> list[Books]:
    """Compare the snapshots all at once with their parts, and return these."""
    whole, parts = books_of(batches), parts_of_books(batches)
    joined = joined_books(parts)

    assert facts(whole) == facts(joined)
    assert file_of(whole) == file_of(joined)
    return parts


# --- what a day may be like ---------------------------------------------------------------------


def trade(
    ms: int, id: int | None, price: str = "100.5", quantity: str = "2", kind: str = "MARKET",
    buys: bool = False,
) -> str:  # fmt: skip
    maker, named = "false" if buys else "true", "" if id is None else id
    return f"{START_MS + ms},{price},{quantity},{maker},{named},{kind},\n"


def book(ms: int, id: int | None, prices: tuple[str, str], sizes: tuple[str, str]) -> str:
    (bid, ask), (bought, sold) = prices, sizes
    named = "" if id is None else id
    return f'{START_MS + ms},"[[{bid},{bought}]]","[[{ask},{sold}]]",{named}\n'


NUMBERS = {
    "usual": ("100.5", "99.25", "101", "100.5"),
    "fine": ("0.00000001", "0.00000312", "0.0000002"),
    "large": ("123456789012345678", "999999999999999999", "7"),
    "long": ("0." + "0" * 110 + "7", "0.5", "3"),
    "none": ("0",),
}
families = st.sampled_from(["usual", "usual", "usual", *NUMBERS])
kinds = st.sampled_from(["MARKET", "MARKET", "RPI", "", "NA", "UNPUBLISHED", "X"])
LADDERS = {
    "usual": ([("99.5", "100"), ("99.25", "99.75")], ["1", "2.5", "0.125"]),
    "fine": ([("0.00000001", "0.00000003")], ["0.00000001", "3"]),
    "large": ([("1", "123456789012345678"), ("99", "100")], ["123456789012345678", "1"]),
    "steep": ([("99.5", "100")], ["1", "0." + "0" * 15 + "1", "0." + "0" * 40 + "3"]),
    "wrong": ([("100", "99"), ("99", "100"), ("0", "100")], ["0", "1"]),
}
ladders = st.sampled_from(["usual", "usual", "usual", *LADDERS])
steps = st.tuples(st.sampled_from([0, 0, 1, 300, 1_000, 5_000]), st.sampled_from([1, 1, 1, 2, 9]))
Moment = tuple[int, int | None]


@st.composite
def moments(draw: st.DrawFn) -> list[Moment]:
    """Draw times and ids that rise; some days have late or double rows, or such without ids."""
    ms, id = draw(st.sampled_from([-3_000, 0, DAY_MS - 3_000])), draw(st.sampled_from([-4, 100]))
    found: list[Moment] = []
    for more_ms, more_ids in draw(st.lists(steps, max_size=14)):
        ms, id = ms + more_ms, id + more_ids
        found.append((ms, id))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 4]))):
        _disturb(draw, found)
    return found


def _disturb(draw: st.DrawFn, found: list[Moment]) -> None:
    place, other = (draw(st.integers(0, max(len(found) - 1, 0))) for _ in range(2))
    if not found:
        return
    match draw(st.sampled_from(["late", "double", "without id"])):
        case "late":
            found.insert(other, found.pop(place))
        case "double":
            found.insert(other, found[place])
        case _:
            found[place] = (found[place][0], None)


@st.composite
def cut_moments(draw: st.DrawFn) -> list[tuple[list[Moment], bool]]:
    """Draw the moments of a day cut anywhere, and whether each batch is of the day before."""
    found = draw(moments())
    cuts = sorted(draw(st.lists(st.integers(0, len(found)), max_size=5)))
    neighbours = draw(st.integers(0, 2))
    ranges = pairwise([0, *cuts, len(found)])
    return [(found[low:high], place < neighbours) for place, (low, high) in enumerate(ranges)]


@st.composite
def days_of_trades(draw: st.DrawFn) -> list[Batch]:
    """Draw a day in batches, each with numbers of one kind."""
    batches = []
    for rows, neighbour in draw(cut_moments()):
        prices, sizes = (st.sampled_from(NUMBERS[draw(families)]) for _ in range(2))
        lines = [
            trade(ms, id, draw(prices), draw(sizes), draw(kinds), draw(st.booleans()))
            for ms, id in rows
        ]
        batches.append(Batch(lines, neighbour))
    return batches


@st.composite
def days_of_books(draw: st.DrawFn) -> list[Batch]:
    """Draw a day in batches, each with numbers of one kind."""
    batches = []
    for rows, neighbour in draw(cut_moments()):
        ladder = LADDERS[draw(ladders)]
        prices, sizes = st.sampled_from(ladder[0]), st.sampled_from(ladder[1])
        lines = [book(ms, id, draw(prices), (draw(sizes), draw(sizes))) for ms, id in rows]
        batches.append(Batch(lines, neighbour))
    return batches


# --- joined as they are reduced all at once -----------------------------------------------------


@settings(max_examples=60)
@given(days_of_trades())
def test_trades_in_parts_are_the_trades_all_at_once(batches: list[Batch]) -> None:
    parts = assert_same_trades(batches)

    event(f"{len(batches)} batches in {len(parts)} parts")
    event(f"narrow: {sorted({part.scales.limbs.narrow for part in parts})}")


@settings(max_examples=60)
@given(days_of_books())
def test_snapshots_in_parts_are_the_snapshots_all_at_once(batches: list[Batch]) -> None:
    parts = assert_same_books(batches)

    event(f"{len(batches)} batches in {len(parts)} parts")
    event(f"narrow: {sorted({part.scales.limbs.narrow for part in parts})}")


def test_a_second_that_two_parts_share_is_made_from_both() -> None:
    batches = [
        Batch([trade(0, 1, "100", "1"), trade(100, 2, "107", "2", buys=True)]),
        Batch([trade(200, 3, "93", "5"), trade(999, 4, "101", "1"), trade(1_000, 5, "90")]),
    ]
    joined = joined_trades(parts_of_trades(batches))

    assert 2 == len(assert_same_trades(batches))
    assert [
        {"bar": 0, "open": 100, "high": 107, "low": 93, "close": 101, "vol_buy": 2, "vol_sell": 7,
         "quote_volume": 880, "max_trade_qty": 5, "trade_count_buy": 1, "trade_count_sell": 3},
        {"bar": 1, "open": 90, "high": 90, "low": 90, "close": 90, "vol_buy": 0, "vol_sell": 2,
         "quote_volume": 180, "max_trade_qty": 2, "trade_count_buy": 0, "trade_count_sell": 1},
    ] == joined.seconds.to_dicts()  # fmt: skip


def test_a_second_of_snapshots_that_two_parts_share_is_made_from_both() -> None:
    batches = [
        Batch([book(0, 1, ("99", "101"), ("1", "3"))]),
        Batch([book(900, 2, ("98", "101"), ("1", "1")), book(950, 3, ("98", "99"), ("7", "1"))]),
    ]
    second = facts(joined_books(parts_of_books(batches)))

    assert 2 == len(assert_same_books(batches))
    assert ([6], [1], [3]) == tuple(second[n] for n in ("spread", "min_spread", "max_spread"))
    assert ([0], [3], [98.5]) == (second["bar"], second["snapshot_count"], second["mid"])


@pytest.mark.parametrize(
    ("prices", "quantities"),
    [
        (("1.5", "2.25"), ("1", "1")),
        (("1.25", "2"), ("1", "0.0001")),
        (("1", "1.00000001"), ("0.001", "5")),
        (("123456789012345678", "0.01"), ("1", "1")),
    ],
)
def test_parts_of_any_decimals_are_joined_at_the_greatest(
    prices: tuple[str, str], quantities: tuple[str, str]
) -> None:
    rows = [*zip(prices, quantities, strict=True)]
    for one, other in (rows, rows[::-1]):
        for ms in (-5, 5):
            batches = [Batch([trade(ms, 1, *one)]), Batch([trade(1_000, 2, *other)])]

            assert 2 == len(assert_same_trades(batches))


def test_a_price_before_the_day_is_held_as_exactly_as_those_of_the_day() -> None:
    before = Batch([trade(-9, 1, "123456789012345678")], neighbour=True)
    fine = Batch([trade(0, 2, "0.00000000000000001", "1", kind="NA")])

    assert 2 == len(assert_same_trades([before, fine]))
    assert (
        Fraction(123456789012345678)
        == facts(joined_trades(parts_of_trades([before, fine])))["before"]
    )


def test_the_price_before_the_day_is_that_of_the_last_part_that_has_one() -> None:
    batches = [
        Batch([trade(-9, 1, "101")], neighbour=True), Batch([trade(-8, 2, "102")], neighbour=True),
        Batch([trade(-7, 3, "103", kind="NA")], neighbour=True), Batch([trade(0, 4, "104")]),
    ]  # fmt: skip

    assert 4 == len(assert_same_trades(batches))
    assert {"price": 102} == joined_trades(parts_of_trades(batches)).before


@pytest.mark.parametrize("narrow", [(True, False), (False, True), (False, False)])
def test_wide_and_narrow_parts_are_joined(narrow: tuple[bool, bool]) -> None:
    prices = [("100.5", "101") if each else ("99999999999.5", "0.0000000001") for each in narrow]
    trades = [Batch([trade(n * 10 + k, n * 10 + k, each[k], "3") for k in range(2)])
              for n, each in enumerate(prices, 1)]  # fmt: skip

    parts = assert_same_trades(trades)

    assert [*narrow] == [part.scales.limbs.narrow for part in parts]


@pytest.mark.parametrize("narrow", [(True, False), (False, True), (False, False)])
def test_wide_and_narrow_parts_of_snapshots_are_joined(narrow: tuple[bool, bool]) -> None:
    sizes = ["2.5" if each else "999999999999999999" for each in narrow]
    books = [
        Batch([book(n * 10 + k, n * 10 + k, ("99", "100"), (size, size)) for k in range(3)])
        for n, size in enumerate(sizes, 1)
    ]

    parts = assert_same_books(books)

    assert [*narrow] == [part.scales.limbs.narrow for part in parts]


def test_a_ratio_that_needs_three_parts_makes_those_of_other_parts_no_other() -> None:
    small = "0." + "0" * 15 + "1"
    batches = [
        Batch([book(0, 1, ("99", "100"), ("1", "3"))]),
        Batch([book(1, 2, ("99", "100"), (small, "3"))]),
        Batch([book(2, 3, ("99", "100"), ("5", "7"))]),
    ]

    parts = assert_same_books(batches)

    assert [2, 3, 2] == [len(share_names(part.seconds)) // len(RATIOS) for part in parts]


# --- sums that leave 64 bits only together ------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_sums_that_fit_each_part_are_exact_where_they_fit_all_no_more(count: int) -> None:
    # Four of these are narrow by themselves, two batches of them are not.
    quantity = str(LIMIT // 5)
    batches = [
        Batch([trade(n * 1_000 + k, n * 10 + k, "1", quantity, buys=k % 2 > 0) for k in range(4)])
        for n in range(1, count + 1)
    ]

    parts = assert_same_trades(batches)

    assert {True} == {part.scales.limbs.narrow for part in parts}
    assert (count == 1) == joined_trades(parts).scales.limbs.narrow


def test_what_is_bought_and_sold_fits_together_or_is_wide() -> None:
    quantity = str(LIMIT // 5 * 3)
    batches = [
        Batch([trade(0, 1, "0.1", quantity, buys=True)]),
        Batch([trade(1_000, 2, "0.1", quantity)]),
    ]

    parts = assert_same_trades(batches)

    assert {True} == {part.scales.limbs.narrow for part in parts}
    assert not joined_trades(parts).scales.limbs.narrow


def test_spreads_that_are_summed_in_each_part_are_exact_in_their_sum() -> None:
    # The mid of a second is its last one alone: small here, while its spreads are large. Those of
    # a minute do not fit even an unsigned number.
    wide, narrow = ("1", str(22 * 10**15)), ("1", "2")
    batches = [
        Batch(
            [book(n * 700 + k, n * 100 + k, wide, ("1", "1")) for k in range(10)]
            + [book(n * 700 + 10, n * 100 + 10, narrow, ("1", "1"))]
        )
        for n in range(85)
    ]

    parts = assert_same_books(batches)

    assert 85 == len(parts)
    assert {True} == {part.scales.limbs.narrow for part in parts}


# --- nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3])
def test_parts_without_rows_are_joined_to_nothing(count: int) -> None:
    batches = [Batch([])] * count

    assert count == len(assert_same_trades(batches)) == len(assert_same_books(batches))
    assert None is joined_trades(parts_of_trades(batches)).edges


def test_parts_without_rows_stand_anywhere_between_others() -> None:
    trades = [Batch([trade(n, n)]) for n in (1, 2)]
    books = [Batch([book(n, n, ("99", "100"), ("1", "1"))]) for n in (1, 2)]

    for place in range(3):
        for of_stream, compared in ((trades, assert_same_trades), (books, assert_same_books)):
            batches = [*of_stream[:place], Batch([]), *of_stream[place:]]
            assert 3 == len(compared(batches))


def test_one_part_is_the_day() -> None:
    trades, books = trades_of([Batch([trade(0, 1)])]), NO_BOOKS

    assert joined_trades([trades]) is trades
    assert joined_books([books]) is books
