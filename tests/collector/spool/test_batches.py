"""The log's format, whole and torn."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from collector.spool.batches import Batch, Group, Lines, encode, scan
from lake.layout import Stream

GROUPS = st.builds(
    Group, st.sampled_from(Stream), st.sampled_from(["A", "BTCUSDT", "币安人生USDT"]),
    st.integers(-1, 40_000_000),
)  # fmt: skip
LINES = st.lists(st.binary(max_size=8).map(lambda text: text + b"\n"), min_size=1, max_size=4)
FLUSHES = st.lists(st.lists(st.tuples(GROUPS, LINES), max_size=4), max_size=4)


def written(flushes: list[list[Lines]]) -> bytes:
    return b"".join(
        head + rows
        for number, groups in enumerate(flushes)
        for head, rows, _ in [encode(groups, number)]
    )


def reader(log: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: log[offset : offset + length]


def contents(log: bytes, batch: Batch) -> list[Lines]:
    return [
        (block.group, log[block.offset :][: block.length].splitlines(keepends=True))
        for block in batch.blocks
    ]


@given(FLUSHES)
def test_what_was_flushed_is_read_back_in_order(flushes: list[list[Lines]]) -> None:
    log = written(flushes)
    batches = list(scan(reader(log)))

    assert list(range(len(flushes))) == [batch.newest_ns for batch in batches]
    texts = [[(group, b"".join(lines)) for group, lines in groups] for groups in flushes]
    assert texts == [
        [(group, b"".join(lines)) for group, lines in contents(log, batch)] for batch in batches
    ]
    assert [[len(lines) for _, lines in groups] for groups in flushes] == [
        [block.rows for block in batch.blocks] for batch in batches
    ]


@given(FLUSHES, st.data())
def test_of_a_torn_log_the_batches_before_the_tear_are_read(
    flushes: list[list[Lines]], data: st.DataObject
) -> None:
    log = written(flushes)
    ends = [batch.end for batch in scan(reader(log))]
    cut = data.draw(st.integers(0, len(log)))

    assert [end for end in ends if end <= cut] == [end.end for end in scan(reader(log[:cut]))]


@given(FLUSHES.filter(len), st.data())
def test_of_a_damaged_log_the_batches_before_the_damage_are_read(
    flushes: list[list[Lines]], data: st.DataObject
) -> None:
    log = written(flushes)
    ends = [batch.end for batch in scan(reader(log))]
    place = data.draw(st.integers(0, len(log) - 1))
    damaged = log[:place] + bytes([log[place] ^ 0x55]) + log[place + 1 :]

    assert [end for end in ends if end <= place] == [each.end for each in scan(reader(damaged))]


def test_places_in_a_batch_count_from_its_start() -> None:
    groups = [(Group(Stream.TRADES, "A"), [b"1\n", b"2\n"]), (Group(Stream.DEPTH20, "A"), [b"3\n"])]
    head, rows, blocks = encode(groups, 7)

    assert [b"1\n2\n", b"3\n"] == [(head + rows)[b.offset :][: b.length] for b in blocks]
