"""The log's format: rows go to it in batches, one for each flush. No clock, no disk.

A batch is a header, a table and the rows. The table says in JSON which bytes belong to which group
of rows: `[stream, symbol, late minute, bytes, rows]`, in the order of the rows. The checksum covers
all of it, so that a batch that was torn by a crash is not taken for one; what follows it is
none either.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from lake.layout import Stream

_HEADER = struct.Struct("<4sI")
"""Magic, and the checksum of all that follows."""
_SIZES = struct.Struct("<IQQ")
"""Bytes of the table, bytes of the rows, newest receive time in ns."""
_HEAD_BYTES = _HEADER.size + _SIZES.size
_MAGIC = b"\0FL1"
OWN_MINUTE = -1


class Group(NamedTuple):
    """Rows that go to one chunk; late ones to that of the exchange's minute since 1970 UTC."""

    stream: Stream
    symbol: str
    late_minute: int = OWN_MINUTE


class Block(NamedTuple):
    """Where rows of a group lie in the log."""

    group: Group
    offset: int
    length: int
    rows: int


class Batch(NamedTuple):
    """One batch in the log: its blocks, the newest receive time so far, and where it ends."""

    blocks: list[Block]
    newest_ns: int
    end: int


Lines = tuple[Group, list[bytes]]


def encode(groups: Sequence[Lines], newest_ns: int) -> tuple[bytes, bytes, list[Block]]:
    """Return the head and the rows of a batch, and its blocks with offsets as from its start."""
    sizes = [sum(map(len, lines)) for _, lines in groups]
    rows = b"".join(chain.from_iterable(lines for _, lines in groups))
    table = msgspec.json.encode(
        [(*group, size, len(lines)) for (group, lines), size in zip(groups, sizes, strict=True)]
    )
    sizes_and_table = _SIZES.pack(len(table), len(rows), newest_ns) + table
    checksum = zlib.crc32(rows, zlib.crc32(sizes_and_table))
    head = _HEADER.pack(_MAGIC, checksum) + sizes_and_table
    blocks, offset = list[Block](), len(head)
    for (group, lines), size in zip(groups, sizes, strict=True):
        blocks.append(Block(group, offset, size, len(lines)))
        offset += size
    return head, rows, blocks


def scan(read: Callable[[int, int], bytes]) -> Iterator[Batch]:
    """Yield the batches of a log, up to its end or to what a crash has torn.

    `read` returns the bytes from an offset on, so many or, at the end, fewer.
    """
    offset = 0
    while batch := _batch(read, offset):
        yield batch
        offset = batch.end


def _batch(read: Callable[[int, int], bytes], offset: int) -> Batch | None:
    head = read(offset, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        return None
    checksum = _HEADER.unpack_from(head)[1]
    table_size, rows_size, newest_ns = _SIZES.unpack_from(head, _HEADER.size)
    start = offset + _HEAD_BYTES
    body = read(start, table_size + rows_size)
    if zlib.crc32(body, zlib.crc32(head[_HEADER.size :])) != checksum:
        return None
    return Batch(_blocks(body[:table_size], start + table_size), newest_ns, start + len(body))


def _blocks(table: bytes, offset: int) -> list[Block]:
    blocks = []
    for stream, symbol, late_minute, size, rows in _TABLE.decode(table):
        blocks.append(Block(Group(Stream(stream), symbol, late_minute), offset, size, rows))
        offset += size
    return blocks


_TABLE = msgspec.json.Decoder(list[tuple[str, str, int, int, int]])
