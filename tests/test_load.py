"""Out of the lake come all chunks of a day, in order, and as much of the day before as it needs."""

import gzip
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import load as loading
from aggregator.carry import carry_chunks
from aggregator.decode import Faults, SetAside
from aggregator.inputs import NO_TESTIMONY, InputChunk, Inputs
from aggregator.lines import Fault
from aggregator.load import Loader
from aggregator.memory import keep_freed_blocks
from aggregator.reduce import Loaded, Trouble
from lake.layout import ChunkKey, Stream, raw_symbol_prefix
from lake.storage import LocalFolder, Stat
from tests.cases import Watched
from tests.product import lake_of
from tests.spellings import DAY
from tests.test_parts import facts
from tests.test_reduce import BOOKS, TRADES, book, trade

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
        return load_in(storage, threads, advanced)


def load_in(storage: LocalFolder, threads: int = 1, advanced: list[int] | None = None) -> Loaded:
    told: list[int] = [] if advanced is None else advanced
    return Loader(storage, SYMBOL, DAY, MARGIN, threads, told.append).load(inputs_of(storage))


def inputs_of(storage: LocalFolder) -> Inputs:
    return Inputs(
        in_window(storage, Stream.TRADES), in_window(storage, Stream.DEPTH20), (), NO_TESTIMONY
    )


@contextmanager
def batches_of(chunks: int) -> Iterator[None]:
    """Read so many chunks together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "_MOST_CHUNKS", chunks)
        yield


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
    assert [None, None, "corrupt", "columns"] == [
        trouble.faults.unusable for trouble in loaded.troubles
    ]


def test_a_day_of_nothing_but_corrupt_chunks_is_loaded() -> None:
    loaded = load({key(0): b"?", key(0, stream=Stream.DEPTH20): b"?"})

    assert 2 == len(loaded.troubles)
    assert None is loaded.trades.edges is loaded.books.edges


# --- batches ------------------------------------------------------------------------------------


def overlapping_chunks() -> dict[str, bytes]:
    """Return chunks of two runs, one of them late, so with doubles; malformed rows in each."""
    chunks = {key(1_435, BEFORE): packed(before(1_435, id=1), "malformed\n")}
    for minute in range(6):
        ids = range(100 * minute, 100 * minute + 9)
        rows = [trade(minute * MINUTE + n % 100 * 7_000, id=n, received=n) for n in ids if n % 5]
        chunks[key(minute, run="a")] = packed(*rows, "malformed\n")
        late = [trade(minute * MINUTE + n % 100 * 7_000, id=n, price="9", received=n + 1)
                for n in ids]  # fmt: skip
        chunks[key(minute + minute % 2, run=f"b{minute}")] = packed("malformed\n", *late)
        books = [book(minute * MINUTE + n * 500, minute * 10 + n % 3) for n in range(5)]
        chunks[key(minute, stream=Stream.DEPTH20)] = packed(*books, "x\n", head=BOOKS)
    chunks[key(7)] = packed(trade(7 * MINUTE, id=700), trade(8 * MINUTE, price="0.0000000001"))
    chunks[key(8)] = b"corrupt"
    chunks[key(9)] = packed(trade(9 * MINUTE, id=900, price="123456789012"))
    return chunks


def assert_same_apart(objects: Mapping[str, bytes], chunks: int, threads: int = 1) -> None:
    """Compare what is read so many chunks at a time with what is read together."""
    with lake_of(objects) as storage:
        with batches_of(10**6):
            together = load_in(storage)
        with batches_of(chunks):
            apart = load_in(storage, threads)

    assert facts(together.trades) == facts(apart.trades)
    assert facts(together.books) == facts(apart.books)
    assert (together.inputs, together.troubles) == (apart.inputs, apart.troubles)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("chunks", [1, 2, 3, 5])
@pytest.mark.parametrize("lake", [many_chunks, overlapping_chunks])
def test_chunks_read_few_at_a_time_say_what_they_say_read_together(
    lake: Callable[[], dict[str, bytes]], chunks: int, threads: int
) -> None:
    assert_same_apart(lake(), chunks, threads)


minutes = st.integers(0, 5)
times = st.integers(-1, 400).map(lambda n: n * 1_000)
some_rows = st.lists(st.builds(trade, times, st.integers(1, 40) | st.just("")), max_size=4)
some_lakes = st.dictionaries(st.tuples(minutes, st.sampled_from("abc")), some_rows, max_size=9)


@settings(max_examples=40)
@given(some_lakes, st.integers(1, 4))
def test_any_rows_in_any_chunks_say_the_same_in_any_batches(
    lake: dict[tuple[int, str], list[str]], chunks: int
) -> None:
    objects = {key(minute, run=run): packed(*rows) for (minute, run), rows in lake.items()}
    objects[key(1_400, BEFORE)] = packed(before(1_400))

    assert_same_apart(objects, chunks)


def test_a_batch_has_chunks_of_one_date_and_is_bounded_in_bytes_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = [5, 6, 4, 11, 1, 9, 2, 1]
    days = [BEFORE] * 2 + [DAY] * 6
    chunks = [
        InputChunk(ChunkKey(Stream.TRADES, SYMBOL, day, minute, "a"), Stat("", size, "1"))
        for minute, (day, size) in enumerate(zip(days, sizes, strict=True))
    ]
    monkeypatch.setattr(loading, "_MOST_BYTES", 10)

    batches = loading._batches(chunks)

    assert [[5], [6], [4], [11], [1, 9], [2, 1]] == [
        [chunk.stat.size for chunk in batch] for batch in batches
    ]
    assert [[]] == loading._batches([])


def test_what_is_wrong_is_said_once_of_chunks_that_are_read_twice() -> None:
    told: list[str] = []
    with lake_of(overlapping_chunks()) as folder, batches_of(1):
        loaded = load_in(Watched(folder.root, told.append))

    assert 2 == told.count(f"read {key(0, run='a')}") == told.count(f"read {key(4, run='b4')}")
    malformed = [key(n, stream=Stream.DEPTH20) for n in range(6)]
    malformed += [key(1_435, BEFORE), *(key(n, run="a") for n in range(6))]
    malformed += [key(n + n % 2, run=f"b{n}") for n in range(6)]
    assert sorted([*malformed, key(8)]) == [trouble.key for trouble in loaded.troubles]
    rows = {t.key: sum(each.rows for each in t.faults.set_aside) for t in loaded.troubles}
    assert {**dict.fromkeys(malformed, 1), key(8): 0} == rows


@pytest.mark.parametrize("chunks", [1, 3, 64])
def test_each_chunk_is_told_once_also_if_it_is_read_twice(chunks: int) -> None:
    advanced: list[int] = []
    told: list[str] = []
    lake = overlapping_chunks()
    del lake[key(1_435, BEFORE)]
    lake[key(900, BEFORE)] = packed(before(900))

    with lake_of(lake) as folder, batches_of(chunks):
        loaded = load_in(Watched(folder.root, told.append), advanced=advanced)

    # But for the minute of the carry, which is looked for alone, only rows that are more than one
    # batch away from their place make it necessary to read again.
    assert (chunks > 1) == (1 == told.count(f"read {key(0, run='a')}"))
    assert 895 == loaded.inputs.carry
    assert len(lake) == sum(advanced)
    assert max(advanced) <= chunks


def test_the_rows_of_a_batch_are_dropped_before_the_next_ones_are_read(tmp_path: Path) -> None:
    rows, chunks = 20_000, 40
    for minute in range(chunks):
        first = minute * rows
        lines = (trade(minute * MINUTE + n * 3, id=first + n) for n in range(rows))
        LocalFolder(tmp_path, durable=False).write(key(minute), packed(*lines))

    with ProcessPoolExecutor(2, get_context("spawn"), max_tasks_per_child=1) as processes:
        apart, together = (
            processes.submit(held_beside_one_chunk, tmp_path, most) for most in (1, chunks)
        )

    # A row alone is 42 bytes of columns. What the first chunk needed serves all that come after.
    assert together.result() > chunks * rows * 42
    assert apart.result() < together.result() / 4


def held_beside_one_chunk(lake: Path, most_chunks: int) -> int:
    """Load a lake in batches; return how many bytes more that needs than its first chunk alone."""
    keep_freed_blocks()
    storage = LocalFolder(lake, durable=False)
    inputs = inputs_of(storage)
    before = replace(inputs, trades=inputs.trades[:1])
    with batches_of(most_chunks):
        Loader(storage, SYMBOL, DAY, MARGIN, 1).load(before)
        held = most_memory()
        Loader(storage, SYMBOL, DAY, MARGIN, 1).load(inputs)
    return most_memory() - held


def most_memory() -> int:
    """Return the most memory that this process ever held, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def two_collectors(lag_ms: int) -> dict[str, bytes]:
    """Return what two collectors wrote, one of which is later with every row."""
    chunks: dict[str, list[str]] = {}
    for n in range(12 * 60):
        for run, late in (("a", 0), ("b", lag_ms)):
            at, received = 1_000 * n, 1_000 * n + late
            chunk = key(received // MINUTE, run=run)
            chunks.setdefault(chunk, []).append(trade(at, id=n, received=received * 1_000_000))
    return {name: packed(*rows) for name, rows in chunks.items()}


@pytest.mark.parametrize("lag_ms", [20, 1_500, 9_000])
def test_chunks_of_two_collectors_are_read_once_however_late_one_of_them_is(lag_ms: int) -> None:
    told: list[str] = []
    with lake_of(two_collectors(lag_ms)) as folder, batches_of(2):
        loaded = load_in(Watched(folder.root, told.append))

    reads = [line for line in told if line.startswith("read raw/trades")]
    assert len({*reads}) == len(reads)
    assert (720, 720) == (loaded.trades.counts.kept, loaded.trades.counts.duplicates)


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
    faults = Faults((SetAside(Fault.FIELDS, 1, 3),))
    assert [Trouble(key(0, run="b"), faults)] == [*loaded.troubles]


@pytest.mark.parametrize(("from_minute", "minutes"), [(0, [5, 900, 1_429]), (900, [900, 1_429])])
def test_chunks_of_the_carry_lie_before_the_margin(from_minute: int, minutes: list[int]) -> None:
    names = [key(minute, BEFORE) for minute in (5, 900, 1_429, 1_430)]
    strays = [f"{key(901, BEFORE)}.bak", key(901, BEFORE - timedelta(days=1)), key(901)]

    with lake_of(dict.fromkeys(names + strays, b"")) as storage:
        found = carry_chunks(storage, SYMBOL, DAY, MARGIN, from_minute)

    assert minutes == [chunk.key.minute for chunk in found]
