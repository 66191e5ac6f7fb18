"""Out of the lake come all chunks of a day, in order, and as much of the day before as it needs."""

import gzip
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from aggregator.inputs import NO_TESTIMONY, InputChunk, Inputs
from aggregator.load import Loader, carry_chunks
from aggregator.reduce import Loaded, Trouble
from lake.layout import ChunkKey, Stream, raw_symbol_prefix
from lake.storage import LocalFolder
from tests.product import lake_of
from tests.spellings import DAY
from tests.test_reduce import BOOKS, TRADES, book, facts, trade

SYMBOL = "BTCUSDT"
BEFORE = DAY - timedelta(days=1)
MINUTE = 60_000
MARGIN = 10


def key(minute: int, day: date = DAY, run: str = "a", stream: Stream = Stream.TRADES) -> str:
    return str(ChunkKey(stream, SYMBOL, day, minute, run))


def packed(*lines: str, head: str = TRADES) -> bytes:
    return gzip.compress((head + "".join(lines)).encode())


def before(minute: int, price: str = "100", **fields: Any) -> str:
    """Return a trade of the day before, early in the minute."""
    return trade((minute - 1_440) * MINUTE, price=price, **fields)


def in_window(storage: LocalFolder, stream: Stream) -> tuple[InputChunk, ...]:
    """Return the chunks of the day and of the margin before it, in the order of their keys."""
    found = []
    for stat in storage.list(raw_symbol_prefix(stream, SYMBOL)):
        chunk = ChunkKey.parse(stat.key)
        if chunk and (chunk.date == DAY or chunk.minute >= 1_440 - MARGIN):
            found.append(InputChunk(chunk, stat))
    return tuple(found)


def load(
    objects: Mapping[str, bytes], threads: int = 1, advanced: list[int] | None = None
) -> Loaded:
    with lake_of(objects) as storage:
        inputs = Inputs(
            in_window(storage, Stream.TRADES), in_window(storage, Stream.DEPTH20), (), NO_TESTIMONY
        )
        told: list[int] = [] if advanced is None else advanced
        return Loader(storage, SYMBOL, DAY, MARGIN, threads, told.append).load(inputs)


# --- all chunks, in order -----------------------------------------------------------------------


def many_chunks() -> dict[str, bytes]:
    """Return chunks of which some rows have no id, so that their order tells."""
    chunks = {key(1_435, BEFORE): packed(before(1_435))}
    for minute in range(40):
        rows = [trade(minute * MINUTE + n // 2, price=f"{100 + n}.{minute}") for n in range(8)]
        chunks[key(minute, run="b")] = packed(*rows)
        chunks[key(minute, run="a")] = packed(*rows[::-1], "malformed\n")
        books = [book(minute * MINUTE + n * 500) for n in range(3)]
        chunks[key(minute, stream=Stream.DEPTH20)] = packed(*books, head=BOOKS)
    return chunks


def test_threads_change_nothing() -> None:
    chunks = many_chunks()

    alone = load(chunks, threads=1)

    for threads in (2, 4):
        together = load(chunks, threads)
        assert facts(alone.trades) == facts(together.trades)
        assert facts(alone.books) == facts(together.books)
        assert alone.troubles == together.troubles


def test_rows_at_one_time_without_ids_stand_by_key_then_by_row() -> None:
    loaded = load(
        {
            key(0, run="b"): packed(trade(5, price="3"), trade(5, price="4")),
            key(0, run="a"): packed(trade(5, price="1"), trade(5, price="2")),
        }
    )

    second = loaded.trades.seconds
    assert ([1], [4]) == (second["open"].to_list(), second["close"].to_list())


def test_every_chunk_that_is_done_is_told() -> None:
    advanced: list[int] = []

    load({key(n): packed(trade(n * MINUTE)) for n in range(5)} | {key(1_435, BEFORE): packed(
        before(1_435))}, advanced=advanced)  # fmt: skip

    assert 6 == sum(advanced)


def test_what_is_set_aside_is_named_by_chunk_in_the_order_of_keys() -> None:
    loaded = load(
        {
            key(2): b"no gzip",
            key(1): packed(trade(0), "x\n"),
            key(0, stream=Stream.DEPTH20): packed("x\n", head=BOOKS),
            key(3): gzip.compress(b"a,b\n"),
            key(1_439, BEFORE): packed(before(1_439)),
        }
    )

    assert [key(0, stream=Stream.DEPTH20), key(1), key(2), key(3)] == [
        t.key for t in loaded.troubles
    ]
    assert [1, 1, 0, 0] == [len(trouble.faults.set_aside) for trouble in loaded.troubles]
    assert [None, None, "corrupt", "columns"] == [trouble.faults.unusable for trouble in loaded.troubles]


def test_a_day_of_nothing_but_corrupt_chunks_is_loaded() -> None:
    loaded = load({key(0): b"?", key(0, stream=Stream.DEPTH20): b"?"})

    assert 2 == len(loaded.troubles)
    assert not loaded.trades.any_row
    assert not loaded.books.any_row


# --- the price before the day -------------------------------------------------------------------


def carried(loaded: Loaded) -> tuple[int | None, float | None, list[int]]:
    """Return where the carry starts, the price before the day, and the minutes that were read."""
    earlier = [chunk.key.minute for chunk in loaded.inputs.trades if chunk.key.date == BEFORE]
    prices = [units / 10**loaded.trades.scales.price for units in loaded.trades.before.values()]
    return loaded.inputs.carry, prices[0] if prices else None, earlier


def test_a_price_in_the_margin_needs_no_carry() -> None:
    chunks = {key(1_400, BEFORE): packed(before(1_400, "1")), key(0): packed(trade(0))}
    in_margin = {key(1_431, BEFORE): packed(before(1_431, "7"))}
    in_own_chunk = {key(0, run="b"): packed(trade(-1, price="7"))}

    for more in (in_margin, in_own_chunk):
        assert (None, 7) == carried(load(chunks | more))[:2]


def test_the_carry_is_read_backwards_to_the_last_minute_that_counts() -> None:
    chunks = {
        key(minute, BEFORE, run): packed(before(minute, str(minute), id=minute))
        for minute in (1_000, 1_195, 1_196, 1_199, 1_200)
        for run in ("a", "b")
    }
    later = {
        key(1_300, BEFORE): packed(before(1_300, "0", kind="NA", id=2_000)),
        key(1_301, BEFORE): packed("malformed\n"),
        key(1_302, BEFORE): b"corrupt",
        key(1_435, BEFORE): packed(before(1_435, "5", kind="ADL")),
    }

    minute, price, minutes = carried(load(chunks | later | {key(0): packed(trade(0, id=2_001))}))

    assert 1_195 == minute
    assert 1_200 == price
    assert [1_195] * 2 + [1_196] * 2 + [1_199] * 2 + [1_200] * 2 + [1_300, 1_301, 1_302, 1_435] == (
        minutes
    )


def test_what_is_wrong_in_the_carry_is_said_too() -> None:
    chunks = {
        key(1_200, BEFORE): packed(before(1_200)), key(1_250, BEFORE): b"corrupt",
        key(0): packed(trade(0), "malformed\n"), key(100, BEFORE): b"never read",
    }  # fmt: skip

    troubles = load(chunks).troubles

    assert [key(1_250, BEFORE), key(0)] == [trouble.key for trouble in troubles]


def test_an_empty_day_before_is_read_whole_and_leaves_no_price() -> None:
    chunks = {key(5, BEFORE): packed(before(5, "0", kind="NA")), key(0): packed(trade(0))}

    assert (0, None, [5]) == carried(load(chunks))
    assert (0, None, []) == carried(load({key(0): packed(trade(0))}))


def test_a_quiet_day_before_is_read_through_hundreds_of_minutes() -> None:
    chunks = {key(n, BEFORE): packed(before(n, "0", kind="NA")) for n in range(1_100, 1_430, 3)}
    chunks[key(1_000, BEFORE)] = packed(before(1_000, "42"))

    minute, price, minutes = carried(load(chunks | {key(0): packed()}))

    assert (995, 42, 111) == (minute, price, len(minutes))


def test_a_trade_before_midnight_that_is_a_double_of_one_that_does_not_count_is_no_price() -> None:
    chunks = {
        key(1_200, BEFORE): packed(before(1_200, "42")),
        key(0, run="a"): packed(trade(-5, id=9, kind="NA", price="0", received=1)),
        key(0, run="b"): packed(trade(-5, id=9, price="77", received=2), "malformed\n"),
    }

    loaded = load(chunks)

    assert (1_195, 42) == carried(loaded)[:2]
    assert [Trouble(key(0, run="b"), loaded.troubles[0].malformed, None)] == [*loaded.troubles]


@pytest.mark.parametrize(("from_minute", "minutes"), [(0, [5, 900, 1_429]), (900, [900, 1_429])])
def test_chunks_of_the_carry_lie_before_the_margin(from_minute: int, minutes: list[int]) -> None:
    names = [key(minute, BEFORE) for minute in (5, 900, 1_429, 1_430)]
    strays = [f"{key(901, BEFORE)}.bak", key(901, BEFORE - timedelta(days=1)), key(901)]

    with lake_of(dict.fromkeys(names + strays, b"")) as storage:
        found = carry_chunks(storage, SYMBOL, DAY, MARGIN, from_minute)

    assert minutes == [chunk.key.minute for chunk in found]
