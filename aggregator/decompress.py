"""Raw chunks as they lie in the lake, back to text: whole, truncated or corrupt. No disk."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import zstandard
from isal import igzip_lib, isal_zlib

from lake.layout import Format

_GZIP = 16 + zlib.MAX_WBITS
_MOST_RATIO = 1032  # of deflate


class Corrupt(Exception):
    """A block cannot be decoded or a checksum does not match: nothing of the chunk is used."""


@dataclass(frozen=True)
class Text:
    """What a chunk holds. `truncated`: the stream ends before its end mark."""

    data: bytes
    truncated: bool


class _Decompressor(Protocol):
    """One member of a stream: the interface that zlib, isal and zstandard share."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def decompress(data: bytes, form: Format) -> Text:
    """Return the text of a chunk; raise `Corrupt`."""
    match form:
        case Format.PLAIN:
            return Text(data, truncated=False)
        case Format.GZIP:
            return _gunzip(data)
        case Format.ZSTD:
            return _members(data, lambda: zstandard.ZstdDecompressor().decompressobj())


def _gunzip(data: bytes) -> Text:
    whole = _single_member(data)
    if whole is not None:
        return Text(whole, truncated=False)
    text = _members(data, lambda: isal_zlib.decompressobj(wbits=_GZIP))
    # What can be decoded of an unfinished block is for the standard library to say.
    return _members(data, lambda: zlib.decompressobj(wbits=_GZIP)) if text.truncated else text


def _single_member(data: bytes) -> bytes | None:
    """Return the text of what is one whole member, in a third of the time; None if it is not.

    A member ends with the size of its text. To know it beforehand saves all copies of a growing
    buffer.
    """
    size = int.from_bytes(data[-4:], "little")
    if not 0 < size <= _MOST_RATIO * len(data):
        return None
    member = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
    try:
        text: bytes = member.decompress(data, size + 1)
    except isal_zlib.error:
        return None
    return text if member.eof and not member.unused_data else None


def _members(data: bytes, new_member: Callable[[], _Decompressor]) -> Text:
    """Decode member after member; zero bytes behind the last one are padding."""
    parts: list[bytes] = []
    while True:
        member = new_member()
        try:
            parts.append(member.decompress(data))
        except (zlib.error, isal_zlib.error, zstandard.ZstdError) as error:
            raise Corrupt(str(error)) from error
        data = member.unused_data.lstrip(b"\0") if member.eof else b""
        if not data:
            return Text(parts[0] if len(parts) == 1 else b"".join(parts), not member.eof)
