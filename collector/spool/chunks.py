"""A sealed minute becomes chunks: one for each stream and symbol, and for each late minute.

The rows of a chunk lie all over the log, a piece for each flush. They are read for some chunks at
a time: few long reads, and little memory, however large the log is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from isal import igzip

from collector.spool.batches import OWN_MINUTE, Group
from collector.spool.segment import Index, Sealed
from collector.spool.spoolnames import LogName, chunk_key
from lake.layout import ChunkKey, Stream
from lake.schemas import RAW_TABLES, header

_LEVEL = 3
"""Of isal's 0 to 3. On recorded books 13.1:1 at about 490 MB/s; level 1 has 11.3:1 at 2,200."""
_READ_BYTES = 16 << 20
"""Rows that are in memory at once, unless a single chunk has more."""
_GAP_BYTES = 64 << 10
"""Bytes of other chunks that are read along rather than read around."""

Read = Callable[[int, int], bytes]
Extent = tuple[int, int]


@dataclass(frozen=True)
class Chunk:
    """One object on its way to the lake."""

    key: ChunkKey
    data: bytes
    rows: int


class Unreadable(Exception):
    """The log does not give back what was written to it."""


def chunks_of(sealed: Sealed) -> Iterator[Chunk | Group]:
    """Yield the chunks of a sealed segment; of what cannot be read back, the group instead."""
    for groups in _portions(sealed.index):
        try:
            rows = _read(sealed.log.read, sealed.index, groups)
        except Unreadable:
            yield from _one_by_one(sealed, groups)
            continue
        for group in groups:
            yield _chunk(sealed, group, rows.pop(group))


def _one_by_one(sealed: Sealed, groups: Iterable[Group]) -> Iterator[Chunk | Group]:
    """Save what can be read of groups that cannot be read together."""
    for group in groups:
        try:
            rows = _read(sealed.log.read, sealed.index, [group])
        except Unreadable:
            yield group
        else:
            yield _chunk(sealed, group, rows[group])


def rows_of(sealed: Sealed, group: Group) -> bytes:
    """Return the rows of a group; raise `Unreadable`."""
    return b"".join(_read(sealed.log.read, sealed.index, [group])[group])


def _chunk(sealed: Sealed, group: Group, pieces: list[memoryview]) -> Chunk:
    key = key_of(group, sealed.name, sealed.run)
    return Chunk(key, compress(group.stream, pieces), sealed.index.rows[group])


def key_of(group: Group, name: LogName, run: str) -> ChunkKey:
    """Return the key of a group's chunk.

    `{run}R{n}`, n the number of the segment, where the run's own name is not free: for late rows,
    and for a minute that had a segment before.
    """
    late = group.late_minute != OWN_MINUTE
    minute = group.late_minute if late else name.minute
    own = f"{run}R{name.number}" if late or name.again else run
    return chunk_key(group.stream, group.symbol, minute, own)


def compress(stream: Stream, pieces: Iterable[bytes | memoryview]) -> bytes:
    """Return the file of a chunk: one gzip member, the same bytes for the same rows."""
    text = b"".join((header(RAW_TABLES[stream]).encode(), *pieces))
    data: bytes = igzip.compress(text, _LEVEL, mtime=0)
    return data


def _portions(index: Index) -> Iterator[list[Group]]:
    """Yield the groups, as many at a time as fit into memory."""
    portion, size = list[Group](), 0
    for group, places in index.places.items():
        length = sum(places[1::2])
        if portion and size + length > _READ_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(group)
        size += length
    if portion:
        yield portion


def _read(read: Read, index: Index, groups: list[Group]) -> dict[Group, list[memoryview]]:
    """Return the rows of some groups in pieces, in the order of arrival."""
    wanted = sorted(
        (offset, length, number)
        for number, group in enumerate(groups)
        for offset, length in _pairs(index, group)
    )
    rows: list[list[memoryview]] = [[] for _ in groups]
    for extent, members in _extents(wanted):
        data = _exactly(read, extent)
        for offset, length, number in members:
            rows[number].append(data[offset - extent[0] :][:length])
    return dict(zip(groups, rows, strict=True))


def _pairs(index: Index, group: Group) -> Iterator[Extent]:
    places = index.places[group]
    return zip(places[::2], places[1::2], strict=True)


Member = tuple[int, int, int]


def _extents(wanted: list[Member]) -> Iterator[tuple[Extent, list[Member]]]:
    """Join places that lie close together to one read."""
    members, end = list[Member](), 0
    for member in wanted:
        if members and member[0] > end + _GAP_BYTES:
            yield (members[0][0], end - members[0][0]), members
            members = []
        members.append(member)
        end = member[0] + member[1]
    if members:
        yield (members[0][0], end - members[0][0]), members


def _exactly(read: Read, extent: Extent) -> memoryview:
    try:
        data = read(*extent)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    if len(data) < extent[1]:
        raise Unreadable("the file has become shorter")
    return memoryview(data)
