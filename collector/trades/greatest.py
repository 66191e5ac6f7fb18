"""The greatest trade id in a raw chunk. No clock, no socket, no disk."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from isal import isal_zlib

from lake.layout import Format

_GZIP = 16 + zlib.MAX_WBITS
_TIME, _ID = b"timestamp", b"trade_id"
_MOST_DIGITS = 18


class Unreadable(Exception):
    """A chunk that is corrupt, or compressed in a way that is not ours."""


@dataclass(frozen=True, order=True)
class LastTrade:
    """A trade id, of whatever type, and its exchange time."""

    trade_id: int
    time_ms: int


def greatest_trade(data: bytes, form: Format) -> LastTrade | None:
    """Return the greatest trade id; None if no row has one. Malformed rows are skipped."""
    header, *lines = _text(data, form).splitlines() or [b""]
    columns = header.split(b",")
    if _TIME not in columns or _ID not in columns:
        return None
    trades = _trades(lines, len(columns), columns.index(_ID), columns.index(_TIME))
    return max(trades, default=None)


def _trades(lines: Sequence[bytes], width: int, id_at: int, time_at: int) -> Iterator[LastTrade]:
    for line in lines:
        cells = line.split(b",")
        if len(cells) == width and _is_whole(cells[id_at]) and _is_whole(cells[time_at]):
            yield LastTrade(int(cells[id_at]), int(cells[time_at]))


def _is_whole(cell: bytes) -> bool:
    return cell.isdigit() and len(cell) <= _MOST_DIGITS


def _text(data: bytes, form: Format) -> bytes:
    match form:
        case Format.PLAIN:
            return data
        case Format.GZIP:
            return b"".join(_members(data))
        case Format.ZSTD:
            raise Unreadable("it is compressed with zstd, which the collector does not read")


def _members(data: bytes) -> Iterator[bytes]:
    """Yield the text of each gzip member; of one that is cut off, what there is of it."""
    while data:
        member = isal_zlib.decompressobj(wbits=_GZIP)
        try:
            yield member.decompress(data)
        except isal_zlib.error as error:
            raise Unreadable(f"it is corrupt: {error}") from error
        data = member.unused_data.lstrip(b"\0")
