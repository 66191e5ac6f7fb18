"""What comes out of a chunk: all of the text, its start, or nothing at all, but never another."""

import gzip
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decompress import Corrupt, Text, decompress
from lake.layout import Format

TEXT = b"".join(b"%d,61800.%d,0.%d,true\n" % (n * 977, n, n * n) for n in range(60))


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _zstd_blocks(data: bytes) -> bytes:
    """Compress in several blocks, so that a cut loses the last ones only."""
    packer = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    packed = [
        packer.compress(data[i : i + 300]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for i in range(0, len(data), 300)
    ]
    return b"".join(packed) + packer.flush()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _named_gzip(data: bytes) -> bytes:
    """Return a member with every optional field of its header."""
    packed = _gzip(data)
    extra, name, comment = b"\x03\x00abc", b"name\0", b"comment\0"
    return packed[:3] + b"\x1c" + packed[4:10] + extra + name + comment + packed[10:]


PACKERS: dict[str, tuple[Format, Callable[[bytes], bytes]]] = {
    "gzip": (Format.GZIP, _gzip),
    "stored gzip": (Format.GZIP, lambda data: gzip.compress(data, 0, mtime=0)),
    "named gzip": (Format.GZIP, _named_gzip),
    "zstd": (Format.ZSTD, _zstd),
    "zstd blocks": (Format.ZSTD, _zstd_blocks),
}
every_packer = pytest.mark.parametrize(("form", "pack"), PACKERS.values(), ids=PACKERS)


@every_packer
def test_a_whole_stream_gives_its_text(form: Format, pack: Callable[[bytes], bytes]) -> None:
    assert Text(TEXT, truncated=False) == decompress(pack(TEXT), form)


@every_packer
def test_a_text_may_be_empty(form: Format, pack: Callable[[bytes], bytes]) -> None:
    assert Text(b"", truncated=False) == decompress(pack(b""), form)


@every_packer
def test_members_follow_each_other(form: Format, pack: Callable[[bytes], bytes]) -> None:
    members = pack(TEXT[:700]) + pack(b"") + pack(TEXT[700:])

    assert Text(TEXT, truncated=False) == decompress(members, form)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=6))
def test_any_texts_come_back_one_behind_the_other(parts: list[bytes]) -> None:
    for form, pack in PACKERS.values():
        assert Text(b"".join(parts), False) == decompress(b"".join(map(pack, parts)), form)


@pytest.mark.parametrize("size", [1, 7, 512])
def test_zeros_behind_the_last_member_are_padding(size: int) -> None:
    assert Text(TEXT, truncated=False) == decompress(_gzip(TEXT) + bytes(size), Format.GZIP)


def test_a_plain_chunk_is_its_own_text() -> None:
    assert Text(b"\0\xffabc", truncated=False) == decompress(b"\0\xffabc", Format.PLAIN)


@pytest.mark.parametrize("form", [Format.GZIP, Format.ZSTD])
def test_of_nothing_comes_nothing(form: Format) -> None:
    assert b"" == decompress(b"", form).data


@every_packer
def test_a_stream_cut_anywhere_gives_the_start_of_its_text(
    form: Format, pack: Callable[[bytes], bytes]
) -> None:
    whole = pack(TEXT)

    for end in range(1, len(whole)):
        found = decompress(whole[:end], form)
        assert found.truncated
        assert TEXT.startswith(found.data)


@every_packer
def test_a_second_member_cut_anywhere_costs_nothing_of_the_first(
    form: Format, pack: Callable[[bytes], bytes]
) -> None:
    first, second = pack(TEXT[:700]), pack(TEXT[700:])

    for end in range(1, len(second)):
        found = decompress(first + second[:end], form)
        assert found.truncated
        assert found.data.startswith(TEXT[:700])
        assert TEXT.startswith(found.data)


def test_a_cut_stream_gives_all_that_can_be_decoded() -> None:
    stored = gzip.compress(TEXT, 0, mtime=0)

    assert TEXT == decompress(_gzip(TEXT)[:-8], Format.GZIP).data
    assert TEXT == decompress(_zstd_blocks(TEXT)[:-7], Format.ZSTD).data
    assert len(TEXT) - 100 <= len(decompress(stored[:-108], Format.GZIP).data)


@every_packer
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_no_other_text_is_ever_taken_for_whole(
    form: Format, pack: Callable[[bytes], bytes], mask: int
) -> None:
    whole = pack(TEXT)

    for at in range(len(whole)):
        broken = bytearray(whole)
        broken[at] ^= mask
        try:
            found = decompress(bytes(broken), form)
        except Corrupt:
            continue
        assert found.truncated or TEXT == found.data


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (TEXT, Format.GZIP),
        (TEXT, Format.ZSTD),
        (_zstd(TEXT), Format.GZIP),
        (_gzip(TEXT), Format.ZSTD),
        (_gzip(TEXT) + b"garbage", Format.GZIP),
        (_gzip(TEXT) + bytes(9) + b"garbage", Format.GZIP),
        (_zstd(TEXT) + b"garbage", Format.ZSTD),
    ],
)
def test_what_is_no_stream_or_has_another_behind_it_is_corrupt(data: bytes, form: Format) -> None:
    with pytest.raises(Corrupt):
        decompress(data, form)


def test_a_checksum_that_does_not_match_is_corrupt() -> None:
    for at in (-1, -5):
        broken = bytearray(_gzip(TEXT))
        broken[at] ^= 1
        with pytest.raises(Corrupt):
            decompress(bytes(broken), Format.GZIP)
